// SPDX-License-Identifier: GPL-2.0-or-later
//
// The terminal view: samples, draws, and waits for keys. Batch mode does the same without a
// terminal.

#include "cli/needs.h"
#include "cmd/slab/slab.h"
#include "history/steps.h"
#include "machine/clock.h"
#include "top/state.h"
#include "top/terminal.h"

#include <stdio.h>
#include <string.h>

#define BATCH_ROWS 20 /* default number of rows of a list */
#define MS_NS	   1000000
#define WATCH_MS   250 /* ms; news of a watch is looked for so often */

struct top_args {
	bool batch, exact;
};

static const struct top_args *top_args(const struct kt_call *call)
{
	return kt_call_own(call);
}

/* ---- samples ---- */

/*
 * The account is always sampled, because it is always drawn; of the lists only the open one is,
 * because lists cost far more on a large machine.
 */
void kt_top_step(struct kt_top *top)
{
	kt_view_step(&top->views[KT_TAB_ACCOUNT], &top->call, KT_TOP_KEPT);
	if (top->open != KT_TAB_ACCOUNT)
		kt_view_step(kt_top_view(top), &top->call, KT_TOP_KEPT);
}

/* Two growths on one screen that count from different times would be compared without noticing. */
static void tell_since(struct kt_top *top)
{
	const struct kt_view *view = kt_top_view(top), *account = &top->views[KT_TAB_ACCOUNT];
	int64_t mark_ms = view->watch ? kt_watch_mark_ms(view->watch) : 0;
	int64_t first_ms = account->watch ? kt_watch_mark_ms(account->watch) : 0;

	if (top->live && mark_ms && first_ms && mark_ms - first_ms > 1000)
		snprintf(top->message, sizeof(top->message),
			"growth in this list counts from its opening, %lld s later",
			(long long)((mark_ms - first_ms) / 1000));
}

/*
 * A list that has samples is still read again when it is opened, unless the screen is frozen: its
 * last sample may be minutes old.
 */
void kt_top_open(struct kt_top *top, size_t tab)
{
	struct kt_view *view;

	if (tab >= KT_NR_TABS || tab == top->open)
		return;
	top->open = tab;
	view = kt_top_view(top);
	if (tab != KT_TAB_ACCOUNT && (!view->watch || (top->live && !top->frozen)))
		kt_view_step(view, &top->call, KT_TOP_KEPT);
	else
		kt_view_refresh(view);
	tell_since(top);
}

/* Selects the current sample; the path is valid as long as `steps`. */
static void select_sample(const struct kt_steps *steps, struct kt_machine_opts *opts)
{
	opts->source = kt_steps_path(steps);
	opts->time_ms = kt_steps_time_ms(steps);
}

/*
 * Each watch keeps a copy of the call, so all of them move to the new sample. Only then is one
 * taken.
 */
static void show_sample(struct kt_top *top)
{
	select_sample(top->steps, &top->call.machine);
	for (size_t i = 0; i < KT_NR_TABS; i++) {
		if (top->views[i].watch)
			select_sample(top->steps, &kt_watch_call(top->views[i].watch)->machine);
	}
	kt_top_step(top);
}

void kt_top_travel(struct kt_top *top, int by)
{
	if (kt_steps_move(top->steps, by))
		show_sample(top);
	else
		snprintf(top->message, sizeof(top->message),
			by < 0 ? "this is the first sample" : "this is the last sample");
}

void kt_top_travel_ms(struct kt_top *top, int64_t by_ms)
{
	int64_t from_ms = kt_steps_time_ms(top->steps);

	/* a longer gap between two samples than the step */
	if (kt_steps_go(top->steps, from_ms + by_ms) && kt_steps_time_ms(top->steps) != from_ms)
		show_sample(top);
	else
		kt_top_travel(top, by_ms < 0 ? -1 : 1);
}

void kt_top_travel_to(struct kt_top *top, const char *when)
{
	if (kt_steps_go_typed(top->steps, when))
		show_sample(top);
	else
		snprintf(top->message, sizeof(top->message),
			"no sample at '%.64s': a time is 23:59, 2026-01-31T23:59 or -2h", when);
}

/* ---- beginning ---- */

static struct kt_err *no_list(const char *name)
{
	char names[KT_WORDS_LIST];

	kt_words_list(KT_TAB_NAMES, names);
	return kt_err_new(KT_ERR_USAGE, "'%.64s' is not a list of top; use one of %s", name, names);
}

