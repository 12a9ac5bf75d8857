// SPDX-License-Identifier: GPL-2.0-or-later
//
// Table of keys, from which the help is made too. Letters that sort in slabtop sort here; htop's
// keys are used if they do not clash.

#include "top/keys.h"

#include "base/span.h"
#include "top/state.h"

#include <stdio.h>
#include <string.h>

#define ENOUGH 1000000 /* as many rows as exist */

struct binding {
	int key;
	const char *name; /* in the help; NULL: like the previous key */
	void (*act)(struct kt_top *top);
	const char *sort; /* sorts by the first of these columns that exists */
	const char *help;
};

/* ---- the cursor ---- */

static void move(struct kt_top *top, int64_t by)
{
	struct kt_view *view = kt_top_view(top);
	int64_t to = (int64_t)kt_view_place(view, view->at) + by;

	kt_view_move_to(view, to < 0 ? 0 : kt_view_at_place(view, (size_t)to));
}

static void go_up(struct kt_top *top)
{
	move(top, -1);
}

static void go_down(struct kt_top *top)
{
	move(top, 1);
}

static void page_up(struct kt_top *top)
{
	move(top, -top->layout.nr_list);
}

static void page_down(struct kt_top *top)
{
	move(top, top->layout.nr_list);
}

static void go_home(struct kt_top *top)
{
	move(top, -ENOUGH);
	kt_top_view(top)->skipped = 0;
}

static void go_end(struct kt_top *top)
{
	move(top, ENOUGH);
}

/* ---- tabs, columns, samples ---- */

static void next_tab(struct kt_top *top)
{
	kt_top_open(top, (top->open + 1) % KT_NR_TABS);
}

static void previous_tab(struct kt_top *top)
{
	kt_top_open(top, (top->open + KT_NR_TABS - 1) % KT_NR_TABS);
}

static void go_left(struct kt_top *top)
{
	struct kt_view *view = kt_top_view(top);

	if (top->steps)
		kt_top_travel(top, -1);
	else if (top->open == KT_TAB_ACCOUNT)
		kt_top_fold(top);
	else if (view->skipped)
		view->skipped--;
}

/* In a recording the arrows step through time: columns cannot be scrolled there; z folds. */
static void go_right(struct kt_top *top)
{
	struct kt_view *view = kt_top_view(top);
	size_t index[KT_VIEW_COLUMNS];

	if (top->steps)
		kt_top_travel(top, 1);
	else if (top->open == KT_TAB_ACCOUNT)
		kt_top_unfold(top);
	else if (view->table && view->table->list &&
		 view->skipped + 2 < kt_view_columns(view, true, index))
		view->skipped++;
}

#define MINUTE_MS 60000
#define HOUR_MS	  3600000

static void travel(struct kt_top *top, int64_t by_ms)
{
	if (top->steps)
		kt_top_travel_ms(top, by_ms);
	else
		snprintf(top->message, sizeof(top->message),
			"only a recording has other times: ktally top -s FILE");
}

static void minute_back(struct kt_top *top)
{
	travel(top, -MINUTE_MS);
}

static void minute_on(struct kt_top *top)
{
	travel(top, MINUTE_MS);
}

static void hour_back(struct kt_top *top)
{
	travel(top, -HOUR_MS);
}

static void hour_on(struct kt_top *top)
{
	travel(top, HOUR_MS);
}

static void begin_time(struct kt_top *top)
{
	if (!top->steps) {
		travel(top, 0);
		return;
	}
	top->mode = KT_MODE_TIME;
	top->input[0] = '\0';
}

/* ---- sorting and filtering ---- */

/* The cursor returns to the top: what was largest is now last. */
static void invert(struct kt_top *top)
{
	struct kt_view *view = kt_top_view(top);

	view->inverted = !view->inverted;
	view->row = 0;
	kt_view_refresh(view);
}

/* Sorts by a column next to the current sort column. */
static void sort_beside(struct kt_top *top, size_t by)
{
	struct kt_view *view = kt_top_view(top);
	size_t index[KT_VIEW_COLUMNS], count, at = 0;

	if (!view->table || !view->table->list)
		return;
	count = kt_view_columns(view, true, index);
	for (size_t i = 0; i < count; i++)
		at = index[i] == kt_view_sorted(view) ? i : at;
	if (count)
		kt_view_sort(view, view->table->columns[index[(at + count + by) % count]].key);
}

