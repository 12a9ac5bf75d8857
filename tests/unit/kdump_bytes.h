// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_KDUMP_BYTES_H
#define KT_TEST_KDUMP_BYTES_H

/**
 * The dump of dump_bytes.h in the format kdump-compressed, in one file or as a part of a split
 * dump, as it is or as a flattened stream.
 */

#include "dump_bytes.h"

#include "base/library.h"
#include "dump/unpack.h"

#include <endian.h>

#define KDUMP_FRAMES (DUMP_SECOND / 4096 + DUMP_PAGES_2)
#define KDUMP_HERE   (DUMP_PAGES + DUMP_PAGES_2)
#define KDUMP_BITMAP 4096u /* bytes of each of the two */
#define KDUMP_DATA   (4u * 4096u + KDUMP_HERE * 24u)
#define KDUMP_LEVEL  31u

struct kdump_opts {
	unsigned packing;    /* enum kt_packing; 0: none */
	uint64_t left_out;   /* a page frame that is memory and not here; 0: none */
	uint64_t first, end; /* of a split dump; 0, 0: not split */
	bool flat;
	bool old_bitmap; /* the only bitmap */
};

struct kdump_file {
	char *bytes;
	size_t size, room;
};

static inline void kdump_put(struct kdump_file *file, size_t at, const void *from, size_t size)
{
	if (at + size > file->room) {
		size_t room = (at + size) * 2;

		file->bytes = realloc(file->bytes, room);
		if (!file->bytes)
			abort();
		memset(file->bytes + file->room, 0, room - file->room);
		file->room = room;
	}
	memcpy(file->bytes + at, from, size);
	if (at + size > file->size)
		file->size = at + size;
}

/* Opens a function of a library; false: it is not installed. */
static inline bool kdump_function(const char *soname, const char *symbol, void *ret_function)
{
	const struct kt_library library = { .soname = soname,
		.needed = "the test",
		.advice = "",
		.symbols = &symbol,
		.nr_symbols = 1 };
	struct kt_err *err = kt_library_open(&library, ret_function, sizeof(void *));
	bool found = !err;

	kt_err_free(err);
	return found;
}

/** Packs a page; returns its bytes, or 0: the library is not installed, or it does not shrink. */
static inline size_t kdump_pack(unsigned packing, const char *page, char packed[8192])
{
	int (*zlib)(char *to, size_t *size, const char *from, size_t bytes);
	int (*lzo)(const char *from, size_t bytes, char *to, size_t *size, void *work);
	int (*snappy)(const char *from, size_t bytes, char *to, size_t *size);
	size_t (*zstd)(char *to, size_t size, const char *from, size_t bytes, int level);
	static char work[1 << 20];
	size_t size = 8192;
	bool packs = false;

	if (packing == KT_PACKING_ZLIB)
		packs = kdump_function("libz.so.1", "compress", &zlib) &&
			zlib(packed, &size, page, 4096) == 0;
	else if (packing == KT_PACKING_LZO)
		packs = kdump_function("liblzo2.so.2", "lzo1x_1_compress", &lzo) &&
			lzo(page, 4096, packed, &size, work) == 0;
	else if (packing == KT_PACKING_SNAPPY)
		packs = kdump_function("libsnappy.so.1", "snappy_compress", &snappy) &&
			snappy(page, 4096, packed, &size) == 0;
	else if (kdump_function("libzstd.so.1", "ZSTD_compress", &zstd))
		packs = (size = zstd(packed, size, page, 4096, 1)) < 4096;
	return packs && size < 4096 ? size : 0;
}

static inline void kdump_headers(
	struct kdump_file *file, const struct dump_bytes *dump, const struct kdump_opts *opts)
{
	const struct {
		size_t at;
		uint32_t value;
	} words[] = {
		{ 8, 6 }, /* version */
		{ 424, opts->packing },
		{ 428, 4096 },
		{ 432, 1 }, /* blocks of sub header */
		{ 436, opts->old_bitmap ? 1 : 2 },
		{ 440, KDUMP_FRAMES }, /* of bitmaps */
		{ 4096 + 8, KDUMP_LEVEL },
		{ 4096 + 12, opts->end != 0 },
		{ 4096 + 80, (uint32_t)opts->first },
		{ 4096 + 88, (uint32_t)opts->end },
		{ 4096 + 96, KDUMP_FRAMES },
	};
	const char *machine = dump->opts.arm64 ? "aarch64" : "x86_64";

