// SPDX-License-Identifier: GPL-2.0-or-later
//
// Draws the upper part of the screen: the machine's name, a bar of all memory, and the rows of the
// account with their values in the last minutes.

#include "top/draw.h"

#include "base/human.h"
#include "base/when.h"
#include "cmd/slab/slab.h"
#include "top/past.h"

#include <stdio.h>
#include <string.h>

#define GROWTH_MIN (256 << 10)
/* columns; below, the names have the room; the date of a sample takes more of it */
#define LEFT_LEAST	  13 /* columns that the name of the machine keeps in the title */
#define WIDTH_FOR_OBJECTS 60
#define WIDTH_FOR_ALL	  100

/* ---- rows that deserve a place ---- */

/* Most important first. Sorted by name and not by amount, because rows must not come and go. */
static const enum kt_row_id important[] = { KT_ROW_KERNEL, KT_ROW_SLAB, KT_ROW_FREE,
	KT_ROW_UNATTRIBUTED, KT_ROW_USER, KT_ROW_PAGE_TABLES, KT_ROW_VMALLOC, KT_ROW_KERNEL_STACKS,
	KT_ROW_PERCPU, KT_ROW_BOOT, KT_ROW_GIVEN_AWAY, KT_ROW_DIRECT, KT_ROW_ZSMALLOC,
	KT_ROW_SEC_PAGE_TABLES, KT_ROW_PAGE_CACHE, KT_ROW_ANONYMOUS, KT_ROW_HUGETLB, KT_ROW_SHMEM,
	KT_ROW_FIRMWARE, KT_ROW_SLAB_UNRECLAIMABLE, KT_ROW_SLAB_RECLAIMABLE, KT_ROW_BUFFERS,
	KT_ROW_FREE_BUDDY, KT_ROW_FREE_DEFERRED, KT_ROW_FREE_CMA, KT_ROW_FREE_HIGH, KT_ROW_MEMMAP,
	KT_ROW_BALLOON, KT_ROW_KERNEL_IMAGE };

static size_t rank_of(const char *id)
{
	size_t i = 0;

	while (i < KT_LEN(important) && !kt_row_is(important[i], id))
		i++;
	return i;
}

/* Leaves out the first row, which is the bar above. */
size_t kt_panel_nr(const struct kt_view *account)
{
	size_t count = 0;

	for (size_t i = 1; i < kt_view_nr(account); i++)
		count += rank_of(kt_view_key(account, i)) < KT_LEN(important);
	return count;
}

/*
 * Whole ranks are taken while they fit, so that which rows are shown depends on the height and not
 * on amounts that move.
 */
void kt_panel_choose(const struct kt_view *account, size_t room, struct kt_panel *ret_panel)
{
	size_t limit = 0;

	*ret_panel = (struct kt_panel){ .room = room, .selected = KT_PANEL_MAX };
	/* the first rank that no longer fits */
	for (size_t found = 0; limit < KT_LEN(important); limit++) {
		for (size_t i = 1; i < kt_view_nr(account); i++)
			found += rank_of(kt_view_key(account, i)) == limit;
		if (found > room)
			break;
	}
	for (size_t i = 1; i < kt_view_nr(account) && ret_panel->count < KT_PANEL_MAX; i++) {
		if (rank_of(kt_view_key(account, i)) < limit)
			ret_panel->index[ret_panel->count++] = i;
	}
}

/* ---- title ---- */

static const char *host(const struct kt_view *account, const char *key)
{
	const struct kt_report *report = account->watch ? kt_watch_report(account->watch) : NULL;
	const struct kt_cell *cell = report ? kt_report_value(report, "host", key) : NULL;

	return cell ? cell->text : "";
}

/* Writes "16:40:02 CET" of "2026-01-31T15:40:02Z", in the local zone. */
static const char *clock_of(const char *when, char ret[KT_WHEN_ROOM])
{
	const char *date = strchr(kt_when_of_data(when, ret), ' ');

	return date ? date + 1 : ret;
}