static void sort_before(struct kt_top *top)
{
	sort_beside(top, (size_t)-1);
}

static void sort_behind(struct kt_top *top)
{
	sort_beside(top, 1);
}

static void choose_sort(struct kt_top *top)
{
	struct kt_view *view = kt_top_view(top);
	size_t index[KT_VIEW_COLUMNS], count;

	if (!view->table || !view->table->list) {
		snprintf(top->message, sizeof(top->message),
			"cannot sort the account: it is a tree with a fixed order");
		return;
	}
	count = kt_view_columns(view, true, index);
	top->chosen = 0;
	for (size_t i = 0; i < count; i++)
		top->chosen = index[i] == kt_view_sorted(view) ? i : top->chosen;
	top->mode = KT_MODE_SORT;
}

static void begin_search(struct kt_top *top)
{
	top->mode = KT_MODE_SEARCH;
	top->input[0] = '\0';
}

static void begin_filter(struct kt_top *top)
{
	top->mode = KT_MODE_FILTER;
	snprintf(top->input, sizeof(top->input), "%s", kt_top_view(top)->filter);
}

static void toggle_exact(struct kt_top *top)
{
	top->exact = !top->exact;
}

/* For all tabs, so that switching to another tab does not undo it. */
static void toggle_empty(struct kt_top *top)
{
	for (size_t i = 0; i < KT_NR_TABS; i++) {
		top->views[i].empty = !top->views[i].empty;
		kt_view_refresh(&top->views[i]);
	}
	snprintf(top->message, sizeof(top->message),
		kt_top_view(top)->empty ? "empty rows are shown" : "empty rows are hidden");
}

/* ---- time ---- */

/*
 * A capture never changes, so it cannot be frozen. Ending the freeze samples at once, since the
 * numbers may be old.
 */
static void freeze(struct kt_top *top)
{
	if (!top->live)
		return;
	top->frozen = !top->frozen;
	if (top->frozen)
		snprintf(top->message, sizeof(top->message),
			"frozen: nothing is read until Space or F5 is pressed again");
	else
		kt_top_step(top);
}

static void mark(struct kt_top *top)
{
	for (size_t i = 0; i < KT_NR_TABS; i++) {
		if (top->views[i].watch)
			kt_watch_mark(top->views[i].watch);
	}
	snprintf(top->message, sizeof(top->message), "marked: GROWTH counts from here on");
}

static const double intervals[] = { 0.5, 1, 2, 5, 10, 30, 60 };

static void faster(struct kt_top *top)
{
	for (size_t i = KT_LEN(intervals); i > 0; i--) {
		if (intervals[i - 1] < top->interval_s) {
			top->interval_s = intervals[i - 1];
			return;
		}
	}
}

static void slower(struct kt_top *top)
{
	for (size_t i = 0; i < KT_LEN(intervals); i++) {
		if (intervals[i] > top->interval_s) {
			top->interval_s = intervals[i];
			return;
		}
	}
}

static void read_now(struct kt_top *top)
{
	kt_top_step(top);
}

static void quit(struct kt_top *top)
{
	top->done = true;
}

/* ---- the table ---- */