	kdump_put(file, 0, "KDUMP   ", 8);
	kdump_put(file, 12 + 4 * 65, machine, strlen(machine));
	for (size_t i = 0; i < KT_LEN(words); i++)
		kdump_put(file, words[i].at, &words[i].value, 4);
}

static inline void kdump_mark(struct kdump_file *file, size_t bitmap, uint64_t frame)
{
	char byte = (char)(1 << frame % 8);

	if (bitmap + frame / 8 < file->size)
		byte = (char)(byte | file->bytes[bitmap + frame / 8]);
	kdump_put(file, bitmap + frame / 8, &byte, 1);
}

/** Adds a page with its descriptor. */
static inline void kdump_page(
	struct kdump_file *file, const struct kdump_opts *opts, size_t descriptor, const char *page)
{
	char packed[8192];
	size_t size = opts->packing ? kdump_pack(opts->packing, page, packed) : 0;
	const struct {
		uint64_t place;
		uint32_t bytes, packing;
		uint64_t flags;
	} said = { file->size, size ? (uint32_t)size : 4096, size ? opts->packing : 0, 0 };

	kdump_put(file, descriptor, &said, sizeof(said));
	kdump_put(file, said.place, size ? packed : page, said.bytes);
}

static inline void kdump_pages(
	struct kdump_file *file, struct dump_bytes *dump, const struct kdump_opts *opts)
{
	size_t memory = 2 * 4096, here = opts->old_bitmap ? memory : memory + KDUMP_BITMAP;
	size_t descriptor = here + KDUMP_BITMAP;

	kdump_put(file, KDUMP_DATA - 1, "", 1);
	for (unsigned i = 0; i < KDUMP_HERE; i++) {
		uint64_t physical = i < DUMP_PAGES ? DUMP_FIRST + i * 4096ull
						   : DUMP_SECOND + (i - DUMP_PAGES) * 4096ull;
		uint64_t frame = physical / 4096;

		kdump_mark(file, memory, frame);
		if (opts->left_out == frame)
			continue;
		kdump_mark(file, here, frame);
		if (opts->end && (frame < opts->first || frame >= opts->end))
			continue;
		kdump_page(file, opts, descriptor, dump_at(dump, physical));
		descriptor += 24;
	}
}

/** Puts the file into a stream: its second half, its first half, then some of it once more. */
static inline void kdump_flatten(struct kdump_file *file)
{
	struct kdump_file flat = { 0 };
	size_t half = file->size / 2, at = 4096;
	const struct {
		size_t from, bytes;
		bool wrong; /* other bytes, which the last piece corrects */
	} pieces[] = { { half, file->size - half, false }, { 0, half, true }, { 4096, 64, false },
		{ 0, 4096, false }, { 4096 + 64, half - 4096 - 64, false } };
	const uint64_t end[2] = { UINT64_MAX, UINT64_MAX };

	kdump_put(&flat, 0, "makedumpfile", 12);
	for (size_t i = 0; i < KT_LEN(pieces); i++) {
		const uint64_t head[2] = { htobe64(pieces[i].from), htobe64(pieces[i].bytes) };

		kdump_put(&flat, at, head, sizeof(head));
		kdump_put(&flat, at + 16, file->bytes + pieces[i].from, pieces[i].bytes);
		if (pieces[i].wrong)
			memset(flat.bytes + at + 16, 'w', pieces[i].bytes);
		at += 16 + pieces[i].bytes;
	}
	kdump_put(&flat, at, end, sizeof(end));
	free(file->bytes);
	*file = flat;
}

/** Makes the file; the caller frees `bytes`. */
static inline struct kdump_file kdump_file(struct dump_bytes *dump, const struct kdump_opts *opts)
{
	struct kdump_file file = { 0 };

	kdump_headers(&file, dump, opts);
	kdump_pages(&file, dump, opts);
	if (opts->flat)
		kdump_flatten(&file);
	return file;
}

#endif
