// SPDX-License-Identifier: GPL-2.0-or-later
//
// Raw images of memory made by hand: whole, cut, without the hole below 4 GiB, and other files.

#include "dump_bytes.h"
#include "test.h"

#include "dump/formats.h"
#include "root/root.h"
#include "source/source.h"
#include "target/dump.h"

#include <string.h>

#define HIGH  (4ull << 30)
#define LOW   (2ull << 30)    /* memory before the hole of a machine with more than 4 GiB */
#define ABOVE 0x200000ull     /* bytes of memory above 4 GiB */
#define TABLE (HIGH + 0x1000) /* a page table in them */
#define MARK  (HIGH + 0x5000)

static struct kt_err *open_fd(int fd, struct kt_target **ret_target)
{
	return kt_target_dump(&fd, 1, NULL, ret_target);
}

static struct kt_target *must_open(int fd)
{
	struct kt_target *target = NULL;
	struct kt_err *err = open_fd(fd, &target);

	if (!CHECK(!err))
		printf("%s\n", kt_err_text(err));
	kt_err_free(err);
	return target;
}

static void check_refused(int fd, const char *why)
{
	struct kt_target *target = NULL;
	KT_CLEANUP(err) struct kt_err *err = open_fd(fd, &target);

	if (!CHECK(err != NULL))
		kt_target_close(target);
	else if (!CHECK(strstr(kt_err_text(err), why) != NULL))
		printf("%s\n", kt_err_text(err));
}

static void check_note(struct kt_target *target, const char *wanted)
{
	KT_CLEANUP(buf) struct kt_buf note = { 0 };

	kt_target_dump_note(target, &note);
	kt_buf_add(&note, "", 1);
	CHECK_STR(note.data, wanted);
}

static void check_root(int fd)
{
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_err *err;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = kt_root_open(path, kt_source_inside, &root);
	CHECK(!err);
	kt_err_free(err);
	CHECK(root && kt_root_kind(root) == KT_ROOT_DUMP);
}

static void check_whole(const struct dump_opts *opts, size_t skipped)
{
	uint64_t direct = opts->five_levels ? DUMP_DIRECT_5 : DUMP_DIRECT;
	struct kt_target *target;
	struct dump_bytes dump;
	struct kt_span release;
	char page[4096];
	char *image;
	int fd;

	dump_init(&dump, opts);
	memset(dump_at(&dump, DUMP_SECOND + 4096), 'B', 4096);
	image = dump_raw(&dump);
	fd = dump_file(image + skipped, DUMP_RAW - skipped);
	CHECK(kt_dump_is_raw(fd));
	CHECK_INT(lseek(fd, 0, SEEK_CUR), 0);
	check_root(fd);
	target = must_open(fd);
	if (target) {
		release = kt_target_dump_release(target);
		CHECK(kt_span_eq(release, "6.99.0-made"));
		CHECK(kt_target_read(target, direct + DUMP_SECOND + 4096, page, sizeof(page)));
		CHECK(page[0] == 'B' && page[4095] == 'B');
		CHECK_INT(target->nr_cpus, 3);
		check_note(target, "");
		CHECK(!kt_target_dump_has_ranges(target)); /* the file has holes in it */
		CHECK(!kt_target_read(target, direct + DUMP_RAW, page, 1));
		kt_target_close(target);
	}
	close(fd);
	free(image);
	dump_fini(&dump);
}

TEST(an_image_is_read_like_a_dump)
{
	check_whole(&(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE }, 0);
	check_whole(&(struct dump_opts){ .form = KT_KALLSYMS_PLACE, .five_levels = true }, 0);
	check_whole(&(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE, .arm64 = true }, 0);
	/* from the machine's memory on */
	check_whole(&(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE, .arm64 = true }, DUMP_FIRST);
}

TEST(a_cut_image_says_what_it_lacks)
{
	struct dump_bytes dump;
	struct kt_target *target;
	char *image, byte;
	int fd;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE });
	image = dump_raw(&dump);
	fd = dump_file(image, DUMP_RAW - 0x100000);
	target = must_open(fd);
	if (target) {
		check_note(target, "cut off: 1.0 MiB of memory are missing");
		CHECK(!kt_target_read(target, DUMP_DIRECT + DUMP_RAW - 0x100000, &byte, 1));
	}
	kt_target_close(target);
	close(fd);
	/* without the kernel */
	fd = dump_file(image, DUMP_FIRST);
	CHECK(!kt_dump_is_raw(fd));
	check_refused(fd, "no dump of memory");
	close(fd);
	free(image);
	dump_fini(&dump);
}

