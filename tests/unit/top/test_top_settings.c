// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/settings/settings.h"

#include "test.h"
#include "top/settings/settings_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES "account slab vmalloc stacks pagetables cgroups"

static struct kt_settings parsed;

static void parse(const char *text)
{
	kt_settings_parse(kt_span_str(text), NAMES, &parsed);
}

/* The text of `parsed` without its first line, which is for people. */
static void check_text(const char *wanted)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	const char *end;

	kt_settings_write(&parsed, NAMES, &text);
	kt_buf_add(&text, "", 1);
	end = text.failed ? NULL : strchr(text.data, '\n');
	if (CHECK(end != NULL))
		CHECK_STR(end + 1, wanted);
}

TEST(nothing_is_set_without_a_text)
{
	parse("");
	CHECK_INT(parsed.list, 0);
	CHECK_INT(parsed.interval_ms, 0);
	CHECK_STR(parsed.lists[1].sort, "");
	check_text("");
}

TEST(settings_are_read_as_they_are_written)
{
	static const char text[] = "list vmalloc\ninterval_ms 2000\nfold kernel\nfold boot\n"
				   "sort slab name\ninvert slab\npin slab dentry\n"
				   "pin slab a cache with blanks\npin vmalloc one\ttwo\n"
				   "sort cgroups growth\n";

	parse(text);
	CHECK_INT(parsed.list, 3);
	CHECK_INT(parsed.interval_ms, 2000);
	CHECK(kt_marks_has(&parsed.lists[0].marks, "kernel"));
	CHECK(kt_marks_has(&parsed.lists[0].marks, "boot"));
	CHECK_STR(parsed.lists[1].sort, "name");
	CHECK(parsed.lists[1].inverted);
	CHECK(!parsed.lists[2].inverted);
	CHECK(kt_marks_has(&parsed.lists[1].marks, "a cache with blanks"));
	CHECK(kt_marks_has(&parsed.lists[2].marks, "one\x1ftwo"));
	CHECK(!kt_marks_has(&parsed.lists[2].marks, "dentry"));
	check_text(text);
}

TEST(lines_that_are_not_understood_are_ignored)
{
	parse("# a comment\n\nlist nonsense\nlist\ninterval_ms 0\ninterval_ms 99\ninterval_ms -5\n"
	      "interval_ms 99999999999999999999\ninterval_ms 2 s\nsort slab\nsort slab NAME\n"
	      "sort slab ../x\nsort account bytes\nsort nonsense bytes\nsort\npin\npin slab\n"
	      "pin slab \nfold\nfold \ninvert account\ncolour red\nlist slab");
	CHECK_INT(parsed.list, 2);
	check_text("list slab\n");
}

TEST(hostile_texts_are_harmless)
{
	char text[1024];

	parse("pin slab \x1b[2J\nfold a\x07\npin slab \xc3\xa4\npin slab x\x7f\n");
	check_text("");
	kt_settings_parse(KT_SPAN("fold a\0b\nsort slab a\0b\nlist sl\0ab\n"), NAMES, &parsed);
	check_text("");
	memset(text, 'a', sizeof(text));
	memcpy(text, "pin slab ", 9);
	kt_settings_parse((struct kt_span){ text, sizeof(text) }, NAMES, &parsed);
	memcpy(text, "sort slab ", 10);
	kt_settings_parse((struct kt_span){ text, 10 + 32 }, NAMES, &parsed);
	check_text("");
}

TEST(there_is_a_largest_number_of_marks_and_size_of_a_text)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (int i = 0; i < 100; i++)
		kt_buf_printf(&text, "pin slab cache-%d\npin slab cache-0\n", i);
	kt_settings_parse((struct kt_span){ text.data, text.size }, NAMES, &parsed);
	CHECK_INT(parsed.lists[1].marks.count, KT_MARKS_MAX);
	kt_buf_repeat(&text, "#\n", KT_SETTINGS_MAX / 2);
	kt_settings_parse((struct kt_span){ text.data, text.size }, NAMES, &parsed);
	check_text("");
}

TEST(the_largest_settings_are_read_again)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	char key[KT_MARKS_KEY];

	parse("");
	memset(key, 'k', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	for (size_t i = 0; i < KT_SETTINGS_LISTS * KT_MARKS_MAX; i++) {
		snprintf(key, 10, "%09zu", i);
		key[9] = 'k';
		CHECK(kt_marks_add(&parsed.lists[i / KT_MARKS_MAX].marks, key));
	}
	kt_settings_write(&parsed, NAMES, &text);
	CHECK(text.size <= KT_SETTINGS_MAX);
	kt_settings_parse((struct kt_span){ text.data, text.size }, NAMES, &parsed);
	for (size_t i = 0; i < KT_SETTINGS_LISTS; i++)
		CHECK_INT(parsed.lists[i].marks.count, KT_MARKS_MAX);
}

