// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/palette.h"

#include "base/attr.h"
#include "base/span.h"

#include <string.h>

/*
 * The first COUNTED colours differ with every kind of colour vision. Bands without a colour of
 * their own get them in this order. The other colours belong to rows.
 */
static const struct {
	const char *web;
	int terminal, basic;
} colors[] = {
	{ "#0072b2", 25, 6 },
	{ "#e69f00", 214, 6 },
	{ "#009e73", 36, 6 },
	{ "#cc79a7", 175, 6 },
	{ "#56b4e9", 74, 6 },
	{ "#d55e00", 166, 6 },
	{ "#b8a900", 142, 2 },
	{ "#7b61c4", 98, 6 },
	{ "#8c6d4f", 95, 6 },
	{ "#6c7a89", 102, 6 },
	{ "#2f8f5b", 29, 2 },
	{ "#a23b72", 132, 6 },
	{ "#8fbf5a", 107, 2 },
	{ "#5fb8a5", 73, 2 },
	{ "#e3a3bd", 218, 2 },
	{ "#b5cf8f", 150, 2 },
	{ "#2b5d8a", 24, 6 },
	{ "#5b9e4d", 71, 2 },
	{ "#b0a08f", 144, 4 },
	{ "#8f8f8f", 245, 4 },
	{ "#b39ddb", 146, 4 },
	{ "#9aa7b4", 247, 7 },
};

#define COUNTED 12

_Static_assert(KT_LEN(colors) <= KT_PALETTE_MAX, "more colours than a terminal has pairs for");

/* A row has one colour wherever it is drawn: chart, map, tiles, pictures, terminal. */
static const struct {
	const char *id;
	int color;
} rows[] = {
	{ "slab", 0 },
	{ "slab_reclaimable", 4 },
	{ "slab_unreclaimable", 0 },
	{ "slab_unsplit", 0 },
	{ "vmalloc", 1 },
	{ "kernel_stacks", 2 },
	{ "page_tables", 3 },
	{ "sec_page_tables", 11 },
	{ "percpu", 5 },
	{ "zsmalloc", 7 },
	{ "direct", 8 },
	{ "unattributed", 9 },
	{ "anonymous", 12 },
	{ "page_cache", 10 },
	{ "buffers", 13 },
	{ "shmem", 6 },
	{ "hugetlb", 14 },
	{ "swap_cache", 15 },
	{ "lru_only", 15 },
	{ "kernel", 16 },
	{ "user", 17 },
	{ "boot", 18 },
	{ "firmware", 19 },
	{ "given_away", 20 },
	{ "free", 21 },
};

int kt_palette_row(const char *id)
{
	for (size_t i = 0; id && i < KT_LEN(rows); i++) {
		if (strcmp(rows[i].id, id) == 0)
			return rows[i].color;
	}
	return -1;
}

const char *kt_palette_row_at(size_t index)
{
	return index < KT_LEN(rows) ? rows[index].id : NULL;
}

int kt_palette_band(const char *id, size_t index)
{
	int color = kt_palette_row(id);

	return color < 0 ? (int)(index % COUNTED) : color;
}

int kt_palette_count(void)
{
	return (int)KT_LEN(colors);
}

const char *kt_palette_web(int color)
{
	return colors[color].web;
}

unsigned kt_palette_rgb(int color)
{
	uint64_t rgb = 0;

	return kt_span_hex(kt_span_str(colors[color].web + 1), &rgb) ? (unsigned)rgb : 0;
}

int kt_palette_terminal(int color)
{
	return colors[color].terminal;
}

int kt_palette_basic(int color)
{
	return colors[color].basic;
}
