// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "source/host.h"

static int64_t cpus(const char *list)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, host, "sys/devices/system/cpu/possible", list);
	return snap->host.nr_cpus_possible;
}

TEST(a_list_of_cpus_is_counted_or_unknown)
{
	CHECK_INT(cpus("0\n"), 1);
	CHECK_INT(cpus("0-3\n"), 4);
	CHECK_INT(cpus("0-3,8,10-11\n"), 7);
	CHECK_INT(cpus("3-0\n"), KT_UNKNOWN);
	CHECK_INT(cpus("0-\n"), KT_UNKNOWN);
	CHECK_INT(cpus("0-99999999999\n"), KT_UNKNOWN);
	CHECK_INT(cpus("0-3 4\n"), KT_UNKNOWN);
	CHECK_INT(cpus("\n"), KT_UNKNOWN);
}

TEST(present_cpus_are_counted_apart_from_possible_ones)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(snap->host.nr_cpus_present, KT_UNKNOWN);
	FEED(snap, host, "sys/devices/system/cpu/possible", "0-7\n");
	FEED(snap, host, "sys/devices/system/cpu/present", "0-3\n");
	CHECK_INT(snap->host.nr_cpus_possible, 8);
	CHECK_INT(snap->host.nr_cpus_present, 4);
}

TEST(isolated_cpus_are_seen_however_their_lack_is_written)
{
	static const struct {
		const char *text;
		bool wanted;
	} cases[] = { { "\n", false }, { "(null)\n", false }, { "2-3\n", true } };

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		FEED(snap, host, "sys/devices/system/cpu/isolated", cases[i].text);
		CHECK_INT(snap->host.isolated_cpus, cases[i].wanted);
	}
}

TEST(a_vendor_of_machines_is_physical_and_one_of_hypervisors_is_not)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *metal = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *guest = machine(4096);

	FEED(metal, host, "sys/class/dmi/id/sys_vendor", "LENOVO\n");
	CHECK_INT(metal->host.kind, KT_MACHINE_PHYSICAL);
	CHECK_STR(metal->host.hypervisor, NULL);
	FEED(guest, host, "sys/class/dmi/id/sys_vendor", "QEMU\n");
	FEED(guest, host, "sys/class/dmi/id/product_name", "Standard PC (Q35 + ICH9, 2009)\n");
	CHECK_INT(guest->host.kind, KT_MACHINE_VIRTUAL);
	CHECK_STR(guest->host.hypervisor, "QEMU");
}

TEST(the_cpus_flags_tell_a_guest)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *metal = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *guest = machine(4096);

	FEED(metal, host, "proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme sse2\n");
	CHECK_INT(metal->host.kind, KT_MACHINE_PHYSICAL);
	FEED(guest, host, "proc/cpuinfo", "flags\t\t: fpu hypervisor sse2\n");
	CHECK_INT(guest->host.kind, KT_MACHINE_VIRTUAL);
}

TEST(a_container_is_known_by_its_files)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *other = machine(4096);

	FEED(snap, host, "run/systemd/container", "lxc\n");
	FEED(snap, host, ".dockerenv", "");
	CHECK_STR(snap->host.container, "lxc");
	FEED(other, host, "proc/1/cgroup", "0::/kubepods/besteffort/pod1\n");
	CHECK_STR(other->host.container, "kubepods");
}

TEST(uptime_is_whole_seconds_and_unknown_is_not_zero)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, host, "proc/uptime", "garbage\n");
	CHECK_INT(snap->host.uptime_s, -1);
	FEED(snap, host, "proc/uptime", "3600.51 12000.00\n");
	CHECK_INT(snap->host.uptime_s, 3600);
}
