// SPDX-License-Identifier: GPL-2.0-or-later
//
// Distinguishes the kernel's lists by the form of their lines: mm/vmstat.c, mm/slab_common.c,
// mm/vmalloc.c, kernel/module/procfs.c, drivers/base/node.c.

#include "recognise/form.h"
#include "recognise/plain.h"

#include "base/attr.h"
#include "base/kernel_files.h"
#include "base/tool_files.h"

#include <string.h>

#define KEYS_MAX 768u /* keys of a run, so that its slots never fill up */

/* Bits of kt_form_run.seen, for all forms of this file. */
enum { HEADER = 1, TYPES = 2, FREE_PAGES = 4, OLD = 8, CURRENT = 16, OTHER = 32 };

/* ---- runs ---- */

void kt_form_begin(struct kt_form_run *run, struct kt_buf *text)
{
	run->nr_lines = run->nr_data = run->nr_marks = run->section = 0;
	run->seen = run->mends = 0;
	run->node = -1;
	run->nr_with_unit = run->nr_without_unit = run->carry_size = 0;
	run->last_length = run->longest = 0;
	run->open_end = false;
	run->text = text;
	run->nr_keys = 0;
	if (!++run->number) { /* after 4,294,967,295 runs the slots would look used */
		memset(run->slots, 0, sizeof(run->slots));
		run->number = 1;
	}
}

/* The slot of a key, or the free slot where it belongs. */
static size_t slot_of(const struct kt_form_run *run, uint64_t hash)
{
	size_t at = hash % KT_FORM_KEYS;

	while (run->slots[at].run == run->number && run->slots[at].hash != hash)
		at = (at + 1) % KT_FORM_KEYS;
	return at;
}

bool kt_form_has_key(const struct kt_form_run *run, uint64_t hash)
{
	return run->slots[slot_of(run, hash)].run == run->number;
}

bool kt_form_key(struct kt_form_run *run, uint64_t hash)
{
	size_t at = slot_of(run, hash);

	if (run->nr_keys >= KEYS_MAX || run->slots[at].run == run->number)
		return false;
	run->slots[at].hash = hash;
	run->slots[at].run = run->number;
	run->nr_keys++;
	return true;
}

void kt_form_write(struct kt_form_run *run, struct kt_span line)
{
	kt_buf_add(run->text, line.p, line.n);
	kt_buf_puts(run->text, "\n");
}

enum kt_form_step kt_form_put(struct kt_form_run *run, struct kt_span line)
{
	kt_form_write(run, line);
	run->nr_data++;
	return KT_STEP_LINE;
}

enum kt_form_step kt_form_put_head(struct kt_form_run *run, struct kt_span line)
{
	kt_form_write(run, line);
	return KT_STEP_HEAD;
}

enum kt_form_step kt_form_append(struct kt_form_run *run, struct kt_span line)
{
	if (!run->text->size)
		return KT_STEP_FOREIGN;
	run->text->size--; /* the newline */
	kt_buf_puts(run->text, " ");
	kt_form_write(run, line);
	run->mends |= KT_MEND_WRAP;
	return KT_STEP_LINE;
}

enum kt_form_step kt_form_keep(struct kt_form_run *run, struct kt_span line)
{
	run->carry_size = 0;
	if (line.n > sizeof(run->carry))
		return KT_STEP_FOREIGN;
	memcpy(run->carry, line.p, line.n);
	run->carry_size = line.n;
	return KT_STEP_PART;
}

static uint64_t hash_of(uint64_t start, struct kt_span text)
{
	return kt_span_hash(start ? start : KT_HASH_START, text);
}

bool kt_form_is_in(struct kt_span word, const char *const list[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (kt_span_eq(word, list[i]))
			return true;
	}
	return false;
}

bool kt_form_starts(struct kt_span line, const char *const list[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (kt_span_starts(line, list[i]))
			return true;
	}
	return false;
}

