// SPDX-License-Identifier: GPL-2.0-or-later
//
// The terminal view: samples, draws, waits for keys. Batch mode is the same without a terminal.

#include "cmd/session.h"
#include "output/output.h"
#include "top/moments.h"
#include "top/state.h"
#include "top/terminal.h"

#include <stdio.h>
#include <string.h>

#define BATCH_ROWS 20 /* of a list, where nobody says how many */
#define MS_NS	   1000000

/* ---- samples ---- */

void kt_top_step(struct kt_top *top)
{
	kt_view_step(&top->views[KT_TAB_ACCOUNT], &top->options, KT_TOP_KEPT);
	if (top->open != KT_TAB_ACCOUNT)
		kt_view_step(kt_top_view(top), &top->options, KT_TOP_KEPT);
}

static void tell_since(struct kt_top *top)
{
	const struct kt_view *view = kt_top_view(top), *account = &top->views[KT_TAB_ACCOUNT];
	int64_t mark_ms = view->watch ? kt_watch_mark_ms(view->watch) : 0;
	int64_t first_ms = account->watch ? kt_watch_mark_ms(account->watch) : 0;

	if (top->live && mark_ms && first_ms && mark_ms - first_ms > 1000)
		snprintf(top->message, sizeof(top->message),
			"growth in this list counts from when it was opened, %lld s later",
			(long long)((mark_ms - first_ms) / 1000));
}

void kt_top_open(struct kt_top *top, size_t tab)
{
	struct kt_view *view;

	if (tab >= KT_NR_TABS || tab == top->open)
		return;
	top->open = tab;
	view = kt_top_view(top);
	if (tab != KT_TAB_ACCOUNT && (!view->watch || (top->live && !top->frozen)))
		kt_view_step(view, &top->options, KT_TOP_KEPT);
	else
		kt_view_refresh(view);
	tell_since(top);
}

void kt_top_travel(struct kt_top *top, int by)
{
	if (!kt_moments_move(top->moments, by)) {
		snprintf(top->message, sizeof(top->message),
			by < 0 ? "this is the first sample" : "this is the last sample");
		return;
	}
	if (!kt_moments_source(top->moments, top->source, sizeof(top->source)))
		return;
	top->options.source = top->source;
	for (size_t i = 0; i < KT_NR_TABS; i++) {
		if (top->views[i].watch)
			kt_watch_options(top->views[i].watch)->source = top->source;
	}
	kt_top_step(top);
}

/* ---- beginning ---- */

static struct kt_err *begin(struct kt_top *top, const struct kt_options *options)
{
	const char *list = options->nr_operands ? options->operands[0] : "slab";
	struct kt_err *err = NULL;

	top->options = *options;
	top->options.nr_operands = 0;
	top->options.count = 0;
	top->options.sort = top->options.filter = NULL;
	top->options.top = 0;
	top->options.depth = 9; /* all rows; what is drawn is decided here */
	top->live = !options->source;
	top->interval_s = options->interval_s ? options->interval_s : 1;
	if (options->source)
		err = kt_moments_open(options->source, &top->moments);
	/* commands choose their columns by it: is there growth to show? */
	top->options.interval_s = top->live || top->moments ? top->interval_s : 0;
	top->exact = options->exact_bytes;
	top->open = kt_tab_find(list);
	for (size_t i = 0; i < KT_NR_TABS; i++) {
		kt_view_init(&top->views[i], &kt_tabs[i]);
		top->views[i].empty = options->all;
		top->views[i].hidden = (top->live ? 0 : KT_COL_RATE) |
				       (top->live || top->moments ? 0 : KT_COL_GROWTH);
	}
	if (!err && top->open == KT_NR_TABS)
		err = kt_err_new(KT_ERR_USAGE,
			"'%.64s' is no list of top; account, slab, vmalloc, stacks, pagetables and "
			"cgroups are",
			list);
	return err;
}

/* The first sample shows whether there is anything to look at, and what can be sorted by. */
static struct kt_err *begin_view(struct kt_top *top, const struct kt_options *options)
{
	struct kt_view *view = kt_top_view(top), *account = &top->views[KT_TAB_ACCOUNT];

	if (options->batch && !options->all)
		view->top = options->top ? options->top : BATCH_ROWS;
	snprintf(view->filter, sizeof(view->filter), "%s", options->filter ? options->filter : "");
	kt_top_step(top);
	if (!account->table)
		return kt_err_new(KT_ERR_ABSENT, "%s", account->error);
	/* slab caches take root to read, the account does not */
	if (!view->table && !options->nr_operands && !options->sort) {
		snprintf(top->message, sizeof(top->message), "%s", view->error);
		top->open = KT_TAB_ACCOUNT;
	}
	if (options->sort && !view->table)
		return kt_err_new(KT_ERR_ABSENT, "%s", view->error);
	if (options->sort && !kt_view_sort(view, options->sort))
		return kt_err_new(KT_ERR_USAGE, "'%s' has no column '%.64s' to sort by",
			view->tab->name, options->sort);
	return NULL;
}

static void end(struct kt_top *top)
{
	for (size_t i = 0; i < KT_NR_TABS; i++)
		kt_view_fini(&top->views[i]);
	kt_screen_cleanup(&top->screen);
	kt_page_cleanup(&top->page);
	kt_moments_free(top->moments);
}

/* ---- batch mode ---- */

static struct kt_err *run_batch(struct kt_top *top, const struct kt_options *options)
{
	int64_t next_ns = kt_session_clock_ns();