/* Says of the list of slab caches whether its objects are exact, and if so of which time. */
static const char *say_objects(const struct kt_top *top, char ret[64])
{
	const struct kt_view *view = &top->views[KT_TAB_SLAB];
	const struct kt_report *report =
		top->open == KT_TAB_SLAB && view->watch ? kt_watch_report(view->watch) : NULL;
	const struct kt_cell *counts =
		report ? kt_report_value(report, "slab", KT_SLAB_COUNTS) : NULL;
	const struct kt_cell *counted =
		report ? kt_report_value(report, "slab", KT_SLAB_COUNTED) : NULL;
	bool dated = !top->live && *host(&top->views[KT_TAB_ACCOUNT], "time");
	char clock[KT_WHEN_ROOM];

	if (!counts || top->screen.width < (dated && !counted ? WIDTH_FOR_ALL : WIDTH_FOR_OBJECTS))
		*ret = '\0';
	else if (top->live || !counted)
		snprintf(ret, 64, "objects: %.16s", counts->text);
	else
		snprintf(ret, 64, "objects: %.16s, %.20s", counts->text,
			clock_of(counted->text, clock));
	return ret;
}

static void say_state(const struct kt_top *top, char *ret, size_t size)
{
	const struct kt_view *account = &top->views[KT_TAB_ACCOUNT];
	int64_t mark_ms = account->watch ? kt_watch_mark_ms(account->watch) : 0;
	char when[KT_WHEN_ROOM] = "", every[32], objects[64], now[KT_WHEN_ROOM];
	const char *gap = *say_objects(top, objects) ? "  " : "", *time = host(account, "time");

	if (!top->live) {
		snprintf(
			ret, size, "%s%s%s", objects, *time ? gap : "", kt_when_of_data(time, now));
		return;
	}
	snprintf(every, sizeof(every), "every %g s", top->interval_s);
	if (mark_ms)
		kt_when_clock(mark_ms, false, when);
	snprintf(ret, size, "%s%sgrowth since %s  %s  %s", objects, gap, when,
		top->frozen ? "FROZEN" : every, clock_of(time, now));
}

/*
 * A narrow terminal keeps the time and shortens the names: the time shows whether the screen is
 * alive.
 */
void kt_draw_title(struct kt_top *top, int y)
{
	const struct kt_view *account = &top->views[KT_TAB_ACCOUNT];
	const char *name = host(account, "name"), *kernel = host(account, "kernel");
	struct kt_screen *screen = &top->screen;
	char left[160], right[160], shorter[160], now[KT_WHEN_ROOM];
	int room = screen->width, columns, n;

	say_state(top, right, sizeof(right));
	columns = kt_text_columns(right);
	if (columns + LEFT_LEAST > room)
		snprintf(right, sizeof(right), "%s", clock_of(host(account, "time"), now));
	columns = kt_text_columns(right);
	n = snprintf(left, sizeof(left), "%s%s%s%s", name, *name && *kernel ? ", " : "",
		*kernel ? "Linux " : "", kernel);
	/* in a recording the right side shows the time */
	if (!top->live && n >= 0 && (size_t)n < sizeof(left))
		snprintf(left + n, sizeof(left) - (size_t)n, "%sfrom %.100s", n ? ", " : "",
			top->call.machine.source);
	kt_text_shorten(left, room - columns - 2, screen->unicode, shorter, sizeof(shorter));
	kt_screen_put(screen, y, 0, room, KT_STYLE_BOLD, shorter);
	kt_screen_put_right(screen, y, room - columns, columns,
		top->frozen ? KT_STYLE_ALERT : KT_STYLE_DIM, right);
}

/* ---- bar of all memory, also the legend of the rows ---- */

