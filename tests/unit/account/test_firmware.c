// SPDX-License-Identifier: GPL-2.0-or-later
//
// From the firmware's map to the pages that are present.

#include "feed.h"
#include "test.h"

#include "source/boot/firmware.h"

#define TIB (1ll << 40)

struct range {
	uint64_t start, end; /* end is exclusive */
	const char *type;
};

static void add_map(struct kt_snapshot *snap, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		kt_firmware_add(snap, ranges[i].start, ranges[i].end, kt_span_str(ranges[i].type));
}
#define MAP(snap, ...)                                       \
	add_map(snap, (const struct range[]){ __VA_ARGS__ }, \
		KT_LEN(((const struct range[]){ __VA_ARGS__ })))

static void ram(struct kt_snapshot *snap, uint64_t start, uint64_t end)
{
	*kt_list_push(&snap->arena, &snap->iomem) = (struct kt_region){ start, end, "System RAM" };
}

static void present(struct kt_snapshot *snap, int64_t bytes)
{
	put_entry(snap, KT_PRESENT, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", bytes / 4096);
}

/* A desktop with 8 GiB: reserved ranges between usable ones, registers above them. */
static void add_pc_map(struct kt_snapshot *snap)
{
	MAP(snap, { 0x0, 0x9fc00, "System RAM" }, { 0x9fc00, 0xa0000, "Reserved" },
		{ 0xf0000, 0x100000, "Reserved" }, { 0x100000, 0x7a000000, "System RAM" },
		{ 0x7a000000, 0x7b000000, "Reserved" }, { 0x7b000000, 0x7b100000, "ACPI Tables" },
		{ 0x7b100000, 0x7b300000, "ACPI Non-volatile Storage" },
		{ 0x7b300000, 0x7c000000, "System RAM" }, { 0x7c000000, 0x80000000, "Reserved" },
		{ 0xe0000000, 0xf0000000, "Reserved" }, { 0xfee00000, 0xfee01000, "Reserved" },
		{ 0x100000000, 0x280000000, "System RAM" });
}

TEST(reserved_ranges_between_usable_ones_are_memory_and_registers_above_are_not)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	add_pc_map(snap);
	kt_derive(snap);
	CHECK_VALUE(snap, FW_USABLE, 0x9fc00 + 0x79f00000 + 0xd00000 + 0x180000000);
	CHECK_VALUE(snap, FW_RESERVED, 0x400 + 0x10000 + 0x1000000);
	CHECK_VALUE(snap, FW_ACPI, 0x100000);
	CHECK_VALUE(snap, FW_NVS, 0x200000);
	CHECK_VALUE(snap, FW_HOLE, 0xf0000 - 0xa0000);
	CHECK_VALUE(snap, FW_PERSISTENT, 0);
	CHECK_INT(value(snap, KT_FW_RESERVED).quality, KT_ESTIMATE);
}

TEST(the_log_and_sysfs_name_the_same_kinds)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	MAP(snap, { 0, 4 * GIB, "usable" }, { 4 * GIB, 5 * GIB, "ACPI data" },
		{ 5 * GIB, 6 * GIB, "ACPI NVS" }, { 6 * GIB, 8 * GIB, "unusable" },
		{ 8 * GIB, 16 * GIB, "persistent (type 7)" },
		{ 16 * GIB, 18 * GIB, "soft reserved" });
	kt_derive(snap);
	CHECK_VALUE(snap, FW_USABLE, 4 * GIB);
	CHECK_VALUE(snap, FW_ACPI, GIB);
	CHECK_VALUE(snap, FW_NVS, GIB);
	CHECK_VALUE(snap, FW_UNUSABLE, 2 * GIB);
	CHECK_VALUE(snap, FW_PERSISTENT, 8 * GIB);
	CHECK_VALUE(snap, FW_SOFT, 2 * GIB);
}

TEST(no_memory_is_behind_the_range_kept_for_hypertransport)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	MAP(snap, { 0, 2 * GIB, "System RAM" }, { 4 * GIB, 0xfc00000000, "System RAM" },
		{ 0xfc80000000, 0x10000000000, "Reserved" },
		{ 0x10000000000, 0x10080000000, "System RAM" });
	kt_derive(snap);
	/* of the reserved range only the 2 GiB below 1 TiB - 12 GiB */
	CHECK_VALUE(snap, FW_RESERVED, 2 * GIB);
}

