// SPDX-License-Identifier: GPL-2.0-or-later
#include "files.h"
#include "test.h"

#define START "sys/firmware/devicetree/base/chosen/linux,initrd-start"
#define END   "sys/firmware/devicetree/base/chosen/linux,initrd-end"

#define LOG_START                                          \
	"[    0.000000] Linux version 6.12.117 (debian)\n" \
	"[    0.100000] Memory: 3954988K/5242880K available (15616K kernel code, 3820K rwdata)\n"
#define UNPACKS "[    3.473892] Trying to unpack rootfs image as initramfs...\n"
#define FREED	"[    4.473892] Freeing initrd memory: 7860K\n"
#define LOG_END "[    5.487710] Freeing unused kernel memory: 9664K\n"

static char *copy_of(const char *bytes, size_t size)
{
	char *copy = malloc(size + 1);

	memcpy(copy, bytes, size);
	return copy;
}

static int read_tree(struct kt_snapshot *snap, const char *start, size_t start_size,
	const char *end, size_t end_size)
{
	KT_CLEANUP(root) struct kt_root *root = root_of_files(NULL, 0);
	KT_CLEANUP(err) struct kt_err *err = NULL;

	kt_err_free(kt_root_memory_add(root, START, copy_of(start, start_size), start_size));
	if (end)
		kt_err_free(kt_root_memory_add(root, END, copy_of(end, end_size), end_size));
	err = kt_source_device_tree.read(root, snap);
	return err ? (int)kt_err_code(err) : NO_ERROR;
}

/* 8,049,184 bytes at 0x48000000, as qemu gives them to an arm64 kernel: whole pages are kept. */
static struct kt_snapshot *arm64(const char *log)
{
	struct kt_snapshot *snap = machine(4096);

	FEED(snap, kmsg, "ktally/dmesg", log);
	CHECK_INT(read_tree(snap, "\x48\0\0\0", 4, "\x48\x7a\xd2\x20", 4), NO_ERROR);
	kt_derive(snap);
	return snap;
}

TEST(the_device_tree_has_the_initial_ram_disk_that_the_log_does_not_size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *kept = arm64(LOG_START UNPACKS LOG_END);
	KT_CLEANUP(snapshot) struct kt_snapshot *freed = arm64(LOG_START UNPACKS FREED LOG_END);

	CHECK_VALUE(kept, INITRD, 0x7ae000);
	CHECK_VALUE(kept, INITRD_KEPT, 0x7ae000);
	/* free_reserved_area() leaves the page that is not full */
	CHECK_VALUE(freed, INITRD_KEPT, 4096);
}

TEST(addresses_of_two_cells_are_read_too)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(65536);

	CHECK_INT(read_tree(snap, "\0\0\x01\0\0\0\0\0", 8, "\0\0\x01\0\0\x01\0\x01", 8), NO_ERROR);
	CHECK_VALUE(snap, INITRD, 0x20000);
}

TEST(a_device_tree_that_is_not_one_says_nothing)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(read_tree(snap, "", 0, "\x48\0\0\0", 4), KT_ERR_PARSE);
	CHECK_INT(read_tree(snap, "\x48\0\0", 3, "\x48\0\0\0", 4), KT_ERR_PARSE);
	CHECK_INT(read_tree(snap, "\x48\0\0\0", 4, "\x48\0\0\0\0\0\0\0\0", 9), KT_ERR_PARSE);
	CHECK_INT(read_tree(snap, "\x48\0\0\0", 4, "\x48\0\0\0", 4), KT_ERR_PARSE);
	CHECK_INT(read_tree(snap, "\x48\0\0\1", 4, "\x48\0\0\0", 4), KT_ERR_PARSE);
	CHECK_INT(read_tree(snap, "\xff\xff\xff\xff\xff\xff\xff\0", 8,
			  "\xff\xff\xff\xff\xff\xff\xff\xff", 8),
		KT_ERR_PARSE);
	CHECK_INT(read_tree(snap, "\x48\0\0\0", 4, NULL, 0), KT_ERR_ABSENT);
	CHECK_STATE(snap, INITRD, KT_ABSENT);
}

/* Booted by EFI, arm64 has no such addresses either: there is one, and not 0 bytes of it. */
TEST(an_initial_ram_disk_of_unknown_size_is_not_none)
{
	static const struct {
		const char *log;
		bool none;
	} cases[] = { { LOG_START UNPACKS LOG_END, false },
		{ LOG_START "[    3.4] Unpacking initramfs...\n" LOG_END, false },
		{ LOG_START UNPACKS FREED LOG_END, true }, { LOG_START LOG_END, true } };

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		FEED(snap, kmsg, "ktally/dmesg", cases[i].log);
		CHECK(snap->log_whole);
		kt_derive(snap);
		CHECK_STATE(snap, INITRD_KEPT, KT_ABSENT);
		if (CHECK(value(snap, KT_INITRD_KEPT).entry))
			CHECK_INT(value(snap, KT_INITRD_KEPT).entry->none, cases[i].none);
	}
}
