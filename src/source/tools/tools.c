// SPDX-License-Identifier: GPL-2.0-or-later
//
// Output of tools, which was found in a text: src/recognise/ puts each into a file of its own. The
// kernel's own files rank before it.

#include "source/tools/tool.h"

#include "base/human.h"
#include "base/tool_files.h"
#include "source/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB	   (1ll << 20)
#define CACHES_MAX 65536u

#define SOS_FREE     "sos_commands/memory/free_-m"
#define SOS_NUMASTAT "sos_commands/numa/numastat_-m"

static const struct tool {
	const char *path, *title;
	struct kt_err *(*read)(struct kt_reading *reading);
} tools[] = {
#define TOOL(id, title) { KT_TOOL_FILE(#id), title, kt_read_##id },
#include "source/tools/readers.def"
#undef TOOL
};

/* Outputs in a sosreport, whose names are the command lines. */
static const struct {
	const char *path, *tool, *options;
} reports[] = {
	{ SOS_FREE, KT_TOOL_FILE("free"), "-m" },
	{ KT_SOS_SLABTOP, KT_TOOL_FILE("slabtop"), "-o" },
	{ SOS_NUMASTAT, KT_TOOL_FILE("numastat"), "-m" },
};

/* ---- what readers put ---- */

struct kt_err *kt_tool_err(const struct kt_reading *reading, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return kt_err_new(KT_ERR_PARSE, "%s: %s", reading->tool, text);
}

struct kt_err *kt_tool_total(struct kt_reading *reading, struct kt_amount total)
{
	struct kt_val known = kt_snapshot_get(reading->snap, KT_MEM_TOTAL, KT_NO_NODE);
	int64_t tolerance = total.error + MIB;
	char mine[24], other[24];

	if (!total.bytes)
		return kt_tool_err(reading, "its total is 0");
	/* nodes have less than the machine, where memory is not initialised yet */
	if (!kt_ok(known) || (known.entry && known.entry->node != KT_NO_NODE))
		return NULL;
	/* memory that was added, and the errors of two rounded totals */
	tolerance += known.value / (known.quality == KT_EXACT ? 256 : 16);
	if (llabs(known.value - total.bytes) <= tolerance)
		return NULL;
	kt_human_bytes(total.bytes, mine);
	kt_human_bytes(known.value, other);
	return kt_tool_err(reading,
		"its total is %s, and MemTotal is %s: it is of another machine and is left out",
		mine, other);
}

void kt_tool_put(struct kt_reading *reading, enum kt_metric metric, int node,
	struct kt_amount amount, const char *field)
{
	struct kt_snapshot *snap = reading->snap;
	struct kt_val known = kt_snapshot_get(snap, metric, node);
	char human[24];

	if (kt_ok(known) && known.entry && known.entry->node == node &&
		(amount.error || known.quality == KT_EXACT))
		return; /* another file has it as well or better */
	if (amount.error) {
		kt_human_bytes(amount.error, human);
		field = kt_arena_printf(&snap->arena, "%s, ± %s", field, human);
	}
	if (amount.error > reading->error_bytes)
		reading->error_bytes = amount.error;
	kt_snapshot_put(snap, (struct kt_entry){ .metric = metric,
				      .node = node,
				      .unit = KT_BYTES,
				      .quality = amount.error ? KT_ESTIMATE : KT_EXACT,
				      .rank = amount.error ? KT_RANK_ROUNDED : KT_RANK_TOOL,
				      .raw = amount.bytes,
				      .path = reading->tool,
				      .field = field });
}

void kt_tool_sum(struct kt_reading *reading, struct kt_amount sum, const char *field, bool buffers)
{
	static const enum kt_metric parts[] = { KT_CACHED, KT_FILE_PAGES, KT_SLAB_R, KT_BUFFERS };
	char human[24];
	const char *why;

	kt_human_bytes(sum.bytes, human);
	why = kt_arena_printf(&reading->snap->arena,
		"%s has only the sum of page cache%s and reclaimable slab (%s): %s", reading->tool,
		buffers ? ", buffers" : "", field, human);
	for (size_t i = 0; i < KT_LEN(parts) - !buffers; i++)
		kt_snapshot_lack(reading->snap, parts[i], KT_NO_NODE, KT_ABSENT, why);
}

/* ---- lists of slab caches ---- */

#define SLAB_MIN     4096
#define SLAB_MAX     (1ll << 31)
#define OBJECT_MAX   (1ll << 31)
#define PER_SLAB_MAX (1ll << 20)

/*
 * SLUB puts as many objects into a slab as fit. SLAB keeps up to 4 bytes for each object in it, and
 * leaves at most an eighth.
 */
static bool fills(int64_t low, int64_t high, int64_t per_slab, int64_t slab_bytes)
{
	return low * per_slab <= slab_bytes &&
	       (high * (per_slab + 1) > slab_bytes || (high + 4) * per_slab >= slab_bytes / 8 * 7);
}

