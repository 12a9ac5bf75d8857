// SPDX-License-Identifier: GPL-2.0-or-later
//
// A watch of who allocates, in a process of its own: the view goes on meanwhile. It is asked for
// with a key, confirmed with another one, and its result is a page.

#include "top/state.h"

#include "top/keys.h"

#include <stdio.h>
#include <string.h>

#define CPU_PERCENT 1

static const struct {
	double seconds;
	const char *text;
} times[] = { { 10, "10 s" }, { 30, "30 s" }, { 60, "1 min" }, { 300, "5 min" },
	{ 600, "10 min" } };

#define USUAL 1 /* of the times */

/* Rows of the account whose allocations can be watched, and the word for it. */
static const char *word_of_row(const char *row)
{
	static const char *const words[][2] = { { "slab", "slab" }, { "slab_reclaimable", "slab" },
		{ "slab_unreclaimable", "slab" }, { "vmalloc", "vmalloc" },
		{ "kernel_stacks", "kernel_stacks" }, { "percpu", "percpu" }, { "direct", "pages" },
		{ "unattributed", "pages" } };

	for (size_t i = 0; i < KT_LEN(words); i++) {
		if (strcmp(words[i][0], row) == 0)
			return words[i][1];
	}
	return NULL;
}

/* The subject for the row under the cursor; NULL: it cannot be watched. */
static const char *subject(const struct kt_top *top)
{
	const struct kt_view *view = &top->views[top->open];
	const char *name = kt_view_name(view, view->at);

	switch (top->open) {
	case KT_TAB_SLAB: return *name && *name != '(' ? name : NULL;
	case KT_TAB_VMALLOC: return "vmalloc";
	case KT_TAB_STACKS: return "kernel_stacks";
	case KT_TAB_ACCOUNT:
		name = kt_view_key(view, view->at);
		return name ? word_of_row(name) : NULL;
	default: return NULL;
	}
}

bool kt_top_watches(const struct kt_top *top)
{
	return top->watching.armed && kt_armed_runs(top->watching.armed);
}

static void say_running(struct kt_top *top)
{
	snprintf(top->message, sizeof(top->message), "%s is watched; Esc ends that",
		kt_armed_state(top->watching.armed)->order.what);
}

void kt_top_watch_ask(struct kt_top *top)
{
	const char *what = subject(top);
	struct kt_top_watching *watching = &top->watching;

	if (!top->live)
		snprintf(top->message, sizeof(top->message),
			"only the running machine can be watched");
	else if (kt_top_watches(top))
		say_running(top);
	else if (!what || strlen(what) >= sizeof(watching->order.what))
		snprintf(top->message, sizeof(top->message),
			"this row cannot be watched: choose a slab cache, vmalloc, stacks, per-CPU "
			"memory or pages");
	else {
		watching->order = (struct kt_armed_order){ .cpu_percent = CPU_PERCENT,
			.forms = 1u << KT_ARMED_TEXT | 1u << KT_ARMED_STACKS };
		memcpy(watching->order.what, what, strlen(what) + 1);
		watching->time = USUAL;
		top->mode = KT_MODE_WATCH;
	}
}

void kt_top_watch_question(const struct kt_top *top, char *ret, size_t size)
{
	char name[KT_ARMED_WHAT];

	kt_text_shorten(top->watching.order.what, 24, top->screen.unicode, name, sizeof(name));
	snprintf(ret, size, "Watch %s for %s, at most %d %% CPU?  ", name,
		times[top->watching.time].text, CPU_PERCENT);
}

static void begin(struct kt_top *top)
{
	struct kt_top_watching *watching = &top->watching;
	struct kt_err *err = watching->armed ? NULL : kt_armed_new(&watching->armed);

	watching->order.seconds = times[watching->time].seconds;
	watching->order.unicode = top->screen.unicode;
	watching->order.width = kt_top_page_width(top);
	if (!err)
		err = kt_armed_start(watching->armed, &watching->order);
	if (err)
		snprintf(top->message, sizeof(top->message), "%s", kt_err_text(err));
	kt_err_free(err);
}

