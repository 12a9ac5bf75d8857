// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump.h"

#include "dump/elf_core.h"
#include "dump/kdump_header.h"
#include "dump/kdump_map.h"
#include "dump/unpack.h"

#include <stdlib.h>

#define SIGNATURE	"KDUMP   "
#define CACHE_BYTES	(4u << 20)
#define INFO_MAX	65536u	   /* bytes; the kernel keeps a page for VMCOREINFO */
#define DESCRIPTORS_MAX (4u << 20) /* that are looked through for damage */
#define DESCRIPTORS	1024u	   /* that are read at once */

struct descriptor {
	uint64_t place; /* in the file */
	uint32_t bytes, packing;
	uint64_t flags; /* of the kernel's page; unused */
};

struct kdump {
	struct kt_physical base;
	struct kt_kdump_header header;
	struct kt_kdump_part parts[KT_KDUMP_PARTS];
	size_t nr_parts, last; /* `last`: of the latest read, tried first */
	uint64_t *cached;      /* page frame + 1 of each page in `pages`; 0: unused */
	char *pages, *packed;
	size_t nr_cached;
};

bool kt_kdump_is(struct kt_span head)
{
	return kt_span_starts(head, SIGNATURE);
}

/* ---- pages ---- */

static bool has(const struct kt_kdump_part *part, uint64_t frame)
{
	return frame >= part->first && frame < part->end;
}

/* Finds the part with a page frame, or any part if none has it. */
static struct kt_kdump_part *find_part(struct kdump *kdump, uint64_t frame)
{
	for (size_t i = 0; i < kdump->nr_parts && !has(&kdump->parts[kdump->last], frame); i++) {
		if (has(&kdump->parts[i], frame))
			kdump->last = i;
	}
	return &kdump->parts[kdump->last];
}

static bool read_descriptor(
	struct kt_kdump_part *part, uint64_t index, struct descriptor *ret_descriptor)
{
	return kt_dump_file_read(&part->file,
		part->descriptors_at + index * sizeof(*ret_descriptor), ret_descriptor,
		sizeof(*ret_descriptor));
}

static enum kt_physical_state load(
	struct kdump *kdump, struct kt_kdump_part *part, uint64_t index, char *to)
{
	uint32_t bytes = kdump->header.block_bytes;
	struct descriptor descriptor;

	/* makedumpfile that ran out of room leaves the descriptors empty */
	if (!read_descriptor(part, index, &descriptor) || !descriptor.bytes)
		return KT_PHYSICAL_CUT;
	descriptor.packing &= KT_PACKING_ALL;
	if (descriptor.bytes > bytes || (!descriptor.packing && descriptor.bytes != bytes))
		return KT_PHYSICAL_DAMAGED;
	if (descriptor.place > KT_PHYSICAL_MAX ||
		!kt_dump_file_read(&part->file, descriptor.place,
			descriptor.packing ? kdump->packed : to, descriptor.bytes))
		return KT_PHYSICAL_CUT;
	if (descriptor.packing &&
		!kt_unpack(descriptor.packing, kdump->packed, descriptor.bytes, to, bytes))
		return KT_PHYSICAL_DAMAGED;
	return KT_PHYSICAL_READ;
}

/* Says where a page is; `ret_index`: of its descriptor, if it is in the dump. */
static enum kt_physical_state place(
	struct kdump *kdump, uint64_t frame, struct kt_kdump_part **ret_part, uint64_t *ret_index)
{
	if (frame >= kdump->header.nr_frames)
		return KT_PHYSICAL_NONE;
	*ret_part = find_part(kdump, frame);
	switch (kt_kdump_place(*ret_part, frame, ret_index)) {
	case KT_KDUMP_HERE: return KT_PHYSICAL_READ;
	case KT_KDUMP_LEFT_OUT: return KT_PHYSICAL_LEFT_OUT;
	case KT_KDUMP_NO_MEMORY: return KT_PHYSICAL_NONE;
	default: return KT_PHYSICAL_CUT;
	}
}

/* Finds a page in the cache, or unpacks it. */
static enum kt_physical_state find_page(struct kdump *kdump, uint64_t frame, const char **ret_page)
{
	size_t slot = frame % kdump->nr_cached;
	char *to = kdump->pages + slot * kdump->header.block_bytes;
	enum kt_physical_state state;
	struct kt_kdump_part *part;
	uint64_t index;

