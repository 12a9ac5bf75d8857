// SPDX-License-Identifier: GPL-2.0-or-later
#include "files.h"
#include "model/holdings.h"
#include "test.h"

#define TRACEFS	 "sys/kernel/tracing/"
#define INSTANCE TRACEFS "instances/probe/"

/* A machine with so many CPUs online, and possible. */
static struct kt_snapshot *machine_of(int64_t nr_online, int64_t nr_possible)
{
	struct kt_snapshot *snap = machine(4096);

	snap->host.nr_cpus = nr_online;
	snap->host.nr_cpus_possible = nr_possible;
	return snap;
}

/* As 6.18 has it on 2 CPUs before anything was traced: two pages and the reader's. */
TEST(a_buffer_that_was_never_used_is_three_pages_for_each_cpu)
{
	static const char *const files[][2] = { { TRACEFS "buffer_size_kb",
		"7 (expanded: 1408)\n" } };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine_of(2, 2);

	CHECK_INT(READ(snap, tracing, files), NO_ERROR);
	kt_derive(snap);
	CHECK_VALUE(snap, TRACE_BUFFERS, 2 * 3 * 4096);
	CHECK_INT(value(snap, KT_TRACE_BUFFERS).quality, KT_EXACT);
}

/* 12000 KiB are 3012 sub-buffers of 4080 bytes, and the reader's is one more. */
TEST(instances_and_larger_sub_buffers_are_counted_to_the_page)
{
	static const char *const files[][2] = { { TRACEFS "buffer_size_kb", "1408\n" },
		{ INSTANCE "buffer_size_kb", "12000\n" },
		{ TRACEFS "instances/large/buffer_size_kb", "1008\n" },
		{ TRACEFS "instances/large/buffer_subbuf_size_kb", "16\n" } };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine_of(2, 2);

	CHECK_INT(READ(snap, tracing, files), NO_ERROR);
	kt_derive(snap);
	CHECK_VALUE(snap, TRACE_BUFFERS, 2 * (355 + 3013) * 4096 + 2 * (64 + 1) * 16384);
	if (CHECK_INT(snap->holdings.count, 3)) {
		CHECK_STR(snap->holdings.items[0].holder, NULL);
		CHECK_STR(snap->holdings.items[1].holder, "large");
		CHECK_STR(snap->holdings.items[2].holder, "probe");
	}
}

TEST(a_snapshot_is_as_large_as_the_buffer_or_three_pages)
{
	static const char *const freed[][2] = { { TRACEFS "buffer_size_kb", "1408\n" },
		{ TRACEFS "snapshot", "# tracer: nop\n#\n#\n# * Snapshot is freed *\n#\n" } };
	static const char *const held[][2] = { { TRACEFS "buffer_size_kb", "1408\n" },
		{ TRACEFS "snapshot", "# tracer: nop\n#\n# entries-in-buffer/entries-written" } };
	static const char *const unused[][2] = { { TRACEFS "buffer_size_kb", "7 (expanded: 9)\n" },
		{ TRACEFS "snapshot", "never read" } };
	KT_CLEANUP(snapshot) struct kt_snapshot *a = machine_of(2, 2), *b = machine_of(2, 2);
	KT_CLEANUP(snapshot) struct kt_snapshot *c = machine_of(2, 2);

	CHECK_INT(READ(a, tracing, freed), NO_ERROR);
	CHECK_INT(READ(b, tracing, held), NO_ERROR);
	CHECK_INT(READ(c, tracing, unused), NO_ERROR);
	kt_derive(a);
	kt_derive(b);
	kt_derive(c);
	CHECK_VALUE(a, TRACE_BUFFERS, 2 * (355 + 3) * 4096);
	CHECK_VALUE(b, TRACE_BUFFERS, 2 * (355 + 355) * 4096);
	CHECK_VALUE(c, TRACE_BUFFERS, 2 * (3 + 3) * 4096);
}

