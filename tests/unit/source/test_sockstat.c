// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

TEST(sockets_of_both_versions_are_added_up)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, sockstat, "proc/net/sockstat",
			  "sockets: used 180\nTCP: inuse 27 orphan 0 tw 3 alloc 30 mem 2\n"
			  "UDP: inuse 4 mem 1\nUDPLITE: inuse 9\nRAW: inuse 0\n"),
		NO_ERROR);
	CHECK_INT(FEED(snap, sockstat, "proc/net/sockstat6",
			  "TCP6: inuse 5\nUDP6: inuse 2\nUDPLITE6: inuse 0\n"),
		NO_ERROR);
	CHECK_INT(snap->sockets.tcp, 32);
	CHECK_INT(snap->sockets.tcp_time_wait, 3);
	CHECK_INT(snap->sockets.udp, 6);
}

TEST(numbers_that_cannot_be_are_not_known)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, sockstat, "proc/net/sockstat",
			  "TCP: inuse -1 tw 99999999999999999\nUDP: mem\n"),
		NO_ERROR);
	CHECK_INT(snap->sockets.tcp, -1);
	CHECK_INT(snap->sockets.tcp_time_wait, -1);
	CHECK_INT(snap->sockets.udp, -1);
	CHECK_INT(FEED(snap, sockstat, "proc/net/sockstat", "UDP: inuse 1\n"), KT_ERR_PARSE);
}
