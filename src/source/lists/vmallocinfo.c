// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/vmallocinfo: every vmalloc area with its caller. To print it the kernel walks all
// areas under a spinlock (mm/vmalloc.c, s_show() or vmalloc_info_show()): 170 ms with 20,000
// threads, each of which has a stack there. So on the running machine the account reads the file
// only where no other file has what it needs. It needs two sums. The pages of all areas that
// vmalloc itself filled replace a counter that is missing or wrong. The pages of task stacks show
// whether the areas contain KernelStack.
//
// "0xSTART-0xEND SIZE [CALLER+0x1/0x2 [[MODULE]]] [pages=N] [phys=ADDRESS] WORD... [N0=N]..."
// Addresses are hashed on most kernels and "(____ptrval____)" on some; they are not needed. Areas
// without an owner are "SIZE vm_map_ram" and "SIZE unpurged vm_area".

#include "base/kernel_files.h"
#include "source/list_cut.h"
#include "source/source.h"

#include <string.h>

#define GROUPS_MAX     16384u /* callers that are kept separately; all further callers are one */
#define NAME_BYTES_MAX 1024u  /* bytes of a caller or module; the kernel's symbols have 512 */
#define SLOTS_MIN      1024u  /* slots of the first hash table */
#define BYTES_MAX      (1ull << 30) /* bytes of the file: ten million areas */
#define PAGES_MAX      (1ull << 40) /* pages of an area; larger numbers are impossible */
#define NODE_MAX       1024u
#define NODES_MAX      64u /* NUMA nodes of one group */

/* ---- one line ---- */

struct line {
	struct kt_span caller, module; /* empty: none */
	enum kt_area_kind kind;
	bool has_pages, condensed;
	uint64_t size_bytes, nr_pages, nr_areas;
	struct kt_span nodes; /* the words from the first "N0=…" on */
};

static bool is_node_word(struct kt_span word)
{
	return kt_span_starts(word, "N") && word.n > 1 && word.p[1] >= '0' && word.p[1] <= '9' &&
	       kt_span_find(word, "=") < word.n;
}

/*
 * Takes a word after the caller. Of several kinds the first counts; vmalloc comes before all other
 * kinds.
 */
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

/*
 * Takes a word. A symbol always has its offset ("vmap+0x10/0x90"), so no caller looks like a word.
 */
static bool take_word(struct kt_span word, struct line *line)
{
	if (kt_span_skip(&word, "pages=")) {
		line->has_pages = kt_span_u64(word, &line->nr_pages);
		return true;
	}
	if (kt_span_skip(&word, "areas=")) { /* see condense() */
		line->condensed = true;
		return kt_span_u64(word, &line->nr_areas);
	}
	return kt_span_starts(word, "phys=") || take_kind(word, line);
}

/* Cuts a name, so that GROUPS_MAX names take bounded memory. */
static struct kt_span bounded(struct kt_span name)
{
	return (struct kt_span){ name.p, name.n < NAME_BYTES_MAX ? name.n : NAME_BYTES_MAX };
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
		ret_line->caller = bounded(word);
		before = rest;
		if (kt_span_word(&rest, &word) && kt_span_skip(&word, "[") &&
			kt_span_ends(word, "]") && word.n > 1)
			ret_line->module = bounded((struct kt_span){ word.p, word.n - 1 });
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

struct slot {
	uint64_t hash; /* of kind, caller and module as the line has them */
	size_t area;   /* index plus one; 0: free */
};

/* An open hash table; its size is a power of two, at least half of it is free. */
struct parser {
	struct kt_snapshot *snap;
	struct slot *slots;
	size_t room, count;
	int64_t nr_areas, nr_pages, nr_stack_pages;
	bool condensed;			  /* the text is condensed, from a recording */
	int64_t node_pages[NODE_MAX + 1]; /* KT_UNKNOWN: the node was not seen */
};

static void add_amount(int64_t *sum, uint64_t more)
{
	if (*sum < 0 || more > INT64_MAX || __builtin_add_overflow(*sum, (int64_t)more, sum))
		*sum = KT_UNKNOWN;
}

/* Whether `name` is what kt_arena_name() makes of the word; NULL stands for no word. */
static bool is_name(const char *name, struct kt_span word)
{
	if (!name || !word.n)
		return !name && !word.n;
	for (size_t i = 0; i < word.n; i++) {
		unsigned char c = (unsigned char)word.p[i];

		if (name[i] != (c < 0x20 || c >= 0x7f ? '?' : (char)c))
			return false;
	}
	return name[word.n] == '\0';
}

static struct slot *slot_of(const struct parser *parser, uint64_t hash, const struct line *line)
{
	const struct kt_area *areas = parser->snap->areas.items;
	size_t at = hash & (parser->room - 1);

