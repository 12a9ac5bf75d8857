// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/vmallocinfo: every vmalloc area with its caller. The account takes two sums from
// it: pages of all areas that vmalloc itself filled, which checks VmallocUsed (some
// kernels, seen from 6.2 to 6.9, subtract pages on vfree that were never added), and
// pages of task stacks, which tells whether KernelStack is contained in it.
//
// "0xSTART-0xEND SIZE [CALLER+0x1/0x2 [[MODULE]]] [pages=N] [phys=ADDRESS] WORD... [N0=N]..."
// Addresses are hashed on most kernels and "(____ptrval____)" on some; they are not needed.
// Areas without an owner are "SIZE vm_map_ram" and "SIZE unpurged vm_area".

#include "source/source.h"

#include <string.h>

#define GROUPS_MAX 16384u /* places in code that are told apart; the others are one */
#define SLOTS_MIN  1024u
#define PAGES_MAX  (1ull << 40)
#define NODE_MAX   1024u
#define NODES_MAX  64u /* of one group */

/* The functions that allocate a task's stack; which one shows depends on inlining. */
static const char *const stack_callers[] = { "alloc_thread_stack_node", "dup_task_struct",
	"copy_process", "kernel_clone", "_do_fork", "fork_idle", "do_fork", "create_io_thread",
	"kernel_thread", "user_mode_thread" };

static bool is_stack_caller(struct kt_span caller)
{
	struct kt_span name = caller;
	size_t plus = kt_span_find(caller, "+");

	name.n = plus;
	if (kt_span_find(name, ".") < name.n)
		name.n = kt_span_find(name, ".");
	for (size_t i = 0; i < KT_LEN(stack_callers); i++) {
		if (kt_span_eq(name, stack_callers[i]))
			return true;
	}
	return false;
}

/* ---- one line ---- */

struct line {
	struct kt_span caller, module; /* empty: none */
	enum kt_area_kind kind;
	bool has_pages;
	uint64_t size_bytes, nr_pages, nr_areas;
	struct kt_span nodes; /* the words from the first "N0=…" on */
};

static bool is_node_word(struct kt_span word)
{
	return kt_span_starts(word, "N") && word.n > 1 && word.p[1] >= '0' && word.p[1] <= '9' &&
	       kt_span_find(word, "=") < word.n;
}

/* The words behind the caller. The first of several kinds counts; vmalloc before all. */
static bool take_kind(struct kt_span word, struct line *line)
{
	static const struct {
		const char *word;
		enum kt_area_kind kind;
	} kinds[] = { { "ioremap", KT_AREA_IOREMAP }, { "sparse", KT_AREA_SPARSE },
		{ "vmalloc", KT_AREA_VMALLOC }, { "vmap", KT_AREA_VMAP },
		{ "dma-coherent", KT_AREA_DMA }, { "user", KT_AREA_OTHER },
		{ "vpages", KT_AREA_OTHER } };

	for (size_t i = 0; i < KT_LEN(kinds); i++) {
		if (!kt_span_eq(word, kinds[i].word))
			continue;
		if (line->kind == KT_AREA_OTHER || kinds[i].kind == KT_AREA_VMALLOC)
			line->kind = kinds[i].kind;
		return true;
	}
	return false;
}

/* A symbol always has its offset ("vmap+0x10/0x90"), so that no caller looks like a word. */
static bool take_word(struct kt_span word, struct line *line)
{
	if (kt_span_skip(&word, "pages=")) {
		line->has_pages = kt_span_u64(word, &line->nr_pages);
		return true;
	}
	if (kt_span_skip(&word, "areas=")) /* condensed: see condense() */
		return kt_span_u64(word, &line->nr_areas);
	return kt_span_starts(word, "phys=") || take_kind(word, line);
}

static void take_words(struct kt_span rest, struct line *line)
{
	struct kt_span word, before = rest;

	for (; kt_span_word(&rest, &word); before = rest) {
		if (is_node_word(word)) {
			line->nodes = before;
			return;
		}
		take_word(word, line);
	}
}

