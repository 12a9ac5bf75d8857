// SPDX-License-Identifier: GPL-2.0-or-later
//
// A flame graph: a box for each function, as wide as the memory of the stacks that go through it,
// on the function that called it. Boxes of modules have another colour than the kernel's own. It is
// a picture without a program in it; a browser shows name and amount of a box under the pointer.

#include "output/stacks.h"

#include "base/human.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH	    1200
#define SIDE	    14
#define TOP	    66
#define BOX	    18
#define LETTER	    6.4 /* width of a letter of the boxes' font, on the average */
#define NARROW	    0.4 /* boxes below this width are left out */
#define DEPTH_MAX   64u
#define BOXES_WIDTH (WIDTH - 2 * SIDE)

struct drawing {
	struct kt_buf *buf;
	const struct kt_stack **sorted;
	size_t count;
	uint32_t depth; /* of the deepest stack */
	int64_t amount;
	bool in_bytes;
};

static int by_frames(const void *left, const void *right)
{
	const struct kt_stack *a = *(const struct kt_stack *const *)left;
	const struct kt_stack *b = *(const struct kt_stack *const *)right;

	for (uint32_t i = 0; i < a->nr_frames && i < b->nr_frames; i++) {
		int order = strcmp(a->frames[i], b->frames[i]);

		if (order)
			return order;
	}
	return (a->nr_frames > b->nr_frames) - (a->nr_frames < b->nr_frames);
}

static bool begins_alike(const struct kt_stack *a, const struct kt_stack *b, uint32_t depth)
{
	if (a->nr_frames <= depth || b->nr_frames <= depth)
		return false;
	for (uint32_t i = 0; i <= depth; i++) {
		if (strcmp(a->frames[i], b->frames[i]) != 0)
			return false;
	}
	return true;
}

/* One of four shades, always the same for a name. */
static unsigned shade_of(const char *name)
{
	unsigned sum = 0;

	for (; *name; name++)
		sum = sum * 31 + (unsigned char)*name;
	return sum >> 3 & 3;
}

static void amount_text(const struct drawing *drawing, int64_t amount, char text[24])
{
	if (drawing->in_bytes)
		kt_human_bytes(amount, text);
	else
		snprintf(text, 24, "%lld", (long long)amount);
}

static void put_box(const struct drawing *drawing, const char *name, uint32_t depth, double x,
	double width, int64_t amount)
{
	double y = TOP + (double)(drawing->depth - 1 - depth) * BOX;
	size_t letters = width > 2 * LETTER ? (size_t)((width - 6) / LETTER) : 0;
	bool module = strchr(name, '[') != NULL, cut = strlen(name) > letters;
	char human[24];

	if (width < NARROW)
		return;
	amount_text(drawing, amount, human);
	kt_buf_puts(drawing->buf, "<g><title>");
	kt_output_escape(drawing->buf, name, SIZE_MAX);
	kt_buf_printf(drawing->buf,
		": %s, %.2f %%</title><rect class=\"%c%u\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" "
		"height=\"%d\" rx=\"2\"/>",
		human, 100.0 * (double)amount / (double)drawing->amount, module ? 'm' : 'k',
		shade_of(name), x, y, width > 1 ? width - 0.6 : width, BOX - 1);
	if (letters >= 3) {
		kt_buf_printf(drawing->buf, "<text class=\"b\" x=\"%.1f\" y=\"%.1f\">", x + 4,
			y + BOX - 5.5);
		kt_output_escape(drawing->buf, name, cut ? letters - 1 : letters);
		kt_buf_puts(drawing->buf, cut ? "…</text>" : "</text>");
	}
	kt_buf_puts(drawing->buf, "</g>\n");
}

/* Stacks are sorted: stacks with the same caller are next to each other. */
static void put_level(const struct drawing *drawing, uint32_t depth)
{
	double unit = (double)BOXES_WIDTH / (double)drawing->amount;
	int64_t before = 0;

	for (size_t i = 0; i < drawing->count;) {
		const struct kt_stack *first = drawing->sorted[i];
		int64_t bytes = first->amount;
		size_t end = i + 1;

		while (end < drawing->count && begins_alike(first, drawing->sorted[end], depth))
			bytes += drawing->sorted[end++]->amount;
		if (first->nr_frames > depth)
			put_box(drawing, first->frames[depth], depth, SIDE + (double)before * unit,
				(double)bytes * unit, bytes);
		before += bytes;
		i = end;
	}
}