/* Takes decimal numbers off the front; returns how many. */
static size_t take_numbers(struct kt_span *rest)
{
	struct kt_span word, ahead = *rest;
	size_t count = 0;
	uint64_t number;

	while (kt_span_word(&ahead, &word) && kt_span_u64(word, &number)) {
		*rest = ahead;
		count++;
	}
	return count;
}

/* "name 123" and nothing else. */
static bool is_counter(struct kt_span line, struct kt_span *ret_name)
{
	struct kt_span word;
	uint64_t number;

	if (!line.n || (unsigned char)(line.p[0] - 'a') >= 26 || !kt_span_word(&line, ret_name) ||
		!kt_span_word(&line, &word) || !kt_span_u64(word, &number))
		return false;
	for (size_t i = 0; i < ret_name->n; i++) {
		char c = ret_name->p[i];

		if ((unsigned char)(c - 'a') >= 26 && (unsigned char)(c - '0') >= 10 && c != '_')
			return false;
	}
	return !kt_span_word(&line, &word);
}

/* ---- vmstat and memory.stat ---- */

static const char *const vmstat_names[] = { "nr_", "pgpg", "pswp", "pgalloc_", "pgfree", "pgsteal",
	"pgscan", "pgskip", "pgrefill", "pgfault", "pgmajfault", "pgactivate", "pgdeactivate",
	"pglazyfree", "pgmigrate_", "pginodesteal", "pgrotated", "allocstall", "compact_", "thp_",
	"numa_", "workingset_", "kswapd_", "slabs_scanned", "unevictable_pgs_", "htlb_buddy_",
	"oom_kill", "drop_", "balloon_", "swap_ra", "pageoutrun", "zone_reclaim_", "zswp",
	"direct_map_", "cma_alloc_" };
static const char *const vmstat_marks[] = { "nr_", "pgalloc_", "allocstall", "compact_",
	"pgsteal_kswapd_", "pageoutrun" };

static enum kt_form_step step_vmstat(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span name;

	if (!is_counter(line, &name) ||
		(!run->nr_lines && !kt_form_starts(name, vmstat_names, KT_LEN(vmstat_names))))
		return KT_STEP_FOREIGN;
	if (!kt_form_key(run, hash_of(0, name)))
		return KT_STEP_AGAIN;
	run->nr_marks += kt_form_starts(name, vmstat_marks, KT_LEN(vmstat_marks));
	if (kt_span_eq(name, "nr_free_pages"))
		run->seen |= FREE_PAGES;
	return kt_form_put(run, line);
}

static bool end_vmstat(struct kt_form_run *run)
{
	return run->nr_marks &&
	       (run->nr_data >= 3 || (run->nr_data == 2 && run->seen & FREE_PAGES));
}

static bool whole_vmstat(const struct kt_form_run *run)
{
	return run->seen & FREE_PAGES;
}

static enum kt_form_step step_cgroup(struct kt_form_run *run, struct kt_span line)
{
	static const char *const first[] = { "anon", "cache" };
	static const char *const marks[] = { "file_mapped", "mapped_file", "inactive_anon",
		"total_rss", "hierarchical_memory_limit" };
	struct kt_span name;
	bool starts = false;

	if (!is_counter(line, &name))
		return KT_STEP_FOREIGN;
	for (size_t i = 0; i < KT_LEN(first); i++)
		starts |= kt_span_eq(name, first[i]);
	if (!run->nr_lines && !starts)
		return KT_STEP_FOREIGN;
	if (!kt_form_key(run, hash_of(0, name)))
		return KT_STEP_AGAIN;
	run->nr_marks += kt_form_starts(name, marks, KT_LEN(marks));
	return kt_form_put(run, line);
}

static bool end_cgroup(struct kt_form_run *run)
{
	return run->nr_data >= 5 && run->nr_marks;
}

/* ---- zones ---- */