static bool parse_line(struct kt_span text, struct line *ret_line)
{
	struct kt_span word, rest = text, before;

	*ret_line = (struct line){ .kind = KT_AREA_OTHER, .nr_areas = 1 };
	if (!kt_span_starts(text, "0x") || !kt_span_word(&rest, &word) ||
		!kt_span_word(&rest, &word) || !kt_span_u64(word, &ret_line->size_bytes) ||
		ret_line->size_bytes > (uint64_t)KT_AMOUNT_MAX)
		return false;
	before = rest;
	if (!kt_span_word(&rest, &word))
		return true;
	if (kt_span_eq(word, "vm_map_ram") || kt_span_eq(word, "unpurged")) {
		ret_line->kind = kt_span_eq(word, "unpurged") ? KT_AREA_UNPURGED : KT_AREA_MAP_RAM;
		take_words(rest, ret_line);
	} else if (is_node_word(word) || take_word(word, ret_line))
		take_words(before, ret_line);
	else {
		ret_line->caller = word;
		before = rest;
		if (kt_span_word(&rest, &word) && kt_span_skip(&word, "[") &&
			kt_span_ends(word, "]") && word.n > 1)
			ret_line->module = (struct kt_span){ word.p, word.n - 1 };
		else
			rest = before;
		take_words(rest, ret_line);
	}
	if (ret_line->kind == KT_AREA_VMALLOC && !ret_line->has_pages &&
		kt_span_starts(ret_line->caller, "pcpu_"))
		ret_line->kind = KT_AREA_PERCPU;
	return ret_line->nr_pages <= PAGES_MAX && ret_line->nr_areas <= PAGES_MAX;
}

/* ---- groups ---- */

/* The spans point into the text, which outlives the parsing. */
struct slot {
	uint64_t hash;
	struct kt_span caller, module;
	size_t area; /* index plus one; 0: free */
};

/* An open hash table; its size is a power of two, at most half of it is used. */
struct parser {
	struct kt_snapshot *snap;
	struct slot *slots;
	size_t room, count;
	int64_t nr_areas, nr_pages, nr_stack_pages;
	int64_t node_pages[NODE_MAX + 1]; /* -1: the node was not seen */
};

static void add_amount(int64_t *sum, uint64_t more)
{
	if (*sum < 0 || more > INT64_MAX || __builtin_add_overflow(*sum, (int64_t)more, sum))
		*sum = -1;
}

static bool same_span(struct kt_span a, struct kt_span b)
{
	return a.n == b.n && (!a.n || memcmp(a.p, b.p, a.n) == 0);
}

static struct slot *slot_of(const struct parser *parser, uint64_t hash, const struct line *line)
{
	const struct kt_area *areas = parser->snap->areas.items;
	size_t at = hash & (parser->room - 1);

	for (; parser->slots[at].area; at = (at + 1) & (parser->room - 1)) {
		const struct slot *slot = &parser->slots[at];

		if (slot->hash == hash && areas[slot->area - 1].kind == line->kind &&
			same_span(slot->caller, line->caller) &&
			same_span(slot->module, line->module))
			break;
	}
	return &parser->slots[at];
}

static bool make_room(struct parser *parser)
{
	struct slot *old = parser->slots;
	size_t old_room = parser->room;

	if (old_room && parser->count < old_room / 2)
		return true;
	parser->room = old_room ? old_room * 2 : SLOTS_MIN;
	parser->slots = kt_arena_alloc(&parser->snap->arena, parser->room * sizeof(*old));
	if (!parser->slots)
		return false;
	for (size_t i = 0; i < old_room; i++) {
		size_t at = old[i].hash & (parser->room - 1);

		if (!old[i].area)
			continue;
		while (parser->slots[at].area)
			at = (at + 1) & (parser->room - 1);
		parser->slots[at] = old[i];
	}
	return true;
}

static struct slot *find_slot(
	const struct parser *parser, const struct line *line, uint64_t *ret_hash)
{
	*ret_hash =
		kt_span_hash(kt_span_hash(KT_HASH_START + line->kind, line->caller), line->module);
	return slot_of(parser, *ret_hash, line);
}

