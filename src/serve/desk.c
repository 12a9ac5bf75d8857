// SPDX-License-Identifier: GPL-2.0-or-later
//
// One sample serves all clients: answers are made at most once per interval and kept in a small
// cache. So the cost does not grow with the number of pages. The desk is apart from http.c so that
// it knows no connections, and its answers can be tested without a socket.
//
// Memory is bounded by constants: KEPT_MAX samples of the account, LIST_KEPT samples of each of
// three lists, CACHE_SLOTS answers. The desk owns its watches and one reference to each answer that
// it keeps.

#include "serve/desk.h"

#include "base/memory.h"
#include "cmd/account/account.h"
#include "cmd/list/cgroups.h"
#include "cmd/list/tasks.h"
#include "cmd/list/vmalloc.h"
#include "cmd/monitor/metrics.h"
#include "cmd/slab/slab.h"
#include "machine/clock.h"
#include "report/list.h"
#include "report/shown.h"
#include "serve/page.h"
#include "source/still.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_S     3600  /* seconds; history of the account in memory */
#define KEPT_MAX      4096u /* most samples of it; with more, a watch has no room for all rows */
#define LIST_KEPT     300u  /* most samples of a list that is followed */
#define LIST_ASKED_NS 10000000000 /* ns; a list is followed this long after a request */
#define CACHE_SLOTS   24u	  /* answers in the cache */
#define STILL_NS      60000000000 /* ns; lifetime of an answer that does not depend on a sample */
#define SECOND_NS     1000000000

#define TYPE_METRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Lists whose rows have a history on the page. */
struct list {
	const struct kt_cmd *cmd;
	struct kt_watch *watch;
	int64_t asked_ns;
};

struct cached {
	char key[KT_QUERY_KEY];
	struct kt_answer *answer;
	int64_t made_ns;
	bool past; /* of a sample that does not change */
};

struct kt_desk {
	struct kt_call call;	/* base of the call of every command */
	struct kt_still *still; /* values that cannot change from one reading to the next */
	struct kt_shown *shown; /* rows that /metrics keeps reporting */
	int64_t interval_ns, stepped_ns;
	bool live;
	struct kt_watch *account;
	struct list lists[3];
	uint64_t turn;
	char problem[256];
	struct kt_answer *live_answer;
	uint64_t live_turn;
	struct cached cache[CACHE_SLOTS];
};

/*
 * Copies only the source and how much of it to read from the call. Options for a person at a
 * terminal, such as a filter or a sort column, must not change what the API answers.
 *
 * The first sample is taken here. So a source that cannot be read ends the command with its error,
 * instead of serving a page that shows only the error. A capture keeps 2 samples, because it never
 * changes. *ret_desk is set before the first failure, so that the caller can always free it.
 */
struct kt_err *kt_desk_new(
	const struct kt_call *call, int64_t interval_ns, struct kt_desk **ret_desk)
{
	struct kt_desk *desk = calloc(1, sizeof(*desk));
	size_t nr_kept = (size_t)(HISTORY_S * (int64_t)SECOND_NS / interval_ns);
	const struct kt_slab_args view = { .view = true };
	struct kt_err *err;

	nr_kept = nr_kept < KEPT_MAX ? nr_kept : KEPT_MAX;
	*ret_desk = desk;
	if (!desk)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	desk->call = (struct kt_call){ .machine = { .source = call->machine.source,
					       .cheap = call->machine.cheap,
					       .expensive = call->machine.expensive },
		.show.output = &kt_output_json,
		.own_of = &kt_cmd_slab,
		.cmds = call->cmds };
	memcpy(&desk->call.own, &view, sizeof(view));
	desk->interval_ns = interval_ns;
	desk->live = !call->machine.source;
	desk->lists[0].cmd = &kt_cmd_slab;
	desk->lists[1].cmd = &kt_cmd_vmalloc;
	desk->lists[2].cmd = &kt_cmd_cgroups;
	desk->shown = kt_shown_new();
	desk->call.machine.still = desk->still = kt_still_new();
	if (!desk->shown || !desk->still)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_watch_new(&kt_cmd_account, &desk->call, desk->live ? nr_kept : 2, &desk->account);
	if (err)
		return err;
	kt_desk_step(desk);
	if (*desk->problem)
		return kt_err_new(KT_ERR_REFUSED, "%s", desk->problem);
	return NULL;
}

