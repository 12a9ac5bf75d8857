// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/vmallocinfo: every vmalloc area with its caller. The account takes two sums from
// it: pages of all areas that vmalloc itself filled, which checks VmallocUsed (some
// kernels, seen from 6.2 to 6.9, subtract pages on vfree that were never added), and
// pages of task stacks, which tells whether KernelStack is contained in it.

#include "source/source.h"

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

struct area {
	struct kt_span caller;
	uint64_t pages;
	bool vmalloc;
	struct kt_span nodes; /* the words from the first "N0=…" on */
};

static bool parse_line(struct kt_span line, struct area *ret_area)
{
	struct kt_span word, rest = line, before;

	*ret_area = (struct area){ 0 };
	if (!kt_span_starts(line, "0x") || !kt_span_word(&rest, &word) ||
		!kt_span_word(&rest, &word) || !kt_span_word(&rest, &ret_area->caller))
		return false;
	for (before = rest; kt_span_word(&rest, &word); before = rest) {
		if (kt_span_eq(word, "vmalloc"))
			ret_area->vmalloc = true;
		else if (kt_span_skip(&word, "pages="))
			kt_span_u64(word, &ret_area->pages);
		else if (kt_span_starts(word, "N") && kt_span_find(word, "=") < word.n) {
			ret_area->nodes = before;
			break;
		}
	}
	return ret_area->pages < 1ull << 40;
}

static void add_nodes(struct kt_snapshot *snap, const struct kt_text *text, struct kt_span nodes)
{
	struct kt_span word;
	uint64_t node, pages;

	while (kt_span_word(&nodes, &word)) {
		if (!kt_span_skip(&word, "N") || !kt_span_take_u64(&word, &node) || node > 1024 ||
			!kt_span_skip(&word, "=") || !kt_span_u64(word, &pages) ||
			pages > 1ull << 40)
			continue;
		kt_snapshot_add(snap, (struct kt_entry){ .metric = KT_VMALLOC_AREAS,
					      .node = (int)node,
					      .unit = KT_PAGES,
					      .raw = (int64_t)pages,
					      .path = text->path,
					      .field = "pages on the node" });
	}
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line;
	struct kt_entry sum = { .metric = KT_VMALLOC_AREAS,
		.node = KT_NO_NODE,
		.unit = KT_PAGES,
		.path = text->path,
		.field = "pages= of vmalloc areas" };
	struct kt_entry stacks = { .metric = KT_VMALLOC_STACK,
		.node = KT_NO_NODE,
		.unit = KT_PAGES,
		.path = text->path,
		.field = "pages= of task stacks" };
	size_t nr_areas = 0;
	struct area area;

	while (kt_span_line(&rest, &line)) {
		if (!parse_line(line, &area))
			continue;
		nr_areas++;
		if (!area.vmalloc)
			continue;
		sum.raw += (int64_t)area.pages;
		if (is_stack_caller(area.caller))
			stacks.raw += (int64_t)area.pages;
		if (snap->host.nr_nodes > 1)
			add_nodes(snap, text, area.nodes);
	}
	if (!nr_areas)
		return kt_err_new(KT_ERR_PARSE, "%s: holds no area", text->path);
	kt_snapshot_put(snap, sum);
	kt_snapshot_put(snap, stacks);
	return NULL;
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
};