TEST(cpus_that_were_never_online_may_have_no_buffer)
{
	static const char *const same[][2] = { { TRACEFS "buffer_size_kb", "1408\n" } };
	static const char *const each[][2] = { { TRACEFS "buffer_size_kb", "X\n" },
		{ TRACEFS "per_cpu/cpu0/buffer_size_kb", "1408\n" },
		{ TRACEFS "per_cpu/cpu1/buffer_size_kb", "12000\n" } };
	KT_CLEANUP(snapshot) struct kt_snapshot *a = machine_of(2, 64), *b = machine_of(2, 2);
	int64_t low, high;

	CHECK_INT(READ(a, tracing, same), NO_ERROR);
	CHECK(kt_holding_sum(a, KT_HELD_TRACE, &low, &high));
	CHECK_INT(low, 2 * 355 * 4096);
	CHECK_INT(high, 64 * 355 * 4096);
	kt_derive(a);
	CHECK_VALUE(a, TRACE_BUFFERS, 2 * 355 * 4096);
	CHECK_INT(value(a, KT_TRACE_BUFFERS).quality, KT_LOWER_BOUND);

	CHECK_INT(READ(b, tracing, each), NO_ERROR);
	kt_derive(b);
	CHECK_VALUE(b, TRACE_BUFFERS, (355 + 3013) * 4096);
}

TEST(a_buffer_in_reserved_memory_takes_no_pages)
{
	static const char *const files[][2] = {
		{ TRACEFS "buffer_size_kb", "7 (expanded: 1408)\n" },
		{ INSTANCE "buffer_size_kb", "5000\n" }, { INSTANCE "last_boot_info", "Offset: 0" }
	};
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine_of(1, 1);

	CHECK_INT(READ(snap, tracing, files), NO_ERROR);
	kt_derive(snap);
	CHECK_VALUE(snap, TRACE_BUFFERS, 3 * 4096);
}

TEST(without_tracefs_the_row_is_not_known_and_says_why)
{
	static const char *const none[][2] = { { "proc/version", "" } };
	static const char *const debugfs[][2] = { { "sys/kernel/debug/tracing/buffer_size_kb",
		"1408\n" } };
	KT_CLEANUP(snapshot) struct kt_snapshot *a = machine_of(1, 1), *b = machine_of(1, 1);

	CHECK_INT(READ(a, tracing, none), KT_ERR_ABSENT);
	CHECK_INT(a->searches[KT_HELD_TRACE].state, KT_ABSENT);
	kt_derive(a);
	CHECK_STATE(a, TRACE_BUFFERS, KT_ABSENT);
	CHECK_INT(READ(b, tracing, debugfs), NO_ERROR);
	kt_derive(b);
	CHECK_VALUE(b, TRACE_BUFFERS, 355 * 4096);
}

TEST(sizes_that_cannot_be_are_refused)
{
	static const char *const sizes[] = { "", "\n", "-5\n", "1408kB\n", "Y\n",
		"99999999999999999999\n", "4398046511105\n" };

	for (size_t i = 0; i < KT_LEN(sizes); i++) {
		const char *const files[][2] = { { TRACEFS "buffer_size_kb", sizes[i] } };
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine_of(2, 2);

		CHECK_INT(READ(snap, tracing, files), KT_ERR_PARSE);
		kt_derive(snap);
		CHECK_STATE(snap, TRACE_BUFFERS, KT_BAD);
	}
}

TEST(what_was_traced_leaves_no_capture)
{
	KT_CLEANUP(buf) struct kt_buf clean = { 0 };
	char secret[] = "# tracer: nop\n bash-1 secret_name: Snapshot";
	struct kt_text text = { secret, sizeof(secret) - 1, TRACEFS "snapshot" };

	kt_source_tracing.scrub(&text, &clean);
	CHECK(clean.size == strlen("Snapshot is allocated\n"));
}
