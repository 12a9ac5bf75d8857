// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads how much of each kernel stack was ever used, in kernel memory: no file has it.

#include "memory/stacks.h"
#include "source/memory/open.h"

#define PID_MAX (1 << 22) /* PID_MAX_LIMIT */
#define HEAD	"# stack-bytes ended torn"
#define LINES	"# pid kernel used-bytes name"

/* A first line for the walk, then a line for each thread; its name may contain blanks. */
static void write_text(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	const struct kt_stack_walk *walk = &snap->stack_walk;

	kt_buf_printf(ret_text, HEAD "\nstack %lld %lld %lld\n" LINES "\n",
		(long long)walk->each_bytes, (long long)walk->nr_ended, (long long)walk->nr_torn);
	for (size_t i = 0; i < snap->stack_uses.count; i++) {
		const struct kt_stack_use *use = &snap->stack_uses.items[i];

		kt_buf_printf(ret_text, "%lld %d %lld %s\n", (long long)use->pid, use->kernel,
			(long long)use->used_bytes, use->name);
	}
}

static bool take_numbers(struct kt_span *line, int64_t *const numbers[], size_t count, int64_t min)
{
	for (size_t i = 0; i < count; i++) {
		struct kt_span word;

		if (!kt_span_word(line, &word) || !kt_span_i64(word, numbers[i]) ||
			*numbers[i] < min || *numbers[i] > INT32_MAX)
			return false;
	}
	return true;
}

static bool take_walk(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_stack_walk *walk = &snap->stack_walk;
	int64_t *const numbers[] = { &walk->each_bytes, &walk->nr_ended, &walk->nr_torn };

	return take_numbers(&line, numbers, KT_LEN(numbers), 0) && walk->each_bytes > 0 &&
	       !kt_span_trim(line).n;
}

static bool take_line(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_stack_use use = { 0 }, *slot;
	int64_t kernel = 0, *const numbers[] = { &use.pid, &kernel, &use.used_bytes };

	if (kt_span_skip(&line, "stack "))
		return take_walk(snap, line);
	if (!take_numbers(&line, numbers, KT_LEN(numbers), KT_UNKNOWN) || use.pid < 0 ||
		use.pid > PID_MAX || kernel < 0 || kernel > 1 ||
		use.used_bytes > snap->stack_walk.each_bytes)
		return false;
	use.kernel = kernel;
	use.name = kt_arena_name(&snap->arena, kt_span_trim(line));
	slot = kt_list_push(&snap->arena, &snap->stack_uses);
	if (slot)
		*slot = use;
	return true;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_err *err = kt_memory_lines(snap, text, take_line, "a kernel stack");

	return err || snap->stack_uses.count
		       ? err
		       : kt_err_new(KT_ERR_PARSE, "%s: has no kernel stack", text->path);
}

static struct kt_err *walk(struct kt_memory *memory, struct kt_snapshot *snap)
{
	return kt_stacks_walk(memory->target, snap);
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	return kt_memory_read(root, snap, &kt_source_stack_depth, walk, write_text);
}

const struct kt_source kt_source_stack_depth = {
	.name = "stack_depth",
	.summary = "deepest use of every kernel stack, in kernel memory",
	.paths = { "ktally/stack_depth" },
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally stacks --used' is not possible",
	.gives = KT_MEMORY_GIVES,
	.parse = parse,
	.read = read_it,
};