TEST(a_byte_that_two_ranges_claim_is_counted_once)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	/* out of order too */
	MAP(snap, { 0x80000000, 0x100000000, "Reserved" }, { 0x0, 0xc0000000, "System RAM" },
		{ 0x9f000, 0x100000, "Reserved" }, { 0x40000000, 0x50000000, "ACPI Tables" });
	kt_derive(snap);
	CHECK_VALUE(snap, FW_USABLE, 0xc0000000);
	CHECK_VALUE(snap, FW_RESERVED, 0);
	CHECK_VALUE(snap, FW_ACPI, 0);
	CHECK_VALUE(snap, FW_HOLE, 0);
}

TEST(a_range_that_ends_before_it_starts_is_no_range)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	MAP(snap, { GIB, GIB, "System RAM" }, { GIB, 0, "System RAM" },
		{ 0, UINT64_MAX, "System RAM" });
	CHECK_INT(snap->firmware.count, 0);
}

TEST(special_purpose_memory_that_was_added_to_the_system_is_no_longer_kept)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	MAP(snap, { 0, 2 * GIB, "System RAM" }, { 16 * GIB, 20 * GIB, "Soft Reserved" });
	ram(snap, 0, 2 * GIB);
	ram(snap, 16 * GIB, 17 * GIB);
	present(snap, 3 * GIB);
	kt_derive(snap);
	CHECK_VALUE(snap, FW_SOFT, 3 * GIB);
	CHECK_VALUE(snap, SYSTEM_RAM, 3 * GIB);
	CHECK_VALUE(snap, LEFT_OUT, 0);
	CHECK_VALUE(snap, OFFLINE, 0);
}

TEST(persistent_memory_that_was_added_to_the_system_is_no_longer_kept)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	MAP(snap, { 0, 2 * GIB, "System RAM" }, { 16 * GIB, 20 * GIB, "Persistent Memory" });
	ram(snap, 0, 2 * GIB);
	ram(snap, 16 * GIB, 17 * GIB);
	kt_derive(snap);
	/* what is System RAM now may not be counted as a device too */
	CHECK_VALUE(snap, FW_PERSISTENT, 3 * GIB);
	CHECK_VALUE(snap, FW_SOFT, 0);
}

TEST(memory_cut_off_by_the_command_line_is_left_out)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	add_pc_map(snap);
	ram(snap, 0x1000, 0x9fc00);
	ram(snap, 0x100000, 0x7a000000);
	ram(snap, 0x7b300000, 0x7c000000);
	ram(snap, 0x100000000, 0x200000000); /* mem= took the last 2 GiB */
	kt_derive(snap);
	/* and page 0, and the part of a page before 0x9fc00 */
	CHECK_VALUE(snap, LEFT_OUT, 0x80000000 + 0x1000 + 0xc00);
	CHECK_VALUE(snap, SYSTEM_RAM, 0x9e000 + 0x79f00000 + 0xd00000 + 0x100000000);
}

TEST(system_ram_that_is_in_no_zone_is_offline)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	ram(snap, 0, 4 * GIB);
	present(snap, 3 * GIB);
	kt_derive(snap);
	CHECK_VALUE(snap, OFFLINE, GIB);
	CHECK_STATE(snap, LEFT_OUT, KT_ABSENT); /* no map to leave anything out of */
}

TEST(more_present_than_system_ram_is_told_and_not_below_zero)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	ram(snap, 0, 2 * GIB);
	present(snap, 3 * GIB);
	kt_derive(snap);
	CHECK_STATE(snap, OFFLINE, KT_ABSENT);
	CHECK(any_note_has(snap, "more memory is present"));
}

TEST(without_iomem_what_is_left_out_is_an_upper_bound)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	MAP(snap, { 0, 4 * GIB, "System RAM" });
	present(snap, 3 * GIB);
	kt_derive(snap);
	CHECK_VALUE(snap, LEFT_OUT, GIB);
	CHECK_INT(value(snap, KT_LEFT_OUT).quality, KT_UPPER_BOUND);
	CHECK_STATE(snap, OFFLINE, KT_ABSENT);
}

