// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/holders/holder_search.h"

#include "memory/image.h"

#include <string.h>

#define CPU_REST      65536u /* bytes after the per-CPU variables: the first chunk's dynamic part */
#define CPU_BYTES_MAX (4u << 20)

/*
 * `known`: of an object whose type may be known, where other words than pointers may be left from a
 * former object.
 */
static void search_words(const struct kt_holder_search *search, struct kt_holder *holder,
	const struct kt_holder_cache *known)
{
	for (size_t i = 0; i < holder->size / sizeof(uint64_t); i++) {
		size_t at = i * sizeof(uint64_t);
		uint64_t word;

		memcpy(&word, holder->bytes + at, sizeof(word));
		/* another cache may have this address by now, with longer objects */
		if ((i >= known->nr_words || known->words[i]) && word >> 63)
			search->take(search->arg, holder, holder->address + at, word);
	}
}

/* Any word may be a pointer. */
static const struct kt_holder_cache untyped;

void kt_holder_search(struct kt_holder_search *search, struct kt_holder *holder)
{
	search_words(search, holder, &untyped);
}

void kt_holder_search_object(struct kt_holder_search *search, const struct kt_slub_cache *cache,
	uint64_t address, const char *object)
{
	struct kt_holder holder = { .kind = KT_HOLDER_OBJECT,
		.cache = cache,
		.address = address,
		.bytes = object,
		.size = (size_t)cache->size };
	const struct kt_holder_cache *known = kt_holders_cache(search->holders, cache);

	if (known && known->count.exists && !kt_field_get(&known->count, object, holder.size))
		return;
	search_words(search, &holder, known ? known : &untyped);
}

void kt_holder_search_large(struct kt_holder_search *search, uint64_t pfn, uint64_t nr_pages)
{
	struct kt_holder holder = { .kind = KT_HOLDER_LARGE,
		.address = kt_memmap_virtual(search->memmap, pfn),
		.bytes = search->buffer,
		.size = (size_t)nr_pages * search->target->page_bytes };
	size_t whole = holder.size;

	/* by parts; the first one names the block */
	for (size_t at = 0; at < whole; at += KT_IMAGE_BLOCK) {
		uint64_t address = holder.address;

		holder.size = whole - at < KT_IMAGE_BLOCK ? whole - at : KT_IMAGE_BLOCK;
		if (!kt_target_read(search->target, address + at, search->buffer, holder.size))
			break;
		kt_holder_search(search, &holder);
	}
}

/* ---- the kernel's image ---- */

enum kt_page_class kt_holder_search_class(const struct kt_holder_search *search, uint64_t pfn)
{
	struct kt_page_reader reader = { 0 };
	const uint64_t *word;

	kt_page_words_begin(search->words);
	if (pfn >= kt_memmap_end(search->memmap) ||
		kt_page_words_read(search->words, pfn, 1, &word) != 1)
		return KT_PAGE_UNREAD;
	kt_page_read(&reader, *word);
	return reader.class;
}

/* Freed parts of the kernel's image are pages like any other, still mapped at their old address. */
static bool is_freed(const struct kt_holder_search *search, uint64_t address)
{
	uint64_t pfn, nr_pages;

	return search->table->form && kt_page_table_look(search->table, address, &pfn, &nr_pages) &&
	       kt_holder_search_class(search, pfn) != KT_PAGE_RESERVED;
}

static void take_image(void *arg, uint64_t address, const char *bytes, size_t size)
{
	struct kt_holder_search *search = arg;
	struct kt_holder holder = { .kind = KT_HOLDER_DATA, .size = search->target->page_bytes };

	for (size_t at = 0; at + holder.size <= size; at += holder.size) {
		holder.address = address + at;
		holder.bytes = bytes + at;
		if (!is_freed(search, holder.address))
			kt_holder_search(search, &holder);
	}
}

bool kt_holder_search_image(struct kt_holder_search *search)
{
	return kt_image_each(search->target, search->buffer, take_image, search);
}

/* ---- per-CPU variables ---- */

void kt_holder_search_cpus(struct kt_holder_search *search)
{
	struct kt_holder holder = {
		.kind = KT_HOLDER_CPU, .bytes = search->buffer, .size = search->target->page_bytes
	};
	uint64_t first = 0, end;

	/* a symbol whose address is 0 is none */
	kt_symbols_find(&search->target->symbols, "__per_cpu_start", &first);
	if (!kt_symbols_find(&search->target->symbols, "__per_cpu_end", &end) || end < first ||
		end - first > CPU_BYTES_MAX)
		return;
	for (uint32_t cpu = 0; cpu < search->slub->nr_cpus; cpu++) {
		uint64_t offset = search->slub->cpu_offsets[cpu];

		for (uint64_t at = first - first % holder.size; at < end + CPU_REST;
			at += holder.size) {
			holder.address = at + offset;
			if (kt_target_read(
				    search->target, holder.address, search->buffer, holder.size))
				kt_holder_search(search, &holder);
		}
	}
}
