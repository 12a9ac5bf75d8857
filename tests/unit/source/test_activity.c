// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "base/buf.h"

#define STAT                                                                                       \
	"cpu  9 0 8 700 6 0 1 0 0 0\ncpu0 9 0 8 700 6 0 1 0 0 0\nintr 123456 1 0 7\nctxt 345678\n" \
	"btime 1600000000\nprocesses 4567\nprocs_running 2\nsoftirq 99 1 2\n"
#define SNMP                                                                                    \
	"Ip: Forwarding DefaultTTL InReceives InHdrErrors OutRequests\nIp: 1 64 9327 -1 8250\n" \
	"Icmp: InMsgs OutMsgs\nIcmp: 3 4\n"                                                     \
	"Tcp: RtoAlgorithm MaxConn ActiveOpens PassiveOpens\nTcp: 1 -1 610 27\n"

static bool condenses_to(const char *path, const char *content, const char *wanted)
{
	const struct kt_text text = {
		.path = path, .data = (char *)content, .size = strlen(content)
	};
	KT_CLEANUP(buf) struct kt_buf kept = { 0 };

	kt_source_activity.condense(&text, &kept);
	return kept.size == strlen(wanted) &&
	       (!kept.size || memcmp(kept.data, wanted, kept.size) == 0);
}

TEST(a_recording_keeps_the_sums_as_short_lines)
{
	CHECK(condenses_to("proc/stat", STAT, "intr 123456\nctxt 345678\nprocesses 4567\n"));
	CHECK(condenses_to("proc/net/snmp", SNMP,
		"InReceives 9327\nOutRequests 8250\nActiveOpens 610\nPassiveOpens 27\n"));
	CHECK(condenses_to("proc/sys/fs/file-nr", "2208\t0\t100000\n", "2208\t0\t100000\n"));
}

TEST(a_short_form_stays_as_it_is)
{
	CHECK(condenses_to(
		"proc/stat", "intr 1\nctxt 2\nprocesses 3\n", "intr 1\nctxt 2\nprocesses 3\n"));
	CHECK(condenses_to("proc/net/snmp", "InReceives 9327\nActiveOpens 6\n",
		"InReceives 9327\nActiveOpens 6\n"));
}

TEST(names_without_their_numbers_are_not_kept)
{
	CHECK(condenses_to(
		"proc/net/snmp", "Ip: InReceives OutRequests\nIp: 7\n", "InReceives 7\n"));
	CHECK(condenses_to("proc/net/snmp", "Ip: InReceives\nTcp: 7\n", ""));
	CHECK(condenses_to("proc/net/snmp", "Ip: InReceives\n", ""));
	CHECK(condenses_to("proc/net/snmp", "Udp: InReceives\nUdp: 7\n", ""));
	CHECK(condenses_to("proc/stat", "ctxt -4\nintr\nprocesses 99999999999999999999\n", ""));
}

TEST(a_file_without_the_counters_is_bad)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, activity, "proc/stat", STAT), NO_ERROR);
	CHECK_INT(FEED(snap, activity, "proc/net/snmp", SNMP), NO_ERROR);
	CHECK_INT(FEED(snap, activity, "proc/sys/fs/file-nr", "1\t0\t2\n"), NO_ERROR);
	CHECK_INT(FEED(snap, activity, "proc/stat", "cpu 1 2 3\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, activity, "proc/net/snmp", "cpu 1 2 3\n"), KT_ERR_PARSE);
}