static const struct binding bindings[] = {
	{ KT_KEY_F(1), "F1 h ?", kt_top_help, NULL, "this help" },
	{ 'h', NULL, kt_top_help, NULL, NULL },
	{ '?', NULL, kt_top_help, NULL, NULL },
	{ KT_KEY_F(10), "F10 q Ctrl-C", quit, NULL, "quit" },
	{ 'q', NULL, quit, NULL, NULL },
	{ 'Q', NULL, quit, NULL, NULL },
	{ KT_KEY_TAB, "Tab Shift-Tab", next_tab, NULL, "the next list, the previous list" },
	{ KT_KEY_BACK_TAB, NULL, previous_tab, NULL, NULL },
	{ '1', "1 to 6", NULL, NULL, "the list with this number" },
	{ KT_KEY_UP, "Up Down", go_up, NULL,
		"moves by a row; PgUp PgDn: by a page; Home End: to the ends" },
	{ KT_KEY_DOWN, NULL, go_down, NULL, NULL },
	{ KT_KEY_PAGE_UP, NULL, page_up, NULL, NULL },
	{ KT_KEY_PAGE_DOWN, NULL, page_down, NULL, NULL },
	{ KT_KEY_HOME, NULL, go_home, NULL, NULL },
	{ KT_KEY_END, NULL, go_end, NULL, NULL },
	{ 'g', NULL, go_home, NULL, NULL },
	{ 'G', NULL, go_end, NULL, NULL },
	{ KT_KEY_LEFT, "Left Right", go_left, NULL,
		"further columns; in the account: folds the row, unfolds it; in a recording: the "
		"previous sample, the next" },
	{ KT_KEY_RIGHT, NULL, go_right, NULL, NULL },
	{ 'z', "z", kt_top_toggle_fold, NULL,
		"folds the row of the account, which hides the rows below it; again: unfolds" },
	{ 'x', "x", kt_top_pin, NULL, "pins the row: it stays at the top of its list; again: not" },
	{ '[', "[ ] { }", minute_back, NULL,
		"in a recording: a minute back, on; an hour back, on" },
	{ ']', NULL, minute_on, NULL, NULL },
	{ '{', NULL, hour_back, NULL, NULL },
	{ '}', NULL, hour_on, NULL, NULL },
	{ 't', "t j", begin_time, NULL,
		"in a recording: goes to a time that is typed: 23:59, 2026-01-31T23:59, -2h" },
	{ 'j', NULL, begin_time, NULL, NULL },
	{ KT_KEY_ENTER, "Enter", kt_top_explain, NULL,
		"explains the row; draws one slab of a slab cache" },
	{ 'f', "f", kt_top_findings, NULL,
		"what is wrong: all findings, with evidence and remedy" },
	{ KT_KEY_F(9), "F9 w", kt_top_watch_ask, NULL,
		"watches who allocates from the row, for a time that is asked for; Esc ends it" },
	{ 'w', NULL, kt_top_watch_ask, NULL, NULL },
	{ 'W', "W", kt_top_watch_show, NULL,
		"shows the last result of a watch again; s there: stacks in full" },
	{ KT_KEY_F(2), "F2 m", mark, NULL,
		"sets a mark: GROWTH of all lists counts from it, not from their opening" },
	{ 'm', NULL, mark, NULL, NULL },
	{ KT_KEY_F(3), "F3 /", begin_search, NULL,
		"goes to the row whose name contains the text; F3: the next" },
	{ '/', NULL, begin_search, NULL, NULL },
	{ KT_KEY_F(4), "F4 \\", begin_filter, NULL,
		"shows only rows whose name contains the text or matches the pattern; Esc: all" },
	{ '\\', NULL, begin_filter, NULL, NULL },
	{ KT_KEY_F(5), "F5 Space Z", freeze, NULL, "freezes the screen and stops reading" },
	{ ' ', NULL, freeze, NULL, NULL },
	{ 'Z', NULL, freeze, NULL, NULL },
	{ KT_KEY_F(6), "F6 .", choose_sort, NULL, "chooses the sort column" },
	{ '.', NULL, choose_sort, NULL, NULL },
	{ '<', "< >", sort_before, NULL, "sorts by the column to the left, to the right" },
	{ '>', NULL, sort_behind, NULL, NULL },
	{ 'I', "I", invert, NULL, "inverts the sort order" },
	{ KT_KEY_F(7), "F7 - F8 +", faster, NULL, "samples more often, less often" },
	{ '-', NULL, faster, NULL, NULL },
	{ KT_KEY_F(8), NULL, slower, NULL, NULL },
	{ '+', NULL, slower, NULL, NULL },
	{ 'r', "r", read_now, NULL, "takes a sample now" },
	{ 'e', "e", toggle_exact, NULL, "exact bytes, or KiB, MiB and GiB" },
	{ 'A', "A", toggle_empty, NULL, "shows empty rows too" },
	{ 'M', "M c", NULL, "bytes", "sorts by memory (as in htop and slabtop)" },
	{ 'c', NULL, NULL, "bytes", NULL },
	{ 'P', "P", NULL, "rate", "sorts by current growth per second" },
	{ 'T', "T", NULL, "growth", "sorts by growth since the mark, or the start" },
	{ 'n', "n", NULL, "name", "sorts by name" },
	{ 'o', "o", NULL, "slots areas threads processes dying", "sorts by number" },
	{ 'a', "a", NULL, "objects threads areas processes", "sorts by objects in use" },
	{ 'u', "u", NULL, "used limit_share mapped_ratio", "sorts by used percentage" },
	{ 's', "s", NULL, "object_bytes size_bytes", "sorts by size of an object" },
	{ 'b', "b", NULL, "objects_per_slab", "sorts by objects in a slab" },
	{ 'p', "p", NULL, "pages_per_slab", "sorts by pages of a slab" },
	{ 'l', "l v", NULL, "slabs", "sorts by slabs" },
	{ 'v', NULL, NULL, "slabs", NULL },
};

