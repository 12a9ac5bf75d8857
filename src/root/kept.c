// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEPT_MAX 128u /* a machine has a few dozen memory modules */

static struct kept {
	char *path;
	int fd; /* -1: the text is kept */
	char *data;
	size_t size;
} kept[KEPT_MAX];
static size_t nr_kept;

static struct kept *find(const char *path)
{
	for (size_t i = 0; i < nr_kept; i++) {
		if (strcmp(kept[i].path, path) == 0)
			return &kept[i];
	}
	return NULL;
}

static struct kept *add(const char *path)
{
	char *copy = nr_kept < KEPT_MAX && !find(path) ? strdup(path) : NULL;

	if (!copy)
		return NULL;
	kept[nr_kept] = (struct kept){ .path = copy, .fd = -1 };
	return &kept[nr_kept++];
}

void kt_kept_open(const char *path)
{
	char whole[PATH_MAX];
	struct kept *slot;
	int fd;

	snprintf(whole, sizeof(whole), "/%s", path);
	fd = open(whole, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	slot = fd < 0 ? NULL : add(path);
	if (slot)
		slot->fd = fd;
	else if (fd >= 0)
		close(fd);
}

void kt_kept_text(struct kt_root *root, const char *path)
{
	struct kt_text text;
	struct kt_err *err = kt_root_read(root, path, &text);
	struct kept *slot = err ? NULL : add(path);

	kt_err_free(err);
	if (slot) {
		slot->data = text.data;
		slot->size = text.size;
	} else if (!err)
		kt_text_cleanup(&text);
}

int kt_kept_fd(const char *path)
{
	struct kept *slot = find(path);
	/* from 3 on: a closed standard stream must not become this file */
	int fd = slot && slot->fd >= 0 ? fcntl(slot->fd, F_DUPFD_CLOEXEC, 3) : -1;

	if (fd >= 0 && lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

bool kt_kept_read(const char *path, uint64_t offset, size_t size_max, struct kt_text *ret_text)
{
	const struct kept *slot = find(path);
	size_t size;

	if (!slot || slot->fd >= 0)
		return false;
	size = offset < slot->size ? slot->size - (size_t)offset : 0;
	size = size < size_max ? size : size_max;
	ret_text->data = malloc(size ? size : 1);
	if (!ret_text->data)
		return false;
	if (size)
		memcpy(ret_text->data, slot->data + offset, size);
	ret_text->size = size;
	return true;
}
