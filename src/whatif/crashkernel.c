// SPDX-License-Identifier: GPL-2.0-or-later
//
// Memory that is kept for a crash kernel. While no crash kernel is loaded, writing a smaller size
// gives it back at once (crash_shrink_memory() in kernel/crash_core.c).

#include "whatif/whatif.h"

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct kt_val kept = kt_snapshot_get(snap, KT_CRASHKERNEL, KT_NO_NODE);

	if (!kt_ok(kept) && !kept.none) {
		kt_whatif_lacks(ret, &kt_source_kexec);
		return;
	}
	ret->now_bytes = kt_ok(kept) ? kept.value : 0;
	kt_whatif_input_bytes(arena, ret, "kept for a crash kernel", ret->now_bytes,
		kept.entry && kept.entry->path ? kept.entry->path : "kernel log");
	kt_whatif_saves(
		ret, ret->now_bytes, kt_ok(kept) ? kept.quality : KT_EXACT, snap->host.page_bytes);
	kt_whatif_note(arena, ret,
		"while no crash kernel is loaded, echo 0 > /sys/kernel/kexec_crash_size gives it "
		"back at once");
	kt_whatif_note(arena, ret,
		"without it, the machine cannot save its memory when the kernel crashes");
}

const struct kt_whatif kt_whatif_crashkernel = {
	.name = "crashkernel",
	.title = "no memory kept for a crash kernel",
	.needs = KT_WHATIF_SETTING,
	.how = "a smaller crashkernel= at boot, or /sys/kernel/kexec_crash_size",
	.algorithm = "All that is kept for the crash kernel: MemTotal does not have it.",
	.sources = KT_SOURCES(&kt_source_kexec),
	.exact = KT_SOURCES(NULL),
	.compute = compute,
};
