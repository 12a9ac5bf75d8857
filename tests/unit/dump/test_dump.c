// SPDX-License-Identifier: GPL-2.0-or-later
//
// Dumps of a machine made by hand: whole, in every form of the kernel's tables, cut and damaged.

#include "dump_bytes.h"
#include "random.h"
#include "test.h"

#include "dump/dump_file.h"
#include "memory/counters/counters.h"
#include "memory/counters/resources.h"
#include "target/dump.h"

#include <string.h>

static struct kt_err *open_bytes(const char *bytes, size_t size, struct kt_target **ret_target)
{
	int fd = dump_file(bytes, size);
	struct kt_err *err = kt_target_dump(&fd, 1, NULL, ret_target);

	close(fd);
	return err;
}

static struct kt_target *open_dump(const struct dump_bytes *dump)
{
	struct kt_target *target = NULL;
	struct kt_err *err = open_bytes(dump->file, dump->size, &target);

	if (err)
		printf("%s\n", kt_err_text(err));
	CHECK(!err);
	return target;
}

static void put_text(void *arg, const struct kt_resource *resource)
{
	kt_buf_printf(arg, "%u %llx-%llx %s\n", resource->depth,
		(unsigned long long)resource->start, (unsigned long long)resource->end,
		resource->name);
}

static void check_whole(const struct dump_opts *opts)
{
	KT_CLEANUP(symbol_table) struct kt_symbol_table table = { 0 };
	KT_CLEANUP(target) struct kt_target *target = NULL;
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	const struct kt_symbol *symbol;
	uint64_t direct, page, at;
	struct dump_bytes dump;
	char second[4096];

	dump_init(&dump, opts);
	memset(dump_at(&dump, DUMP_SECOND + 4096), 'B', 4096);
	target = open_dump(&dump);
	if (!target)
		goto out;
	CHECK_INT(target->page_bytes, 4096);
	CHECK(kt_target_dump_has_ranges(target));
	CHECK_INT(target->nr_cpus, 3);
	CHECK(kt_symbols_find(&target->symbols, "iomem_resource", &at) && at == dump.resources);
	CHECK(!kt_target_dump_symbol_table(target, &table));
	CHECK_INT(table.symbols.count, DUMP_SYMBOLS);
	symbol = kt_symbol_table_find(&table, dump.resources + 5);
	CHECK(symbol && symbol->address == dump.resources);
	CHECK_STR(kt_symbol_name(&table, symbol), "iomem_resource");
	CHECK(!kt_resources_each(target, put_text, &text));
	kt_buf_add(&text, "", 1);
	CHECK_STR(text.data, "0 100000-12ffff System RAM\n"
			     "1 100000-100fff Kernel code\n"
			     "0 400000-403fff System RAM\n");
	CHECK(target->ops->memory_map(target, 64, &direct, &page));
	CHECK_INT(direct, opts->five_levels ? DUMP_DIRECT_5 : DUMP_DIRECT);
	CHECK_INT(page, 0xffffea0000000000ull);
	CHECK(kt_target_read(target, direct + DUMP_SECOND + 4096, second, sizeof(second)));
	CHECK(second[0] == 'B' && second[4095] == 'B');
	/* what no range has, and what is not mapped, is absent */
	CHECK(!kt_target_read(target, direct + DUMP_FIRST - 8, second, 8));
	CHECK(!kt_target_read(target, direct + DUMP_SECOND + DUMP_PAGES_2 * 4096, second, 1));
	CHECK(!kt_target_read(target, DUMP_HOLE, second, 1));
	CHECK(kt_target_read(target, DUMP_HOLE - 4, second, 4));
	CHECK(!kt_target_read(target, DUMP_HOLE - 4, second, 5));
	/* no address of a process, and none that the processor does not know */
	CHECK(!kt_target_read(target, DUMP_STEXT & ((1ull << 47) - 1), second, 1));
	CHECK(!kt_target_read(target, DUMP_STEXT & ~(1ull << 62), second, 1));
out:
	dump_fini(&dump);
}

TEST(a_dump_describes_itself_in_every_form)
{
	for (unsigned form = KT_KALLSYMS_ABSOLUTE; form <= KT_KALLSYMS_PLACE; form++) {
		/* before 6.0 no kernel has offsets from their place */
		for (unsigned i = 0; i < (form == KT_KALLSYMS_PLACE ? 8 : 16); i++)
			check_whole(&(struct dump_opts){ .form = (enum kt_kallsyms_form)form,
				.arm64 = i & 1,
				.five_levels = !(i & 1) && (i & 2),
				.in_note = i & 4,
				.long_name = i & 2,
				.unlisted = i & 8 });
	}
}

