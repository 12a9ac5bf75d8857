// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/target.h"

#include <stdlib.h>
#include <string.h>

bool kt_target_read(struct kt_target *target, uint64_t address, void *to, size_t size)
{
	uint64_t end;
	bool ok = !__builtin_add_overflow(address, size, &end) &&
		  target->ops->read(target, address, to, size);

	target->nr_reads++;
	target->nr_failed += !ok;
	return ok;
}

bool kt_target_number(
	struct kt_target *target, uint64_t address, uint32_t size, uint64_t *ret_value)
{
	struct kt_field field = { .exists = true, .size = size, .count = 1 };
	char bytes[8];

	if (size > sizeof(bytes) || !kt_target_read(target, address, bytes, size))
		return false;
	*ret_value = kt_field_get(&field, bytes, size);
	return true;
}

bool kt_target_pointer(struct kt_target *target, uint64_t address, uint64_t *ret_value)
{
	return kt_target_number(target, address, target->types.pointer_bytes, ret_value);
}

/* Reads to the end of the page at most, because the next one may not exist. */
bool kt_target_name(struct kt_target *target, uint64_t address, char *to, size_t size)
{
	size_t done = 0;

	while (done + 1 < size) {
		size_t step = target->page_bytes - (address + done) % target->page_bytes;

		if (step > size - 1 - done)
			step = size - 1 - done;
		if (!kt_target_read(target, address + done, to + done, step))
			return false;
		if (memchr(to + done, '\0', step))
			return *to != '\0';
		done += step;
	}
	to[done] = '\0';
	return done > 0;
}

bool kt_target_text(struct kt_target *target, uint64_t address, char *to, size_t size)
{
	if (!kt_target_name(target, address, to, size))
		return false;
	for (size_t i = 0; to[i]; i++) {
		if ((unsigned char)to[i] < ' ' || (unsigned char)to[i] > '~')
			return false;
	}
	return true;
}

bool kt_target_cpu_offset(struct kt_target *target, unsigned cpu, uint64_t *ret_offset)
{
	uint64_t table;

	if (target->ops->cpu_offset && target->ops->cpu_offset(target, cpu, ret_offset))
		return true;
	return kt_symbols_find(&target->symbols, "__per_cpu_offset", &table) &&
	       kt_target_pointer(
		       target, table + (uint64_t)cpu * target->types.pointer_bytes, ret_offset);
}

void kt_target_close(struct kt_target *target)
{
	if (!target)
		return;
	if (target->free_kept)
		target->free_kept(target->kept);
	kt_types_fini(&target->types);
	kt_symbols_fini(&target->symbols);
	kt_symbol_table_fini(&target->all_symbols);
	free((char *)target->file);
	target->ops->close(target);
}

void kt_target_cleanup(struct kt_target **target)
{
	kt_target_close(*target);
}

/* ---- bytes ---- */

struct bytes_target {
	struct kt_target base;
	size_t nr_pieces;
	struct kt_target_piece pieces[];
};

static bool read_bytes(struct kt_target *target, uint64_t address, void *to, size_t size)
{
	const struct bytes_target *bytes = (const struct bytes_target *)target;

	for (size_t i = 0; i < bytes->nr_pieces; i++) {
		const struct kt_target_piece *piece = &bytes->pieces[i];
		uint64_t at = address - piece->address;

		if (address < piece->address || at > piece->size || piece->size - at < size)
			continue;
		memcpy(to, (const char *)piece->bytes + at, size);
		return true;
	}
	return false;
}

static void close_bytes(struct kt_target *target)
{
	free(target);
}

struct kt_err *kt_target_of_bytes(
	const struct kt_target_piece *pieces, size_t nr_pieces, struct kt_target **ret_target)
{
	static const struct kt_target_ops ops = { .read = read_bytes, .close = close_bytes };
	struct bytes_target *bytes = calloc(1, sizeof(*bytes) + nr_pieces * sizeof(*pieces));

	if (!bytes)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	bytes->base = (struct kt_target){ .ops = &ops, .name = "bytes", .page_bytes = 4096 };
	bytes->nr_pieces = nr_pieces;
	if (nr_pieces)
		memcpy(bytes->pieces, pieces, nr_pieces * sizeof(*pieces));
	*ret_target = &bytes->base;
	return NULL;
}