/* "Node 0, zone   Normal"; what follows stays in `line`. */
static bool take_zone(struct kt_span *line, uint64_t *ret_hash)
{
	struct kt_span word;
	uint64_t node;

	if (!kt_span_skip(line, "Node "))
		return false;
	while (kt_span_skip(line, " "))
		;
	if (!kt_span_take_u64(line, &node) || !kt_span_skip(line, ",") ||
		!kt_span_word(line, &word) || !kt_span_eq(word, "zone") ||
		!kt_span_word(line, &word))
		return false;
	if (kt_span_ends(word, ","))
		word.n--;
	*ret_hash = hash_of(node + 1, word);
	return true;
}

static bool is_zone_line(struct kt_span line)
{
	static const char *const heads[] = { "per-node stats", "pages free", "pagesets",
		"protection: (", "vm stats threshold", "cpu:", "page zero" };
	struct kt_span name, word;
	uint64_t number;

	if (kt_form_starts(line, heads, KT_LEN(heads)))
		return true;
	if (!line.n || (unsigned char)(line.p[0] - 'a') >= 26 || !kt_span_word(&line, &name) ||
		!kt_span_word(&line, &word))
		return false;
	if (kt_span_eq(name, "scanned") && !kt_span_u64(word, &number))
		return true; /* "scanned  0 (a: 3 i: 5)" and the like */
	return kt_span_u64(word, &number);
}

static enum kt_form_step step_zoneinfo(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, word;
	uint64_t zone;

	if (take_zone(&rest, &zone)) {
		if (kt_span_word(&rest, &word))
			return KT_STEP_FOREIGN;
		if (!kt_form_key(run, zone))
			return KT_STEP_AGAIN;
		kt_form_write(run, line);
		return KT_STEP_LINE;
	}
	if (!run->nr_lines || !is_zone_line(line))
		return KT_STEP_FOREIGN;
	if (kt_span_starts(line, "managed") || kt_span_starts(line, "present"))
		run->nr_marks++;
	run->seen |= kt_span_starts(line, "pages free") ? FREE_PAGES : 0;
	run->seen |= kt_span_starts(line, "per-node stats") ? CURRENT : 0;
	return kt_form_put(run, line);
}

static bool whole_zoneinfo(const struct kt_form_run *run)
{
	return run->nr_marks && (run->seen & FREE_PAGES);
}

/* A cut file is one too: its parser says what is missing. */
static bool end_zoneinfo(struct kt_form_run *run)
{
	return whole_zoneinfo(run) || run->seen & CURRENT;
}

/*
 * The table of pageblocks of pagetypeinfo has the same form with six numbers, so seven are wanted:
 * no kernel has less orders.
 */
#define ORDERS_MIN   7u
#define ORDERS_USUAL 11u /* 0 to MAX_PAGE_ORDER */

/* Numbers that a mailer put on a line of their own belong to the zone before them. */
static enum kt_form_step add_numbers(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, word;

	if (!run->nr_data || !take_numbers(&rest) || kt_span_word(&rest, &word))
		return KT_STEP_FOREIGN;
	return kt_form_append(run, line);
}

static enum kt_form_step step_buddyinfo(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, word;
	uint64_t zone;

	if (!take_zone(&rest, &zone))
		return add_numbers(run, line);
	if (take_numbers(&rest) < ORDERS_MIN || kt_span_word(&rest, &word))
		return KT_STEP_FOREIGN;
	return kt_form_key(run, zone) ? kt_form_put(run, line) : KT_STEP_AGAIN;
}

static enum kt_form_step step_types(struct kt_form_run *run, struct kt_span line)
{
	static const char *const heads[] = {
		"Page block order: ", "Pages per block: ", "Free pages count per migrate type"
	};
	struct kt_span rest = line, word;
	uint64_t zone;

	/* each node has these headings again, so that only a zone that comes twice ends the file */
	if (kt_form_starts(line, heads, KT_LEN(heads)))
		return kt_form_put_head(run, line);
	if (run->nr_lines && kt_span_starts(line, "Number of ")) {
		run->seen |= TYPES;
		return kt_form_put_head(run, line);
	}
	if (!take_zone(&rest, &zone))
		return add_numbers(run, line);
	if (kt_span_word(&rest, &word) && kt_span_eq(word, "type") && kt_span_word(&rest, &word))
		return kt_form_key(run, hash_of(zone, word)) ? kt_form_put(run, line)
							     : KT_STEP_AGAIN;
	return (run->seen & TYPES) ? kt_form_put(run, line) : KT_STEP_FOREIGN;
}