const char *kt_key_help(size_t index, const char **ret_name)
{
	for (size_t i = 0; i < KT_LEN(bindings); i++) {
		if (!bindings[i].name || index--)
			continue;
		*ret_name = bindings[i].name;
		return bindings[i].help;
	}
	return NULL;
}

/*
 * Lists name the same thing differently ("threads", "areas"), so a key has several columns to try.
 */
static void sort_by(struct kt_top *top, const char *columns)
{
	struct kt_span rest = kt_span_str(columns), word;
	char key[32];

	while (kt_span_word(&rest, &word)) {
		snprintf(key, sizeof(key), "%.*s", (int)word.n, word.p);
		if (kt_view_sort(kt_top_view(top), key))
			return;
	}
	snprintf(top->message, sizeof(top->message), "cannot sort: this list has no such column");
}

static void list_key(struct kt_top *top, int key)
{
	if (key >= '1' && key < '1' + KT_NR_TABS) {
		kt_top_open(top, (size_t)(key - '1'));
		return;
	}
	for (size_t i = 0; i < KT_LEN(bindings); i++) {
		if (bindings[i].key != key)
			continue;
		if (bindings[i].act)
			bindings[i].act(top);
		else
			sort_by(top, bindings[i].sort);
		return;
	}
	if (key == KT_KEY_ESCAPE && kt_top_watch_stop(top))
		return;
	if (key == KT_KEY_ESCAPE && *kt_top_view(top)->filter) {
		kt_top_view(top)->filter[0] = '\0';
		kt_view_refresh(kt_top_view(top));
	}
}

/* ---- input lines ---- */

/* Handles a key of an input line; false if the key is not text. */
static bool type(struct kt_top *top, int key)
{
	size_t n = strlen(top->input);

	if (key == KT_KEY_BACKSPACE) {
		if (n)
			top->input[n - 1] = '\0';
		return true;
	}
	/* names are ASCII, see kt_arena_name() */
	if (key < 0x20 || key >= 0x7f)
		return false;
	if (n + 1 < sizeof(top->input)) {
		top->input[n] = (char)key;
		top->input[n + 1] = '\0';
	}
	return true;
}

/*
 * Searches with every character, from the cursor on, so the text need not be complete. Any key that
 * is not text ends the search and leaves the cursor where it is.
 */
static void search_key(struct kt_top *top, int key)
{
	struct kt_view *view = kt_top_view(top);
	bool next = key == KT_KEY_F(3) || key == KT_KEY_DOWN;

	if (!type(top, key) && !next) {
		top->mode = KT_MODE_LIST;
		return;
	}
	if (!kt_view_search(view, top->input, view->at + next) && *top->input)
		snprintf(top->message, sizeof(top->message), "no row's name contains this text");
}

/*
 * Filters with every character. Escape removes the filter; any other key that is not text keeps it.
 */
static void filter_key(struct kt_top *top, int key)
{
	struct kt_view *view = kt_top_view(top);

	if (key == KT_KEY_ESCAPE)
		top->input[0] = '\0';
	if (!type(top, key))
		top->mode = KT_MODE_LIST;
	snprintf(view->filter, sizeof(view->filter), "%s", top->input);
	kt_view_refresh(view);
}

/* Goes to the time at Enter only: a time that is half typed is another time. */
static void time_key(struct kt_top *top, int key)
{
	if (type(top, key))
		return;
	top->mode = KT_MODE_LIST;
	if (key == KT_KEY_ENTER && *top->input)
		kt_top_travel_to(top, top->input);
}

