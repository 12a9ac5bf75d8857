// SPDX-License-Identifier: GPL-2.0-or-later
//
// Per-CPU memory for CPUs that the machine does not have. Each chunk has a unit for every possible
// CPU, with the same pages in each unit (pcpu_populate_chunk() in mm/percpu-vm.c), so the share of
// absent CPUs is exact. Arrays that are sized by the number of CPUs come on top.

#include "analysis/percpu.h"
#include "whatif/whatif.h"

static bool has_counts(const struct kt_snapshot *snap, const struct kt_percpu_view *view,
	struct kt_whatif_result *ret)
{
	if (!view->total.known) {
		kt_whatif_lacks(ret, &kt_source_meminfo);
		return false;
	}
	if (!kt_known(snap->host.nr_cpus_possible) || !kt_known(snap->host.nr_cpus_present)) {
		kt_whatif_unknown(ret,
			"/" KT_FILE_CPUS_POSSIBLE " or /" KT_FILE_CPUS_PRESENT " is not there");
		return false;
	}
	if (snap->host.nr_cpus_present > snap->host.nr_cpus_possible ||
		view->nr_cpus != snap->host.nr_cpus_possible || view->nr_cpus <= 0) {
		kt_whatif_unknown(
			ret, "the numbers of possible and present CPUs do not belong together");
		return false;
	}
	return true;
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct kt_percpu_view view;
	int64_t each, absent;

	kt_percpu_view(snap, &view);
	if (!has_counts(snap, &view, ret))
		return;
	each = view.total.bytes / view.nr_cpus;
	absent = view.nr_cpus - snap->host.nr_cpus_present;
	ret->now_bytes = view.total.bytes;
	kt_whatif_input_bytes(
		arena, ret, "per-CPU memory", view.total.bytes, "Percpu and the first chunk");
	kt_whatif_input_count(arena, ret, "possible CPUs", view.nr_cpus, "/" KT_FILE_CPUS_POSSIBLE);
	kt_whatif_input_count(
		arena, ret, "present CPUs", snap->host.nr_cpus_present, "/" KT_FILE_CPUS_PRESENT);
	kt_whatif_input_bytes(arena, ret, "for each CPU", each, "quotient");
	kt_whatif_saves(
		ret, each * absent, absent ? KT_LOWER_BOUND : KT_EXACT, snap->host.page_bytes);
	if (view.first.known && view.later.known) {
		const struct kt_percpu_part *chunks[] = { &view.first, &view.later };
		const char *const names[] = { "first chunk, made at boot", "later chunks" };

		for (size_t i = 0; i < KT_LEN(chunks); i++) {
			int64_t saves = chunks[i]->bytes / view.nr_cpus * absent;

			kt_whatif_part(arena, ret,
				(struct kt_whatif_part){ .name = names[i],
					.count = KT_UNKNOWN,
					.now_bytes = chunks[i]->bytes,
					.then_bytes = chunks[i]->bytes - saves,
					.saves_bytes = saves });
		}
	}
	if (absent)
		kt_whatif_note(arena, ret,
			"on x86 also possible_cpus=; the firmware or hypervisor announces CPUs for "
			"hotplug");
	if (absent)
		kt_whatif_note(arena, ret,
			"no CPU can then be added while the machine runs; a virtual machine may "
			"count on it");
}

const struct kt_whatif kt_whatif_percpu = {
	.name = "percpu",
	.title = "per-CPU memory only for CPUs that are there",
	.needs = KT_WHATIF_REBOOT,
	.how = "nr_cpus= at boot",
	.algorithm = "Per-CPU memory divided by the possible CPUs, times possible minus present "
		     "CPUs. It is a lower bound, because other tables are sized by the number of "
		     "CPUs too.",
	.sources = KT_SOURCES(&kt_source_vmstat, &kt_source_zoneinfo, &kt_source_meminfo,
		&kt_source_kmsg, &kt_source_boot_log, &kt_source_percpu_stats),
	.exact = KT_SOURCES(NULL),
	.compute = compute,
};
