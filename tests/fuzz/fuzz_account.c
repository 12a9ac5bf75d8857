// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files of one machine that contradict each other in every way: the data is split at NUL
// bytes into texts, in the order of the table.

#include "fuzz.h"

static const struct {
	const struct kt_source *source;
	const char *path;
} files[] = {
	{ &kt_source_meminfo, "proc/meminfo" },
	{ &kt_source_vmstat, "proc/vmstat" },
	{ &kt_source_zoneinfo, "proc/zoneinfo" },
	{ &kt_source_iomem, "proc/iomem" },
	{ &kt_source_kmsg, "ktally/dmesg" },
	{ &kt_source_vmallocinfo, "proc/vmallocinfo" },
	{ &kt_source_slabinfo, "proc/slabinfo" },
	{ &kt_source_hugepages, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages" },
	{ &kt_source_node, "sys/devices/system/node/node0/meminfo" },
	{ &kt_source_bracket, "ktally/vmstat.after" },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	if (!size)
		return 0;
	snap = fuzz_machine(data[0] & 1);
	data++;
	size--;
	for (size_t i = 0; i < KT_LEN(files) && size; i++) {
		const uint8_t *end = memchr(data, '\0', size);
		size_t n = end ? (size_t)(end - data) : size;

		fuzz_parse(snap, files[i].source, files[i].path, data, n);
		n += end != NULL;
		data += n;
		size -= n;
	}
	kt_derive(snap);
	for (int node = 0; node < 2; node++)
		kt_derive_node(snap, node);
	for (int node = KT_NO_NODE; node < 2; node++)
		fuzz_account(snap, node);
	return 0;
}