static void sort_key(struct kt_top *top, int key)
{
	struct kt_view *view = kt_top_view(top);
	size_t index[KT_VIEW_COLUMNS], count = view->table ? kt_view_columns(view, true, index) : 0;

	if (key == KT_KEY_UP && top->chosen)
		top->chosen--;
	else if (key == KT_KEY_DOWN && top->chosen + 1 < count)
		top->chosen++;
	else if (key == KT_KEY_HOME)
		top->chosen = 0;
	else if (key == KT_KEY_END && count)
		top->chosen = count - 1;
	else if (key != KT_KEY_UP && key != KT_KEY_DOWN) {
		top->mode = KT_MODE_LIST;
		if (key == KT_KEY_ENTER && top->chosen < count)
			kt_view_sort(view, view->table->columns[index[top->chosen]].key);
	}
}

static void page_key(struct kt_top *top, int key)
{
	size_t room = top->layout.nr_list > 0 ? (size_t)top->layout.nr_list : 1;
	size_t *first = &top->page.first;

	switch (key) {
	case KT_KEY_UP: *first -= *first > 0; break;
	case KT_KEY_DOWN: ++*first; break;
	case KT_KEY_PAGE_UP: *first -= *first < room ? *first : room; break;
	case KT_KEY_PAGE_DOWN:
	case ' ': *first += room; break;
	case KT_KEY_HOME: *first = 0; break;
	case KT_KEY_END: *first = ENOUGH; break;
	case KT_KEY_F(10): top->done = true; break;
	case 's':
		if (top->watching.page)
			kt_top_watch_stacks(top);
		break;
	case 'q':
	case KT_KEY_ESCAPE:
	case KT_KEY_ENTER:
	case KT_KEY_LEFT:
	case KT_KEY_BACKSPACE: top->mode = KT_MODE_LIST; break;
	default: break;
	}
}

void kt_top_key(struct kt_top *top, int key)
{
	top->message[0] = '\0';
	switch (top->mode) {
	case KT_MODE_LIST: list_key(top, key); break;
	case KT_MODE_SEARCH: search_key(top, key); break;
	case KT_MODE_FILTER: filter_key(top, key); break;
	case KT_MODE_SORT: sort_key(top, key); break;
	case KT_MODE_PAGE: page_key(top, key); break;
	case KT_MODE_TIME: time_key(top, key); break;
	case KT_MODE_WATCH: kt_top_watch_key(top, key); break;
	}
}

/* The tab whose title is at a column of the row of tabs; KT_NR_TABS: none. */
static size_t tab_at(const struct kt_top *top, int x)
{
	for (size_t i = 0; i < KT_NR_TABS; i++) {
		if (x >= top->tab_from[i] && x < top->tab_to[i])
			return i;
	}
	return KT_NR_TABS;
}

/* A column that the list is sorted by already has its order inverted. */
static void click_head(struct kt_top *top, int x)
{
	struct kt_view *view = kt_top_view(top);

	if (top->open == KT_TAB_ACCOUNT)
		choose_sort(top);
	for (size_t i = 0; i < top->nr_heads && view->table; i++) {
		if (x < top->heads[i].from || x >= top->heads[i].to)
			continue;
		if (top->heads[i].column == kt_view_sorted(view))
			invert(top);
		else {
			view->inverted = false;
			kt_view_sort(view, view->table->columns[top->heads[i].column].key);
		}
		return;
	}
}

void kt_top_click(struct kt_top *top, int y, int x)
{
	const struct kt_layout *l = &top->layout;
	struct kt_view *view = kt_top_view(top);
	size_t row = kt_view_at_place(view, view->first + (size_t)(y > l->list ? y - l->list : 0));

	top->message[0] = '\0';
	if (top->mode != KT_MODE_LIST)
		top->mode = KT_MODE_LIST;
	else if (y == l->tabs && tab_at(top, x) != KT_NR_TABS)
		kt_top_open(top, tab_at(top, x));
	else if (l->head >= 0 && y == l->head)
		click_head(top, x);
	else if (l->list >= 0 && y >= l->list && y < l->list + l->nr_list &&
		 row < kt_view_nr(view)) {
		if (row == view->at)
			kt_top_explain(top);
		else
			kt_view_move_to(view, row);
	}
}