static const struct segment {
	enum kt_row_id row;
	uint32_t sign;
} segments[] = {
	{ KT_ROW_FIRMWARE, 0x2593 },
	{ KT_ROW_BOOT, 0x2593 },
	{ KT_ROW_KERNEL, 0x2588 },
	{ KT_ROW_USER, 0x2592 },
	{ KT_ROW_GIVEN_AWAY, 0x2593 },
	{ KT_ROW_FREE, 0x2591 },
};

static const struct segment *segment_of(const char *id)
{
	for (size_t i = 0; i < KT_LEN(segments); i++) {
		if (kt_row_is(segments[i].row, id))
			return &segments[i];
	}
	return NULL;
}

static const struct kt_cell *cell_of(
	const struct kt_view *account, size_t index, const char *column)
{
	for (size_t k = 0; k < account->table->nr_columns; k++) {
		if (strcmp(account->table->columns[k].key, column) == 0)
			return &account->table->rows.items[index].cells[k];
	}
	return NULL;
}

/* Returns the index of a row's parent; `row` itself: it has none in the list. */
static size_t parent_of(const struct kt_view *account, size_t row)
{
	const struct kt_cell *parent = cell_of(account, row, "parent");

	for (size_t i = 0; parent && parent->state == KT_OK && i < kt_view_nr(account); i++) {
		if (strcmp(kt_view_key(account, i), parent->text) == 0)
			return i;
	}
	return row;
}

/* A row without a colour of its own has its parent's. Free memory is dim: it is not looked for. */
static enum kt_style style_of(const struct kt_view *account, size_t row)
{
	for (size_t i = 0; i < kt_view_nr(account); i++) {
		size_t parent = parent_of(account, row);
		int color = kt_palette_row(kt_view_key(account, row));

		if (kt_row_is(KT_ROW_FREE, kt_view_key(account, row)))
			return KT_STYLE_FREE;
		if (color >= 0)
			return (enum kt_style)(KT_STYLE_ROW + color);
		if (parent == row)
			break;
		row = parent;
	}
	return KT_STYLE_BAR;
}

/*
 * Borders are rounded, not widths, so that rounding errors do not add up and the parts fill the
 * bar.
 */
void kt_draw_whole(struct kt_top *top, int y)
{
	const struct kt_view *account = &top->views[KT_TAB_ACCOUNT];
	struct kt_screen *screen = &top->screen;
	const struct kt_cell *all;
	double from = 0, to;
	char human[24];
	int x, room;

	if (!kt_view_nr(account))
		return;
	all = cell_of(account, 0, "bytes");
	if (!all || all->state != KT_OK || all->number <= 0)
		return;
	kt_human_bytes(all->number, human);
	x = kt_screen_put(screen, y, 0, screen->width, KT_STYLE_BOLD, human) + 1;
	room = screen->width - x;
	for (size_t i = 1; i < kt_view_nr(account); i++) {
		const struct segment *segment = segment_of(kt_view_key(account, i));
		const struct kt_cell *cell = cell_of(account, i, "bytes");

		if (!segment || cell->state != KT_OK)
			continue;
		to = from + (double)cell->number / (double)all->number * room;
		for (int k = (int)(from + 0.5); k < (int)(to + 0.5); k++)
			kt_screen_put_char(screen, y, x + k, style_of(account, i), segment->sign);
		from = to;
	}
}

/* ---- rows ---- */

/*
 * Colour means "look here". Noise, and changes within the error of a row's own estimate, must not
 * have it.
 */
enum kt_style kt_growth_style(
	const struct kt_column *column, const struct kt_report_row *row, const struct kt_cell *cell)
{
	int64_t least = row->error_bytes > GROWTH_MIN ? row->error_bytes : GROWTH_MIN;

	if (cell->state != KT_OK || !cell->number)
		return KT_STYLE_DIM;
	if (column->flags & KT_COL_RATE)
		return KT_STYLE_PLAIN;
	if (cell->number >= least)
		return KT_STYLE_GROWS;
	return cell->number <= -least ? KT_STYLE_SHRINKS : KT_STYLE_PLAIN;
}

