// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/frame.h"

#include "record/pack.h"
#include "record/zstd.h"

#include <string.h>

/* lib/zstd_errors.h, a fixed part of its ABI */
#define ZSTD_NO_MEMORY	 64
#define ZSTD_UNSUPPORTED 14

#define FORMAT_VERSION 1u
#define SEQUENCE_MAX   (1ull << 53) /* samples; larger numbers are damage */
#define CRC_AT	       60u	    /* offset of the header's own checksum, its last field */

static void put_head(const struct kt_frame *frame, struct kt_buf *bytes)
{
	size_t start = bytes->size;

	kt_buf_add(bytes, KT_FRAME_MAGIC, KT_FRAME_MAGIC_SIZE);
	kt_pack_u32(bytes, FORMAT_VERSION);
	kt_pack_u32(bytes, frame->values_per_number);
	kt_pack_u64(bytes, frame->sequence);
	kt_pack_u64(bytes, (uint64_t)frame->first_ms);
	kt_pack_u64(bytes, (uint64_t)frame->last_ms);
	kt_pack_u32(bytes, frame->nr_samples);
	kt_pack_u32(bytes, frame->stored_size);
	kt_pack_u32(bytes, frame->raw_size);
	kt_pack_u32(bytes, frame->crc);
	kt_pack_u32(bytes, 0);
	if (!bytes->failed)
		kt_pack_u32(bytes, kt_crc32c(0, bytes->data + start, CRC_AT));
}

/*
 * Parameters of zstd: its most thorough strategy, which makes a block an eighth smaller, and a
 * window of 16 KiB. The parts of a block differ, and each piece of that size gets codes of its own.
 * So compression needs half a MiB of memory; the level with this strategy takes several. A recorder
 * must run on a machine that is short of memory.
 */
static const struct {
	ZSTD_cParameter parameter;
	int value;
} parameters[] = {
	{ ZSTD_c_windowLog, 14 },
	{ ZSTD_c_chainLog, 13 },
	{ ZSTD_c_hashLog, 13 },
	{ ZSTD_c_searchLog, 6 },
	{ ZSTD_c_minMatch, 3 },
	{ ZSTD_c_targetLength, 128 },
	{ ZSTD_c_strategy, ZSTD_btultra },
};

static struct kt_err *compress(const struct kt_buf *raw, struct kt_buf *ret_stored)
{
	const struct kt_zstd *zstd;
	struct kt_err *err = kt_zstd(&zstd);
	ZSTD_CCtx *context;
	size_t bound, n;
	char *to;

	if (err)
		return err;
	bound = zstd->compressBound(raw->size);
	context = zstd->createCCtx();
	to = context ? kt_buf_reserve(ret_stored, bound) : NULL;
	if (to) {
		for (size_t i = 0; i < KT_LEN(parameters); i++)
			zstd->CCtx_setParameter(
				context, parameters[i].parameter, parameters[i].value);
		n = zstd->compress2(context, to, bound, raw->data, raw->size);
		if (zstd->isError(n))
			err = kt_err_new(KT_ERR_OS, "zstd: %s", zstd->getErrorName(n));
		else
			ret_stored->size += n;
	} else
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (context)
		zstd->freeCCtx(context);
	return err;
}

