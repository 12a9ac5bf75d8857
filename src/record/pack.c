// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/pack.h"

#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

void kt_pack_varint(struct kt_buf *buf, uint64_t value)
{
	unsigned char bytes[KT_VARINT_MAX];

	kt_buf_add(buf, (char *)bytes, kt_varint(bytes, value));
}

void kt_pack_text(struct kt_buf *buf, struct kt_span text)
{
	kt_pack_varint(buf, text.n);
	kt_buf_add(buf, text.p, text.n);
}

void kt_pack_u32(struct kt_buf *buf, uint32_t value)
{
	char bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = (char)(value >> 8 * i);
	kt_buf_add(buf, bytes, sizeof(bytes));
}

void kt_pack_u64(struct kt_buf *buf, uint64_t value)
{
	kt_pack_u32(buf, (uint32_t)value);
	kt_pack_u32(buf, (uint32_t)(value >> 32));
}

bool kt_take_long_varint(struct kt_span *rest, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t i = 0; i < rest->n && i < KT_VARINT_MAX; i++) {
		unsigned char byte = (unsigned char)rest->p[i];

		if (i == KT_VARINT_MAX - 1 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (byte < 0x80) {
			*rest = kt_span_from(*rest, i + 1);
			*ret_value = value;
			return true;
		}
	}
	return false;
}

bool kt_take_count(struct kt_span *rest, uint64_t *ret_count)
{
	struct kt_span copy = *rest;

	if (!kt_take_varint(&copy, ret_count) || *ret_count > copy.n)
		return false;
	*rest = copy;
	return true;
}

bool kt_take_text(struct kt_span *rest, struct kt_span *ret_text)
{
	struct kt_span copy = *rest;
	uint64_t size;

	if (!kt_take_count(&copy, &size))
		return false;
	*ret_text = (struct kt_span){ copy.p, (size_t)size };
	*rest = kt_span_from(copy, (size_t)size);
	return true;
}

bool kt_take_u32(struct kt_span *rest, uint32_t *ret_value)
{
	if (rest->n < 4)
		return false;
	*ret_value = 0;
	for (int i = 0; i < 4; i++)
		*ret_value |= (uint32_t)(unsigned char)rest->p[i] << 8 * i;
	*rest = kt_span_from(*rest, 4);
	return true;
}

bool kt_take_u64(struct kt_span *rest, uint64_t *ret_value)
{
	struct kt_span copy = *rest;
	uint32_t low, high;

	if (!kt_take_u32(&copy, &low) || !kt_take_u32(&copy, &high))
		return false;
	*ret_value = low | (uint64_t)high << 32;
	*rest = copy;
	return true;
}

#ifdef __x86_64__
/*
 * Asking the processor takes up to 70 us in a virtual machine, where a hypervisor answers. Less
 * data is summed up sooner; and __builtin_cpu_supports() would ask at each start of the program.
 */
#define PROCESSOR_LEAST 16384u

/* Processors have had an instruction for this sum since 2008 (SSE 4.2). */
static bool has_instruction(void)
{
	unsigned a, b, c = 0, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2);
}

__attribute__((target("sse4.2"))) static uint32_t crc_of_processor(
	uint32_t crc, const unsigned char *bytes, size_t size)
{
	uint64_t sum = ~crc, word;

	for (; size >= sizeof(word); size -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sum = __builtin_ia32_crc32di(sum, word);
	}
	for (; size; size--)
		sum = __builtin_ia32_crc32qi((uint32_t)sum, *bytes++);
	return ~(uint32_t)sum;
}
#endif

/*
 * Uses a table of its own: libraries have this checksum only together with something larger, and
 * zlib has another polynomial. 16 entries, four bits at a time, need no initialisation.
 */
uint32_t kt_crc32c(uint32_t crc, const void *data, size_t size)
{
	static const uint32_t table[16] = {
		0x00000000,
		0x105ec76f,
		0x20bd8ede,
		0x30e349b1,
		0x417b1dbc,
		0x5125dad3,
		0x61c69362,
		0x7198540d,
		0x82f63b78,
		0x92a8fc17,
		0xa24bb5a6,
		0xb21572c9,
		0xc38d26c4,
		0xd3d3e1ab,
		0xe330a81a,
		0xf36e6f75,
	};
	const unsigned char *bytes = data;

#ifdef __x86_64__
	if (size >= PROCESSOR_LEAST && has_instruction())
		return crc_of_processor(crc, bytes, size);
#endif
	crc = ~crc;
	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}