void kt_top_watch_key(struct kt_top *top, int key)
{
	size_t *time = &top->watching.time;

	switch (key) {
	case '+':
	case KT_KEY_UP:
	case KT_KEY_RIGHT: *time += *time + 1 < KT_LEN(times); break;
	case '-':
	case KT_KEY_DOWN:
	case KT_KEY_LEFT: *time -= *time > 0; break;
	default:
		top->mode = KT_MODE_LIST;
		if (key == KT_KEY_ENTER || key == 'y')
			begin(top);
	}
}

bool kt_top_watch_stop(struct kt_top *top)
{
	if (!kt_top_watches(top))
		return false;
	kt_armed_stop(top->watching.armed);
	return true;
}

void kt_top_watch_progress(const struct kt_top *top, char *ret, size_t size)
{
	const struct kt_armed_state *state = kt_armed_state(top->watching.armed);
	long long left_s = (long long)state->order.seconds - state->elapsed_ms / 1000;

	if (state->stage == KT_ARMED_BEGINS)
		snprintf(ret, size, "%s: the watch begins", state->order.what);
	else if (state->stage == KT_ARMED_ENDS)
		snprintf(ret, size, "%s: what is left is looked up", state->order.what);
	else
		snprintf(ret, size, "%s: %lld s left, %lld samples, Esc ends it", state->order.what,
			left_s > 0 ? left_s : 0, (long long)state->nr_samples);
}

/* ---- the result ---- */

static void show_why(struct kt_top *top)
{
	const struct kt_armed_state *state = kt_armed_state(top->watching.armed);
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "ktally/top/1");
	kt_report_note(&report, "%s", state->why);
	kt_page_add(&top->page, &report, top->screen.unicode, kt_top_page_width(top));
}

void kt_top_watch_show(struct kt_top *top)
{
	struct kt_top_watching *watching = &top->watching;
	const struct kt_armed_state *state =
		watching->armed ? kt_armed_state(watching->armed) : NULL;
	KT_CLEANUP(err) struct kt_err *err = NULL;
	char title[128];

	if (kt_top_watches(top)) {
		say_running(top);
		return;
	}
	if (!state || (state->stage != KT_ARMED_DONE && state->stage != KT_ARMED_FAILED)) {
		snprintf(top->message, sizeof(top->message),
			"nothing was watched yet: w watches who allocates from a row");
		return;
	}
	snprintf(title, sizeof(title), "who allocates %s", state->order.what);
	kt_page_begin(&top->page, title);
	if (state->stage == KT_ARMED_FAILED)
		show_why(top);
	else
		err = kt_armed_result(watching->armed,
			watching->stacks ? KT_ARMED_STACKS : KT_ARMED_TEXT, &top->page.text);
	kt_page_end(&top->page);
	top->page_key[0] = '\0';
	watching->shown = state->number;
	watching->page = true;
	top->mode = KT_MODE_PAGE;
	if (err)
		snprintf(top->message, sizeof(top->message), "%s", kt_err_text(err));
}

void kt_top_watch_stacks(struct kt_top *top)
{
	size_t first = top->page.first;

	top->watching.stacks = !top->watching.stacks;
	kt_top_watch_show(top);
	top->page.first = first;
}

/* A result does not take away what is typed or read: it waits until the list is there again. */
void kt_top_watch_step(struct kt_top *top)
{
	struct kt_top_watching *watching = &top->watching;
	const struct kt_armed_state *state;

	if (!watching->armed)
		return;
	kt_armed_take(watching->armed);
	state = kt_armed_state(watching->armed);
	if (kt_armed_runs(watching->armed) || state->number == watching->shown ||
		top->mode != KT_MODE_LIST)
		return;
	watching->stacks = false;
	if (state->stage == KT_ARMED_DROPPED) {
		watching->shown = state->number;
		snprintf(top->message, sizeof(top->message),
			"the watch of %s ended before it began", state->order.what);
		return;
	}
	kt_top_watch_show(top);
}