	*ret_page = to;
	if (kdump->cached[slot] == frame + 1)
		return KT_PHYSICAL_READ;
	kdump->cached[slot] = 0;
	state = place(kdump, frame, &part, &index);
	if (state == KT_PHYSICAL_READ)
		state = load(kdump, part, index, to);
	if (state == KT_PHYSICAL_READ)
		kdump->cached[slot] = frame + 1;
	return state;
}

static enum kt_physical_state state_at(struct kt_physical *physical, uint64_t at)
{
	struct kdump *kdump = (struct kdump *)physical;
	struct kt_kdump_part *part;
	uint64_t index;

	return place(kdump, at / kdump->header.block_bytes, &part, &index);
}

static enum kt_physical_state read_kdump(
	struct kt_physical *physical, uint64_t at, void *to, size_t size)
{
	struct kdump *kdump = (struct kdump *)physical;
	uint32_t page_bytes = kdump->header.block_bytes;

	while (size) {
		size_t from = at % page_bytes, bytes = page_bytes - from;
		enum kt_physical_state state;
		const char *page;

		if (bytes > size)
			bytes = size;
		state = find_page(kdump, at / page_bytes, &page);
		if (state != KT_PHYSICAL_READ)
			return state;
		memcpy(to, page + from, bytes);
		to = (char *)to + bytes;
		at += bytes;
		size -= bytes;
	}
	return KT_PHYSICAL_READ;
}

static bool kdump_info(struct kt_physical *physical, struct kt_buf *ret_text)
{
	struct kdump *kdump = (struct kdump *)physical;
	const struct kt_kdump_header *header = &kdump->header;
	struct kt_dump_file *file = &kdump->parts[0].file;
	char *to;

	if (!header->info_at || !header->info_bytes || header->info_bytes > INFO_MAX)
		return header->notes_at &&
		       kt_elf_notes_info(file, header->notes_at, header->notes_bytes, ret_text);
	to = kt_buf_reserve(ret_text, header->info_bytes);
	if (!to || !kt_dump_file_read(file, header->info_at, to, header->info_bytes))
		return false;
	ret_text->size += header->info_bytes;
	return true;
}

static bool kdump_status(struct kt_physical *physical, uint32_t index, struct kt_buf *ret_bytes)
{
	struct kdump *kdump = (struct kdump *)physical;

	return kdump->header.notes_at &&
	       kt_elf_notes_status(&kdump->parts[0].file, kdump->header.notes_at,
		       kdump->header.notes_bytes, index, ret_bytes);
}

/* ---- opening ---- */

static void close_kdump(struct kt_physical *physical)
{
	struct kdump *kdump = (struct kdump *)physical;

	for (size_t i = 0; i < kdump->nr_parts; i++) {
		kt_dump_file_fini(&kdump->parts[i].file);
		free(kdump->parts[i].ranks);
	}
	free(kdump->cached);
	free(kdump->pages);
	free(kdump->packed);
	free(kdump);
}

static struct kt_err *open_part(
	struct kdump *kdump, struct kt_kdump_part *part, const struct kt_kdump_header *header)
{
	uint64_t bytes = header->block_bytes, bitmap_bytes = header->bitmap_blocks * bytes;

	if (header->block_bytes != kdump->header.block_bytes ||
		header->nr_frames != kdump->header.nr_frames ||
		header->level != kdump->header.level)
		return kt_err_new(KT_ERR_PARSE, "its files are parts of different dumps");
	part->first = header->first;
	part->end = header->end;
	part->memory_at = part->here_at = (1 + header->sub_blocks) * bytes;
	/* a dump of before 2008 may have one bitmap */
	if (header->bitmap_blocks > 1 && header->nr_frames <= bitmap_bytes / 2 * 8)
		part->here_at += bitmap_bytes / 2;
	part->descriptors_at = part->memory_at + bitmap_bytes;
	return kt_kdump_rank(part);
}

static struct kt_err *open_parts(struct kdump *kdump)
{
	struct kt_err *err = kt_kdump_header(&kdump->parts[0].file, &kdump->header);

	for (size_t i = 0; !err && i < kdump->nr_parts; i++) {
		struct kt_kdump_header header;

		err = kt_kdump_header(&kdump->parts[i].file, &header);
		if (!err && kdump->nr_parts > 1 && !header.split)
			err = kt_err_new(
				KT_ERR_PARSE, "not the parts of one dump (makedumpfile --split)");
		if (!err)
			err = open_part(kdump, &kdump->parts[i], &header);
	}
	return err;
}

/*
 * Looks through the descriptors for how pages are packed, which headers by qemu do not say, and for
 * pages whose bytes the file lacks. Descriptors before the last 4 million are not looked at.
 */
