// SPDX-License-Identifier: GPL-2.0-or-later
#include "diagnose/holder.h"

#include "test.h"

#include <string.h>

/* Remedy of a holder; in memory of the report. */
static const char *remedy_of(struct kt_report *report, const struct kt_holder *holder)
{
	struct kt_finding *finding =
		kt_report_finding(report, "growing", KT_SEVERITY_NOTICE, "growing", "slab:x");

	if (!finding)
		return "";
	finding->bytes = 3 << 20;
	kt_remedy_put(report, finding, holder);
	return finding->remedy ? finding->remedy : "";
}

TEST(remedy_of_a_module_depends_on_who_uses_it)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_holder holder = kt_holder_of(KT_HOLDER_FUNCTION, "leak_it");

	kt_report_init(&report, "test");
	holder.module = "bad";
	holder.is_loaded = true;
	holder.module_refs = 0;
	CHECK(strstr(remedy_of(&report, &holder), "which nothing uses: rmmod bad;"));
	holder.module_refs = 2;
	CHECK(strstr(remedy_of(&report, &holder), "use bad (2 uses), then rmmod bad"));
	holder.module_users = "worse,worst";
	CHECK(strstr(remedy_of(&report, &holder), "use bad (worse,worst), then rmmod bad"));
	/* a kernel without unloading */
	holder.module_refs = KT_UNKNOWN;
	CHECK(strstr(remedy_of(&report, &holder), "Restart the machine"));
	holder.refs_unread = true;
	CHECK(strstr(remedy_of(&report, &holder), "Unload bad if nothing uses it: rmmod bad;"));
	holder.is_loaded = false;
	CHECK(strstr(remedy_of(&report, &holder), "bad was unloaded and did not free this memory"));
}

TEST(remedy_of_huge_pages_keeps_those_in_use)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_holder holder = kt_holder_of(KT_HOLDER_HUGE_PAGES, "the pool");

	kt_report_init(&report, "test");
	holder.count = 12;
	holder.kept = 0;
	CHECK(strstr(remedy_of(&report, &holder), "echo 0 >/proc/sys/vm/nr_hugepages"));
	holder.kept = 5;
	CHECK(strstr(remedy_of(&report, &holder), "echo 5 >/proc/sys/vm/nr_hugepages"));
	holder.count = 0;
	CHECK(strstr(remedy_of(&report, &holder), "End the programs"));
}

TEST(every_kind_of_holder_that_is_told_has_a_remedy)
{
	static const enum kt_holder_kind kinds[] = { KT_HOLDER_FUNCTION, KT_HOLDER_PROCESS,
		KT_HOLDER_CGROUPS, KT_HOLDER_DYING, KT_HOLDER_HUGE_PAGES, KT_HOLDER_RECLAIMABLE };
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "test");
	for (size_t i = 0; i < KT_LEN(kinds); i++) {
		struct kt_holder holder = kt_holder_of(kinds[i], "/name");
		const char *remedy = remedy_of(&report, &holder);

		CHECK(strlen(remedy) > 20);
		CHECK(!strchr(remedy, '{') && !strchr(remedy, '?'));
	}
}