/* The group of a line, made where it is the first; NULL when out of memory. */
static struct kt_area *group_of(struct parser *parser, struct line *line)
{
	struct kt_snapshot *snap = parser->snap;
	struct slot *slot;
	struct kt_area *area;
	uint64_t hash;

	if (!make_room(parser))
		return NULL;
	slot = find_slot(parser, line, &hash);
	if (!slot->area && parser->count >= GROUPS_MAX) {
		line->caller = KT_SPAN("(other callers)");
		line->module = (struct kt_span){ 0 };
		slot = find_slot(parser, line, &hash);
	}
	if (slot->area)
		return &snap->areas.items[slot->area - 1];
	area = kt_list_push(&snap->arena, &snap->areas);
	if (!area)
		return NULL;
	*area = (struct kt_area){ .kind = line->kind, .nr_pages = -1 };
	if (line->caller.n)
		area->caller = kt_arena_name(&snap->arena, line->caller);
	if (line->module.n)
		area->module = kt_arena_name(&snap->arena, line->module);
	area->is_stack = line->kind == KT_AREA_VMALLOC && is_stack_caller(line->caller);
	*slot = (struct slot){ hash, line->caller, line->module, snap->areas.count };
	parser->count++;
	return area;
}

static void add_node(struct parser *parser, struct kt_area *area, uint64_t node, uint64_t pages)
{
	struct kt_area_node *slot = NULL;

	for (size_t i = 0; i < area->nodes.count && !slot; i++) {
		if (area->nodes.items[i].node == (int)node)
			slot = &area->nodes.items[i];
	}
	if (!slot && area->nodes.count < NODES_MAX) {
		slot = kt_list_push(&parser->snap->arena, &area->nodes);
		if (slot)
			*slot = (struct kt_area_node){ .node = (int)node };
	}
	if (slot)
		add_amount(&slot->nr_pages, pages);
	if (area->kind != KT_AREA_VMALLOC)
		return;
	if (parser->node_pages[node] < 0)
		parser->node_pages[node] = 0;
	add_amount(&parser->node_pages[node], pages);
}

static void add_nodes(struct parser *parser, struct kt_area *area, struct kt_span nodes)
{
	struct kt_span word;
	uint64_t node, pages;

	while (kt_span_word(&nodes, &word)) {
		if (kt_span_skip(&word, "N") && kt_span_take_u64(&word, &node) &&
			node <= NODE_MAX && kt_span_skip(&word, "=") && kt_span_u64(word, &pages) &&
			pages <= PAGES_MAX)
			add_node(parser, area, node, pages);
	}
}

static bool is_stack(const struct line *line, struct kt_span caller, const struct kt_area *area)
{
	if (line->caller.p == caller.p)
		return area->is_stack;
	return line->kind == KT_AREA_VMALLOC && is_stack_caller(caller);
}

static void add_line(struct parser *parser, struct line *line)
{
	const struct kt_span caller = line->caller;
	struct kt_area *area = group_of(parser, line);

	add_amount(&parser->nr_areas, line->nr_areas);
	if (!area)
		return;
	if (line->kind == KT_AREA_VMALLOC)
		add_amount(&parser->nr_pages, line->nr_pages);
	if (is_stack(line, caller, area))
		add_amount(&parser->nr_stack_pages, line->nr_pages);
	add_amount(&area->nr_areas, line->nr_areas);
	add_amount(&area->size_bytes, line->size_bytes);
	if (line->has_pages && area->nr_pages < 0)
		area->nr_pages = 0;
	if (line->has_pages)
		add_amount(&area->nr_pages, line->nr_pages);
	if (line->nodes.n)
		add_nodes(parser, area, line->nodes);
}

/* ---- the account's sums ---- */

