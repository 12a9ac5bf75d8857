// SPDX-License-Identifier: GPL-2.0-or-later
//
// A header and what follows it, as it is and with the checksums made right, so that the
// compressed bytes are looked at too.

#include "fuzz_record.h"

#include "record/frame.h"

#define SIZE_AT	 44u
#define RAW_AT	 48u
#define CRC_AT	 52u
#define LAST_AT	 60u
#define RAW_HERE (1u << 20) /* of what is unpacked here, so that a run is quick */

static void put_u32(char *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (char)(value >> 8 * i);
}

static void unpack(const char *bytes, size_t size)
{
	KT_CLEANUP(buf) struct kt_buf raw = { 0 };
	struct kt_frame frame;
	struct kt_block block;
	struct kt_err *err;

	if (!kt_frame_read_head((struct kt_span){ bytes, size }, &frame))
		return;
	fuzz_must(frame.nr_samples <= KT_BLOCK_SAMPLES_MAX &&
			  frame.raw_size <= KT_BLOCK_BYTES_MAX &&
			  frame.stored_size <= KT_FRAME_STORED_MAX,
		"a header is beyond its limits");
	err = kt_frame_unpack(&frame,
		(struct kt_span){ bytes + KT_FRAME_HEAD, size - KT_FRAME_HEAD }, &raw, &block);
	if (!err) {
		fuzz_must(block.nr_samples == frame.nr_samples, "the header says something else");
		fuzz_block_again(&block);
		kt_block_cleanup(&block);
	}
	kt_err_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	unpack((const char *)data, size);
	if (size < KT_FRAME_HEAD)
		return 0;
	copy = malloc(size);
	fuzz_must(copy != NULL, "out of memory");
	memcpy(copy, data, size);
	memcpy(copy, KT_FRAME_MAGIC, KT_FRAME_MAGIC_SIZE);
	put_u32(copy + SIZE_AT, (uint32_t)(size - KT_FRAME_HEAD));
	put_u32(copy + RAW_AT,
		(uint32_t)(data[RAW_AT] | data[RAW_AT + 1] << 8 | data[RAW_AT + 2] << 16) %
			RAW_HERE);
	put_u32(copy + CRC_AT, kt_crc32c(0, copy + KT_FRAME_HEAD, size - KT_FRAME_HEAD));
	put_u32(copy + LAST_AT, kt_crc32c(0, copy, LAST_AT));
	unpack(copy, size);
	free(copy);
	return 0;
}
