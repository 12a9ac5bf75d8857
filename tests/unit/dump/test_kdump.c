// SPDX-License-Identifier: GPL-2.0-or-later
//
// Compressed dumps made by hand: each way to pack, split, flattened, filtered, cut and damaged.

#include "kdump_bytes.h"
#include "random.h"
#include "test.h"

#include "memory/counters/resources.h"
#include "target/dump.h"

#include <string.h>

static const struct dump_opts made = { .form = KT_KALLSYMS_RELATIVE };

static struct kt_err *open_file(const struct kdump_file *file, struct kt_target **ret_target)
{
	int fd = dump_file(file->bytes, file->size);
	struct kt_err *err = kt_target_dump(&fd, 1, NULL, ret_target);

	close(fd);
	return err;
}

static struct kt_target *must_open(const struct kdump_file *file)
{
	struct kt_target *target = NULL;
	struct kt_err *err = open_file(file, &target);

	if (!CHECK(!err))
		printf("%s\n", kt_err_text(err));
	kt_err_free(err);
	return target;
}

static void check_note(const struct kt_target *target, const char *wanted)
{
	KT_CLEANUP(buf) struct kt_buf note = { 0 };

	kt_target_dump_note(target, &note);
	kt_buf_add(&note, "", 1);
	CHECK_STR(note.data, wanted);
}

/* All memory is as in the dump that it was made of. */
static void check_same(struct kt_target *target, struct dump_bytes *dump)
{
	char page[4096];

	for (unsigned i = 0; i < DUMP_PAGES; i++) {
		uint64_t at = DUMP_FIRST + i * 4096ull;

		CHECK(kt_target_read(target, DUMP_DIRECT + at, page, sizeof(page)) &&
			memcmp(page, dump_at(dump, at), sizeof(page)) == 0);
	}
	CHECK(!kt_target_read(target, DUMP_DIRECT + DUMP_FIRST - 1, page, 1));
	CHECK(!kt_target_read(target, DUMP_DIRECT + DUMP_SECOND + 4 * 4096ull, page, 1));
}

TEST(each_way_to_pack_is_read)
{
	static const unsigned packings[] = { 0, KT_PACKING_ZLIB, KT_PACKING_LZO, KT_PACKING_SNAPPY,
		KT_PACKING_ZSTD };

	for (size_t i = 0; i < 4 * KT_LEN(packings); i++) {
		const struct kdump_opts opts = { .packing = packings[i % KT_LEN(packings)],
			.flat = i & 8,
			.old_bitmap = i & 4 };
		struct kt_target *target;
		struct dump_bytes dump;
		struct kdump_file file;

		dump_init(&dump, &made);
		file = kdump_file(&dump, &opts);
		target = must_open(&file);
		if (target) {
			check_same(target, &dump);
			check_note(target, "");
		}
		kt_target_close(target);
		free(file.bytes);
		dump_fini(&dump);
	}
}

static void check_arm64(const char *name)
{
	struct kt_target *target;
	struct dump_bytes dump;
	struct kdump_file file;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_PLACE, .arm64 = true });
	file = kdump_file(&dump, &(struct kdump_opts){ .packing = KT_PACKING_ZLIB });
	memcpy(file.bytes + 12 + 4 * 65, name, strlen(name) + 1);
	target = must_open(&file);
	if (target)
		check_same(target, &dump);
	kt_target_close(target);
	free(file.bytes);
	dump_fini(&dump);
}

TEST(arm64_is_read_too)
{
	check_arm64("aarch64");
	check_arm64("Unknown"); /* by qemu */
}

TEST(left_out_is_not_zero_and_zero_is_not_left_out)
{
	const uint64_t left_out = DUMP_SECOND / 4096 + 1;
	struct kt_target *target;
	struct dump_bytes dump;
	struct kdump_file file;
	char byte = 'x';

	dump_init(&dump, &made);
	file = kdump_file(&dump, &(struct kdump_opts){ .left_out = left_out });
	target = must_open(&file);
	if (target) {
		CHECK(!kt_target_read(target, DUMP_DIRECT + left_out * 4096, &byte, 1));
		CHECK(kt_target_read(target, DUMP_DIRECT + DUMP_SECOND, &byte, 1) && !byte);
		check_note(
			target, "filtered: 4.0 KiB of memory were left out (makedumpfile -d 31)");
	}
	kt_target_close(target);
	free(file.bytes);
	dump_fini(&dump);
}

TEST(parts_make_a_dump_in_any_order)
{
	const uint64_t frames[] = { 0, DUMP_FIRST / 4096 + 20, DUMP_SECOND / 4096 + 2,
		KDUMP_FRAMES };
	struct kt_target *target = NULL;
	struct kdump_file parts[3];
	struct dump_bytes dump;
	struct kt_err *err;
	int fds[3];

	dump_init(&dump, &made);
	for (unsigned i = 0; i < 3; i++) {
		parts[i] = kdump_file(&dump, &(struct kdump_opts){ .packing = KT_PACKING_ZLIB,
						     .first = frames[i],
						     .end = frames[i + 1] });
		fds[2 - i] = dump_file(parts[i].bytes, parts[i].size);
	}
	err = kt_target_dump(fds, 3, NULL, &target);
	if (CHECK(!err)) {
		check_same(target, &dump);
		check_note(target, "");
	}
	kt_err_free(err);
	kt_target_close(target);
	/* without the last part, which has no page of the kernel */
	err = kt_target_dump(fds + 1, 2, NULL, &target);
	if (CHECK(!err)) {
		check_note(target, "cut off: 8.0 KiB of memory are missing");
		kt_target_close(target);
	}
	kt_err_free(err);
	for (unsigned i = 0; i < 3; i++) {
		close(fds[i]);
		free(parts[i].bytes);
	}
	dump_fini(&dump);
}