void kt_desk_free(struct kt_desk *desk)
{
	if (!desk)
		return;
	kt_watch_free(desk->account);
	for (size_t i = 0; i < KT_LEN(desk->lists); i++)
		kt_watch_free(desk->lists[i].watch);
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		kt_answer_unref(desk->cache[i].answer);
	kt_answer_unref(desk->live_answer);
	kt_shown_free(desk->shown);
	kt_still_free(desk->still);
	free(desk);
}

bool kt_desk_is_live(const struct kt_desk *desk)
{
	return desk->live;
}

int64_t kt_desk_interval_ms(const struct kt_desk *desk)
{
	return desk->interval_ns / 1000000;
}

uint64_t kt_desk_turn(const struct kt_desk *desk)
{
	return desk->turn;
}

const struct kt_watch *kt_desk_account(const struct kt_desk *desk)
{
	return desk->account;
}

/* ---- samples ---- */

/*
 * Steps a list only for a while after a request. A page that was closed must not make the server
 * read its lists forever.
 */
static void step_list(struct kt_desk *desk, struct list *list, int64_t now_ns)
{
	if (!list->watch || now_ns - list->asked_ns > LIST_ASKED_NS)
		return;
	/* a list may be unreadable for a while; earlier samples stay */
	kt_err_free(kt_watch_step(list->watch));
	(void)desk;
}

/*
 * A failed sample counts as a turn too: clients must learn that sampling fails, and the next sample
 * clears the problem. The time is taken after reading, so that a sample which took long is not out
 * of date at once.
 */
void kt_desk_step(struct kt_desk *desk)
{
	struct kt_err *err = kt_watch_step(desk->account);

	desk->stepped_ns = kt_clock_ns();
	desk->turn++;
	snprintf(desk->problem, sizeof(desk->problem), "%s", err ? kt_err_text(err) : "");
	kt_err_free(err);
	for (size_t i = 0; i < KT_LEN(desk->lists); i++)
		step_list(desk, &desk->lists[i], desk->stepped_ns);
}

void kt_desk_freshen(struct kt_desk *desk)
{
	/* a source that does not change is read once, but a failure is retried */
	if ((desk->live || *desk->problem) && kt_clock_ns() - desk->stepped_ns > desk->interval_ns)
		kt_desk_step(desk);
}

/*
 * Only lists in a fixed table are followed. A list chosen freely by the request would let a client
 * start any number of watches. The first sample is taken at once, or the first answer would be
 * empty.
 */
const struct kt_watch *kt_desk_list(struct kt_desk *desk, const char *command)
{
	for (size_t i = 0; i < KT_LEN(desk->lists) && desk->live; i++) {
		struct list *list = &desk->lists[i];

		if (strcmp(list->cmd->name, command) != 0)
			continue;
		list->asked_ns = kt_clock_ns();
		if (!list->watch) {
			kt_err_free(kt_watch_new(list->cmd, &desk->call, LIST_KEPT, &list->watch));
			step_list(desk, list, list->asked_ns);
		}
		return list->watch;
	}
	return NULL;
}

/*
 * Stacks and page tables are not followed, because reading every process each second costs too
 * much; recordings have them.
 */
const struct kt_cmd *kt_desk_followed(
	const struct kt_desk *desk, const char *command, const struct kt_call **ret_call)
{
	static const struct kt_cmd *const recorded[] = { &kt_cmd_slab, &kt_cmd_vmalloc,
		&kt_cmd_cgroups, &kt_cmd_stacks, &kt_cmd_pagetables };

	*ret_call = &desk->call;
	for (size_t i = 0; i < KT_LEN(recorded); i++) {
		if (strcmp(recorded[i]->name, command) == 0)
			return recorded[i];
	}
	return NULL;
}

/* ---- answers ---- */

/*
 * The API gives all rows and a fixed width: programs read it, and the terminal of the server's user
 * has no meaning for them.
 */
static struct kt_answer *render(
	const struct kt_report *report, const struct kt_output *output, const char *type)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_output_opts opts = { .all = true, .width = 80 };

	output->render(report, &opts, &text);
	return kt_answer_new(200, type, &text);
}