/* Tree of the drawn rows; rows between them that are not drawn do not count. */
struct tree {
	const struct kt_panel *panel;
	int depth[KT_PANEL_MAX];
};

/* Attaches each row to its nearest drawn ancestor. */
static void grow_tree(const struct kt_view *account, struct tree *tree)
{
	const struct kt_report_row *rows = account->table->rows.items;
	const struct kt_panel *panel = tree->panel;

	for (size_t at = 0; at < panel->count; at++) {
		size_t before = at;
		int above = rows[panel->index[at]].depth;

		tree->depth[at] = 0;
		for (size_t i = panel->index[at]; i > 0 && before > 0; i--) {
			bool drawn = panel->index[before - 1] == i - 1;

			before -= drawn;
			if (rows[i - 1].depth >= above)
				continue;
			above = rows[i - 1].depth;
			if (drawn) {
				tree->depth[at] = tree->depth[before] + 1;
				break;
			}
		}
	}
}

/* True if another row of this depth follows below the same parent. */
static bool goes_on(const struct tree *tree, size_t at, int depth)
{
	for (size_t i = at + 1; i < tree->panel->count; i++) {
		if (tree->depth[i] <= depth)
			return tree->depth[i] == depth;
	}
	return false;
}

/* Draws legend or branches, then the title. */
static void draw_name(struct kt_top *top, int y, int room, const struct tree *tree, size_t at)
{
	const struct kt_view *account = &top->views[KT_TAB_ACCOUNT];
	size_t row = tree->panel->index[at];
	const struct segment *segment = segment_of(kt_view_key(account, row));
	struct kt_screen *screen = &top->screen;
	char name[128];
	int x = 0;

	for (int level = 1; level <= tree->depth[at]; level++, x += 2) {
		bool more = goes_on(tree, at, level);

		kt_screen_put_char(screen, y, x, KT_STYLE_DIM,
			level == tree->depth[at] ? (more ? 0x251c : 0x2514)
						 : (more ? 0x2502 : ' '));
	}
	if (segment) {
		kt_screen_put_char(screen, y, x, style_of(account, row), segment->sign);
		x += 2;
	}
	/* only the list of the account is folded, not the rows above another list */
	if (top->open == KT_TAB_ACCOUNT && kt_view_is_folded(account, row))
		x += kt_screen_put(screen, y, x, room - x, KT_STYLE_BOLD, "[+] ");
	kt_text_shorten(kt_view_name(account, row), room - x, screen->unicode, name, sizeof(name));
	kt_screen_put(screen, y, x, room - x, segment ? KT_STYLE_BOLD : KT_STYLE_PLAIN, name);
}

static bool is_free(const struct kt_view *account, size_t row)
{
	const struct kt_cell *parent = cell_of(account, row, "parent");

	return kt_row_is(KT_ROW_FREE, kt_view_key(account, row)) ||
	       (parent && parent->state == KT_OK && kt_row_is(KT_ROW_FREE, parent->text));
}

static int draw_cell(struct kt_top *top, int y, int x, int width, size_t row, const char *key,
	enum kt_style style)
{
	const struct kt_view *account = &top->views[KT_TAB_ACCOUNT];
	char text[64];

	if (!width)
		return x;
	for (size_t k = 0; k < account->table->nr_columns; k++) {
		const struct kt_column *column = &account->table->columns[k];
		const struct kt_cell *cell = &account->table->rows.items[row].cells[k];

		if (strcmp(column->key, key) != 0)
			continue;
		kt_view_cell(column, cell, top->exact, text, sizeof(text));
		/* a change of free memory is neither a gain nor a leak */
		if (column->flags & (KT_COL_GROWTH | KT_COL_RATE))
			style = kt_growth_style(column, &account->table->rows.items[row], cell);
		if (style != KT_STYLE_DIM && is_free(account, row))
			style = KT_STYLE_PLAIN;
		kt_screen_put_right(&top->screen, y, x + 1, width, style, text);
	}
	return x + width + 1;
}