static bool end_data(struct kt_form_run *run)
{
	return run->nr_data > 0;
}

/* Numbers at the end of a line with a zone: blocks of each order. */
static size_t count_orders(struct kt_span line)
{
	struct kt_span word;
	uint64_t number;
	size_t count = 0;

	while (kt_span_word(&line, &word)) {
		if (kt_span_starts(word, ">"))
			word = kt_span_from(word, 1);
		count = kt_span_u64(word, &number) ? count + 1 : 0;
	}
	return count;
}

/*
 * A line that was broken inside a number has one number more than others. Which lines those are
 * cannot be seen where all were broken there, so broken lines count only with the usual orders.
 */
static bool end_zones(struct kt_form_run *run)
{
	struct kt_span rest = { run->text->data, run->text->size }, line, zone;
	uint64_t hash;
	bool types = false;

	if (!run->nr_data || !(run->mends & KT_MEND_WRAP))
		return run->nr_data > 0;
	while (kt_span_line(&rest, &line)) {
		zone = line;
		types |= kt_span_starts(line, "Number of ");
		if (!types && take_zone(&zone, &hash) && count_orders(line) != ORDERS_USUAL)
			return false;
	}
	return true;
}

/* ---- slabinfo ---- */

/* "name n n n n n : tunables n n n : slabdata n n n", with statistics of SLAB after it. */
static bool is_cache(struct kt_span line)
{
	size_t tunables = kt_span_find(line, ": tunables ");
	struct kt_span name, numbers, rest;

	if (tunables == line.n || tunables < 12)
		return false;
	numbers = (struct kt_span){ line.p, tunables };
	if (!kt_span_word(&numbers, &name))
		return false;
	rest = kt_span_from(line, tunables);
	rest = kt_span_from(rest, kt_span_find(rest, ": slabdata "));
	return kt_span_skip(&rest, ": slabdata ") && take_numbers(&rest) >= 3;
}

/* The start of such a line: a name, at least two numbers, and only what may follow. */
static bool is_cache_start(struct kt_span line)
{
	struct kt_span word;
	uint64_t number;

	if (!kt_span_word(&line, &word) || kt_span_u64(word, &number) || take_numbers(&line) < 2)
		return false;
	while (kt_span_word(&line, &word)) {
		if (!kt_span_eq(word, ":") && !kt_span_eq(word, "tunables") &&
			!kt_span_eq(word, "slabdata") && !kt_span_u64(word, &number))
			return false;
	}
	return true;
}

/* A line that a mailer broke: the start waits in `carry` for its rest. */
static enum kt_form_step join_cache(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span both;

	if (!run->carry_size || run->carry_size + line.n + 1 > sizeof(run->carry)) {
		run->carry_size = 0;
		return KT_STEP_FOREIGN;
	}
	run->carry[run->carry_size] = ' ';
	memcpy(run->carry + run->carry_size + 1, line.p, line.n);
	both = (struct kt_span){ run->carry, run->carry_size + 1 + line.n };
	if (!is_cache(both)) {
		run->carry_size = is_cache_start(both) ? both.n : 0;
		return run->carry_size ? KT_STEP_PART : KT_STEP_FOREIGN;
	}
	run->carry_size = 0;
	run->mends |= KT_MEND_WRAP;
	return kt_form_put(run, both);
}

static bool is_old_cache(struct kt_span line)
{
	struct kt_span name;
	uint64_t number;

	return kt_span_word(&line, &name) && !kt_span_u64(name, &number) &&
	       take_numbers(&line) >= 2;
}

static enum kt_form_step step_slabinfo(struct kt_form_run *run, struct kt_span line)
{
	bool version = kt_span_starts(line, "slabinfo - version: ");
	enum kt_form_step step;