TEST(what_is_cut_off_is_missing_and_counted)
{
	struct kt_target *target;
	struct dump_bytes dump;
	struct kdump_file file;
	char byte;

	dump_init(&dump, &made);
	file = kdump_file(&dump, &(struct kdump_opts){ 0 });
	file.size -= 2 * 4096ull;
	target = must_open(&file);
	if (target) {
		check_note(target, "cut off: 8.0 KiB of memory are missing");
		CHECK(kt_target_read(target, DUMP_DIRECT + DUMP_SECOND + 4096, &byte, 1));
		CHECK(!kt_target_read(target, DUMP_DIRECT + DUMP_SECOND + 2 * 4096ull, &byte, 1));
	}
	kt_target_close(target);
	free(file.bytes);
	dump_fini(&dump);
}

/* Another process shortens the file while it is read. */
TEST(a_file_that_shrinks_has_less_memory)
{
	struct kt_target *target = NULL;
	struct dump_bytes dump;
	struct kt_err *err;
	char byte;
	int fd;

	dump_init(&dump, &made);
	fd = dump_file(dump.file, dump.size);
	err = kt_target_dump(&fd, 1, NULL, &target);
	if (CHECK(!err)) {
		CHECK(kt_target_read(target, DUMP_DIRECT + DUMP_SECOND, &byte, 1));
		CHECK(!ftruncate(fd, DUMP_PLACE));
		for (unsigned i = 0; i < DUMP_PAGES_2 * 4096; i += 512)
			kt_target_read(target, DUMP_DIRECT + DUMP_SECOND + i, &byte, 1);
		CHECK(!kt_target_read(target, DUMP_DIRECT + DUMP_SECOND + 3 * 4096ull, &byte, 1));
	}
	kt_err_free(err);
	kt_target_close(target);
	close(fd);
	dump_fini(&dump);
}

/* ---- damage ---- */

static void put_text(void *arg, const struct kt_resource *resource)
{
	kt_buf_printf(arg, "%llx %s\n", (unsigned long long)resource->start, resource->name);
}

static void use(struct kt_target *target)
{
	KT_CLEANUP(symbol_table) struct kt_symbol_table table = { 0 };
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	char page[4096];

	kt_err_free(kt_target_dump_symbol_table(target, &table));
	kt_err_free(kt_resources_each(target, put_text, &text));
	CHECK(text.size < 8u << 20);
	for (unsigned i = 0; i < DUMP_PAGES; i++)
		kt_target_read(target, DUMP_DIRECT + DUMP_FIRST + i * 4096ull, page, sizeof(page));
	kt_target_dump_note(target, &text);
}

/* Damages up to four places of a file; whether it was opened all the same. */
static bool open_damaged(const struct kdump_file *file)
{
	struct kdump_file copy = { malloc(file->size), file->size, file->size };
	struct kt_target *target = NULL;
	uint64_t count = 1 + dice(4);
	struct kt_err *err;

	if (!copy.bytes)
		abort();
	memcpy(copy.bytes, file->bytes, file->size);
	for (uint64_t n = 0; n < count; n++) {
		uint64_t value = dice(2) ? dice(UINT64_MAX) : dice(256);
		/* headers, bitmaps, descriptors, and pages */
		const size_t ends[] = { 448, 4096 + 112, 5 * 4096ull, file->size - 8 };
		size_t end = ends[dice(KT_LEN(ends))];

		memcpy(copy.bytes + dice(end < file->size - 8 ? end : file->size - 8), &value,
			1ull << dice(4));
	}
	if (!dice(16))
		copy.size = dice(copy.size) + 1;
	err = open_file(&copy, &target);
	if (!err)
		use(target);
	kt_target_close(target);
	free(copy.bytes);
	kt_err_free(err);
	return !err;
}

TEST(damaged_dumps_are_read_or_refused)
{
	static const unsigned packings[] = { 0, KT_PACKING_ZLIB, KT_PACKING_LZO, KT_PACKING_SNAPPY,
		KT_PACKING_ZSTD };
	const char *many = getenv("KTALLY_DAMAGED");
	unsigned nr_each = many && strcmp(many, "all") == 0 ? 1000 : 100, nr_opened = 0;

	for (unsigned i = 0; i < 10; i++) {
		struct dump_bytes dump;
		struct kdump_file file;

		dump_init(&dump, &made);
		file = kdump_file(
			&dump, &(struct kdump_opts){
				       .packing = packings[i % KT_LEN(packings)], .flat = i & 1 });
		for (unsigned k = 0; k < nr_each; k++)
			nr_opened += open_damaged(&file);
		free(file.bytes);
		dump_fini(&dump);
	}
	/* so that what is read of an opened dump was tried as well */
	CHECK(nr_opened > nr_each);
}
