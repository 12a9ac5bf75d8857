// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sources that name pages taken directly, and what is concluded from them. The data is a list
// of files: for each a byte that chooses its path, then its text up to the next zero.

#include "fuzz.h"

#include "model/holdings.h"
#include "root/root_ops.h"

static const char *const paths[] = {
	"sys/kernel/tracing/buffer_size_kb",
	"sys/kernel/tracing/buffer_subbuf_size_kb",
	"sys/kernel/tracing/snapshot",
	"sys/kernel/tracing/last_boot_info",
	"sys/kernel/tracing/per_cpu/cpu0/buffer_size_kb",
	"sys/kernel/tracing/per_cpu/cpu1/buffer_size_kb",
	"sys/kernel/tracing/instances/a/buffer_size_kb",
	"sys/kernel/tracing/instances/a/snapshot",
	"sys/kernel/debug/tracing/buffer_size_kb",
	"proc/77/maps",
	"proc/78/maps",
	"proc/77/fdinfo/3",
	"proc/78/fdinfo/3",
	"proc/77/net/packet",
	"proc/77/comm",
	"ktally/held",
	"sys/block/vda/mq/0/nr_tags",
	"sys/block/vda/mq/1/nr_tags",
	"sys/block/vda/queue/nr_requests",
	"sys/block/vda/queue/max_segments",
	"sys/block/vda/queue/scheduler",
};

static const struct kt_source *const sources[] = { &kt_source_tracing, &kt_source_held,
	&kt_source_blk_pools };

static void add_links(struct kt_root *root)
{
	kt_err_free(kt_root_memory_link(root, "proc/77/fd/3", "anon_inode:bpf-map"));
	kt_err_free(kt_root_memory_link(root, "proc/78/fd/3", "anon_inode:bpf-map"));
	kt_err_free(kt_root_memory_link(root, "proc/77/fd/4", "pipe:[99]"));
	kt_err_free(kt_root_memory_link(root, "proc/77/ns/net", "net:[1]"));
}

static void add_files(struct kt_root *root, const uint8_t *data, size_t size)
{
	while (size > 1) {
		const char *path = paths[data[0] % KT_LEN(paths)];
		const uint8_t *zero = memchr(data + 1, 0, size - 1);
		size_t length = zero ? (size_t)(zero - data) - 1 : size - 1;
		char *text = malloc(length + 1);

		if (!text)
			abort();
		memcpy(text, data + 1, length);
		kt_err_free(kt_root_memory_add(root, path, text, length));
		data += length + 1 + (zero != NULL);
		size -= length + 1 + (zero != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;
	KT_CLEANUP(root) struct kt_root *root = NULL;
	int64_t low, high;

	if (!size)
		return 0;
	snap = fuzz_machine(true);
	snap->host.nr_cpus = 1 + (data[0] & 3);
	snap->host.nr_cpus_possible = 1 + (data[0] >> 2 & 3);
	kt_err_free(kt_root_memory_new(KT_ROOT_BUNDLE, &root));
	if (!root)
		abort();
	add_files(root, data + 1, size - 1);
	add_links(root);
	snap->host.live = data[0] & 16;
	for (size_t i = 0; i < KT_LEN(sources); i++) {
		if (sources[i]->read)
			kt_err_free(sources[i]->read(root, snap));
	}
	for (int kind = 0; kind < KT_HELD_KINDS; kind++) {
		if (kt_holding_sum(snap, kind, &low, &high) && low > high)
			abort();
	}
	kt_derive(snap);
	fuzz_account(snap, KT_NO_NODE);
	return 0;
}
