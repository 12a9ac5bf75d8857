// SPDX-License-Identifier: GPL-2.0-or-later
#include "experiment/group.h"

#include "base/kernel_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX      4096
#define REMOVE_TRIES  50
#define RECLAIM_TRIES 20
#define PAUSE_US      20000

static int open_directory(int at, const char *path)
{
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool exists(int directory, const char *file)
{
	return directory >= 0 && faccessat(directory, file, F_OK, 0) == 0;
}

struct kt_err *kt_load_group_write(int directory, const char *file, const char *text)
{
	int fd = openat(directory, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t size = strlen(text);
	ssize_t done;
	int failed;

	if (fd < 0)
		return kt_err_os(errno, "%s", file);
	done = write(fd, text, size);
	failed = done < 0 ? errno : EIO;
	close(fd);
	return done == (ssize_t)size ? NULL : kt_err_os(failed, "%s: '%s' is refused", file, text);
}

/* True if a file of words between blanks has the word. */
static bool has_word(int directory, const char *file, const char *word)
{
	char text[TEXT_MAX] = " ", wanted[32];
	int fd = openat(directory, file, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text + 1, sizeof(text) - 3);

	if (fd >= 0)
		close(fd);
	if (size < 0)
		return false;
	for (ssize_t i = 1; i <= size; i++)
		text[i] = text[i] == '\n' || !text[i] ? ' ' : text[i];
	text[size + 1] = ' ';
	text[size + 2] = '\0';
	snprintf(wanted, sizeof(wanted), " %s ", word);
	return strstr(text, wanted) != NULL;
}

/* Finds the directory to make the group in; cgroup v1 has one for memory alone. */
static struct kt_err *find_above(struct kt_load_group *group)
{
	int root = open_directory(AT_FDCWD, "/");
	struct kt_err *err = NULL;

	group->above = root < 0 ? -1 : open_directory(root, KT_FILE_CGROUP_MEMORY);
	group->v2 = !exists(group->above, "memory.limit_in_bytes");
	if (group->v2 && group->above >= 0)
		close(group->above);
	if (group->v2)
		group->above = root < 0 ? -1 : open_directory(root, KT_FILE_CGROUP_TREE);
	if (root >= 0)
		close(root);
	if (!group->v2)
		return NULL;
	if (!has_word(group->above, "cgroup.controllers", "memory"))
		return kt_err_new(KT_ERR_ABSENT,
			"no cgroup that limits memory can be made: the memory controller is not "
			"mounted at /" KT_FILE_CGROUP_TREE);
	if (has_word(group->above, "cgroup.subtree_control", "memory"))
		return NULL;
	err = kt_load_group_write(group->above, "cgroup.subtree_control", "+memory");
	group->enabled = !err;
	return err;
}

static struct kt_err *set_limits(const struct kt_load_group *group, int64_t limit_bytes)
{
	char text[32];
	struct kt_err *err;

	snprintf(text, sizeof(text), "%lld", (long long)limit_bytes);
	err = kt_load_group_write(
		group->own, group->v2 ? "memory.max" : "memory.limit_in_bytes", text);
	if (!err && group->v2 && exists(group->own, "memory.swap.max"))
		err = kt_load_group_write(group->own, "memory.swap.max", "0");
	if (!err && !group->v2 && exists(group->own, "memory.swappiness"))
		err = kt_load_group_write(group->own, "memory.swappiness", "0");
	return err;
}

struct kt_err *kt_load_group_open(
	int64_t limit_bytes, int64_t number, struct kt_load_group *ret_group)
{
	struct kt_err *err;

	*ret_group = (struct kt_load_group){ .above = -1, .own = -1 };
	snprintf(ret_group->name, sizeof(ret_group->name), "ktally-experiment-%lld",
		(long long)number);
	err = find_above(ret_group);
	if (!err && mkdirat(ret_group->above, ret_group->name, 0700) != 0)
		err = errno == EACCES || errno == EPERM
			      ? kt_err_new(KT_ERR_DENIED,
					"a cgroup for the experiment cannot be made (root can)")
			      : kt_err_os(errno, "a cgroup for the experiment");
	if (!err) {
		ret_group->own = open_directory(ret_group->above, ret_group->name);
		err = ret_group->own < 0 ? kt_err_os(errno, "a cgroup for the experiment")
					 : set_limits(ret_group, limit_bytes);
	}
	if (err)
		kt_load_group_close(ret_group);
	return err;
}

/* memory.reclaim fails as soon as less than all was reclaimed, so it is tried until nothing is. */
void kt_load_group_reclaim(const struct kt_load_group *group)
{
	if (group->own < 0)
		return;
	for (unsigned i = 0; i < RECLAIM_TRIES; i++) {
		struct kt_err *err =
			group->v2 ? kt_load_group_write(group->own, "memory.reclaim", "64M")
				  : kt_load_group_write(group->own, "memory.force_empty", "0");
		bool more = !err && group->v2;

		kt_err_free(err);
		if (!more)
			return;
	}
}

bool kt_load_group_close(struct kt_load_group *group)
{
	bool removed = group->own < 0;

	kt_load_group_reclaim(group);
	if (group->own >= 0)
		close(group->own);
	for (unsigned i = 0; i < REMOVE_TRIES && !removed; i++) {
		removed = unlinkat(group->above, group->name, AT_REMOVEDIR) == 0 || errno == ENOENT;
		if (!removed)
			usleep(PAUSE_US);
	}
	if (group->enabled)
		kt_err_free(kt_load_group_write(group->above, "cgroup.subtree_control", "-memory"));
	if (group->above >= 0)
		close(group->above);
	*group = (struct kt_load_group){ .above = -1, .own = -1 };
	return removed;
}
