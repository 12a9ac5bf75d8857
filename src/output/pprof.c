// SPDX-License-Identifier: GPL-2.0-or-later
//
// Stacks as a profile for pprof (profile.proto of github.com/google/pprof): a message of protocol
// buffers, not compressed, which pprof reads as well. Two values a sample: objects and bytes.

#include "output/stacks.h"

#include "base/map.h"

#include <string.h>

/* Wire types of protocol buffers, and the fields of profile.proto that are used. */
enum { VARINT = 0, BYTES = 2 };
enum {
	SAMPLE_TYPE = 1,
	SAMPLE = 2,
	LOCATION = 4,
	FUNCTION = 5,
	STRING_TABLE = 6,
	DEFAULT_TYPE = 14
};

static void put_varint(struct kt_buf *buf, uint64_t value)
{
	do {
		char byte = (char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));

		kt_buf_add(buf, &byte, 1);
		value >>= 7;
	} while (value);
}

static void put_number(struct kt_buf *buf, unsigned field, uint64_t value)
{
	put_varint(buf, field << 3 | VARINT);
	put_varint(buf, value);
}

static void put_bytes(struct kt_buf *buf, unsigned field, const char *bytes, size_t size)
{
	put_varint(buf, field << 3 | BYTES);
	put_varint(buf, size);
	kt_buf_add(buf, bytes, size);
}

/* ValueType: type and unit are numbers of strings. */
static void put_type(struct kt_buf *buf, unsigned field, uint64_t type, uint64_t unit)
{
	KT_CLEANUP(buf) struct kt_buf inner = { 0 };

	put_number(&inner, 1, type);
	put_number(&inner, 2, unit);
	put_bytes(buf, field, inner.data, inner.size);
	buf->failed |= inner.failed;
}

/* A function and its only location, with the same number. */
static void put_function(struct kt_buf *buf, uint64_t number, uint64_t name)
{
	KT_CLEANUP(buf) struct kt_buf function = { 0 };
	KT_CLEANUP(buf) struct kt_buf line = { 0 };
	KT_CLEANUP(buf) struct kt_buf location = { 0 };

	put_number(&function, 1, number);
	put_number(&function, 2, name);
	put_number(&line, 1, number);
	put_number(&location, 1, number);
	put_bytes(&location, 4, line.data, line.size);
	put_bytes(buf, FUNCTION, function.data, function.size);
	put_bytes(buf, LOCATION, location.data, location.size);
	buf->failed |= function.failed || line.failed || location.failed;
}

/* The strings every profile has; number 0 is empty. */
static const char *const fixed[] = { "", "objects", "count", "space", "bytes", "amount" };
enum { S_OBJECTS = 1, S_COUNT, S_SPACE, S_BYTES, S_AMOUNT };

/* Writes samples, and functions and strings as they come up. */
static void put_samples(struct kt_buf *buf, struct kt_buf *strings, struct kt_arena *arena,
	const struct kt_stacks *stacks)
{
	struct kt_map numbers = { 0 };

	for (size_t i = 0; i < stacks->stacks.count; i++) {
		const struct kt_stack *stack = &stacks->stacks.items[i];
		KT_CLEANUP(buf) struct kt_buf sample = { 0 };

		for (uint32_t k = stack->nr_frames; k-- > 0;) { /* innermost first */
			bool added = false;
			uint32_t *number =
				kt_map_add(&numbers, kt_span_str(stack->frames[k]), arena, &added);

			if (!number)
				break;
			if (added) {
				*number = numbers.count;
				put_bytes(strings, STRING_TABLE, stack->frames[k],
					strlen(stack->frames[k]));
				put_function(buf, *number, KT_LEN(fixed) - 1 + *number);
			}
			put_number(&sample, 1, *number);
		}
		put_number(&sample, 2, stack->count > 0 ? (uint64_t)stack->count : 0);
		put_number(&sample, 2, (uint64_t)stack->amount);
		put_bytes(buf, SAMPLE, sample.data, sample.size);
		buf->failed |= sample.failed;
	}
	buf->failed |= numbers.failed;
	kt_map_fini(&numbers);
}

static void render(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	KT_CLEANUP(buf) struct kt_buf strings = { 0 };
	struct kt_arena arena = { 0 };
	struct kt_stacks stacks;

	(void)opts;
	kt_stacks_read(report, &arena, &stacks);
	for (size_t i = 0; i < KT_LEN(fixed); i++)
		put_bytes(&strings, STRING_TABLE, fixed[i], strlen(fixed[i]));
	put_type(ret_text, SAMPLE_TYPE, S_OBJECTS, S_COUNT);
	put_type(ret_text, SAMPLE_TYPE, stacks.in_bytes ? S_SPACE : S_AMOUNT,
		stacks.in_bytes ? S_BYTES : S_COUNT);
	put_samples(ret_text, &strings, &arena, &stacks);
	kt_buf_add(ret_text, strings.data, strings.size);
	put_number(ret_text, DEFAULT_TYPE, stacks.in_bytes ? S_SPACE : S_AMOUNT);
	ret_text->failed |= arena.failed || strings.failed;
	kt_arena_fini(&arena);
}

const struct kt_output kt_output_pprof = {
	.name = "pprof",
	.summary = "stacks as a profile for pprof (not compressed)",
	.stacks = true,
	.binary = true,
	.render = render,
};