struct kt_answer *kt_desk_run(const struct kt_cmd *cmd, const struct kt_call *call)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_list_opts list = call->list;
	struct kt_err *err = kt_cmd_run(cmd, call, &report);

	list.empty = true;
	if (!err)
		err = kt_list_finish(&report, &list);
	return err ? kt_answer_err(err) : render(&report, &kt_output_json, KT_TYPE_JSON);
}

/* A list that is followed already has a report of the last sample, with growth. */
static struct kt_answer *of_watch(const struct kt_watch *watch)
{
	const struct kt_report *report = watch ? kt_watch_report(watch) : NULL;

	return report ? render(report, &kt_output_json, KT_TYPE_JSON) : NULL;
}

/*
 * A question without options takes the report of the last sample instead of reading again. That is
 * cheaper, and its numbers agree with the chart of the same sample.
 */
static struct kt_answer *make(struct kt_desk *desk, const struct kt_query *query)
{
	struct kt_answer *answer = NULL;

	if (query->plain && query->cmd == &kt_cmd_account)
		answer = of_watch(desk->account);
	else if (query->plain)
		answer = of_watch(kt_desk_list(desk, query->cmd->name));
	if (answer)
		return answer;
	answer = kt_desk_run(query->cmd, &query->call);
	if (query->past || !desk->live) /* a recording takes more memory than serving does */
		kt_memory_give_back();
	return answer;
}

/*
 * For a live machine an answer is valid for the sample it was made after and for one interval at
 * most. For a capture it is valid for STILL_NS; an error of the server (500 and above) is never
 * reused.
 */
static bool is_fresh(const struct kt_desk *desk, const struct cached *cached, int64_t now_ns)
{
	if (!desk->live || cached->past) /* a failure may be temporary */
		return cached->answer->status < 500 && now_ns - cached->made_ns < STILL_NS;
	/* an answer must not be older than the sample that all clients see */
	return cached->made_ns >= desk->stepped_ns && now_ns - cached->made_ns <= desk->interval_ns;
}

/*
 * NULL: not cached; *ret_slot is the slot for it. A linear search is enough for CACHE_SLOTS slots.
 * The oldest answer makes room, not the least used: answers expire within seconds, so their order
 * of use hardly matters.
 */
static struct kt_answer *cached_answer(
	struct kt_desk *desk, const char *key, struct cached **ret_slot)
{
	struct cached *oldest = &desk->cache[0];
	int64_t now_ns = kt_clock_ns();

	for (size_t i = 0; i < CACHE_SLOTS; i++) {
		struct cached *cached = &desk->cache[i];

		if (cached->answer && strcmp(cached->key, key) == 0) {
			*ret_slot = cached;
			return is_fresh(desk, cached, now_ns) ? kt_answer_ref(cached->answer)
							      : NULL;
		}
		if (cached->made_ns < oldest->made_ns)
			oldest = cached;
	}
	*ret_slot = oldest;
	return NULL;
}

/* Without memory for an answer the slot keeps its old content, which expires by itself. */
static struct kt_answer *put_in(
	struct cached *slot, const char *key, bool past, struct kt_answer *answer)
{
	if (!answer)
		return NULL;
	kt_answer_unref(slot->answer);
	snprintf(slot->key, sizeof(slot->key), "%s", key);
	slot->answer = kt_answer_ref(answer);
	slot->made_ns = kt_clock_ns();
	slot->past = past;
	return answer;
}

bool kt_query_begin(const struct kt_desk *desk, const char *command, struct kt_query *ret_query)
{
	return kt_query_start(command, &desk->call, ret_query);
}

/*
 * The cache is asked before the budget: a cached answer costs next to nothing, so a client without
 * budget still gets it. Errors are cached too, because a question that fails can cost as much as
 * one that succeeds.
 */
struct kt_answer *kt_desk_ask(struct kt_desk *desk, const struct kt_query *query)
{
	struct kt_answer *answer;
	struct cached *slot;

	kt_desk_freshen(desk);
	if (query->plain)
		kt_desk_list(desk, query->cmd->name);
	answer = cached_answer(desk, query->key, &slot);
	if (answer)
		return answer;
	if (!query->may_run)
		return kt_answer_problem(429, "requests have used up the processor time of this "
					      "server; ask again in a second");
	return put_in(slot, query->key, query->past, make(desk, query));
}