	top->screen.unicode = options->unicode;
	for (int64_t turn = 0;; turn++) {
		KT_CLEANUP(buf) struct kt_buf text = { 0 };
		struct kt_err *err;

		if (turn) {
			kt_buf_puts(&text, "\n");
			kt_top_step(top);
		}
		err = kt_top_draw_batch(top, options->width, &text);
		if (!err && text.failed)
			err = kt_err_new(KT_ERR_NOMEM, "out of memory");
		/* nobody reads any more: that is its end, and no error */
		if (err || !options->write(text.data, text.size) || turn + 1 == options->count ||
			!top->live)
			return err;
		next_ns += (int64_t)(top->interval_s * 1e9);
		if (next_ns < kt_session_clock_ns())
			next_ns = kt_session_clock_ns();
		kt_session_sleep_until(next_ns);
	}
}

/* ---- on a terminal ---- */

static struct kt_err *draw(struct kt_top *top, struct kt_terminal *terminal)
{
	int width, height;
	struct kt_err *err;

	kt_terminal_size(terminal, &width, &height);
	err = kt_screen_size(&top->screen, width, height);
	if (err)
		return err;
	kt_top_draw(top);
	kt_terminal_show(terminal, &top->screen);
	return NULL;
}

/* Waits and takes what comes, until the next sample is due; false at the end. */
static bool wait(struct kt_top *top, struct kt_terminal *terminal, int64_t due_ns, bool *ret_due)
{
	int64_t left_ms = (due_ns - kt_session_clock_ns() + MS_NS - 1) / MS_NS;
	bool moving = top->live && !top->frozen;
	int key = 0, timeout_ms = moving ? (int)(left_ms < 0 ? 0 : left_ms) : 3600 * 1000;

	*ret_due = false;
	switch (kt_terminal_wait(terminal, timeout_ms, &key)) {
	case KT_EVENT_KEY: kt_top_key(top, key); break;
	case KT_EVENT_TIME: *ret_due = moving; break;
	case KT_EVENT_RESIZE: break;
	case KT_EVENT_END: return false;
	}
	*ret_due |= moving && kt_session_clock_ns() >= due_ns;
	return !top->done;
}

/* When samples were taken, and how long the last one took. */
struct pace {
	int64_t begun_ns, ended_ns;
};

/*
 * One that takes long is followed by three times as much of nothing, so that keys are answered
 * and the machine has three quarters of a core back, however many processes there are.
 */
static int64_t due_ns(const struct pace *pace, double interval_s)
{
	int64_t due = pace->begun_ns + (int64_t)(interval_s * 1e9);
	int64_t rest = pace->ended_ns + 3 * (pace->ended_ns - pace->begun_ns);

	return due > rest ? due : rest;
}

static struct kt_err *run_terminal(
	struct kt_top *top, struct kt_terminal *terminal, int64_t nr_turns)
{
	struct pace pace = { kt_session_clock_ns(), kt_session_clock_ns() };
	struct kt_err *err = draw(top, terminal);
	bool due;

	for (int64_t turn = 1; !err && (!nr_turns || turn < nr_turns || !top->live);) {
		/* the interval may have been changed since */
		if (!wait(top, terminal, due_ns(&pace, top->interval_s), &due))
			break;
		if (due) {
			pace.begun_ns = kt_session_clock_ns();
			kt_top_step(top);
			pace.ended_ns = kt_session_clock_ns();
			turn++;
		}
		err = draw(top, terminal);
	}
	return err;
}

static struct kt_err *run_view(struct kt_top *top, const struct kt_options *options)
{
	struct kt_terminal *terminal;
	struct kt_err *err;

	top->cursor = true;
	err = kt_terminal_open(options->color, &terminal);
	if (err)
		return err;
	top->screen.unicode = kt_terminal_unicode(terminal);
	err = run_terminal(top, terminal, options->count);
	kt_terminal_close(terminal);
	return err;
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	struct kt_top top = { 0 };
	struct kt_err *err;

	kt_report_init(report, "ktally/top/1");
	report->streamed = true;
	if (strcmp(options->output, "text") != 0)
		return kt_err_new(KT_ERR_USAGE,
			"top is for people; 'ktally -i 1 -o %s' and the lists with -i are for "
			"programs",
			options->output);
	if (!options->batch && !options->terminal)
		return kt_err_new(KT_ERR_USAGE, "top needs a terminal to draw on; 'ktally top "
						"--batch' (or -b) prints plain "
						"text");
	err = begin(&top, options);
	if (!err)
		err = begin_view(&top, options);
	if (!err)
		err = options->batch ? run_batch(&top, options) : run_view(&top, options);
	end(&top);
	return err;
}

const struct kt_cmd kt_cmd_top = {
	.name = "top",
	.summary = "the account and the lists on the screen, as they change",
	.operands = "[LIST]",
	.nr_operands_max = 1,
	.paced = true,
	.help = "Shows the account with the growth and the last minutes of each row, and below it "
		"a list: LIST is account, slab (without it), vmalloc, stacks, pagetables or "
		"cgroups; Tab goes to the next. What to look for: a row whose GROWTH only rises. m "
		"sets a mark from which growth counts: mark, wait, and sort by T. Enter explains "
		"the row under the cursor; of a slab cache it draws one slab.\n\n"
		"F1 shows all keys: those of slabtop (a b c l n o p s u v sort by a column) and of "
		"htop (F-keys, < > P M T I, / and F3 search, \\ and F4 filter), + and - for the "
		"interval, Space to freeze. It samples once a second, or every -i seconds, and "
		"only "
		"what is on the screen: 'top' of a large machine costs least with slab open.\n\n"
		"-b (--batch) prints plain text, for a file or a pipe: 'ktally top -b -n 3 -i 10'. "
		"With -s it shows one moment; of a recording the arrows left and right step "
		"through its samples. Without colours: NO_COLOR=1.",
	.run = run,
};
