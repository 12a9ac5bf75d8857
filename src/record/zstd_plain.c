// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/zstd_plain.h"

#include "base/span.h"
#include "record/pack.h"

#include <string.h>
#include <zstd_errors.h>

#define MAGIC	     0xfd2fb528u
#define DESCRIPTOR   0xa0u /* one segment, a content size of four bytes */
#define HEAD	     9u	   /* bytes of magic, descriptor and content size */
#define BLOCK_HEAD   3u
#define BLOCK_MAX    (128u << 10)
#define CONTENT_MAX  UINT32_MAX
#define HAS_CHECKSUM 0x04u
#define ONE_SEGMENT  0x20u
#define RESERVED     0x08u

enum block { BLOCK_RAW, BLOCK_RLE, BLOCK_COMPRESSED };

static size_t failed(ZSTD_ErrorCode code)
{
	return (size_t)0 - (size_t)code;
}

static unsigned is_error(size_t n)
{
	return n > failed(ZSTD_error_maxCode);
}

static const char *error_name(size_t n)
{
	return n == failed(ZSTD_error_frameParameter_unsupported) ? "a compressed block"
								  : "not a whole frame";
}

/* ---- writing ---- */

/* Nothing has to be kept between two frames; what is not NULL stands for the context. */
static ZSTD_CCtx *create(void)
{
	static char context;

	return (ZSTD_CCtx *)&context;
}

static size_t release(ZSTD_CCtx *context)
{
	(void)context;
	return 0;
}

static size_t set_parameter(ZSTD_CCtx *context, ZSTD_cParameter parameter, int value)
{
	(void)context;
	(void)parameter;
	(void)value;
	return 0;
}

static size_t bound(size_t size)
{
	return HEAD + size + (size / BLOCK_MAX + 1) * BLOCK_HEAD;
}

static unsigned char *put(unsigned char *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		*to++ = (unsigned char)(value >> 8 * i);
	return to;
}

static size_t compress(ZSTD_CCtx *context, void *to, size_t room, const void *from, size_t size)
{
	unsigned char *at = to;
	const char *rest = from;

	(void)context;
	if (size > CONTENT_MAX || room < bound(size))
		return failed(ZSTD_error_dstSize_tooSmall);
	at = put(at, MAGIC, 4);
	at = put(at, DESCRIPTOR, 1);
	at = put(at, size, 4);
	do {
		size_t n = size < BLOCK_MAX ? size : BLOCK_MAX;

		at = put(at, (n << 3) | (BLOCK_RAW << 1) | (n == size), BLOCK_HEAD);
		if (n)
			memcpy(at, rest, n);
		at += n;
		rest += n;
		size -= n;
	} while (size);
	return (size_t)(at - (unsigned char *)to);
}

/* ---- reading ---- */

static bool take(struct kt_span *rest, unsigned bytes, uint64_t *ret_value)
{
	*ret_value = 0;
	if (rest->n < bytes)
		return false;
	for (unsigned i = 0; i < bytes; i++)
		*ret_value |= (uint64_t)(unsigned char)rest->p[i] << 8 * i;
	*rest = kt_span_from(*rest, bytes);
	return true;
}

/* *ret_size: ZSTD_CONTENTSIZE_UNKNOWN where the frame does not state it. */
static bool take_head(struct kt_span *rest, uint64_t *ret_size, bool *ret_checksum)
{
	static const unsigned char size_bytes[] = { 0, 2, 4, 8 }, id_bytes[] = { 0, 1, 2, 4 };
	uint64_t magic, descriptor, ignored;
	unsigned bytes;

	if (!take(rest, 4, &magic) || magic != MAGIC || !take(rest, 1, &descriptor) ||
		descriptor & RESERVED)
		return false;
	bytes = size_bytes[descriptor >> 6];
	if (descriptor & ONE_SEGMENT)
		bytes = bytes ? bytes : 1;
	else if (!take(rest, 1, &ignored))
		return false;
	*ret_checksum = descriptor & HAS_CHECKSUM;
	if (!take(rest, id_bytes[descriptor & 3], &ignored) || !take(rest, bytes, ret_size))
		return false;
	if (!bytes)
		*ret_size = ZSTD_CONTENTSIZE_UNKNOWN;
	else if (bytes == 2)
		*ret_size += 256;
	return true;
}

static unsigned long long content_size(const void *from, size_t size)
{
	struct kt_span rest = { from, size };
	uint64_t content;
	bool checksum;

	return take_head(&rest, &content, &checksum) ? content : ZSTD_CONTENTSIZE_ERROR;
}

/* Returns 0 or an error. */
static size_t take_block(struct kt_span *rest, struct kt_buf *to, bool *ret_last)
{
	uint64_t head, value;
	size_t n;

	if (!take(rest, BLOCK_HEAD, &head))
		return failed(ZSTD_error_srcSize_wrong);
	*ret_last = head & 1;
	n = (size_t)(head >> 3);
	if ((head >> 1 & 3) == BLOCK_COMPRESSED)
		return failed(ZSTD_error_frameParameter_unsupported);
	if ((head >> 1 & 3) > BLOCK_COMPRESSED || n > BLOCK_MAX)
		return failed(ZSTD_error_corruption_detected);
	if (n > to->room - to->size)
		return failed(ZSTD_error_dstSize_tooSmall);
	if ((head >> 1 & 3) == BLOCK_RLE) {
		if (!take(rest, 1, &value))
			return failed(ZSTD_error_srcSize_wrong);
		memset(to->data + to->size, (int)value, n);
	} else {
		if (rest->n < n)
			return failed(ZSTD_error_srcSize_wrong);
		if (n)
			memcpy(to->data + to->size, rest->p, n);
		*rest = kt_span_from(*rest, n);
	}
	to->size += n;
	return 0;
}

/* The checksum of the content, where there is one, is not looked at: a recording has its own. */
static size_t decompress(void *to, size_t room, const void *from, size_t size)
{
	struct kt_span rest = { from, size };
	struct kt_buf out = { .data = to, .room = room };
	uint64_t content, ignored;
	bool checksum, last = false;
	size_t n = 0;

	if (!take_head(&rest, &content, &checksum))
		return failed(ZSTD_error_prefix_unknown);
	while (!n && !last)
		n = take_block(&rest, &out, &last);
	if (n)
		return n;
	if ((checksum && !take(&rest, 4, &ignored)) || rest.n ||
		(content != ZSTD_CONTENTSIZE_UNKNOWN && content != out.size))
		return failed(ZSTD_error_corruption_detected);
	return out.size;
}

const struct kt_zstd *kt_zstd_plain(void)
{
	static const struct kt_zstd plain = {
		.createCCtx = create,
		.freeCCtx = release,
		.CCtx_setParameter = set_parameter,
		.compress2 = compress,
		.compressBound = bound,
		.decompress = decompress,
		.getFrameContentSize = content_size,
		.isError = is_error,
		.getErrorName = error_name,
	};

	return &plain;
}