/* Makes /metrics, which cuts its lists itself and has no growth. */
static struct kt_answer *make_metrics(struct kt_desk *desk)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_call call = desk->call;
	struct kt_err *err;

	call.shown = desk->shown;
	err = kt_metrics_report(&call, &report);
	return err ? kt_answer_err(err) : render(&report, &kt_output_openmetrics, TYPE_METRICS);
}

/*
 * No budget refuses it: one answer serves all scrapers of an interval, and a monitor must not lose
 * samples because a page is busy. It reads the machine itself instead of the watch.
 */
struct kt_answer *kt_desk_metrics(struct kt_desk *desk)
{
	struct kt_answer *answer;
	struct cached *slot;

	answer = cached_answer(desk, "/metrics", &slot);
	return answer ? answer : put_in(slot, "/metrics", false, make_metrics(desk));
}

/*
 * Names what the account of the last sample needs and could not read; NULL: nothing is missing. A
 * degraded account still adds up, but some of its rows are missing. A monitor should know this
 * before it trusts the absence of a row.
 */
static const char *degraded(const struct kt_desk *desk)
{
	const struct kt_report *report = kt_watch_report(desk->account);

	for (size_t i = 0; report && i < report->fields.count; i++) {
		const struct kt_field *field = &report->fields.items[i];

		if (!field->group && strcmp(field->key, "degraded") == 0)
			return field->cell.text;
	}
	return NULL;
}

/* A capture never becomes unhealthy; only reading the running machine can fail. */
struct kt_answer *kt_desk_health(struct kt_desk *desk)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	const char *lack;

	kt_desk_freshen(desk);
	lack = desk->live && !*desk->problem ? degraded(desk) : NULL;
	if (lack)
		kt_buf_printf(&text, "degraded: %s\n", lack);
	else
		kt_buf_printf(&text, "%s\n", *desk->problem ? desk->problem : "ok");
	return kt_answer_new(*desk->problem || lack ? 503 : 200, KT_TYPE_TEXT, &text);
}

struct kt_answer *kt_desk_page(struct kt_desk *desk)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	const struct kt_asset *asset = kt_asset_find("/");
	struct kt_answer *answer;
	struct cached *slot;

	kt_desk_freshen(desk);
	answer = cached_answer(desk, "/", &slot);
	if (answer)
		return answer;
	kt_page_render(&text, (struct kt_span){ asset->data, asset->size },
		kt_watch_report(desk->account), desk->problem);
	return put_in(slot, "/", false, kt_answer_new(200, KT_TYPE_HTML, &text));
}

/*
 * Writes data: {"turn": 7, "time_ms": ..., "bytes": {"ram": ..., "slab": null}} A missing amount is
 * null and never 0, because a chart would draw 0 as memory that was freed.
 */
static void put_event(struct kt_buf *text, const struct kt_desk *desk)
{
	const struct kt_table *table = kt_watch_table(desk->account);
	size_t bytes = table ? kt_table_column(table, KT_COL_TRACK) : KT_NO_COLUMN;

	kt_buf_printf(text, "data: {\"turn\": %llu, \"time_ms\": %lld, \"bytes\": {",
		(unsigned long long)desk->turn, (long long)kt_watch_time_ms(desk->account, 0));
	for (size_t i = 0; bytes != KT_NO_COLUMN && i < table->rows.count; i++) {
		const struct kt_cell *cells = table->rows.items[i].cells;

		kt_buf_puts(text, i ? "," : "");
		kt_put_json(text, cells[0].text);
		if (cells[bytes].state == KT_OK)
			kt_buf_printf(text, ":%lld", (long long)cells[bytes].number);
		else
			kt_buf_puts(text, ":null");
	}
	kt_buf_puts(text, "}}\n\n");
}

/*
 * The event is made once per turn and shared: the cost of a sample must not grow with the number of
 * open pages.
 */
struct kt_answer *kt_desk_live(struct kt_desk *desk)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	if (desk->live_answer && desk->live_turn == desk->turn)
		return kt_answer_ref(desk->live_answer);
	if (*desk->problem) {
		kt_buf_puts(&text, "event: problem\ndata: {\"error\": ");
		kt_put_json(&text, desk->problem);
		kt_buf_puts(&text, "}\n\n");
	} else {
		put_event(&text, desk);
	}
	kt_answer_unref(desk->live_answer);
	desk->live_answer = kt_answer_new(200, "text/event-stream", &text);
	desk->live_turn = desk->turn;
	return kt_answer_ref(desk->live_answer);
}