TEST(graphics_memory_inside_a_reserved_range_is_not_counted_twice)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	add_pc_map(snap);
	snap->graphics = (struct kt_region){ 0x7a800000, 0x7b000000, "graphics" };
	kt_derive(snap);
	CHECK_VALUE(snap, FW_RESERVED, 0x400 + 0x10000 + 0x800000);
	/* behind the last usable range nothing was counted, so nothing is taken off */
	kt_snapshot_free(snap);
	snap = machine(4096);
	add_pc_map(snap);
	snap->graphics = (struct kt_region){ 0x7c000000, 0x80000000, "graphics" };
	kt_derive(snap);
	CHECK_VALUE(snap, FW_RESERVED, 0x400 + 0x10000 + 0x1000000);
}

TEST(a_small_reserved_range_that_touches_the_last_memory_is_memory)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *touching = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *apart = machine(4096);

	/* a virtual machine: the hypervisor's tables end where its memory ends */
	MAP(touching, { 0, 0xbffe0000, "System RAM" }, { 0xbffe0000, 0xc0000000, "Reserved" },
		{ 4 * GIB, 5 * GIB, "System RAM" }, { 5 * GIB, 5 * GIB + MIB, "Reserved" },
		{ 5 * GIB + MIB, 6 * GIB, "Reserved" });
	kt_derive(touching);
	CHECK_VALUE(touching, FW_RESERVED, 0x20000 + MIB);
	MAP(apart, { 0, 0xbffe0000, "System RAM" }, { 0xbfff0000, 0xc0000000, "Reserved" });
	kt_derive(apart);
	CHECK_VALUE(apart, FW_RESERVED, 0);
}

TEST(without_a_map_nothing_is_kept_by_firmware_as_far_as_anybody_knows)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	present(snap, TIB);
	kt_derive(snap);
	CHECK_STATE(snap, FW_RESERVED, KT_ABSENT);
	CHECK_STATE(snap, FW_HOLE, KT_ABSENT);
	CHECK_STATE(snap, LEFT_OUT, KT_ABSENT);
}

static void persistent(struct kt_snapshot *snap, uint64_t start, uint64_t end)
{
	*kt_list_push(&snap->arena, &snap->legacy_persistent) =
		(struct kt_region){ start, end, "Persistent Memory (legacy)" };
}

/* memmap=256M!4G: the firmware's map still calls it usable. */
TEST(ram_that_the_command_line_made_persistent_is_not_left_out)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	MAP(snap, { 0, 6 * GIB, "System RAM" });
	ram(snap, 0, 4 * GIB);
	ram(snap, 4 * GIB + 256 * MIB, 6 * GIB);
	persistent(snap, 4 * GIB, 4 * GIB + 256 * MIB);
	kt_derive(snap);
	CHECK_VALUE(snap, RAM_PERSISTENT, 256 * MIB);
	CHECK_VALUE(snap, LEFT_OUT, 0);
}

TEST(persistent_memory_that_became_ram_again_is_counted_once)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	MAP(snap, { 0, 5 * GIB, "System RAM" });
	ram(snap, 0, 4 * GIB);
	ram(snap, 4 * GIB + 128 * MIB, 5 * GIB);
	persistent(snap, 4 * GIB, 5 * GIB);
	persistent(snap, 4 * GIB, 5 * GIB);
	kt_derive(snap);
	CHECK_VALUE(snap, RAM_PERSISTENT, 128 * MIB);
	CHECK_VALUE(snap, LEFT_OUT, 0);
}

/* A real module of persistent memory has a range of its own in the firmware's map. */
TEST(persistent_memory_by_the_firmware_stays_a_row_of_its_own)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	MAP(snap, { 0, 4 * GIB, "System RAM" }, { 4 * GIB, 8 * GIB, "Persistent Memory (legacy)" });
	ram(snap, 0, 4 * GIB);
	persistent(snap, 4 * GIB, 8 * GIB);
	kt_derive(snap);
	CHECK_VALUE(snap, FW_PERSISTENT, 4 * GIB);
	CHECK_VALUE(snap, RAM_PERSISTENT, 0);
}
