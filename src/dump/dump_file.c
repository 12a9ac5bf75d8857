// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/dump_file.h"

#include "dump/stored.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK	  4096u
#define NR_BLOCKS 512u

/* A part of the file that was read; most reads are of a few bytes next to each other. */
struct kt_dump_block {
	uint64_t number; /* of the block, + 1; 0: unused */
	uint32_t bytes;	 /* fewer at the end of the file */
	char data[BLOCK];
};

static bool read_small(struct kt_dump_file *file, uint64_t at, void *to, size_t size)
{
	uint64_t number = at / BLOCK + 1;
	struct kt_dump_block *block = &file->blocks[number % NR_BLOCKS];
	size_t from = at % BLOCK;

	if (block->number != number) {
		block->number = number;
		block->bytes = (uint32_t)kt_stored_read(file->fd, at - from, block->data, BLOCK);
	}
	if (from + size > block->bytes)
		return false;
	memcpy(to, block->data + from, size);
	return true;
}

static bool read_whole(struct kt_dump_file *file, uint64_t at, char *to, size_t size)
{
	if (at > file->stored || file->stored - at < size)
		return false;
	/* a page that many page frames share, such as the page of zeros, stays in a block */
	if (size > BLOCK)
		return kt_stored_read(file->fd, at, to, size) == size;
	while (size) {
		size_t part = BLOCK - at % BLOCK;

		if (part > size)
			part = size;
		if (!read_small(file, at, to, part))
			return false;
		at += part;
		to += part;
		size -= part;
	}
	return true;
}

bool kt_dump_file_read(struct kt_dump_file *file, uint64_t at, void *to, size_t size)
{
	if (!kt_flat_is_open(&file->flat))
		return read_whole(file, at, to, size);
	while (size) {
		uint64_t stored, bytes;
		enum kt_flat_place place = kt_flat_find(&file->flat, at, &stored, &bytes);

		if (place == KT_FLAT_NONE)
			return false;
		if (bytes > size)
			bytes = size;
		if (place == KT_FLAT_HOLE)
			memset(to, 0, bytes);
		else if (!read_whole(file, stored, to, bytes))
			return false;
		at += bytes;
		to = (char *)to + bytes;
		size -= bytes;
	}
	return true;
}

static uint64_t skip_stored_hole(struct kt_dump_file *file, uint64_t at)
{
	off_t data, hole;

	if (at >= file->stored || (at >= file->filled && at < file->filled_end))
		return at;
	data = lseek(file->fd, (off_t)at, SEEK_DATA);
	if (data < 0 && errno == ENXIO)
		return file->stored;
	if (data < (off_t)at) {
		/* the file system cannot say; everything may be data */
		file->filled = 0;
		file->filled_end = UINT64_MAX;
		return at;
	}
	hole = lseek(file->fd, data, SEEK_HOLE);
	file->filled = (uint64_t)data;
	file->filled_end = hole > data ? (uint64_t)hole : (uint64_t)data + 1;
	return (uint64_t)data;
}

uint64_t kt_dump_file_skip_hole(struct kt_dump_file *file, uint64_t at)
{
	uint64_t stored, bytes;

	if (!kt_flat_is_open(&file->flat))
		return skip_stored_hole(file, at);
	return kt_flat_find(&file->flat, at, &stored, &bytes) == KT_FLAT_HOLE ? at + bytes : at;
}

bool kt_dump_file_is_flat(struct kt_span head)
{
	return kt_span_starts(head, KT_FLAT_SIGNATURE);
}

struct kt_err *kt_dump_file_open(int fd, struct kt_dump_file *ret_file)
{
	char head[sizeof(KT_FLAT_SIGNATURE)] = "";
	struct kt_err *err;
	struct stat st;

	*ret_file = (struct kt_dump_file){ .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0) };
	if (ret_file->fd < 0 || fstat(fd, &st) < 0)
		return kt_err_os(errno, "cannot be read");
	if (st.st_size <= 0)
		return kt_err_new(KT_ERR_PARSE, "is empty");
	ret_file->size = ret_file->stored = (uint64_t)st.st_size;
	ret_file->blocks = calloc(NR_BLOCKS, sizeof(*ret_file->blocks));
	if (!ret_file->blocks)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!read_whole(ret_file, 0, head, sizeof(head)) ||
		!kt_dump_file_is_flat((struct kt_span){ head, sizeof(head) }))
		return NULL;
	err = kt_flat_open(ret_file->fd, ret_file->stored, &ret_file->flat);
	ret_file->size = ret_file->flat.size;
	return err;
}

void kt_dump_file_fini(struct kt_dump_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	kt_flat_fini(&file->flat);
	free(file->blocks);
	*file = (struct kt_dump_file){ .fd = -1 };
}
