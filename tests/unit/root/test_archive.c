// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bundles made by hand, member by member, because no honest program writes these.

#include "root/root.h"

#include "test.h"

#include "base/buf.h"
#include "root/archive_write.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCK 512u

/* A member as POSIX ustar has it; `type` is '0' for a file, '1' a hard, '2' a symbolic link. */
static void member(
	struct kt_buf *tar, const char *path, char type, const char *link, const char *text)
{
	size_t size = strlen(text), padded = (size + BLOCK - 1) / BLOCK * BLOCK;
	char header[BLOCK] = { 0 };
	unsigned sum = 0;

	snprintf(header, 100, "%s", path);
	snprintf(header + 100, 8, "0000644");
	snprintf(header + 124, 12, "%011o", (unsigned)size & 0777777777u);
	snprintf(header + 136, 12, "%011o", 0u);
	memset(header + 148, ' ', 8);
	header[156] = type;
	snprintf(header + 157, 100, "%s", link);
	memcpy(header + 257, "ustar\00000", 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	kt_buf_add(tar, header, BLOCK);
	kt_buf_add(tar, text, size);
	for (size_t i = size; i < padded; i++)
		kt_buf_add(tar, "", 1);
}

static const char *want_proc(const char *path)
{
	const char *at = strstr(path, "proc/");

	return at && (at == path || at[-1] == '/') ? at : NULL;
}

/* Opens the bundle from a file in memory, whose name says nothing; gives the error's code, or -1.
 */
static int open_tar(struct kt_buf *tar, struct kt_root **ret_root)
{
	int fd = memfd_create("bundle", 0);
	struct kt_err *err;
	char path[64];
	int code;

	for (size_t i = 0; i < 2 * BLOCK; i++)
		kt_buf_add(tar, "", 1);
	CHECK(write(fd, tar->data, tar->size) == (ssize_t)tar->size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = kt_root_open(path, want_proc, ret_root);
	code = err ? (int)kt_err_code(err) : -1;
	kt_err_free(err);
	close(fd);
	kt_buf_cleanup(tar);
	return code;
}

static bool reads_as(struct kt_root *root, const char *path, const char *wanted)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read(root, path, &text);

	return !err && kt_span_eq(kt_text_span(&text), wanted);
}

static int code_of_read(struct kt_root *root, const char *path)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read(root, path, &text);

	return err ? (int)kt_err_code(err) : -1;
}

TEST(a_tree_is_found_behind_the_folder_that_it_was_packed_with)
{
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_buf tar = { 0 };

	member(&tar, "./report-a/etc/motd", '0', "", "unwanted");
	member(&tar, "./report-a/proc/meminfo", '0', "", "of a");
	member(&tar, "./report-b/proc/vmstat", '0', "", "of another machine");
	CHECK_INT(open_tar(&tar, &root), -1);
	if (!root)
		return;
	CHECK_INT(kt_root_kind(root), KT_ROOT_BUNDLE);
	CHECK(reads_as(root, "proc/meminfo", "of a"));
	CHECK_INT(code_of_read(root, "proc/vmstat"), KT_ERR_ABSENT);
	CHECK_INT(code_of_read(root, "etc/motd"), KT_ERR_ABSENT);
}

TEST(a_stray_file_before_the_machines_tree_does_not_hide_it)
{
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_buf tar = { 0 };

	member(&tar, "old/proc/stat", '0', "", "stray");
	member(&tar, "report/proc/meminfo", '0', "", "the machine");
	CHECK_INT(open_tar(&tar, &root), -1);
	CHECK(root && reads_as(root, "proc/meminfo", "the machine"));
	CHECK_INT(root ? code_of_read(root, "proc/stat") : 0, KT_ERR_ABSENT);
}

