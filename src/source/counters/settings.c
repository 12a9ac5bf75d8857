// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads numbers below /proc/sys: settings that decide how much memory is kept free and how much
// caches are shrunk, limits of kernel objects, and counts that have a limit. Each file holds one.

#include "source/source.h"

#include <string.h>

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), word;
	struct kt_setting *slot;
	int64_t value;

	if (!kt_span_line(&rest, &word) || !kt_span_i64(kt_span_trim(word), &value))
		return kt_err_new(KT_ERR_PARSE, "%s: not a number", text->path);
	slot = kt_list_push(&snap->arena, &snap->settings);
	if (slot)
		*slot = (struct kt_setting){ kt_arena_name(&snap->arena,
						     kt_span_str(strrchr(text->path, '/') + 1)),
			value };
	return NULL;
}

const struct kt_source kt_source_settings = {
	.name = "settings",
	.summary = "settings for free memory and caches, and limits of kernel objects",
	.paths = { "proc/sys/vm/min_free_kbytes", "proc/sys/vm/extfrag_threshold",
		"proc/sys/vm/vfs_cache_pressure", "proc/sys/fs/dentry-negative",
		"proc/sys/vm/watermark_scale_factor", "proc/sys/vm/watermark_boost_factor",
		"proc/sys/vm/zone_reclaim_mode", "proc/sys/vm/admin_reserve_kbytes",
		"proc/sys/vm/overcommit_memory", "proc/sys/vm/nr_overcommit_hugepages",
		"proc/sys/vm/hugetlb_optimize_vmemmap", "proc/sys/kernel/threads-max",
		"proc/sys/net/core/bpf_jit_limit", "proc/sys/net/netfilter/nf_conntrack_count",
		"proc/sys/net/netfilter/nf_conntrack_max",
		"proc/sys/net/netfilter/nf_conntrack_buckets" },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "'ktally buddy' and 'ktally dcache' do not show them, and limits are not compared "
		"with what is used",
	.gives = "a mounted /proc",
	.parse = parse,
};