TEST(a_file_has_the_registers_of_each_cpu)
{
	KT_CLEANUP(target) struct kt_target *target = NULL;
	struct dump_bytes dump;
	uint32_t status[4];

	dump_init(&dump, &(struct dump_opts){ .in_note = true });
	target = open_dump(&dump);
	for (unsigned cpu = 0; target && cpu < DUMP_CPUS; cpu++) {
		CHECK_INT(target->ops->status(target, cpu, status, sizeof(status)), 16);
		CHECK_INT(status[0], cpu + 1);
	}
	if (target) {
		CHECK_INT(target->ops->status(target, DUMP_CPUS, status, sizeof(status)), 0);
		CHECK_INT(target->ops->status(target, 0, status, 12), 0);
	}
	dump_fini(&dump);
}

TEST(counters_have_what_cpus_keep)
{
	KT_CLEANUP(target) struct kt_target *target = NULL;
	KT_CLEANUP(buf) struct kt_buf zones = { 0 };
	KT_CLEANUP(buf) struct kt_buf sums = { 0 };
	struct dump_bytes dump;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE });
	target = open_dump(&dump);
	if (target) {
		CHECK(!kt_file_zoneinfo(target, 1, &zones));
		kt_buf_add(&zones, "", 1);
		CHECK_STR(zones.data,
			"Node 0, zone   Normal\n  per-node stats\n      nr_anon      80\n"
			"  pages free     994\n        spanned  4096\n        present  4096\n"
			"        managed  4096\n        cma      0\n      nr_free_pages 994\n"
			"      nr_mlock     0\n  pagesets\n    cpu: 0\n              count:    10\n"
			"  vm stats threshold: 0\n    cpu: 1\n              count:    11\n"
			"  vm stats threshold: 0\n    cpu: 2\n              count:    12\n"
			"  vm stats threshold: 0\n  start_pfn:           256\n"
			"Node 0, zone  Movable\n  pages free     0\n        spanned  0\n"
			"        present  0\n        managed  0\n        cma      0\n");
		CHECK(!kt_file_vmstat(target, 1, &sums));
		kt_buf_add(&sums, "", 1);
		CHECK_STR(sums.data, "nr_free_pages 994\nnr_mlock 0\nnr_anon 80\n");
	}
	dump_fini(&dump);
}

static void check_refused(const struct dump_bytes *dump, size_t size, const char *why)
{
	struct kt_target *target = NULL;
	KT_CLEANUP(err) struct kt_err *err = open_bytes(dump->file, size, &target);

	if (!CHECK(err != NULL)) {
		kt_target_close(target);
		return;
	}
	if (!CHECK(strstr(kt_err_text(err), why) != NULL))
		printf("%s\n", kt_err_text(err));
}

TEST(a_dump_without_a_kernel_is_refused)
{
	struct dump_bytes dump;
	Elf64_Ehdr *header;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE });
	header = (Elf64_Ehdr *)(void *)dump.file;
	check_refused(&dump, 100, "program headers");
	check_refused(&dump, 30, "ELF");
	check_refused(&dump, DUMP_PLACE, "has no memory");
	header->e_machine = EM_S390;
	check_refused(&dump, dump.size, "neither x86-64 nor arm64");
	header->e_machine = EM_X86_64;
	/* the page table is gone */
	memset(dump_image(&dump, dump_address(DUMP_TABLE)), 0, 4096);
	check_refused(&dump, dump.size, "page table");
	memset(dump_image(&dump, dump_address(DUMP_INFO)), 0, 4096);
	check_refused(&dump, dump.size, "no kernel is found");
	dump_fini(&dump);
}