struct kt_err *kt_frame_write(
	const struct kt_block *block, uint64_t sequence, struct kt_buf *ret_bytes)
{
	KT_CLEANUP(buf) struct kt_buf raw = { 0 }, stored = { 0 };
	struct kt_frame frame = { .sequence = sequence,
		.nr_samples = block->nr_samples,
		.values_per_number = block->values_per_number };
	struct kt_err *err;

	kt_block_encode(block, &raw);
	if (raw.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (raw.size > KT_BLOCK_BYTES_MAX)
		return kt_err_new(KT_ERR_LIMIT, "a block of %zu bytes is too large", raw.size);
	err = compress(&raw, &stored);
	if (err)
		return err;
	if (block->nr_samples) {
		frame.first_ms = kt_block_real_ms(block, 0);
		frame.last_ms = kt_block_real_ms(block, block->nr_samples - 1);
	}
	frame.raw_size = (uint32_t)raw.size;
	frame.stored_size = (uint32_t)stored.size;
	frame.crc = kt_crc32c(0, stored.data, stored.size);
	put_head(&frame, ret_bytes);
	kt_buf_add(ret_bytes, stored.data, stored.size);
	return ret_bytes->failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

bool kt_frame_read_head(struct kt_span bytes, struct kt_frame *ret_frame)
{
	struct kt_span rest = bytes;
	uint64_t first, last;
	uint32_t version, spare, crc;

	*ret_frame = (struct kt_frame){ 0 };
	if (bytes.n < KT_FRAME_HEAD || memcmp(bytes.p, KT_FRAME_MAGIC, KT_FRAME_MAGIC_SIZE) != 0)
		return false;
	rest = kt_span_from(rest, KT_FRAME_MAGIC_SIZE);
	if (!kt_take_u32(&rest, &version) || !kt_take_u32(&rest, &ret_frame->values_per_number) ||
		!kt_take_u64(&rest, &ret_frame->sequence) || !kt_take_u64(&rest, &first) ||
		!kt_take_u64(&rest, &last) || !kt_take_u32(&rest, &ret_frame->nr_samples) ||
		!kt_take_u32(&rest, &ret_frame->stored_size) ||
		!kt_take_u32(&rest, &ret_frame->raw_size) || !kt_take_u32(&rest, &ret_frame->crc) ||
		!kt_take_u32(&rest, &spare) || !kt_take_u32(&rest, &crc))
		return false;
	ret_frame->first_ms = (int64_t)first;
	ret_frame->last_ms = (int64_t)last;
	return version == FORMAT_VERSION && crc == kt_crc32c(0, bytes.p, CRC_AT) &&
	       ret_frame->stored_size <= KT_FRAME_STORED_MAX &&
	       ret_frame->raw_size <= KT_BLOCK_BYTES_MAX && ret_frame->sequence <= SEQUENCE_MAX &&
	       kt_block_is_clock(ret_frame->first_ms) && kt_block_is_clock(ret_frame->last_ms) &&
	       ret_frame->nr_samples <= KT_BLOCK_SAMPLES_MAX;
}

struct kt_err *kt_frame_unpack(const struct kt_frame *frame, struct kt_span stored,
	struct kt_buf *ret_raw, struct kt_block *ret_block)
{
	const struct kt_zstd *zstd;
	struct kt_err *err = kt_zstd(&zstd);
	size_t n;
	char *to;

	*ret_block = (struct kt_block){ 0 };
	if (err)
		return err;
	if (stored.n < frame->stored_size ||
		kt_crc32c(0, stored.p, frame->stored_size) != frame->crc)
		return kt_err_new(KT_ERR_PARSE, "the checksum does not match");
	ret_raw->size = 0;
	to = kt_buf_reserve(ret_raw, (size_t)frame->raw_size + 1);
	if (!to)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	n = zstd->decompress(to, frame->raw_size, stored.p, frame->stored_size);
	if (n == (size_t)-ZSTD_NO_MEMORY)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (n == (size_t)-ZSTD_UNSUPPORTED)
		return kt_err_new(KT_ERR_ABSENT, "it is compressed, which needs libzstd, and a "
						 "static ktally cannot open it; a "
						 "ktally that is installed as a package can");
	if (zstd->isError(n) || n != frame->raw_size)
		return kt_err_new(KT_ERR_PARSE, "it cannot be decompressed");
	ret_raw->size = n;
	err = kt_block_decode((struct kt_span){ ret_raw->data, n }, ret_block);
	ret_block->sequence = frame->sequence;
	if (!err && (ret_block->nr_samples != frame->nr_samples ||
			    ret_block->values_per_number != frame->values_per_number)) {
		kt_block_cleanup(ret_block);
		err = kt_err_new(KT_ERR_PARSE, "block and header contradict each other");
	}
	return err;
}
