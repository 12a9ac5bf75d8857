// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "analysis/boot.h"

#define PATH "ktally/dmesg"

static const char log_text[] =
	"[    0.000000] Linux version 6.12.0\n"
	"[    0.000100] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable\n"
	"[    0.000100] BIOS-e820: [mem 0x000000000009fc00-0x000000000009ffff] reserved\n"
	"[    0.000100] BIOS-e820: [mem 0x0000000000100000-0x000000003fffffff] usable\n"
	"[    0.000900] RAMDISK: [mem 0x30000000-0x30ffffff]\n"
	"[    0.001900] NODE_DATA(0) allocated [mem 0x3fff0000-0x3fffffff]\n"
	"[    0.002000] cma: Reserved 64 MiB at 0x0000000038000000 on node -1\n"
	"[    0.100000] Dentry cache hash table entries: 131072 (order: 8, 1048576 bytes, linear)\n"
	"[    0.200000] Memory: 900000K/1048188K available (14336K kernel code, 2400K rwdata, "
	"9472K "
	"rodata, 2660K init, 5120K bss, 148188K reserved, 65536K cma-reserved)\n"
	"[    0.300000] UDP hash table entries: 512 (order: 3, 32768 bytes, linear)\n"
	"[    0.400000] Freeing initrd memory: 16380K\n"
	"[    0.500000] Freeing unused kernel image (initmem) memory: 2660K\n"
	"[    0.600000] Freeing unused kernel image (text/rodata gap) memory: 2020K\n";

struct made {
	struct kt_snapshot *snap;
	struct kt_account account;
	struct kt_boot boot;
};

static bool make(struct made *made, const char *text)
{
	made->snap = machine(4096);
	FEED(made->snap, kmsg, PATH, text);
	kt_derive(made->snap);
	return CHECK(kt_boot_settle(made->snap)) &&
	       CHECK(!kt_account_compute(made->snap, KT_NO_NODE, &made->account)) &&
	       CHECK(!kt_boot_compute(made->snap, &made->account, &made->snap->arena, &made->boot));
}

static void unmake(struct made *made)
{
	kt_account_fini(&made->account);
	kt_snapshot_free(made->snap);
}

static const struct kt_boot_row *row_named(const struct made *made, const char *name)
{
	static const struct kt_boot_row none = { .time_us = -2, .back_us = -2 };

	for (size_t i = 0; i < made->boot.rows.count; i++) {
		if (strcmp(made->boot.rows.items[i].name, name) == 0)
			return &made->boot.rows.items[i];
	}
	printf("  there is no row '%s'\n", name);
	return &none;
}

TEST(a_log_alone_tells_what_is_reserved_and_the_rows_add_up_to_it)
{
	struct made made = { 0 };

	if (make(&made, log_text)) {
		CHECK_INT(made.boot.held[KT_FROM_RESERVED], (148188 - 16380 - 2660 - 2020) * KIB);
		CHECK_INT(made.boot.held[KT_FROM_RESERVED],
			kt_account_line(&made.account, KT_ROW_BOOT)->val.value);
		CHECK_INT(made.boot.held[KT_FROM_FIRMWARE],
			kt_account_line(&made.account, KT_ROW_FIRMWARE)->val.value);
		CHECK_INT(made.boot.held[KT_FROM_ALLOCATOR], 32768);
	}
	unmake(&made);
}

TEST(what_was_given_back_was_taken_and_is_not_held)
{
	struct made made = { 0 };

	if (make(&made, log_text)) {
		const struct kt_boot_row *initrd = row_named(&made, "initial RAM disk");
		const struct kt_boot_row *init = row_named(&made, "kernel init code and data");
		const struct kt_boot_row *cma = row_named(&made, "contiguous area (CMA)");

		CHECK_INT(initrd->taken, 16 * MIB);
		CHECK_INT(initrd->back, 16380 * KIB);
		CHECK_INT(initrd->held, 4 * KIB);
		CHECK_INT(initrd->time_us, 900);
		CHECK_INT(initrd->back_us, 400000);
		CHECK_INT(init->taken, 2660 * KIB);
		CHECK_INT(init->held, 0);
		CHECK_INT(row_named(&made, "gap after kernel code")->held, 0);
		CHECK_INT(cma->taken, 64 * MIB);
		CHECK_INT(cma->held, 0);
	}
	unmake(&made);
}

TEST(what_the_log_names_is_split_off_what_nobody_names)
{
	struct made made = { 0 };

	if (make(&made, log_text)) {
		const struct kt_line *other = kt_account_line(&made.account, KT_ROW_BOOT_OTHER);

		CHECK_INT(row_named(&made, "node data")->held, 65536);
		CHECK_INT(row_named(&made, "other boot memory")->held, other->val.value - 65536);
	}
	unmake(&made);
}

TEST(rows_stand_in_the_order_of_time)
{
	struct made made = { 0 };

	if (make(&made, log_text)) {
		int64_t last_us = -1;

		for (size_t i = 0; i < made.boot.rows.count; i++) {
			const struct kt_boot_row *row = &made.boot.rows.items[i];

			CHECK_INT(row->order, i + 1);
			CHECK_INT(row->taken, row->held + row->back);
			/* of the firmware map only the line is younger than the kernel's first */
			if (row->time_us >= 0 && row->from != KT_FROM_FIRMWARE) {
				CHECK(row->time_us >= last_us);
				last_us = row->time_us;
			}
		}
		CHECK(row_named(&made, "other boot memory")->order == made.boot.rows.count);
		CHECK_INT(row_named(&made, "hash Dentry cache")->time_us, 100000);
		CHECK_INT(row_named(&made, "hash UDP")->from, KT_FROM_ALLOCATOR);
	}
	unmake(&made);
}

TEST(a_log_without_a_memory_line_settles_nothing)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, kmsg, PATH, "[ 0.0] RAMDISK: [mem 0x1000-0x1fff]\n");
	kt_derive(snap);
	CHECK(!kt_boot_settle(snap));
}

TEST(a_log_that_gives_back_more_than_was_reserved_is_not_believed)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, kmsg, PATH,
		"Memory: 900K/1000K available (1K kernel code, 100K reserved)\n"
		"Freeing initrd memory: 101K\n");
	kt_derive(snap);
	CHECK(!kt_boot_settle(snap));
}