static void put_head(struct kt_buf *buf, int height, const struct kt_stacks *stacks)
{
	kt_buf_printf(buf,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\" role=\"img\">\n"
		"<style>svg{background:#fff}text{font:13px system-ui,sans-serif;fill:#1b1f24}"
		".t{font-size:17px;font-weight:600}.q{fill:#66707b;font-size:12px}"
		".b{font-size:11px;fill:#1b1f24;pointer-events:none}"
		"rect{stroke:none}g:hover rect{stroke:#1b1f24;stroke-width:1.2}"
		".k0{fill:#f0b860}.k1{fill:#f3c57c}.k2{fill:#edab4a}.k3{fill:#f6d196}"
		".m0{fill:#6bb0e0}.m1{fill:#85bfe7}.m2{fill:#56a3d8}.m3{fill:#9ccdee}"
		".r{fill:#c9cfd6}"
		"@media(prefers-color-scheme:dark){svg{background:#14171b}text{fill:#e8eaed}"
		".q{fill:#9aa4af}g:hover rect{stroke:#fff}.r{fill:#3a424b}.b{fill:#14171b}"
		".a{fill:#e8eaed}}</style>\n<text class=\"t\" x=\"%d\" y=\"26\">",
		WIDTH, height, WIDTH, height, SIDE);
	kt_output_escape(buf, stacks->what, SIZE_MAX);
	kt_buf_printf(buf, "</text><text class=\"q\" x=\"%d\" y=\"46\">", SIDE);
	kt_output_escape(buf, stacks->from, 160);
	kt_buf_printf(buf,
		"</text>\n<rect class=\"k0\" x=\"%d\" y=\"14\" width=\"12\" height=\"12\" "
		"rx=\"2\"/>"
		"<text class=\"q\" x=\"%d\" y=\"24\">kernel</text>"
		"<rect class=\"m0\" x=\"%d\" y=\"14\" width=\"12\" height=\"12\" rx=\"2\"/>"
		"<text class=\"q\" x=\"%d\" y=\"24\">module</text>\n",
		WIDTH - 150, WIDTH - 132, WIDTH - 78, WIDTH - 60);
}

/* The box of everything, below the outermost functions. */
static void put_root(const struct drawing *drawing)
{
	int y = TOP + (int)drawing->depth * BOX;
	char human[24];

	amount_text(drawing, drawing->amount, human);
	kt_buf_printf(drawing->buf,
		"<rect class=\"r\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"/>"
		"<text class=\"b a\" x=\"%d\" y=\"%.1f\">all: %s</text>\n",
		SIDE, y, BOXES_WIDTH, BOX - 1, SIDE + 4, y + BOX - 5.5, human);
}

static void draw(struct kt_buf *buf, struct kt_arena *arena, const struct kt_stacks *stacks)
{
	struct drawing drawing = { .buf = buf,
		.count = stacks->stacks.count,
		.amount = stacks->amount,
		.in_bytes = stacks->in_bytes,
		.depth = 1 };

	drawing.sorted = kt_arena_alloc(arena, (drawing.count + 1) * sizeof(struct kt_stack *));
	if (!drawing.sorted)
		return;
	for (size_t i = 0; i < drawing.count; i++) {
		const struct kt_stack *stack = &stacks->stacks.items[i];

		drawing.sorted[i] = stack;
		if (stack->nr_frames > drawing.depth)
			drawing.depth = stack->nr_frames < DEPTH_MAX ? stack->nr_frames : DEPTH_MAX;
	}
	if (drawing.count)
		qsort(drawing.sorted, drawing.count, sizeof(struct kt_stack *), by_frames);
	put_head(buf, TOP + (int)(drawing.depth + 1) * BOX + SIDE, stacks);
	for (uint32_t depth = 0; drawing.amount > 0 && depth < drawing.depth; depth++)
		put_level(&drawing, depth);
	put_root(&drawing);
	kt_buf_puts(buf, "</svg>\n");
}

static void render(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	struct kt_arena arena = { 0 };
	struct kt_stacks stacks;

	(void)opts;
	kt_stacks_read(report, &arena, &stacks);
	if (!arena.failed)
		draw(ret_text, &arena, &stacks);
	ret_text->failed |= arena.failed;
	kt_arena_fini(&arena);
}

const struct kt_output kt_output_flame = {
	.name = "flame",
	.summary = "a flame graph of stacks (SVG), for commands with stacks (users)",
	.stacks = true,
	.render = render,
};