	for (; parser->slots[at].area; at = (at + 1) & (parser->room - 1)) {
		const struct slot *slot = &parser->slots[at];
		const struct kt_area *area = &areas[slot->area - 1];

		if (slot->hash == hash && area->kind == line->kind &&
			is_name(area->caller, line->caller) && is_name(area->module, line->module))
			break;
	}
	return &parser->slots[at];
}

static bool make_room(struct parser *parser)
{
	struct slot *old = parser->slots, *slots;
	size_t old_room = parser->room, room = old_room ? old_room * 2 : SLOTS_MIN;

	if (old_room && parser->count < old_room / 2)
		return true;
	slots = kt_arena_alloc(&parser->snap->arena, room * sizeof(*old));
	if (!slots)
		return false;
	parser->slots = slots;
	parser->room = room;
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

/* Returns the group of a line, and creates it for the first line; NULL: out of memory. */
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
	*area = (struct kt_area){ .kind = line->kind, .nr_pages = KT_UNKNOWN };
	if (line->caller.n)
		area->caller = kt_arena_name(&snap->arena, line->caller);
	if (line->module.n)
		area->module = kt_arena_name(&snap->arena, line->module);
	area->is_stack = line->kind == KT_AREA_VMALLOC && kt_area_is_stack(line->caller);
	*slot = (struct slot){ hash, snap->areas.count };
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
	return line->kind == KT_AREA_VMALLOC && kt_area_is_stack(caller);
}

static void add_line(struct parser *parser, struct line *line)
{
	const struct kt_span caller = line->caller;
	struct kt_area *area = group_of(parser, line);

	add_amount(&parser->nr_areas, line->nr_areas);
	parser->condensed |= line->condensed;
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

/* Stores a sum. A recording has the areas less often than the counters, so the sum may be older. */
static void put_sum(const struct parser *parser, const char *path, enum kt_metric metric, int node,
	int64_t pages, const char *field)
{
	kt_snapshot_put(
		parser->snap, (struct kt_entry){ .metric = metric,
				      .node = node,
				      .unit = KT_PAGES,
				      .state = pages < 0 ? KT_BAD : KT_OK,
				      .quality = parser->snap->areas_partial ? KT_LOWER_BOUND
						 : parser->condensed	     ? KT_ESTIMATE
									     : KT_EXACT,
				      .raw = pages,
				      .path = path,
				      .field = pages < 0 ? "the sum is too large" : field });
}

static void start(struct parser *parser, struct kt_snapshot *snap)
{
	*parser = (struct parser){ .snap = snap };
	for (size_t i = 0; i < KT_LEN(parser->node_pages); i++)
		parser->node_pages[i] = KT_UNKNOWN;
}

static void add_lines(struct parser *parser, struct kt_span rest)
{
	struct kt_span one;
	struct line line;

	while (kt_span_line(&rest, &one)) {
		if (parse_line(one, &line))
			add_line(parser, &line);
		else
			kt_list_cut(parser->snap, one, &parser->snap->areas_partial);
	}
}

static struct kt_err *put_sums(const struct parser *parser, const char *path)
{
	const struct kt_snapshot *snap = parser->snap;

	if (!parser->nr_areas)
		return kt_err_new(KT_ERR_PARSE, "%s: holds no area", path);
	put_sum(parser, path, KT_VMALLOC_AREAS, KT_NO_NODE, parser->nr_pages,
		"pages= of vmalloc areas");
	put_sum(parser, path, KT_VMALLOC_STACK, KT_NO_NODE, parser->nr_stack_pages,
		"pages= of task stacks");
	for (int node = 0; node <= (int)NODE_MAX && snap->host.nr_nodes > 1; node++) {
		if (parser->node_pages[node] >= 0)
			put_sum(parser, path, KT_VMALLOC_AREAS, node, parser->node_pages[node],
				"pages on the node");
	}
	return NULL;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct parser parser;

	start(&parser, snap);
	add_lines(&parser, kt_text_span(text));
	return put_sums(&parser, text->path);
}

/*
 * Reads the list in pieces. A million areas are 100 MB of text, of which only one piece and a sum
 * for each caller are kept. After an error no sum is kept: it would be too small.
 */
static struct kt_err *take(struct kt_snapshot *snap, const char *path, struct kt_stream *stream)
{
	const size_t first = snap->areas.count;
	struct kt_err *err = NULL;
	struct kt_span piece;
	struct parser parser;

	start(&parser, snap);
	while (!err && kt_stream_next(stream, &piece)) {
		add_lines(&parser, piece);
		if (kt_stream_offset(stream) > BYTES_MAX)
			err = kt_err_new(KT_ERR_LIMIT, "%s: larger than the limit of %llu MiB",
				path, BYTES_MAX >> 20);
	}
	if (!err)
		err = kt_stream_err(stream);
	if (err)
		snap->areas.count = first;
	return err ? err : put_sums(&parser, path);
}

/* Writes one line for all areas of a caller and kind, which parse() reads to the same sums. */
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

static void write_areas(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	for (size_t i = 0; i < snap->areas.count; i++)
		put_area(&snap->areas.items[i], ret_text);
	if (snap->areas_partial)
		kt_buf_puts(ret_text, KT_LIST_CUT "vmalloc areas are missing\n");
}

/* Keeps one line a caller: thousands of threads come and go, but their callers stay the same. */
static void condense(const struct kt_text *text, struct kt_buf *ret_text)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();

	if (!snap) {
		ret_text->failed = true;
		return;
	}
	kt_arena_ignore(&snap->arena, parse(snap, text));
	ret_text->failed |= snap->arena.failed;
	write_areas(snap, ret_text);
}

/* Removes addresses, which are not needed; sizes and callers stay. */
static void scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_span rest = kt_text_span(text), line, word;