	if (version || kt_span_starts(line, "# name            <active_objs>") ||
		(kt_span_starts(line, "# name") && kt_span_find(line, "<active_objs>") < line.n) ||
		(kt_span_eq(line, "# name") && (run->seen & CURRENT))) {
		if (run->nr_data || (version && (run->seen & HEADER)))
			return KT_STEP_AGAIN;
		run->seen |= (version ? CURRENT : 0) | HEADER |
			     (kt_span_starts(line, "slabinfo - version: 1.") ? OLD : 0);
		return kt_form_put_head(run, line);
	}
	if (is_cache(line)) {
		run->carry_size = 0;
		return kt_form_put(run, line);
	}
	step = join_cache(run, line);
	if (step != KT_STEP_FOREIGN)
		return step;
	if ((run->seen & OLD) && is_old_cache(line))
		return kt_form_put(run, line);
	return is_cache_start(line) ? kt_form_keep(run, line) : KT_STEP_FOREIGN;
}

static bool whole_slabinfo(const struct kt_form_run *run)
{
	return run->nr_data > 0;
}

static bool end_slabinfo(struct kt_form_run *run)
{
	return run->nr_data > 0 || run->seen & CURRENT;
}

/* ---- other lists ---- */

/* The end of a line that a mailer broke: the caller, or what follows it. */
static bool is_area_rest(struct kt_span line)
{
	static const char *const words[] = { "pages=", "phys=", "vmalloc", "ioremap", "vmap",
		"vpages", "user", "dma-coherent", "unpurged", "sparse", "N0=", "N1=" };
	struct kt_span word;

	if (kt_form_starts(line, words, KT_LEN(words)))
		return true;
	return kt_span_word(&line, &word) && kt_span_find(word, "+0x") < word.n &&
	       kt_span_find(word, "/0x") < word.n;
}

/* "0xffffa0000000-0xffffa0002000    8192 caller+0x1/0x2 pages=1 vmalloc" */
static enum kt_form_step step_vmalloc(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, from, range, size;
	uint64_t number;

	if (run->nr_lines && is_area_rest(line))
		return kt_form_append(run, line);
	if (!kt_span_starts(line, "0x") || !kt_span_word(&rest, &range) ||
		!kt_span_until(&range, '-', &from) || !kt_span_hex(from, &number) ||
		!kt_span_starts(range, "0x") || !kt_span_hex(range, &number) ||
		!kt_span_word(&rest, &size) || !kt_span_u64(size, &number))
		return KT_STEP_FOREIGN;
	return kt_form_put(run, line);
}

/* "name 12345 0 - Live 0xffffffffc0000000" */
static enum kt_form_step step_modules(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, name, word;
	uint64_t number;

	if (!kt_span_word(&rest, &name) || !kt_span_word(&rest, &word) ||
		!kt_span_u64(word, &number) || !kt_span_word(&rest, &word) ||
		(!kt_span_u64(word, &number) && !kt_span_eq(word, "-")) ||
		!kt_span_word(&rest, &word) || !kt_span_word(&rest, &word) ||
		(!kt_span_eq(word, "Live") && !kt_span_eq(word, "Loading") &&
			!kt_span_eq(word, "Unloading")) ||
		!kt_span_word(&rest, &word) || !kt_span_starts(word, "0x"))
		return KT_STEP_FOREIGN;
	return kt_form_put(run, line);
}

/* "Node 0 MemTotal:       32759756 kB" */
static enum kt_form_step step_node(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, name, word;
	uint64_t node, number;

	if (!kt_span_skip(&rest, "Node ") || !kt_span_take_u64(&rest, &node) || node > 1023 ||
		!kt_span_starts(rest, " ") || !kt_span_word(&rest, &name) ||
		!kt_span_ends(name, ":") || !kt_span_word(&rest, &word) ||
		!kt_span_u64(word, &number) ||
		(kt_span_word(&rest, &word) && !kt_span_eq(word, "kB")) ||
		kt_span_word(&rest, &word))
		return KT_STEP_FOREIGN;
	if ((run->nr_lines && run->node != (int)node) || !kt_form_key(run, hash_of(0, name)))
		return KT_STEP_AGAIN;
	run->node = (int)node;
	run->nr_marks += kt_span_eq(name, "MemTotal:") || kt_span_eq(name, "MemFree:");
	return kt_form_put(run, line);
}

