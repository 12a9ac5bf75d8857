// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the pools of small DMA buffers that drivers make for their devices (mm/dmapool.c:
// pools_show()). A line is "name active blocks size pages"; names may contain blanks. A "page" is
// the larger of a block and a page, taken with dma_alloc_coherent(). As a rule that is a block of
// the page allocator. It may come from CMA or the device's own memory too, so this is an upper
// bound.

#include "model/holdings.h"
#include "source/source.h"

#include <string.h>

#define PATH	  "sys/bus/*/devices/*/pools"
#define LINES_MAX 4096u /* pools of a device */

/* Takes the last number off a line. */
static bool last_number(struct kt_span *line, int64_t *ret_number)
{
	struct kt_span rest = kt_span_trim(*line);
	size_t at = rest.n;

	while (at && rest.p[at - 1] != ' ')
		at--;
	*line = (struct kt_span){ rest.p, at };
	return kt_span_i64(kt_span_from(rest, at), ret_number) && *ret_number >= 0;
}

/* Returns the last directory of the path: "0000:00:04.0". */
static const char *device_of(struct kt_arena *arena, const char *path)
{
	const char *end = strrchr(path, '/'), *start = end;

	while (start && start > path && start[-1] != '/')
		start--;
	return end ? kt_arena_name(arena, (struct kt_span){ start, (size_t)(end - start) }) : "";
}

static bool take_line(struct kt_span line, int64_t page_bytes, int64_t *sum_bytes)
{
	int64_t pages, size, ignored, block = page_bytes, bytes;

	if (!last_number(&line, &pages) || !last_number(&line, &size) ||
		!last_number(&line, &ignored) || !last_number(&line, &ignored) ||
		size > KT_AMOUNT_MAX / 2)
		return false;
	while (block < size)
		block *= 2;
	return !__builtin_mul_overflow(block, pages, &bytes) &&
	       !__builtin_add_overflow(*sum_bytes, bytes, sum_bytes) && *sum_bytes <= KT_AMOUNT_MAX;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line;
	int64_t bytes = 0;
	size_t nr_lines = 0;

	if (!kt_span_line(&rest, &line) || !kt_span_starts(line, "poolinfo"))
		return kt_err_new(KT_ERR_PARSE, "%s: no list of DMA pools", text->path);
	if (!kt_known(snap->host.page_bytes))
		return NULL;
	while (kt_span_line(&rest, &line)) {
		if (nr_lines++ == LINES_MAX || !take_line(line, snap->host.page_bytes, &bytes))
			return kt_err_new(
				KT_ERR_PARSE, "%s: not the pools of a device", text->path);
	}
	if (bytes)
		kt_holding_put(snap, (struct kt_holding){ .kind = KT_HELD_DEVICE_POOL,
					     .high_bytes = bytes,
					     .holder = device_of(&snap->arena, text->path) });
	kt_holding_searched(snap, KT_HELD_DEVICE_POOL, (struct kt_search){ .why = PATH });
	return NULL;
}

const struct kt_source kt_source_device_pools = {
	.name = "device_pools",
	.summary = "pools of DMA buffers that drivers make for their devices",
	.paths = { PATH },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "'ktally explain unattributed' does not show what devices may hold for DMA",
	.gives = "a mounted /sys",
	.parse = parse,
};