	while (kt_span_line(&rest, &line)) {
		if (kt_span_starts(line, KT_LIST_CUT))
			kt_buf_printf(ret_text, "%.*s\n", (int)line.n, line.p);
		if (kt_span_starts(line, "#") || !kt_span_word(&line, &word))
			continue;
		kt_buf_puts(ret_text, "0x0-0x0");
		while (kt_span_word(&line, &word)) {
			if (!kt_span_starts(word, "phys="))
				kt_buf_printf(ret_text, " %.*s", (int)word.n, word.p);
		}
		kt_buf_puts(ret_text, "\n");
	}
}

/* VmallocUsed of these kernels does not count pages: see choose_vmalloc() in account/. */
static bool counter_is_none(const struct kt_snapshot *snap)
{
	struct kt_val used = kt_snapshot_get(snap, KT_VMALLOC_USED, KT_NO_NODE);
	struct kt_val chunk = kt_snapshot_get(snap, KT_VMALLOC_CHUNK, KT_NO_NODE);

	return !kt_ok(used) || !used.value || (kt_ok(chunk) && chunk.value > 0);
}

/* A counter below the stacks that it contains: the kernel subtracted pages that it never added. */
static bool counter_is_too_small(const struct kt_snapshot *snap)
{
	struct kt_val used = kt_snapshot_get(snap, KT_VMALLOC_USED, KT_NO_NODE);
	struct kt_val stacks = kt_snapshot_get(snap, KT_KERNEL_STACK, KT_NO_NODE);
	struct kt_val vmapped = kt_snapshot_get(snap, KT_STACK_VMAPPED, KT_NO_NODE);
	struct kt_val undercounts = kt_snapshot_get(snap, KT_VMALLOC_UNDERCOUNTS, KT_NO_NODE);

	if (kt_ok(undercounts) && undercounts.value)
		return true;
	return kt_ok(used) && kt_ok(stacks) && kt_ok(vmapped) && vmapped.value &&
	       used.value < stacks.value;
}

static bool nodes_need_it(const struct kt_snapshot *snap, unsigned want)
{
	return (want & KT_WANT_NODES) && snap->host.nr_nodes > 1 &&
	       !kt_ok(kt_snapshot_get(snap, KT_VMALLOC_USED, 0));
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	const unsigned asked = KT_WANT_ALL | KT_WANT_AREAS | KT_WANT_EXPENSIVE;

	return !snap->host.live || (want & asked) || nodes_need_it(snap, want) ||
	       counter_is_none(snap) || counter_is_too_small(snap) ||
	       !kt_ok(kt_snapshot_get(snap, KT_STACK_VMAPPED, KT_NO_NODE));
}

const struct kt_source kt_source_vmallocinfo = {
	.name = "vmallocinfo",
	.summary = "every vmalloc area with its caller",
	.paths = { KT_FILE_VMALLOCINFO },
	.cost = KT_COST_WALK,
	.lack = "the callers of vmalloc are unknown, and so is the total on kernels whose counter "
		"is missing or wrong",
	.gives = "root",
	.unwanted = "the counter of vmalloc is enough for the account; 'ktally vmalloc' and "
		    "--expensive read it",
	.wanted = wanted,
	.provides = { KT_VMALLOC_AREAS, KT_VMALLOC_STACK },
	.nr_provides = 2,
	.parse = parse,
	.take = take,
	.keep = write_areas,
	.scrub = scrub,
	.condense = condense,
};
