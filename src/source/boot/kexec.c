// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the memory reserved for the crash kernel (crashkernel= on the command line).

#include "source/source.h"

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	int64_t value;

	if (!kt_span_i64(kt_span_trim(kt_text_span(text)), &value) || value < 0)
		return kt_err_new(KT_ERR_PARSE, "%s: not a size", text->path);
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_CRASHKERNEL,
				      .node = KT_NO_NODE,
				      .unit = KT_BYTES,
				      .raw = value,
				      .path = text->path,
				      .field = "kexec_crash_size" });
	return NULL;
}

const struct kt_source kt_source_kexec = {
	.name = "kexec",
	.summary = "memory reserved for the crash kernel",
	.paths = { KT_FILE_CRASH_SIZE, "sys/kernel/kexec/crash_size" },
	.alternatives = true,
	.cost = KT_COST_CHEAP,
	.lack = "the memory of a crash kernel is counted as other boot memory",
	.gives = "a mounted /sys and CONFIG_KEXEC_CORE",
	.provides = { KT_CRASHKERNEL },
	.nr_provides = 1,
	.parse = parse,
};