TEST(a_bundle_whose_paths_leave_it_is_refused_as_a_whole)
{
	static const char *const paths[] = { "/proc/meminfo", "../proc/meminfo",
		"proc/../../etc/passwd", "proc/.." };

	for (size_t i = 0; i < KT_LEN(paths); i++) {
		struct kt_root *root = NULL;
		struct kt_buf tar = { 0 };

		member(&tar, "proc/stat", '0', "", "fine");
		member(&tar, paths[i], '0', "", "bad");
		CHECK_INT(open_tar(&tar, &root), KT_ERR_REFUSED);
		CHECK(!root);
	}
}

TEST(a_path_with_two_dots_in_a_name_does_not_leave_the_bundle)
{
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_buf tar = { 0 };

	member(&tar, "..report/proc/meminfo", '0', "", "fine");
	CHECK_INT(open_tar(&tar, &root), -1);
	CHECK(root && reads_as(root, "proc/meminfo", "fine"));
}

TEST(links_in_a_bundle_are_not_followed)
{
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_buf tar = { 0 };

	member(&tar, "proc/stat", '0', "", "text");
	member(&tar, "proc/meminfo", '2', "/proc/meminfo", "");
	member(&tar, "proc/vmstat", '1', "proc/stat", "");
	CHECK_INT(open_tar(&tar, &root), -1);
	if (!root)
		return;
	CHECK(reads_as(root, "proc/stat", "text"));
	CHECK_INT(code_of_read(root, "proc/meminfo"), KT_ERR_REFUSED);
	CHECK_INT(code_of_read(root, "proc/vmstat"), KT_ERR_REFUSED);
}

TEST(a_bundle_without_anything_to_read_says_so)
{
	struct kt_root *root = NULL;
	struct kt_buf tar = { 0 };

	member(&tar, "etc/motd", '0', "", "hello");
	CHECK_INT(open_tar(&tar, &root), KT_ERR_ABSENT);
	CHECK(!root);
}