static void put(int fd, const void *bytes, size_t size, uint64_t at)
{
	CHECK_INT(pwrite(fd, bytes, size, (off_t)at), (int64_t)size);
}

/* Maps the first 2 MiB above 4 GiB too, by a table that is in them. */
static void map_high(char *image)
{
	uint64_t entry = TABLE | 3, at = DUMP_FIRST + DUMP_TABLE * 4096;

	memcpy(&at, image + at + (DUMP_DIRECT >> 39 & 511) * 8, sizeof(at));
	memcpy(image + (at & ~4095ull) + 4 * 8ull, &entry, sizeof(entry));
}

/* Memory above 4 GiB is at `place` in the file. */
static int make_high(uint64_t place, bool has_table)
{
	const uint64_t entry = HIGH | 0x83;
	struct dump_bytes dump;
	char *image;
	int fd;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE });
	image = dump_raw(&dump);
	map_high(image);
	fd = dump_file(image, DUMP_RAW);
	if (has_table)
		put(fd, &entry, sizeof(entry), place + (TABLE - HIGH));
	put(fd, "high", 4, place + (MARK - HIGH));
	CHECK(!ftruncate(fd, (off_t)(place + ABOVE)));
	free(image);
	dump_fini(&dump);
	return fd;
}

static void check_high(uint64_t place)
{
	int fd = make_high(place, true);
	struct kt_target *target;
	char bytes[4] = "";

	CHECK(kt_dump_is_raw(fd));
	target = must_open(fd);
	if (target) {
		CHECK(kt_target_read(target, DUMP_DIRECT + MARK, bytes, 4) &&
			memcmp(bytes, "high", 4) == 0);
		CHECK(!kt_target_read(target, DUMP_DIRECT + HIGH + ABOVE, bytes, 1));
		check_note(target, "");
	}
	kt_target_close(target);
	close(fd);
}

TEST(memory_above_the_hole_is_found)
{
	check_high(HIGH); /* the file has the hole */
	check_high(LOW);  /* it has not */
	check_high(LOW + 0x10000000);
}

TEST(what_is_above_the_hole_is_not_guessed)
{
	int fd = make_high(LOW, false);

	CHECK(kt_dump_is_raw(fd));
	check_refused(fd, "where it has the memory above 4 GiB cannot be found out");
	close(fd);
	/* a hole where no hypervisor begins one */
	fd = make_high(LOW + 0x100000, true);
	check_refused(fd, "where it has the memory above 4 GiB cannot be found out");
	close(fd);
}

static void check_other(const char *bytes, size_t size)
{
	int fd = dump_file(bytes, size);

	CHECK(!kt_dump_is_raw(fd));
	close(fd);
}

TEST(no_other_file_is_taken_for_an_image)
{
	static char file[16 * 4096];
	const char text[] = "OSRELEASE=6.1\nPAGESIZE=4096\nSYMBOL(_stext)=ffffffff81000000\n"
			    "SYMBOL(swapper_pg_dir)=ffffffff82000000\n";

	check_other(file, sizeof(file));
	memcpy(file + 4096, text, sizeof(text));
	file[100] = 0;
	check_other(file, sizeof(file) - 1); /* no whole pages */
	memcpy(file + 257, "ustar", 5);
	check_other(file, sizeof(file)); /* a tar with a dump in it */
	memset(file + 257, 0, 5);
	memmove(file + 4096 + 512, text, sizeof(text)); /* not at the beginning of a page */
	memset(file + 4096, 0, 512);
	check_other(file, sizeof(file));
	memset(file, 'a', 512); /* a log, with anything in it */
	memcpy(file + 8192, text, sizeof(text));
	check_other(file, sizeof(file));
	/* the text of a bundle, without what makes a page table known */
	memset(file, 0, sizeof(file));
	memcpy(file + 4096, "OSRELEASE=6.1\nPAGESIZE=4096\n", 28);
	check_other(file, sizeof(file));
	memcpy(file + 4096, text, sizeof(text));
	{
		int fd = dump_file(file, sizeof(file));

		CHECK(kt_dump_is_raw(fd)); /* a kernel's text, but no kernel */
		check_refused(fd, "neither x86-64 nor arm64");
		close(fd);
	}
}