bool kt_tool_fills(int64_t low, int64_t high, int64_t per_slab, int64_t slab_bytes)
{
	if (high > OBJECT_MAX || per_slab <= 0 || per_slab > PER_SLAB_MAX)
		return false;
	if (kt_known(slab_bytes))
		return fills(low, high, per_slab, slab_bytes);
	for (int64_t bytes = SLAB_MIN; bytes <= SLAB_MAX; bytes *= 2) {
		if (fills(low, high, per_slab, bytes))
			return true;
	}
	return false;
}

void kt_tool_cache(struct kt_reading *reading, struct kt_tool_caches *caches, struct kt_span name,
	struct kt_cache cache, bool ok)
{
	struct kt_snapshot *snap = reading->snap;
	int64_t bytes = 0;
	struct kt_cache *slot;

	if (cache.slab_bytes >= 0 && cache.nr_slabs >= 0)
		ok = ok && !__builtin_mul_overflow(cache.slab_bytes, cache.nr_slabs, &bytes) &&
		     bytes <= KT_AMOUNT_MAX - caches->bytes;
	if (!ok || snap->caches.count >= CACHES_MAX) {
		caches->nr_bad++;
		return;
	}
	if (kt_known(snap->host.page_bytes) && cache.slab_bytes >= snap->host.page_bytes)
		cache.pages_per_slab = cache.slab_bytes / snap->host.page_bytes;
	caches->bytes += bytes;
	slot = kt_list_push(&snap->arena, &snap->caches);
	if (!slot)
		return;
	*slot = cache;
	slot->name = kt_arena_name(&snap->arena, name);
}

/* Where no file has the counters of slab, the listed caches are at least a part of it. */
static void put_least(struct kt_reading *reading)
{
	static const enum kt_metric counters[] = { KT_SLAB, KT_SLAB_R, KT_SLAB_U };
	const struct kt_snapshot *snap = reading->snap;
	int64_t sum = 0, page = kt_known_of(snap->host.page_bytes, SLAB_MIN);

	for (size_t i = 0; i < KT_LEN(counters); i++) {
		if (kt_ok(kt_snapshot_get(snap, counters[i], KT_NO_NODE)))
			return;
	}
	for (size_t i = 0; i < snap->caches.count; i++) {
		int64_t least = kt_cache_least_bytes(&snap->caches.items[i], page);

		if (least < 0 || __builtin_add_overflow(sum, least, &sum) || sum > KT_AMOUNT_MAX)
			return;
	}
	kt_snapshot_put(reading->snap, (struct kt_entry){ .metric = KT_SLAB,
					       .node = KT_NO_NODE,
					       .unit = KT_BYTES,
					       .quality = KT_LOWER_BOUND,
					       .rank = KT_RANK_ROUNDED,
					       .raw = sum,
					       .path = reading->tool,
					       .field = "objects of the listed caches" });
}

struct kt_err *kt_tool_caches_end(
	struct kt_reading *reading, struct kt_tool_caches *caches, bool whole)
{
	struct kt_snapshot *snap = reading->snap;

	if (!snap->caches.count)
		return kt_tool_err(reading, "none of its lines is whole: it is cut or damaged");
	if (caches->nr_bad)
		kt_snapshot_note(snap,
			"%s: %lld lines contradict themselves, because they are cut or damaged, "
			"and are left out",
			reading->tool, (long long)caches->nr_bad);
	put_least(reading);
	if (!whole || caches->nr_bad) {
		snap->caches_partial = true;
		return NULL;
	}
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_SLABINFO,
				      .node = KT_NO_NODE,
				      .unit = KT_BYTES,
				      .quality = KT_UPPER_BOUND,
				      .rank = KT_RANK_TOOL,
				      .raw = caches->bytes,
				      .path = reading->tool,
				      .field = "all caches" });
	return NULL;
}

/* ---- the source ---- */

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_reading reading = { .snap = snap, .text = kt_text_span(text) };
	const char *path = text->path;
	struct kt_err *err = NULL;
	char human[24];

	for (size_t i = 0; i < KT_LEN(reports); i++) {
		if (strcmp(text->path, reports[i].path) != 0)
			continue;
		path = reports[i].tool;
		reading.options = reports[i].options;
	}
	reading.cut = !kt_span_ends(reading.text, "\n");
	for (size_t i = 0; i < KT_LEN(tools); i++) {
		if (strcmp(path, tools[i].path) != 0)
			continue;
		reading.tool = tools[i].title;
		err = tools[i].read(&reading);
	}
	if (err || !reading.error_bytes)
		return err;
	kt_human_bytes(reading.error_bytes, human);
	kt_snapshot_note(snap, "%s prints rounded numbers: each may be off by up to %s",
		reading.tool, human);
	return NULL;
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	(void)want;
	return !snap->host.live;
}

const struct kt_source kt_source_tools = {
	.name = "tools",
	.summary = "output of free, slabtop and other tools, found in a text",
	.paths = {
#define TOOL(id, title) KT_TOOL_FILE(#id),
#include "source/tools/readers.def"
#undef TOOL
		SOS_FREE, KT_SOS_SLABTOP, SOS_NUMASTAT },
	.cost = KT_COST_CHEAP,
	.lack = "nothing, where files of /proc exist",
	.gives = "a text given with -s",
	.unwanted = "the running machine has the kernel's own files",
	.wanted = wanted,
	.parse = parse,
};