/* A dump of the kernel's image only, and of a kernel that another one started. */
TEST(the_kernel_that_ran_is_chosen)
{
	static const char other[] =
		"OSRELEASE=1.0\nPAGESIZE=4096\nSYMBOL(_stext)=ffffffff81000000\n"
		"SYMBOL(swapper_pg_dir)=ffffffff82000000\n"
		"NUMBER(phys_base)=0\n";
	struct kt_target *target;
	struct dump_bytes dump;
	struct kt_span release;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_PLACE });
	memcpy(dump_image(&dump, dump_address(2)), other, sizeof(other));
	target = open_dump(&dump);
	release = target ? kt_target_dump_release(target) : KT_SPAN("");
	CHECK(kt_span_eq(release, "6.99.0-made"));
	kt_target_close(target);
	dump_fini(&dump);
}

/* A machine of 1 TiB, of which next to nothing is in use: its zeros are not read. */
TEST(holes_are_skipped_in_the_search)
{
	const uint64_t bytes = 1ull << 40, place = DUMP_PLACE + DUMP_PAGES * 4096ull;
	struct kt_target *target = NULL;
	struct dump_bytes dump;
	Elf64_Phdr *segment;
	struct kt_err *err;
	char *info;
	int fd;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE });
	segment = (Elf64_Phdr *)(void *)(dump.file + sizeof(Elf64_Ehdr)) + 1;
	segment->p_filesz = segment->p_memsz = bytes;
	info = dump_image(&dump, dump_address(DUMP_INFO));
	fd = dump_file(dump.file, dump.size);
	CHECK_INT(pwrite(fd, info, 4096, (off_t)(place + bytes - 4096)), 4096);
	memset(info, 0, 4096);
	CHECK_INT(pwrite(fd, dump.file, dump.size, 0), (int64_t)dump.size);
	err = kt_target_dump(&fd, 1, NULL, &target);
	if (CHECK(!err))
		CHECK(kt_span_eq(kt_target_dump_release(target), "6.99.0-made"));
	kt_err_free(err);
	kt_target_close(target);
	close(fd);
	dump_fini(&dump);
}

TEST(a_search_for_contents_ends_at_each_hole)
{
	struct kt_dump_file file;
	char page[4096] = "contents";
	struct kt_err *err;
	int fd = dump_file(page, sizeof(page));

	CHECK_INT(pwrite(fd, page, sizeof(page), 1 << 20), sizeof(page));
	CHECK(!ftruncate(fd, 2 << 20));
	err = kt_dump_file_open(fd, &file);
	if (CHECK(!err)) {
		CHECK_INT(kt_dump_file_skip_hole(&file, 100), 100);
		CHECK_INT(kt_dump_file_skip_hole(&file, 4096), 1 << 20);
		CHECK_INT(kt_dump_file_skip_hole(&file, (1 << 20) + 8), (1 << 20) + 8);
		CHECK_INT(kt_dump_file_skip_hole(&file, (1 << 20) + 4096), 2 << 20);
		CHECK_INT(kt_dump_file_skip_hole(&file, 5 << 20), 5 << 20);
	}
	kt_err_free(err);
	kt_dump_file_fini(&file);
	close(fd);
}

TEST(a_cut_dump_says_what_it_lacks)
{
	KT_CLEANUP(target) struct kt_target *target = NULL;
	KT_CLEANUP(buf) struct kt_buf note = { 0 };
	struct dump_bytes dump;
	char byte;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE });
	dump.size -= 2 * 4096;
	target = open_dump(&dump);
	if (target) {
		kt_target_dump_note(target, &note);
		kt_buf_add(&note, "", 1);
		CHECK_STR(note.data, "cut off: 8.0 KiB of memory are missing");
		CHECK(kt_target_dump_has_ranges(target));
		CHECK(kt_target_read(target, DUMP_DIRECT + DUMP_SECOND + 2 * 4096 - 1, &byte, 1));
		CHECK(!kt_target_read(target, DUMP_DIRECT + DUMP_SECOND + 2 * 4096, &byte, 1));
	}
	dump_fini(&dump);
}

TEST(left_out_pages_are_absent_and_not_zero)
{
	KT_CLEANUP(target) struct kt_target *target = NULL;
	struct dump_bytes dump;
	Elf64_Phdr *segment;
	char byte;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE });
	segment = (Elf64_Phdr *)(void *)(dump.file + sizeof(Elf64_Ehdr)) + 1;
	segment->p_filesz = 4096;
	target = open_dump(&dump);
	if (target) {
		CHECK(kt_target_read(target, DUMP_DIRECT + DUMP_SECOND, &byte, 1));
		CHECK(!kt_target_read(target, DUMP_DIRECT + DUMP_SECOND + 4096, &byte, 1));
		CHECK(!kt_target_dump_has_ranges(target));
	}
	dump_fini(&dump);
}

