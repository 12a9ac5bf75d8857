// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the settings below /proc/sys that decide how much memory is kept free and how much caches
// are shrunk. Each file holds one number.

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
	.summary = "settings for free memory and the shrinking of caches",
	.paths = { "proc/sys/vm/min_free_kbytes", "proc/sys/vm/extfrag_threshold",
		"proc/sys/vm/vfs_cache_pressure", "proc/sys/fs/dentry-negative" },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "'ktally buddy' and 'ktally dcache' do not show them",
	.gives = "a mounted /proc",
	.parse = parse,
};
