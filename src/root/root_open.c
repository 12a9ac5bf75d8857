// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds out what a path given by the user is: a folder, a bundle, a single file.

#include "record/recording.h"
#include "root/root_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct kt_err *kt_root_open_live(struct kt_root **ret_root)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return kt_err_os(errno, "/");
	return kt_root_dir_new(fd, KT_ROOT_LIVE, ret_root);
}

/* A file on its own, as a bug report has it attached: its content tells what it is. */
static const struct {
	const char *has, *path; /* a line near the beginning starts so */
} singles[] = {
	{ "MemTotal:", "proc/meminfo" },
	{ "nr_free_pages ", "proc/vmstat" },
	{ "slabinfo - version", "proc/slabinfo" },
	{ "Node 0, zone ", "proc/zoneinfo" },
};

/* Where a kernel log's first report of memory is; it may be anywhere in the log. */
static size_t find_memory_report(struct kt_span text)
{
	static const char *const signs[] = { "Mem-Info:", "Mem-info:", "memory: usage " };
	size_t first = text.n;

	for (size_t i = 0; i < KT_LEN(signs); i++) {
		size_t at = kt_span_find((struct kt_span){ text.p, first }, signs[i]);

		first = at < first ? at : first;
	}
	return first;
}

/* What stands first: somebody may have looked at /proc on the console that was recorded. */
static const char *path_of(struct kt_span text)
{
	size_t report = find_memory_report(text);

	for (size_t i = 0; i < KT_LEN(singles); i++) {
		size_t at = kt_span_find(text, singles[i].has);

		if (at < report && at <= 4096 && (!at || text.p[at - 1] == '\n'))
			return singles[i].path;
	}
	return report < text.n ? KT_ROOT_MEMORY_LOG : NULL;
}

static struct kt_err *open_single(int fd, const char *name, struct kt_root **ret_root)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	const char *path;
	struct kt_root *root;
	struct kt_err *err;

	err = kt_root_slurp(fd, name, KT_ROOT_FILE_MAX, true, &text);
	if (err)
		return err;
	if (!text.data)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", name);
	path = path_of(kt_text_span(&text));
	if (path) {
		err = kt_root_memory_new(KT_ROOT_SINGLE, &root);
		if (err)
			return err;
		err = kt_root_memory_add(root, path, text.data, text.size);
		text.data = NULL;
		if (err)
			kt_root_free(root);
		else
			*ret_root = root;
		return err;
	}
	return kt_err_new(KT_ERR_ABSENT,
		"%s: neither a bundle, nor a file of /proc that ktally knows, nor a kernel log "
		"with "
		"a memory report in it; give a folder with proc/ and sys/ in it, or a bundle "
		"written by 'ktally capture'",
		name);
}

/* A tree packed or copied with a folder around it: go into the only one that has proc/ or sys/. */
static struct kt_err *descend(int *fd)
{
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_arena arena = { 0 };
	kt_names names = { 0 };
	const char *only = NULL;
	size_t nr_found = 0;
	struct kt_err *err;
	int below;

	err = kt_root_dir_new(dup(*fd), KT_ROOT_DIR, &root);
	if (err)
		return err;
	if (!kt_root_has(root, "proc") && !kt_root_has(root, "sys"))
		err = kt_root_list(root, "", &arena, &names);
	for (size_t i = 0; !err && i < names.count; i++) {
		const char *proc = kt_arena_printf(&arena, "%s/proc", names.items[i]);
		const char *sys = kt_arena_printf(&arena, "%s/sys", names.items[i]);

		if (!kt_root_has(root, proc) && !kt_root_has(root, sys))
			continue;
		only = names.items[i];
		nr_found++;
	}
	if (!err && nr_found == 1) {
		below = openat(*fd, only, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (below >= 0) {
			close(*fd);
			*fd = below;
		}
	}
	kt_arena_fini(&arena);
	return err;
}

/*
 * Content tells, not the name: every archive has a byte that no text has early on. Text that
 * was meant for a terminal has escapes.
 */
static bool is_text(int fd)
{
	unsigned char head[512];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	for (ssize_t i = 0; i < n; i++) {
		if ((head[i] < ' ' && !strchr("\t\n\r\x1b", head[i])) || head[i] == 0x7f ||
			!head[i])
			return false;
	}
	return n > 0;
}

/* "FILE@TIME", where there is no file of that whole name: both parts, or false. */
static bool cut_time(const char *path, char *ret_path, const char **ret_when)
{
	const char *at = strrchr(path, '@');

	if (!at || at == path || access(path, F_OK) == 0 || at - path >= PATH_MAX)
		return false;
	memcpy(ret_path, path, (size_t)(at - path));
	ret_path[at - path] = '\0';
	*ret_when = at + 1;
	return access(ret_path, F_OK) == 0;
}

/* A log may have any byte in it, early on too: what is no archive is looked at as text. */
static struct kt_err *or_single(
	struct kt_err *archive, int fd, const char *path, struct kt_root **ret_root)
{
	struct kt_err *err;

	if (!archive || kt_err_code(archive) != KT_ERR_PARSE || lseek(fd, 0, SEEK_SET) < 0)
		return archive;
	err = open_single(fd, path, ret_root);
	if (err && kt_err_code(err) != KT_ERR_NOMEM) {
		kt_err_free(err);
		return archive;
	}
	kt_err_free(archive);
	return err;
}

static struct kt_err *open_whole(const char *path, kt_root_filter wanted, struct kt_root **ret_root)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct kt_err *err;
	struct stat st;

	if (fd < 0)
		return kt_err_os(errno, "%s", path);
	if (fstat(fd, &st) < 0)
		err = kt_err_os(errno, "%s", path);
	else if (S_ISDIR(st.st_mode)) {
		err = descend(&fd);
		return err ? (close(fd), err) : kt_root_dir_new(fd, KT_ROOT_DIR, ret_root);
	} else if (!S_ISREG(st.st_mode))
		err = kt_err_new(KT_ERR_REFUSED, "%s: neither a folder nor a file", path);
	else if (kt_is_recording(path))
		err = kt_root_recording_open(path, NULL, wanted, ret_root);
	else if (is_text(fd))
		err = open_single(fd, path, ret_root);
	else
		err = or_single(
			kt_root_archive_open(fd, path, wanted, ret_root), fd, path, ret_root);
	close(fd);
	return err;
}

struct kt_err *kt_root_open(const char *path, kt_root_filter wanted, struct kt_root **ret_root)
{
	char before[PATH_MAX];
	const char *when;

	if (cut_time(path, before, &when)) {
		if (access(before, R_OK) == 0 && !kt_is_recording(before))
			return kt_err_new(KT_ERR_PARSE,
				"%s: it is no recording, and only those have moments", before);
		return kt_root_recording_open(before, when, wanted, ret_root);
	}
	return open_whole(path, wanted, ret_root);
}
