// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_PACK_H
#define KT_RECORD_PACK_H

#include "base/buf.h"
#include "base/span.h"

/**
 * Numbers as bytes: of variable length (seven bits a byte, low bits first; the top bit says that
 * more follow), and little-endian of fixed length. Taking a number never reads past the span.
 */

static inline uint64_t kt_zigzag(int64_t value)
{
	return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t kt_unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

#define KT_VARINT_MAX 10 /* bytes */

/** Writes at most KT_VARINT_MAX bytes and returns how many. */
static inline size_t kt_varint(unsigned char *to, uint64_t value)
{
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		to[n++] = (unsigned char)(value | 0x80);
	to[n++] = (unsigned char)value;
	return n;
}

void kt_pack_varint(struct kt_buf *buf, uint64_t value);
void kt_pack_text(struct kt_buf *buf, struct kt_span text); /* the length, then the bytes */
void kt_pack_u32(struct kt_buf *buf, uint32_t value);
void kt_pack_u64(struct kt_buf *buf, uint64_t value);

bool kt_take_long_varint(struct kt_span *rest, uint64_t *ret_value);
/** False, with nothing taken: the span ends too early or the number is too long. */
static inline bool kt_take_varint(struct kt_span *rest, uint64_t *ret_value)
{
	/* nearly all numbers have one byte, and decoding is mostly this test */
	if (!rest->n || (unsigned char)rest->p[0] >= 0x80)
		return kt_take_long_varint(rest, ret_value);
	*ret_value = (unsigned char)rest->p[0];
	rest->p++;
	rest->n--;
	return true;
}
/** Takes a count of elements that have at least one byte each: never more than bytes are left. */
bool kt_take_count(struct kt_span *rest, uint64_t *ret_count);
bool kt_take_text(struct kt_span *rest, struct kt_span *ret_text);
bool kt_take_u32(struct kt_span *rest, uint32_t *ret_value);
bool kt_take_u64(struct kt_span *rest, uint64_t *ret_value);

/** CRC-32C (Castagnoli), as in iSCSI and ext4; `crc` is 0 at the start. */
uint32_t kt_crc32c(uint32_t crc, const void *data, size_t size);

#endif