static void draw_bar(struct kt_top *top, int y, int x, int width, size_t row)
{
	const struct kt_view *account = &top->views[KT_TAB_ACCOUNT];
	const struct kt_report_row *cells = &account->table->rows.items[row];
	const struct kt_cell *share = cell_of(account, row, "share");

	if (cells->mark)
		kt_screen_put(&top->screen, y, x, width, KT_STYLE_DIM, cells->mark);
	else if (share && share->state == KT_OK)
		kt_screen_bar(&top->screen, y, x, width, style_of(account, row), share->real);
}

static struct kt_panel_widths widths_of(const struct kt_top *top)
{
	struct kt_panel_widths w = kt_panel_fit(top->screen.width, top->live || top->steps);

	if (!top->live) { /* samples of a recording have no interval */
		w.bar += w.past ? w.past + 1 : 0;
		w.bar += w.rate ? w.rate + 1 : 0;
		w.past = w.rate = 0;
	}
	return w;
}

static void draw_row(struct kt_top *top, int y, const struct tree *tree, size_t at)
{
	const struct kt_view *account = &top->views[KT_TAB_ACCOUNT];
	struct kt_panel_widths w = widths_of(top);
	size_t row = tree->panel->index[at];
	struct kt_top_past past;
	int64_t low, high;
	int x = w.name;

	draw_name(top, y, w.name, tree, at);
	x = draw_cell(top, y, x, w.size, row, "bytes", KT_STYLE_PLAIN);
	x = draw_cell(top, y, x, w.share, row, "share", KT_STYLE_DIM);
	x = draw_cell(top, y, x, w.growth, row, "growth", KT_STYLE_PLAIN);
	x = draw_cell(top, y, x, w.rate, row, "rate", KT_STYLE_PLAIN);
	if (w.bar) {
		draw_bar(top, y, x + 1, w.bar, row);
		x += w.bar + 1;
	}
	if (!w.past)
		return;
	kt_top_past_of(account->watch, kt_view_key(account, row), w.past * 2,
		kt_top_past_step_ms(w.past * 2, KT_TOP_PAST_WINDOW_S, top->interval_s), &past);
	kt_top_past_draw(&top->screen, y, x + 1, w.past, 1, &past, &low, &high);
}

void kt_draw_panel_head(struct kt_top *top, int y)
{
	struct kt_panel_widths w = widths_of(top);
	struct kt_screen *screen = &top->screen;
	char past[32];
	int x = w.name;
	const struct {
		int width;
		const char *title;
	} heads[] = { { w.size, "SIZE" }, { w.share, "SHARE" }, { w.growth, "GROWTH" },
		{ w.rate, "PER S" } };

	kt_screen_put(screen, y, 0, w.name, KT_STYLE_DIM, "WHERE THE MEMORY IS");
	for (size_t i = 0; i < KT_LEN(heads); i++) {
		kt_screen_put_right(screen, y, x + 1, heads[i].width, KT_STYLE_DIM, heads[i].title);
		x += heads[i].width ? heads[i].width + 1 : 0;
	}
	if (!w.past)
		return;
	x += w.bar ? w.bar + 1 : 0;
	kt_top_past_title(w.past * 2, top->interval_s, past, sizeof(past));
	kt_screen_put(screen, y, x + 1, w.past, KT_STYLE_DIM, past);
}

void kt_draw_panel(struct kt_top *top, int y, const struct kt_panel *panel)
{
	struct tree tree = { .panel = panel };

	grow_tree(&top->views[KT_TAB_ACCOUNT], &tree);
	for (size_t i = 0; i < panel->room && panel->first + i < panel->count; i++) {
		draw_row(top, y + (int)i, &tree, panel->first + i);
		if (panel->first + i == panel->selected)
			kt_screen_paint(
				&top->screen, y + (int)i, 0, top->screen.width, KT_STYLE_SELECTED);
	}
}