TEST(a_bundle_cut_off_in_a_member_is_damaged_and_not_short)
{
	struct kt_root *root = NULL;
	struct kt_buf tar = { 0 };
	char text[4000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	member(&tar, "proc/meminfo", '0', "", text);
	tar.size = 2 * BLOCK; /* with the two zero blocks behind: 1536 of 3999 bytes */
	CHECK_INT(open_tar(&tar, &root), KT_ERR_PARSE);
	CHECK(!root);
}

/* A member that ktally does not read, because it is too long. */
static void long_member(struct kt_buf *tar, const char *path)
{
	char *text = malloc(KT_ROOT_FILE_MAX + 2);

	memset(text, 'x', KT_ROOT_FILE_MAX + 1);
	text[KT_ROOT_FILE_MAX + 1] = '\0';
	member(tar, path, '0', "", text);
	free(text);
}

TEST(a_member_that_is_too_long_hides_no_other)
{
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_buf tar = { 0 };

	long_member(&tar, "proc/kallsyms");
	member(&tar, "proc/meminfo", '0', "", "fine");
	CHECK_INT(open_tar(&tar, &root), -1);
	CHECK(root && reads_as(root, "proc/meminfo", "fine"));
	CHECK_INT(root ? code_of_read(root, "proc/kallsyms") : 0, KT_ERR_LIMIT);
}

TEST(a_text_that_is_too_long_hides_no_other_and_is_named)
{
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_buf tar = { 0 };

	long_member(&tar, "ticket/big.txt");
	member(&tar, "ticket/m.txt", '0', "", "MemTotal: 2 kB\nMemFree: 1 kB\n");
	CHECK_INT(open_tar(&tar, &root), -1);
	CHECK(root && reads_as(root, "proc/meminfo", "MemTotal: 2 kB\nMemFree: 1 kB\n"));
	if (root)
		CHECK_STR(kt_root_note(root), "not read: ticket/big.txt: larger than 64 MiB");
}

/* Boot and reports of one log are two files of the root with one text. */
TEST(a_log_in_a_bundle_has_a_boot_and_reports)
{
	static const char text[] = "[    0.000000] Linux version 6.1.0 (a@b)\n"
				   "[    0.100000] Freeing unused kernel image memory: 64K\n"
				   "[   99.000000] Mem-Info:\n";
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_buf tar = { 0 };

	member(&tar, "ticket/a.log", '0', "", text);
	member(&tar, "ticket/m.txt", '0', "", "MemTotal: 2 kB\nMemFree: 1 kB\n");
	CHECK_INT(open_tar(&tar, &root), -1);
	if (!root)
		return;
	CHECK(reads_as(root, KT_ROOT_MEMORY_LOG, text));
	CHECK(reads_as(root, KT_ROOT_BOOT_LOG, text));
	CHECK(reads_as(root, "proc/meminfo", "MemTotal: 2 kB\nMemFree: 1 kB\n"));
}

TEST(texts_that_are_all_too_long_are_the_reason)
{
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_buf tar = { 0 };

	long_member(&tar, "ticket/big.txt");
	CHECK_INT(open_tar(&tar, &root), KT_ERR_LIMIT);
}

TEST(what_is_written_as_a_bundle_reads_back_compressed_or_not)
{
	static const char *const ends[] = { "tar", "tar.gz", "tar.zst", "tar.xz" };
	char folder[] = "/tmp/ktally-test-XXXXXX", path[64];

	CHECK(mkdtemp(folder));
	for (size_t i = 0; i < KT_LEN(ends); i++) {
		KT_CLEANUP(root) struct kt_root *root = NULL;
		struct kt_archive_writer *writer = NULL;
		struct kt_err *err;

		snprintf(path, sizeof(path), "%s/b.%s", folder, ends[i]);
		err = kt_archive_create(path, false, &writer);
		if (!CHECK(!err))
			break;
		err = kt_archive_add(writer, "proc/meminfo", "MemTotal: 1 kB\n", 15, 0);
		CHECK(!err);
		err = kt_archive_close(writer);
		CHECK(!err);
		err = kt_root_open(path, want_proc, &root);
		CHECK(!err && reads_as(root, "proc/meminfo", "MemTotal: 1 kB\n"));
		kt_err_free(err);
		unlink(path);
	}
	rmdir(folder);
}

TEST(a_bundle_that_is_there_is_not_overwritten)
{
	char path[] = "/tmp/ktally-test-XXXXXX.tar";
	int fd = mkstemps(path, 4);
	struct kt_archive_writer *writer = NULL;
	KT_CLEANUP(err) struct kt_err *err = kt_archive_create(path, false, &writer);

	CHECK(err != NULL);
	CHECK(!writer);
	CHECK(access(path, F_OK) == 0);
	close(fd);
	unlink(path);
}

/* Each directory of 20,000 members is listed by its members, not by all that are below. */
TEST(many_members_are_listed_and_found)
{
	KT_CLEANUP(buf) struct kt_buf tar = { 0 };
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_arena arena = { 0 };
	kt_names names = { 0 };
	size_t count = 20000;
	char path[100];

	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "proc/%zu/%zu/stat", i % 100, i);
		member(&tar, path, '0', "", "1");
	}
	member(&tar, "proc/1-x/y", '0', "", "1");
	CHECK_INT(open_tar(&tar, &root), -1);
	CHECK(!kt_root_list(root, "proc", &arena, &names));
	CHECK_INT(names.count, 101);
	names = (kt_names){ 0 };
	CHECK(!kt_root_list_folders(root, "proc/1", &arena, &names));
	CHECK_INT(names.count, 200);
	CHECK(names.count == 200 && strcmp(names.items[199], "19901") == 0);
	CHECK(kt_root_has(root, "proc/1/101") && kt_root_has(root, "proc/1-x"));
	CHECK(!kt_root_has(root, "proc/1/10") && !kt_root_has(root, "proc/1-"));
	CHECK(reads_as(root, "proc/99/19999/stat", "1"));
	kt_arena_fini(&arena);
}
