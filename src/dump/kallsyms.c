// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kallsyms.h"

#include "base/attr.h"

#include <stdlib.h>
#include <string.h>

#define SYMBOLS_MAX (1u << 20)
#define SPELLED_MAX (64u << 20) /* bytes of all names */
#define BLOCK_BYTES 65536u	/* of names that are read at once */
#define TOKEN_MAX   512u	/* bytes of the longest token, with its NUL */
#define NAME_MAX    512u	/* KSYM_NAME_LEN is 512 since 6.1 (b8a94bfb3395), 128 before */

void kt_kallsyms_cleanup(struct kt_kallsyms *kallsyms)
{
	kt_buf_cleanup(&kallsyms->tokens);
}

/* ---- tokens ---- */

static void measure_tokens(struct kt_kallsyms *kallsyms)
{
	for (unsigned i = 0; i < KT_LEN(kallsyms->index); i++)
		kallsyms->lengths[i] =
			(uint16_t)strnlen(kallsyms->tokens.data + kallsyms->index[i], NAME_MAX + 1);
}

/* The table ends with the token that begins last. */
static struct kt_err *read_tokens(struct kt_kallsyms *kallsyms)
{
	struct kt_target *target = kallsyms->target;
	uint32_t last = 0;
	char *to;

	if (!kt_target_read(
		    target, kallsyms->token_index, kallsyms->index, sizeof(kallsyms->index)))
		return kt_err_new(KT_ERR_PARSE, "the kernel's tokens of symbols cannot be read");
	for (unsigned i = 0; i < 256; i++)
		last = kallsyms->index[i] > last ? kallsyms->index[i] : last;
	/* the last one ends before what cannot be read, so its bytes are read one by one */
	to = kt_buf_reserve(&kallsyms->tokens, last + TOKEN_MAX);
	if (!to)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!kt_target_read(target, kallsyms->token_table, to, last))
		return kt_err_new(KT_ERR_PARSE, "the kernel's tokens of symbols cannot be read");
	for (uint32_t i = 0; i < TOKEN_MAX; i++) {
		if (!kt_target_read(target, kallsyms->token_table + last + i, to + last + i, 1))
			break;
		if (!to[last + i]) {
			kallsyms->tokens.size = last + i + 1;
			measure_tokens(kallsyms);
			return NULL;
		}
	}
	return kt_err_new(KT_ERR_PARSE, "the kernel's last token of symbols has no end");
}

/* ---- names ---- */

/* A window over the compressed names. */
struct reading {
	const struct kt_kallsyms *kallsyms;
	char *block;
	uint64_t at; /* address of the window */
	size_t size, used;
};

/* Moves the window on until it has `bytes` more; fewer at the end of what can be read. */
static bool want(struct reading *reading, size_t bytes)
{
	struct kt_target *target = reading->kallsyms->target;
	size_t left = reading->size - reading->used, room;

	if (left >= bytes)
		return true;
	memmove(reading->block, reading->block + reading->used, left);
	reading->at += reading->used;
	reading->used = 0;
	reading->size = left;
	room = BLOCK_BYTES - left;
	/* the end of the names may be the end of what is mapped */
	while (reading->size < bytes && room) {
		if (kt_target_read(target, reading->at + reading->size,
			    reading->block + reading->size, room))
			reading->size += room;
		room /= 2;
		if (room > BLOCK_BYTES - reading->size)
			room = BLOCK_BYTES - reading->size;
	}
	return reading->size >= bytes;
}

/*
 * A length of 128 and more takes two bytes (since 6.1, 73bbb94466fd). Before, no name was that
 * long, so which form the kernel has need not be known.
 */
static bool take_length(struct reading *reading, uint32_t *ret_length)
{
	const unsigned char *p;

	if (!want(reading, 1))
		return false;
	p = (const unsigned char *)reading->block + reading->used;
	*ret_length = *p & 0x7f;
	reading->used++;
	if (!(*p & 0x80))
		return *ret_length != 0;
	if (!want(reading, 1))
		return false;
	p = (const unsigned char *)reading->block + reading->used;
	*ret_length |= (uint32_t)*p << 7;
	reading->used++;
	return true;
}

/* Spells a name out of its tokens. */
static bool take_name(struct reading *reading, char name[NAME_MAX], size_t *ret_size)
{
	const struct kt_kallsyms *kallsyms = reading->kallsyms;
	uint32_t length;
	size_t size = 0;

	if (!take_length(reading, &length) || length > BLOCK_BYTES / 2 || !want(reading, length))
		return false;
	for (uint32_t i = 0; i < length; i++) {
		const unsigned char *p = (const unsigned char *)reading->block + reading->used + i;
		size_t n = kallsyms->lengths[*p];

		if (size + n > NAME_MAX)
			return false;
		memcpy(name + size, kallsyms->tokens.data + kallsyms->index[*p], n);
		size += n;
	}
	reading->used += length;
	*ret_size = size;
	return size >= 2;
}