static void put_sum(struct kt_snapshot *snap, const struct kt_text *text, enum kt_metric metric,
	int node, int64_t pages, const char *field)
{
	kt_snapshot_put(snap, (struct kt_entry){ .metric = metric,
				      .node = node,
				      .unit = KT_PAGES,
				      .state = pages < 0 ? KT_BAD : KT_OK,
				      .raw = pages,
				      .path = text->path,
				      .field = pages < 0 ? "the sum is too large" : field });
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), one;
	struct parser parser = { .snap = snap };
	struct line line;

	memset(parser.node_pages, 0xff, sizeof(parser.node_pages));
	while (kt_span_line(&rest, &one)) {
		if (parse_line(one, &line))
			add_line(&parser, &line);
	}
	if (!parser.nr_areas)
		return kt_err_new(KT_ERR_PARSE, "%s: holds no area", text->path);
	put_sum(snap, text, KT_VMALLOC_AREAS, KT_NO_NODE, parser.nr_pages,
		"pages= of vmalloc areas");
	put_sum(snap, text, KT_VMALLOC_STACK, KT_NO_NODE, parser.nr_stack_pages,
		"pages= of task stacks");
	for (int node = 0; node <= (int)NODE_MAX && snap->host.nr_nodes > 1; node++) {
		if (parser.node_pages[node] >= 0)
			put_sum(snap, text, KT_VMALLOC_AREAS, node, parser.node_pages[node],
				"pages on the node");
	}
	return NULL;
}

/* One line for all areas of a caller and kind, which parse() reads to the same sums. */
static void put_area(const struct kt_area *area, struct kt_buf *text)
{
	static const char *const words[KT_AREA_KINDS] = { [KT_AREA_VMALLOC] = " vmalloc",
		[KT_AREA_PERCPU] = " vmalloc",
		[KT_AREA_IOREMAP] = " ioremap",
		[KT_AREA_VMAP] = " vmap",
		[KT_AREA_DMA] = " dma-coherent",
		[KT_AREA_SPARSE] = " sparse",
		[KT_AREA_MAP_RAM] = " vm_map_ram",
		[KT_AREA_UNPURGED] = " unpurged vm_area",
		[KT_AREA_OTHER] = "" };

	kt_buf_printf(text, "0x0-0x0 %lld", (long long)area->size_bytes);
	if (area->caller)
		kt_buf_printf(text, " %s", area->caller);
	if (area->module)
		kt_buf_printf(text, " [%s]", area->module);
	if (area->nr_pages >= 0)
		kt_buf_printf(text, " pages=%lld", (long long)area->nr_pages);
	kt_buf_printf(text, "%s areas=%lld", words[area->kind], (long long)area->nr_areas);
	for (size_t i = 0; i < area->nodes.count; i++)
		kt_buf_printf(text, " N%d=%lld", area->nodes.items[i].node,
			(long long)area->nodes.items[i].nr_pages);
	kt_buf_puts(text, "\n");
}

/* Thousands of threads come and go; the callers are always the same few. */
static void condense(const struct kt_text *text, struct kt_buf *ret_text)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();

	if (!snap)
		return;
	kt_err_free(parse(snap, text));
	for (size_t i = 0; i < snap->areas.count; i++)
		put_area(&snap->areas.items[i], ret_text);
}

/* Addresses are not needed; sizes and callers stay. */
static void scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_span rest = kt_text_span(text), line, word;

	while (kt_span_line(&rest, &line)) {
		if (!kt_span_word(&line, &word))
			continue;
		kt_buf_puts(ret_text, "0x0-0x0");
		while (kt_span_word(&line, &word)) {
			if (!kt_span_starts(word, "phys="))
				kt_buf_printf(ret_text, " %.*s", (int)word.n, word.p);
		}
		kt_buf_puts(ret_text, "\n");
	}
}

const struct kt_source kt_source_vmallocinfo = {
	.name = "vmallocinfo",
	.summary = "every vmalloc area with its caller",
	.paths = { "proc/vmallocinfo" },
	.cost = KT_COST_WALK,
	.lack = "VmallocUsed is not checked, and unknown on kernels that print it as 0",
	.gives = "root",
	.provides = { KT_VMALLOC_AREAS, KT_VMALLOC_STACK },
	.nr_provides = 2,
	.parse = parse,
	.scrub = scrub,
	.condense = condense,
};
