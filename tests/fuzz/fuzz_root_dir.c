// SPDX-License-Identifier: GPL-2.0-or-later
//
// A captured directory with odd entries: the data makes files, directories, links to anywhere
// and FIFOs in memory (/dev/shm), and each path is read, listed and followed. A secret lies next
// to the tree, and no path leads to it.

#include "fuzz_record.h"

#include "root/root.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET "not in the tree"

int LLVMFuzzerInitialize(int *argc, char ***argv);

static char base[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void clear(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void clear_all(void)
{
	if (chdir("/") == 0)
		clear(base);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		fuzz_must(false, "a file could not be made");
	if (fd >= 0)
		close(fd);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	snprintf(base, sizeof(base), "/dev/shm/ktally-fuzz-XXXXXX");
	fuzz_must(mkdtemp(base) != NULL && chdir(base) == 0, "no directory in memory");
	atexit(clear_all);
	write_file("secret", SECRET);
	return 0;
}

static const char *const paths[] = { "proc", "proc/meminfo", "proc/a", "proc/a/b", "sys", "sys/x",
	"sys/x/y", "proc/zoneinfo" };
static const char *const targets[] = { "..", "../..", "../../secret", "/secret", "../../../secret",
	"meminfo", "/proc/meminfo", "a", "/", ".", "../proc/a", "/dev/null", "../secret",
	"/proc/self/root", "b/../../../secret" };

/* Is everything before the last name a directory? What is made through a link is outside. */
static bool is_inside(const char *path)
{
	char before[64];
	struct stat st;

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(before, sizeof(before), "%.*s", (int)(slash - path), path);
		if (lstat(before, &st) < 0 || !S_ISDIR(st.st_mode))
			return false;
	}
	return true;
}

static void make(unsigned what, unsigned where)
{
	char path[64];

	snprintf(path, sizeof(path), "tree/%s", paths[where % KT_LEN(paths)]);
	if (!is_inside(path))
		return;
	switch (what % 4) {
	case 0: mkdir(path, 0700); break;
	case 1: write_file(path, "MemTotal: 1 kB\n"); break;
	case 2:
		if (symlink(targets[(what >> 2) % KT_LEN(targets)], path) < 0)
			unlink(path);
		break;
	case 3: mkfifo(path, 0600); break;
	}
}

static void look(struct kt_root *root, const char *path)
{
	struct kt_arena arena = { 0 };
	kt_names names = { 0 };
	struct kt_text text;
	struct kt_err *err = kt_root_read(root, path, &text);

	if (!err) {
		fuzz_must(!memmem(text.data, text.size, SECRET, strlen(SECRET)),
			"a path led out of the tree");
		kt_text_cleanup(&text);
	}
	kt_err_free(err);
	err = kt_root_link(root, path, &text);
	if (!err)
		kt_text_cleanup(&text);
	kt_err_free(err);
	kt_err_free(kt_root_list(root, path, &arena, &names));
	for (size_t i = 0; i < names.count; i++)
		fuzz_must(strcmp(names.items[i], "secret") != 0, "a listing led out of the tree");
	kt_arena_fini(&arena);
	kt_root_has(root, path);
}

static bool wanted(const char *path)
{
	(void)path;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_root *root = NULL;
	struct kt_err *err;

	mkdir("tree", 0700);
	for (size_t i = 0; i + 1 < size && i < 24; i += 2)
		make(data[i], data[i + 1]);
	err = kt_root_open("tree", wanted, &root);
	for (size_t i = 0; !err && i < KT_LEN(paths); i++)
		look(root, paths[i]);
	kt_err_free(err);
	kt_root_free(root);
	clear("tree");
	return 0;
}