struct kt_err *kt_kallsyms_each(const struct kt_kallsyms *kallsyms, kt_kallsyms_fn fn, void *arg)
{
	struct reading reading = {
		.kallsyms = kallsyms, .block = malloc(BLOCK_BYTES), .at = kallsyms->names
	};
	struct kt_err *err = NULL;
	char name[NAME_MAX];
	uint64_t spelled = 0;

	if (!reading.block)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (uint32_t i = 0; i < kallsyms->count; i++) {
		size_t size = 0;

		if (!take_name(&reading, name, &size) || (spelled += size) > SPELLED_MAX) {
			err = kt_err_new(KT_ERR_PARSE,
				"the kernel's symbols are damaged or absent after %u of %u", i,
				kallsyms->count);
			break;
		}
		if (!fn(arg, i, name[0], (struct kt_span){ name + 1, size - 1 }))
			break;
	}
	free(reading.block);
	return err;
}

/* ---- addresses ---- */

static uint64_t address_of(const struct kt_kallsyms *kallsyms, uint32_t index, int32_t offset)
{
	switch (kallsyms->form) {
	case KT_KALLSYMS_RELATIVE: return kallsyms->base + (uint32_t)offset;
	case KT_KALLSYMS_PERCPU:
		return offset >= 0 ? (uint64_t)offset
				   : kallsyms->base - 1 - (uint64_t)(int64_t)offset;
	default:
		return kallsyms->offsets + (uint64_t)index * sizeof(offset) +
		       (uint64_t)(int64_t)offset;
	}
}

bool kt_kallsyms_addresses(
	const struct kt_kallsyms *kallsyms, uint32_t first, uint32_t count, uint64_t *ret_addresses)
{
	uint64_t table = kallsyms->offsets + (uint64_t)first * sizeof(int32_t);
	/* the offsets are read into the second half of where the addresses go */
	int32_t *offsets = (int32_t *)(void *)ret_addresses + count;

	if (kallsyms->form == KT_KALLSYMS_ABSOLUTE)
		return kt_target_read(kallsyms->target,
			kallsyms->addresses + (uint64_t)first * sizeof(uint64_t), ret_addresses,
			(size_t)count * sizeof(uint64_t));
	if (!kt_target_read(kallsyms->target, table, offsets, (size_t)count * sizeof(int32_t)))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		int32_t offset;

		memcpy(&offset, offsets + i, sizeof(offset));
		ret_addresses[i] = address_of(kallsyms, first + i, offset);
	}
	return true;
}

struct stext {
	uint32_t index;
	bool found;
};

static bool is_stext(void *arg, uint32_t index, char type, struct kt_span name)
{
	struct stext *stext = arg;

	(void)type;
	stext->found = kt_span_eq(name, "_stext");
	stext->index = index;
	return !stext->found;
}

static bool gives(
	struct kt_kallsyms *kallsyms, enum kt_kallsyms_form form, uint32_t index, uint64_t wanted)
{
	uint64_t address;

	kallsyms->form = form;
	return kt_kallsyms_addresses(kallsyms, index, 1, &address) && address == wanted;
}

/*
 * Addresses until 6.10 on kernels without CONFIG_KALLSYMS_BASE_RELATIVE; a base until 6.19, in both
 * forms until 6.14; places since 7.0. A kernel has one of these tables.
 */
static bool find_form(struct kt_kallsyms *kallsyms, uint32_t index, uint64_t stext)
{
	if (kallsyms->addresses)
		return gives(kallsyms, KT_KALLSYMS_ABSOLUTE, index, stext);
	if (!kallsyms->offsets)
		return false;
	if (!kallsyms->relative_base)
		return gives(kallsyms, KT_KALLSYMS_PLACE, index, stext);
	return kt_target_number(kallsyms->target, kallsyms->relative_base, sizeof(uint64_t),
		       &kallsyms->base) &&
	       (gives(kallsyms, KT_KALLSYMS_RELATIVE, index, stext) ||
		       gives(kallsyms, KT_KALLSYMS_PERCPU, index, stext));
}

struct kt_err *kt_kallsyms_open(struct kt_kallsyms *kallsyms, uint64_t stext)
{
	struct stext mark = { 0 };
	struct kt_err *err;
	uint64_t count;

	if (!kt_target_number(kallsyms->target, kallsyms->num_syms, sizeof(uint32_t), &count) ||
		!count || count > SYMBOLS_MAX)
		return kt_err_new(
			KT_ERR_PARSE, "the number of the kernel's symbols cannot be read");
	kallsyms->count = (uint32_t)count;
	err = read_tokens(kallsyms);
	if (!err)
		err = kt_kallsyms_each(kallsyms, is_stext, &mark);
	if (err)
		return err;
	if (!mark.found || !find_form(kallsyms, mark.index, stext))
		return kt_err_new(KT_ERR_PARSE,
			"the kernel's symbols have a form that does not give the known address of "
			"_stext");
	return NULL;
}