TEST(marks_are_added_once_and_removed)
{
	struct kt_marks marks = { 0 };

	CHECK(kt_marks_add(&marks, "a") && kt_marks_add(&marks, "b") && kt_marks_add(&marks, "a"));
	CHECK_INT(marks.count, 2);
	CHECK(!kt_marks_add(&marks, "") && !kt_marks_add(&marks, "a\nb"));
	kt_marks_remove(&marks, "a");
	kt_marks_remove(&marks, "c");
	CHECK(!kt_marks_has(&marks, "a") && kt_marks_has(&marks, "b"));
	CHECK(!kt_marks_has(&marks, NULL));
}

/* ---- the file ---- */

static char folder[64];

static void path_of(const char *name, char ret[256])
{
	snprintf(ret, 256, "%s/%s", folder, name);
}

static void begin(void)
{
	snprintf(folder, sizeof(folder), "/tmp/ktally-settings-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
}

static void end(void)
{
	static const char *const names[] = { ".config/ktally/top", ".config/ktally", ".config",
		"ktally/top", "ktally", "" };
	char path[256];

	for (size_t i = 0; i < KT_LEN(names); i++) {
		path_of(names[i], path);
		remove(path);
	}
}

static void write_with(const char *config, const char *home, bool keep, const char *text)
{
	KT_CLEANUP(buf) struct kt_buf before = { 0 };
	struct kt_settings_file file;

	kt_settings_file_open(&file, config, home, &before);
	if (keep)
		CHECK(kt_settings_file_keep(&file, NAMES) == NULL);
	CHECK(kt_settings_file_write(&file, text, strlen(text)) == NULL);
	kt_settings_file_close(&file);
}

static void check_read(const char *config, const char *home, const char *wanted)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_settings_file file;

	kt_settings_file_open(&file, config, home, &text);
	kt_settings_file_close(&file);
	kt_buf_add(&text, "", 1);
	if (CHECK(!text.failed))
		CHECK_STR(text.data, wanted);
}

TEST(the_file_is_made_with_its_directories_and_replaced)
{
	char path[256];
	struct stat status;

	begin();
	check_read(NULL, folder, "");
	path_of(".config", path);
	CHECK(access(path, F_OK) < 0); /* reading makes nothing */
	write_with(NULL, folder, false, "list slab\n");
	write_with("relative", folder, false, "list stacks\n");
	check_read(NULL, folder, "list stacks\n");
	path_of(".config/ktally/top", path);
	CHECK(stat(path, &status) == 0 && (status.st_mode & 07777) == 0600);
	path_of(".config/ktally", path);
	CHECK(stat(path, &status) == 0 && (status.st_mode & 07777) == 0700);
	write_with(folder, "/nonexistent", false, "list cgroups\n");
	check_read(folder, NULL, "list cgroups\n");
	check_read(NULL, folder, "list stacks\n");
	end();
}

TEST(a_process_made_before_writes_only_what_settings_are)
{
	begin();
	write_with(folder, NULL, true, "#!/bin/sh\nlist cgroups\nrm -rf /\n");
	check_read(folder, NULL,
		"# Settings of 'ktally top', written at its end. Without this file all is as "
		"usual.\nlist cgroups\n");
	end();
}

TEST(nothing_is_kept_without_a_directory)
{
	write_with(NULL, NULL, false, "list slab\n");
	write_with(NULL, "relative", true, "list slab\n");
	write_with(NULL, "/nonexistent", true, "list slab\n");
	CHECK(access("/nonexistent", F_OK) < 0);
}

TEST(files_that_are_large_or_no_files_are_not_read)
{
	char path[256];
	int fd;

	begin();
	write_with(folder, NULL, false, "list slab\n");
	path_of("ktally/top", path);
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0 && ftruncate(fd, KT_SETTINGS_MAX + 1) == 0);
	close(fd);
	check_read(folder, NULL, "");
	remove(path);
	CHECK_INT(mkfifo(path, 0600), 0);
	check_read(folder, NULL, "");
	end();
}

TEST(root_has_no_settings_in_directories_of_another_user)
{
	char link[256], path[256];

	if (geteuid() != 0)
		return;
	begin();
	write_with(folder, NULL, false, "list slab\n");
	CHECK_INT(chown(folder, 65534, 65534), 0);
	check_read(folder, NULL, "");
	write_with(folder, NULL, false, "list stacks\n");
	write_with(folder, NULL, true, "list stacks\n");
	CHECK_INT(chown(folder, 0, 0), 0);
	check_read(folder, NULL, "list slab\n");
	/* a link that another user has made, to a directory of root */
	path_of("home", path);
	CHECK_INT(mkdir(path, 0700), 0);
	path_of("home/.config", link);
	CHECK_INT(symlink(folder, link), 0);
	check_read(NULL, path, "list slab\n");
	CHECK_INT(lchown(link, 65534, 65534), 0);
	check_read(NULL, path, "");
	write_with(NULL, path, false, "list stacks\n");
	check_read(folder, NULL, "list slab\n");
	remove(link);
	/* the file itself */
	remove(path);
	path_of("ktally/top", path);
	CHECK_INT(chown(path, 65534, 65534), 0);
	check_read(folder, NULL, "");
	end();
}
