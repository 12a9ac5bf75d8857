// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "sys/firmware/dmi/entries/17-0/raw"

struct device {
	uint16_t size;
	uint32_t extended;
	uint8_t technology, length;
};

/* A type 17 record, the strings behind it left out. */
static int feed_device(struct kt_snapshot *snap, struct device device)
{
	unsigned char raw[0x54] = { 17, device.length };

	raw[0x0c] = (unsigned char)device.size;
	raw[0x0d] = (unsigned char)(device.size >> 8);
	for (int i = 0; i < 4; i++)
		raw[0x1c + i] = (unsigned char)(device.extended >> 8 * i);
	raw[0x28] = device.technology;
	return feed_bytes(snap, &kt_source_dmi, PATH, (char *)raw, device.length);
}

TEST(sizes_are_read_in_every_granularity_and_added_up)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	feed_device(snap, (struct device){ 0x2000, 0, 3, 0x54 }); /* 8 GiB in MiB */
	CHECK_VALUE(snap, DIMMS, 8 * GIB);
	feed_device(snap, (struct device){ 0x8000 | 512, 0, 3, 0x54 }); /* 512 KiB */
	CHECK_VALUE(snap, DIMMS, 8 * GIB + 512 * KIB);
	feed_device(snap, (struct device){ 0x7fff, 0x10000, 3, 0x54 }); /* 64 GiB */
	CHECK_VALUE(snap, DIMMS, 72 * GIB + 512 * KIB);
}

TEST(empty_and_unknown_sockets_add_nothing)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(feed_device(snap, (struct device){ 0, 0, 3, 0x54 }), NO_ERROR);
	CHECK_INT(feed_device(snap, (struct device){ 0xffff, 0, 3, 0x54 }), NO_ERROR);
	CHECK_STATE(snap, DIMMS, KT_ABSENT);
}

TEST(modules_that_are_no_dram_are_not_memory)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	for (uint8_t technology = 4; technology <= 7; technology++)
		feed_device(snap, (struct device){ 0x2000, 0, technology, 0x54 });
	CHECK_STATE(snap, DIMMS, KT_ABSENT);
	feed_device(snap, (struct device){ 0x2000, 0, 2, 0x54 }); /* not said */
	CHECK_VALUE(snap, DIMMS, 8 * GIB);
}

TEST(records_of_old_versions_are_shorter)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(feed_device(snap, (struct device){ 0x400, 0, 0, 0x15 }), NO_ERROR);
	CHECK_VALUE(snap, DIMMS, GIB);
	/* 2.1 has no extended size: 0x7fff is a size in MiB there */
	CHECK_INT(feed_device(snap, (struct device){ 0x7fff, 0, 0, 0x15 }), NO_ERROR);
	CHECK_VALUE(snap, DIMMS, GIB + 0x7fff * MIB);
}

TEST(a_record_shorter_than_it_says_is_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	static const char lying[] = { 17, 0x54, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20 };

	CHECK_INT(feed_bytes(snap, &kt_source_dmi, PATH, lying, sizeof(lying)), KT_ERR_PARSE);
	CHECK_INT(feed_bytes(snap, &kt_source_dmi, PATH, "", 0), KT_ERR_PARSE);
	CHECK_INT(feed_bytes(snap, &kt_source_dmi, PATH, lying, 1), KT_ERR_PARSE);
	CHECK_INT(feed_device(snap, (struct device){ 0x400, 0, 0, 0x0d }), KT_ERR_PARSE);
}