static struct kt_err *begin(struct kt_top *top, const struct kt_call *call)
{
	const struct kt_settings *settings = &top->settings;
	const struct kt_slab_args slab = { .view = true, .exact = top_args(call)->exact };
	struct kt_err *err = NULL;

	top->call = (struct kt_call){
		.machine = call->machine,
		.show = call->show,
		.own_of = &kt_cmd_slab,
	};
	memcpy(&top->call.own, &slab, sizeof(slab));
	top->call.show.depth = 9; /* all rows; drawing decides which are shown */
	top->live = !call->machine.source;
	top->interval_s = call->interval_s	  ? call->interval_s
			  : settings->interval_ms ? (double)settings->interval_ms / 1000
						  : 1;
	if (call->machine.source)
		err = kt_steps_open(call->machine.source, &top->steps);
	if (top->steps)
		select_sample(top->steps, &top->call.machine);
	/* commands choose their columns by the interval, which means growth */
	top->call.interval_s = top->live || top->steps ? top->interval_s : 0;
	top->exact = call->show.exact_bytes;
	top->open = call->nr_operands ? kt_tab_find(call->operands[0])
		    : settings->list  ? settings->list - 1
				      : KT_TAB_SLAB;
	for (size_t i = 0; i < KT_NR_TABS; i++) {
		kt_view_init(&top->views[i], &kt_tabs[i]);
		top->views[i].marks = &top->settings.lists[i].marks;
		top->views[i].empty = call->show.all;
		top->views[i].hidden = (top->live ? 0 : KT_COL_RATE) |
				       (top->live || top->steps ? 0 : KT_COL_GROWTH);
	}
	kt_top_apply(top);
	if (!err && top->open == KT_NR_TABS)
		err = no_list(call->operands[0]);
	return err;
}

/*
 * Takes the first sample, which shows whether the list exists and which columns can be sorted by.
 */
static struct kt_err *begin_view(struct kt_top *top, const struct kt_call *call)
{
	struct kt_view *view = kt_top_view(top), *account = &top->views[KT_TAB_ACCOUNT];

	if (top_args(call)->batch && !call->show.all)
		view->top = call->list.top ? call->list.top : BATCH_ROWS;
	snprintf(view->filter, sizeof(view->filter), "%s",
		call->list.filter ? call->list.filter : "");
	kt_top_step(top);
	if (!account->table)
		return kt_err_new(KT_ERR_ABSENT, "%s", account->error);
	/* slab caches need root, the account does not */
	if (!view->table && !call->nr_operands && !call->list.sort) {
		snprintf(top->message, sizeof(top->message), "%s", view->error);
		top->open = KT_TAB_ACCOUNT;
	}
	if (call->list.sort) {
		view->inverted = false;
		kt_view_refresh(view);
	}
	if (call->list.sort && !view->table)
		return kt_err_new(KT_ERR_ABSENT, "%s", view->error);
	if (call->list.sort && !kt_view_sort(view, call->list.sort))
		return kt_err_new(KT_ERR_USAGE, "cannot sort '%s' by '%.64s': no such column",
			view->tab->cmd->name, call->list.sort);
	return NULL;
}

static void end(struct kt_top *top)
{
	for (size_t i = 0; i < KT_NR_TABS; i++)
		kt_view_fini(&top->views[i]);
	kt_screen_cleanup(&top->screen);
	kt_page_cleanup(&top->page);
	kt_armed_free(top->watching.armed);
	kt_steps_free(top->steps);
	kt_settings_file_close(&top->kept.file);
	kt_buf_cleanup(&top->kept.text);
}

/* ---- batch mode ---- */

/*
 * A late sample delays the next ones instead of being followed by several at once: batch output is
 * read as one sample per interval. A capture has one sample, so it ends after the first.
 */
static struct kt_err *run_batch(struct kt_top *top, const struct kt_call *call)
{
	int64_t next_ns = kt_clock_ns();