static struct kt_err *look_through(
	struct kdump *kdump, struct kt_kdump_part *part, unsigned *packings)
{
	struct descriptor *block = malloc(DESCRIPTORS * sizeof(*block));
	uint64_t first = part->nr_here > DESCRIPTORS_MAX ? part->nr_here - DESCRIPTORS_MAX : 0;
	uint64_t bytes = kdump->header.block_bytes;

	if (!block)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (uint64_t i = first; i < part->nr_here; i += DESCRIPTORS) {
		uint64_t count = part->nr_here - i, cut = 0;

		if (count > DESCRIPTORS)
			count = DESCRIPTORS;
		if (!kt_dump_file_read(&part->file, part->descriptors_at + i * sizeof(*block),
			    block, count * sizeof(*block))) {
			cut = count;
			/* and all that follow, which are not read for it */
			if (part->descriptors_at + i * sizeof(*block) > part->file.size) {
				cut = part->nr_here - i;
				i = part->nr_here;
			}
			count = 0;
		}
		for (uint64_t k = 0; k < count; k++) {
			*packings |= block[k].packing & KT_PACKING_ALL;
			cut += !block[k].bytes || block[k].place > part->file.size ||
			       block[k].bytes > part->file.size - block[k].place;
		}
		kdump->base.bytes[KT_PHYSICAL_CUT] += cut * bytes;
	}
	if (first && kdump->base.bytes[KT_PHYSICAL_CUT])
		kdump->base.more_damaged = true;
	free(block);
	return NULL;
}

static struct kt_err *count(struct kdump *kdump)
{
	unsigned packings = 0;
	uint64_t *bytes = kdump->base.bytes, page_bytes = kdump->header.block_bytes, here = 0;
	struct kt_kdump_counts counts;
	struct kt_err *err = kt_kdump_ranges(&kdump->parts[0], kdump->header.nr_frames,
		kdump->header.block_bytes, &kdump->base, &counts);

	for (size_t i = 0; !err && i < kdump->nr_parts; i++) {
		here += kdump->parts[i].nr_here;
		err = look_through(kdump, &kdump->parts[i], &packings);
	}
	if (!err)
		err = kt_unpack_open(packings);
	if (err)
		return err;
	/* of parts that were not given */
	if (counts.here > here)
		bytes[KT_PHYSICAL_CUT] += (counts.here - here) * page_bytes;
	if (counts.memory > counts.here)
		bytes[KT_PHYSICAL_LEFT_OUT] = (counts.memory - counts.here) * page_bytes;
	bytes[KT_PHYSICAL_READ] = counts.here * page_bytes;
	bytes[KT_PHYSICAL_READ] -= bytes[KT_PHYSICAL_CUT] < bytes[KT_PHYSICAL_READ]
					   ? bytes[KT_PHYSICAL_CUT]
					   : bytes[KT_PHYSICAL_READ];
	return bytes[KT_PHYSICAL_READ] ? NULL : kt_err_new(KT_ERR_PARSE, "has no memory");
}

static struct kt_err *open_all(struct kdump *kdump)
{
	struct kt_err *err = open_parts(kdump);

	if (err)
		return err;
	kdump->base.machine = kdump->header.machine;
	kdump->base.level = kdump->header.level;
	kdump->base.more_damaged = kdump->header.status & KT_KDUMP_INCOMPLETE;
	kdump->nr_cached = CACHE_BYTES / kdump->header.block_bytes;
	kdump->cached = calloc(kdump->nr_cached, sizeof(*kdump->cached));
	kdump->pages = malloc(CACHE_BYTES);
	kdump->packed = malloc(kdump->header.block_bytes);
	if (!kdump->cached || !kdump->pages || !kdump->packed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	return count(kdump);
}

struct kt_err *kt_kdump_open(
	struct kt_dump_file *files, size_t nr_files, struct kt_physical **ret_physical)
{
	static const struct kt_physical_ops ops = { .read = read_kdump,
		.state = state_at,
		.info = kdump_info,
		.status = kdump_status,
		.close = close_kdump };
	struct kdump *kdump = calloc(1, sizeof(*kdump));
	struct kt_err *err;

	if (!kdump) {
		for (size_t i = 0; i < nr_files; i++)
			kt_dump_file_fini(&files[i]);
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	kdump->base.ops = &ops;
	kdump->nr_parts = nr_files;
	for (size_t i = 0; i < nr_files; i++)
		kdump->parts[i].file = files[i];
	err = open_all(kdump);
	if (err) {
		kt_physical_close(&kdump->base);
		return err;
	}
	*ret_physical = &kdump->base;
	return NULL;
}