static bool end_node(struct kt_form_run *run)
{
	return run->nr_data >= 2 && run->nr_marks;
}

static const char *node_path(const struct kt_form_run *run, struct kt_arena *arena)
{
	return kt_arena_printf(arena, "sys/devices/system/node/node%d/meminfo", run->node);
}

/* ---- all ---- */

/* In the order in which they are asked: the narrow forms first. */
const struct kt_form kt_forms[] = {
#define FORM(id, name, end, first) { name, KT_TOOL_FILE(#id), kt_form_##id, end, NULL, 3, first },
	KT_TOOL_FORMS(FORM)
#undef FORM
		{ "pagetypeinfo", "proc/pagetypeinfo", step_types, end_zones, NULL, 2, "NPF" },
	{ "buddyinfo", "proc/buddyinfo", step_buddyinfo, end_zones, NULL, 2, "N" },
	{ "zoneinfo", KT_FILE_ZONEINFO, step_zoneinfo, end_zoneinfo, whole_zoneinfo, 2, "N" },
	{ "node meminfo", NULL, step_node, end_node, NULL, 2, "N", node_path },
	{ "vmallocinfo", "proc/vmallocinfo", step_vmalloc, end_data, NULL, 2, "0" },
	{ "meminfo", KT_FILE_MEMINFO, kt_form_meminfo, kt_form_meminfo_end, kt_form_meminfo_whole,
		3, "ABCDFGHIKLMNPSUVWZ" },
	{ "memory.stat", NULL, step_cgroup, end_cgroup, NULL, 2, "ac" },
	{ "vmstat", KT_FILE_VMSTAT, step_vmstat, end_vmstat, whole_vmstat, 2, "abcdhknopstuwz" },
	{ "allocinfo", "proc/allocinfo", kt_form_allocinfo, end_data, NULL, 2, "a-0123456789" },
	{ "slab traces", "sys/kernel/debug/slab/(unnamed)/alloc_traces", kt_form_slab_traces,
		end_data, NULL, 2, NULL, kt_form_slab_traces_path },
	{ "page_owner", "sys/kernel/debug/page_owner", kt_form_page_owner, kt_form_page_owner_end,
		NULL, 2, "P0123456789", NULL, true },
	{ "kmemleak", "sys/kernel/debug/kmemleak", kt_form_kmemleak, kt_form_marked_end, NULL, 2,
		"ku" },
	{ "percpu_stats", "sys/kernel/debug/percpu_stats", kt_form_percpu, kt_form_percpu_end, NULL,
		2, "Pu" },
	{ "sockstat", "proc/net/sockstat", kt_form_sockets, kt_form_sockets_end, NULL, 2, "s" },
	{ "sockstat6", "proc/net/sockstat6", kt_form_sockets6, kt_form_sockets_end, NULL, 2, "T" },
	{ "iomem", KT_FILE_IOMEM, kt_form_iomem, kt_form_iomem_end, NULL, 2, "0123456789abcdef" },
	{ "status", NULL, kt_form_status, kt_form_status_end, NULL, 0, "N", kt_form_status_path },
	{ "modules", KT_FILE_MODULES, step_modules, end_data, NULL, 2, NULL },
	{ "slabinfo", KT_FILE_SLABINFO, step_slabinfo, end_slabinfo, whole_slabinfo, 2, NULL },
	/* last: it may begin with lines of any stack */
	{ "page_owner_stacks", "sys/kernel/debug/page_owner_stacks/show_stacks",
		kt_form_page_stacks, kt_form_marked_end, NULL, 1, NULL },
};
const size_t kt_nr_forms = KT_LEN(kt_forms);