/* A kernel that names no variables, but VMCOREINFO has some of their addresses. */
TEST(sections_lead_to_the_memory_map)
{
	KT_CLEANUP(target) struct kt_target *target = NULL;
	uint64_t direct, page, at;
	struct dump_bytes dump;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE, .sections = true });
	target = open_dump(&dump);
	if (target) {
		CHECK(target->ops->memory_map(target, 64, &direct, &page));
		CHECK(page == 0xffffea0000000000ull);
		CHECK_INT(kt_target_dump_nodes(target), 2);
		CHECK(kt_symbols_find(&target->symbols, "prb", &at));
		CHECK(at == dump_address(DUMP_DATA));
	}
	kt_target_close(target);
	/* no section has struct pages */
	dump_put(&dump, dump_address(DUMP_DATA) + 544 + 16, 0xffffea0000000001ull, 8);
	target = open_dump(&dump);
	if (target)
		CHECK(!target->ops->memory_map(target, 64, &direct, &page));
	dump_fini(&dump);
}

static void use(struct kt_target *target)
{
	KT_CLEANUP(symbol_table) struct kt_symbol_table table = { 0 };
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	uint64_t direct, page;
	char bytes[64];

	kt_err_free(kt_target_dump_symbol_table(target, &table));
	CHECK(table.symbols.count <= 1u << 24);
	kt_err_free(kt_resources_each(target, put_text, &text));
	CHECK(text.size < 8u << 20);
	text.size = 0;
	kt_err_free(kt_file_zoneinfo(target, 4, &text));
	kt_err_free(kt_file_vmstat(target, 4, &text));
	CHECK(text.size < 1u << 20);
	if (target->ops->memory_map(target, 64, &direct, &page))
		kt_target_read(target, direct + DUMP_SECOND - 32, bytes, sizeof(bytes));
}

/* Damages up to four places of a file, opens it, and mends it; whether it was opened. */
static bool open_damaged(const struct dump_bytes *dump, int fd)
{
	static const unsigned pages[] = { DUMP_DATA, DUMP_NAMES, DUMP_NAMES + 1, DUMP_TYPES,
		DUMP_INFO, DUMP_TABLE, DUMP_TABLE + 1, DUMP_TABLE + 2 };
	struct kt_target *target = NULL;
	struct kt_err *err;
	size_t places[4];
	uint64_t count = 1 + dice(4);

	for (uint64_t n = 0; n < count; n++) {
		unsigned page = pages[dice(KT_LEN(pages))];
		uint64_t value = dice(2) ? dice(UINT64_MAX) : dice(256);

		places[n] = dice(4) ? DUMP_PLACE + page * 4096 + dice(4096 - 8) : dice(1024);
		CHECK(pwrite(fd, &value, 1ull << dice(4), (off_t)places[n]) > 0);
	}
	if (!dice(16))
		CHECK(!ftruncate(fd, (off_t)dice(dump->size) + 1));
	err = kt_target_dump(&fd, 1, NULL, &target);
	if (!err) {
		use(target);
		kt_target_close(target);
	}
	kt_err_free(err);
	if (lseek(fd, 0, SEEK_END) != (off_t)dump->size)
		CHECK_INT(pwrite(fd, dump->file, dump->size, 0), (int64_t)dump->size);
	for (uint64_t n = 0; n < count; n++)
		CHECK_INT(pwrite(fd, dump->file + places[n], 8, (off_t)places[n]), 8);
	return !err;
}

TEST(damaged_dumps_are_read_or_refused)
{
	unsigned nr_opened = 0;

	for (unsigned i = 0; i < 20; i++) {
		struct dump_opts opts = { .form = (enum kt_kallsyms_form)(i % 4),
			.arm64 = i % 3 == 0,
			.five_levels = i % 3 == 1,
			.in_note = i & 4,
			.unlisted = i & 8 };
		struct dump_bytes dump;
		int fd;

		dump_init(&dump, &opts);
		fd = dump_file(dump.file, dump.size);
		for (unsigned k = 0; k < 500; k++)
			nr_opened += open_damaged(&dump, fd);
		close(fd);
		dump_fini(&dump);
	}
	/* so that what is read of an opened dump was tried as well */
	CHECK(nr_opened > 1000);
}
