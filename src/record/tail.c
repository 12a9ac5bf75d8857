// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/tail.h"

#include "record/pack.h"

#include <string.h>

#define HEAD_SIZE 20u /* bytes of the header of a tail */

void kt_tail_put_head(uint64_t sequence, struct kt_buf *bytes)
{
	size_t start = bytes->size;

	kt_buf_add(bytes, KT_TAIL_MAGIC, KT_TAIL_MAGIC_SIZE);
	kt_pack_u64(bytes, sequence);
	if (!bytes->failed)
		kt_pack_u32(bytes, kt_crc32c(0, bytes->data + start, HEAD_SIZE - 4));
}

void kt_tail_put_piece_head(struct kt_span steps, struct kt_buf *bytes)
{
	kt_pack_u32(bytes, (uint32_t)steps.n);
	kt_pack_u32(bytes, kt_crc32c(0, steps.p, steps.n));
}

void kt_tail_put_piece(struct kt_span steps, struct kt_buf *bytes)
{
	kt_tail_put_piece_head(steps, bytes);
	kt_buf_add(bytes, steps.p, steps.n);
}

size_t kt_tail_replay(struct kt_span bytes, struct kt_draft *draft, uint64_t *ret_sequence)
{
	struct kt_span rest = bytes;
	uint32_t size, crc;

	if (bytes.n < HEAD_SIZE || memcmp(bytes.p, KT_TAIL_MAGIC, KT_TAIL_MAGIC_SIZE) != 0)
		return 0;
	rest = kt_span_from(rest, KT_TAIL_MAGIC_SIZE);
	if (!kt_take_u64(&rest, ret_sequence) || !kt_take_u32(&rest, &crc) ||
		crc != kt_crc32c(0, bytes.p, HEAD_SIZE - 4) || *ret_sequence > 1ull << 53)
		return 0;
	while (rest.n) {
		struct kt_span next = rest;

		if (!kt_take_u32(&next, &size) || !kt_take_u32(&next, &crc) || size > next.n ||
			kt_crc32c(0, next.p, size) != crc ||
			!kt_draft_replay(draft, (struct kt_span){ next.p, size }))
			break;
		rest = kt_span_from(next, size);
	}
	return bytes.n - rest.n;
}
