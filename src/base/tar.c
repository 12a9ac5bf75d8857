// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/tar.h"

#include <stdio.h>
#include <string.h>

#define NAME_BYTES 100u
#define FILE_MODE  0644u

/* Places of the fields of a header, and their bytes. */
enum {
	NAME = 0,
	MODE = 100,
	UID = 108,
	GID = 116,
	SIZE = 124,
	TIME = 136,
	CHECKSUM = 148,
	TYPE = 156,
	LINK = 157,
	MAGIC = 257,
	SHORT_BYTES = 8,
	LONG_BYTES = 12,
};

static void put_octal(char *block, unsigned at, unsigned bytes, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%0*llo", (int)bytes - 1, (unsigned long long)value);
	memcpy(block + at, digits + strlen(digits) - (bytes - 1), bytes - 1);
}

static void put_name(char *block, unsigned at, const char *name)
{
	memcpy(block + at, name, strnlen(name, NAME_BYTES));
}

static void put_block(struct kt_buf *out, char type, const char *path, const char *link,
	size_t size, int64_t time_s)
{
	char block[KT_TAR_BLOCK] = { 0 };
	unsigned sum = 0;

	put_name(block, NAME, path);
	put_octal(block, MODE, SHORT_BYTES, FILE_MODE);
	put_octal(block, UID, SHORT_BYTES, 0);
	put_octal(block, GID, SHORT_BYTES, 0);
	put_octal(block, SIZE, LONG_BYTES, size);
	put_octal(block, TIME, LONG_BYTES, time_s > 0 ? (uint64_t)time_s : 0);
	memset(block + CHECKSUM, ' ', SHORT_BYTES);
	block[TYPE] = type;
	put_name(block, LINK, link ? link : "");
	memcpy(block + MAGIC, "ustar\00000", 8);
	for (unsigned i = 0; i < KT_TAR_BLOCK; i++)
		sum += (unsigned char)block[i];
	put_octal(block, CHECKSUM, SHORT_BYTES - 1, sum);
	block[CHECKSUM + SHORT_BYTES - 2] = '\0';
	kt_buf_add(out, block, sizeof(block));
}

/* A record begins with its own length, whose digits count too. */
static void put_record(struct kt_buf *records, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, length = rest + 1;
	char digits[24];

	while (length != rest + (size_t)snprintf(digits, sizeof(digits), "%zu", length))
		length = rest + strlen(digits);
	kt_buf_printf(records, "%zu %s=%s\n", length, key, value);
}

void kt_tar_pad(struct kt_buf *out, size_t size)
{
	static const char zeros[KT_TAR_BLOCK];

	kt_buf_add(out, zeros, (KT_TAR_BLOCK - size % KT_TAR_BLOCK) % KT_TAR_BLOCK);
}

void kt_tar_header(
	struct kt_buf *out, const char *path, const char *link, size_t size, int64_t time_s)
{
	KT_CLEANUP(buf) struct kt_buf records = { 0 };

	if (strlen(path) > NAME_BYTES)
		put_record(&records, "path", path);
	if (link && strlen(link) > NAME_BYTES)
		put_record(&records, "linkpath", link);
	if (records.size) {
		put_block(out, 'x', "PaxHeaders/member", NULL, records.size, time_s);
		kt_buf_add(out, records.data, records.size);
		kt_tar_pad(out, records.size);
	}
	out->failed |= records.failed;
	put_block(out, link ? '2' : '0', path, link, link ? 0 : size, time_s);
}

void kt_tar_end(struct kt_buf *out)
{
	static const char zeros[2 * KT_TAR_BLOCK];

	kt_buf_add(out, zeros, sizeof(zeros));
}