	top->screen.unicode = call->console->unicode;
	for (int64_t turn = 0;; turn++) {
		KT_CLEANUP(buf) struct kt_buf text = { 0 };
		struct kt_err *err;

		if (turn) {
			kt_buf_puts(&text, "\n");
			kt_top_step(top);
		}
		err = kt_top_draw_batch(top, call->console->width, &text);
		if (!err && text.failed)
			err = kt_err_new(KT_ERR_NOMEM, "out of memory");
		/* a closed output ends the program without an error */
		if (err || !kt_call_write(call, text.data, text.size) || turn + 1 == call->count ||
			!top->live)
			return err;
		next_ns += (int64_t)(top->interval_s * 1e9);
		if (next_ns < kt_clock_ns())
			next_ns = kt_clock_ns();
		kt_clock_sleep_until(next_ns);
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

/*
 * Waits for events until the next sample is due; false at the end. The time of the next sample is
 * checked after keys too: a key that repeats must not stop sampling.
 */
static bool wait(struct kt_top *top, struct kt_terminal *terminal, int64_t due_ns, bool *ret_due)
{
	int64_t left_ms = (due_ns - kt_clock_ns() + MS_NS - 1) / MS_NS;
	bool moving = top->live && !top->frozen;
	int key = 0, y, x, timeout_ms = moving ? (int)(left_ms < 0 ? 0 : left_ms) : 3600 * 1000;

	if (kt_top_watches(top) && timeout_ms > WATCH_MS)
		timeout_ms = WATCH_MS;
	switch (kt_terminal_wait(terminal, timeout_ms, &key)) {
	case KT_EVENT_KEY: kt_top_key(top, key); break;
	case KT_EVENT_CLICK:
		kt_terminal_click(terminal, &y, &x);
		kt_top_click(top, y, x);
		break;
	case KT_EVENT_TIME:
	case KT_EVENT_RESIZE: break;
	case KT_EVENT_END: *ret_due = false; return false;
	}
	kt_top_watch_step(top);
	*ret_due = moving && kt_clock_ns() >= due_ns;
	return !top->done;
}

/* Start and end of the last sample. */
struct pace {
	int64_t begun_ns, ended_ns;
};

/*
 * A slow sample is followed by a pause three times as long, so that keys are answered and the
 * sampler uses at most a quarter of a core, however many processes there are.
 */
static int64_t due_ns(const struct pace *pace, double interval_s)
{
	int64_t due = pace->begun_ns + (int64_t)(interval_s * 1e9);
	int64_t rest = pace->ended_ns + 3 * (pace->ended_ns - pace->begun_ns);

	return due > rest ? due : rest;
}

/*
 * Draws after every event, whatever it was. ncurses sends only cells that changed, so this is cheap
 * and no change can be forgotten.
 */
static struct kt_err *run_terminal(
	struct kt_top *top, struct kt_terminal *terminal, int64_t nr_turns)
{
	struct pace pace = { kt_clock_ns(), kt_clock_ns() };
	struct kt_err *err = draw(top, terminal);
	bool due;

	for (int64_t turn = 1; !err && (!nr_turns || turn < nr_turns || !top->live);) {
		/* the interval may have changed since */
		if (!wait(top, terminal, due_ns(&pace, top->interval_s), &due))
			break;
		if (due) {
			pace.begun_ns = kt_clock_ns();
			kt_top_step(top);
			pace.ended_ns = kt_clock_ns();
			turn++;
		}
		err = draw(top, terminal);
	}
	return err;
}

/* Lost settings are no reason to end with an error: the view has done what it was for. */
static void save(struct kt_top *top, const struct kt_call *call)
{
	struct kt_err *err = kt_top_save(top);
	char text[512];

	if (err) {
		snprintf(text, sizeof(text), "cannot keep the settings of top: %s",
			kt_err_text(err));
		kt_call_say(call, text);
	}
	kt_err_free(err);
}

static struct kt_err *run_view(struct kt_top *top, const struct kt_call *call)
{
	struct kt_terminal *terminal;
	struct kt_err *err;

	top->cursor = true;
	err = kt_terminal_open(call->console->color, &terminal);
	if (err)
		return err;
	top->screen.unicode = kt_terminal_unicode(terminal);
	kt_top_remember(top);
	err = run_terminal(top, terminal, call->count);
	kt_terminal_close(terminal);
	save(top, call);
	return err;
}

extern const struct kt_cmd kt_cmd_top;

/*
 * Does what a confined process cannot: loads ncurses, reads the settings, and makes the process
 * that writes them. Plain text is for files, so it has no settings.
 */
static struct kt_err *prepare(struct kt_top *top, const struct kt_call *call)
{
	struct kt_err *err = kt_terminal_prepare();

	if (err)
		return err;
	kt_top_recall(top, call->console);
	return call->machine.source ? kt_settings_file_keep(&top->kept.file, KT_TAB_NAMES) : NULL;
}

/* The terminal is opened last, so that errors until then are printed on a normal screen. */
static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	struct kt_top top = { .kept.file = KT_SETTINGS_FILE_NONE };
	bool batch = top_args(call)->batch;
	struct kt_err *err = NULL;

	kt_report_init(report, "ktally/top/1");
	report->streamed = true;
	if (!call->show.output->for_people)
		return kt_err_new(KT_ERR_USAGE,
			"top has no such output; 'ktally -i 1 -o %s' and the lists with -i are for "
			"programs",
			call->show.output->name);
	if (call->nr_operands && kt_words_find(KT_TAB_NAMES, call->operands[0]) < 0)
		return no_list(call->operands[0]);
	if (!batch && !call->console->terminal)
		return kt_err_new(KT_ERR_USAGE, "top needs a terminal to draw on; 'ktally top "
						"--batch' (or -b) prints plain "
						"text");
	if (!batch)
		err = prepare(&top, call);
	if (!err)
		err = kt_needs_confine(
			&kt_cmd_top, call, (struct kt_confine_needs){ .terminal = !batch });
	if (!err)
		err = begin(&top, call);
	if (!err)
		err = begin_view(&top, call);
	if (!err)
		err = batch ? run_batch(&top, call) : run_view(&top, call);
	end(&top);
	return err;
}

static const struct kt_operand operands[] = { { "LIST", KT_ARG_CHOICE, .optional = true,
	.choices = KT_TAB_NAMES } };

static const struct kt_option options[] = {
	{ 0, "exact", NULL,
		"count the objects of slab caches in kernel memory: in use, cached per CPU, free; "
		"needs root",
		.kind = KT_ARG_FLAG, KT_AT(struct top_args, exact) },
	{ 'b', "batch", NULL,
		"print plain text, one sample below the other, until Ctrl-C or -n; -b is the same "
		"here",
		.kind = KT_ARG_FLAG, KT_AT(struct top_args, batch) },
};

static const struct kt_example examples[] = {
	{ "ktally top", "the account and the slab caches, every second" },
	{ "ktally top vmalloc", "the callers of vmalloc below the account" },
	{ "ktally top --exact", "with the free objects that CPUs keep, which files count as used" },
	{ "ktally top -b -n 3 -i 10", "three samples as plain text, 10 seconds apart" },
};

const struct kt_cmd kt_cmd_top = {
	.name = "top",
	.summary = "the account and the lists, live",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.paced = true,
	.confines = true,
	.help = "Shows the account with the growth and the last minutes of each row, and "
		"below it a list. LIST is account, slab (default), vmalloc, stacks, "
		"pagetables or cgroups; Tab goes to the next one. Look for a row whose GROWTH "
		"only rises: m sets a mark from which growth counts, T sorts by growth. Enter "
		"explains the row under the cursor; for a slab cache it draws one slab.\n\n"
		"F1 lists the keys. They are the keys of slabtop (a b c l n o p s u v sort by "
		"a column) and of htop (F-keys, < > P M T I, / and F3 search, \\ and F4 "
		"filter). + and - change the interval, Space freezes the screen. z folds and "
		"unfolds a row of the account, as Left and Right do except in a recording; x pins "
		"a row to the top of its list, whatever the sort. It samples "
		"once a second, or every -i seconds, and reads only the files for the screen: "
		"on a large machine 'top' costs least with slab open.\n\n"
		"F9 or w watches who allocates from the row under the cursor and does not free: "
		"'users WHAT --watch' for a time that is asked for, while the screen goes on. It "
		"needs root, takes at most 1 % of a CPU, and Esc ends it; the result is a page, "
		"where s shows stacks in full.\n\n"
		"The title says whether the objects of slab caches are an estimate, by files that "
		"count free objects of CPUs as in use, or exact: with --exact they are counted in "
		"kernel memory for each sample, and CACHED is shown. Of a capture or recording "
		"that has such counts they are used without the option; the title has their "
		"time.\n\n"
		"The list, its sort order, the interval, folded and pinned rows are kept for the "
		"next start if a key has changed them; options and LIST come first.\n\n"
		"-b (--batch) prints plain text, for a file or a pipe. With -s it shows one "
		"sample; in a recording the left and right arrows step through its samples. "
		"NO_COLOR=1 turns colours off.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.lists = true,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct top_args),
	.run = run,
};
