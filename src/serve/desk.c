// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/desk.h"

#include "cmd/session.h"
#include "model/list.h"
#include "model/shown.h"
#include "output/output.h"
#include "serve/api.h"
#include "serve/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_S     3600	  /* kept in memory of the account */
#define LIST_KEPT     300u	  /* samples of a list that is followed */
#define LIST_ASKED_NS 10000000000 /* a list is followed so long after it was asked for */
#define CACHE_SLOTS   24u
#define STILL_NS      60000000000 /* an answer about what does not change is good so long */
#define RUNS_MAX      20	  /* commands that are run for requests in one second */
#define SECOND_NS     1000000000

#define TYPE_METRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Lists whose rows have a history on the page. */
struct list {
	const char *command;
	struct kt_watch *watch;
	int64_t asked_ns;
};

struct cached {
	char key[KT_QUERY_KEY];
	struct kt_answer *answer;
	int64_t made_ns;
};

struct kt_desk {
	struct kt_options options; /* of every command that is run */
	int64_t interval_ns, stepped_ns;
	bool live;
	struct kt_watch *account;
	struct kt_shown *shown; /* to who scrapes: the same rows as long as it can be */
	struct list lists[3];
	uint64_t turn;
	char problem[256];
	struct kt_answer *live_answer;
	uint64_t live_turn;
	struct cached cache[CACHE_SLOTS];
	int64_t second_ns; /* in which `nr_runs` were run */
	int nr_runs;
};

struct kt_err *kt_desk_new(
	const struct kt_options *options, int64_t interval_ns, struct kt_desk **ret_desk)
{
	struct kt_desk *desk = calloc(1, sizeof(*desk));
	size_t nr_kept = (size_t)(HISTORY_S * (int64_t)SECOND_NS / interval_ns);
	struct kt_err *err;

	*ret_desk = desk;
	if (!desk)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	desk->options = (struct kt_options){
		.source = options->source, .cheap = options->cheap, .output = "json"
	};
	desk->interval_ns = interval_ns;
	desk->live = !options->source;
	desk->lists[0].command = "slab";
	desk->lists[1].command = "vmalloc";
	desk->lists[2].command = "cgroups";
	desk->shown = kt_shown_new();
	if (!desk->shown)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_watch_new(&desk->options, "account", desk->live ? nr_kept : 2, &desk->account);
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
	kt_shown_free(desk->shown);
	for (size_t i = 0; i < KT_LEN(desk->lists); i++)
		kt_watch_free(desk->lists[i].watch);
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		kt_answer_unref(desk->cache[i].answer);
	kt_answer_unref(desk->live_answer);
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

const char *kt_desk_problem(const struct kt_desk *desk)
{
	return *desk->problem ? desk->problem : NULL;
}

const struct kt_watch *kt_desk_account(const struct kt_desk *desk)
{
	return desk->account;
}

/* ---- samples ---- */

static void step_list(struct kt_desk *desk, struct list *list, int64_t now_ns)
{
	if (!list->watch || now_ns - list->asked_ns > LIST_ASKED_NS)
		return;
	/* a list may be unreadable for a while: what was found before stays */
	kt_err_free(kt_watch_step(list->watch));
	(void)desk;
}

void kt_desk_step(struct kt_desk *desk)
{
	struct kt_err *err = kt_watch_step(desk->account);

	desk->stepped_ns = kt_session_clock_ns();
	desk->turn++;
	snprintf(desk->problem, sizeof(desk->problem), "%s", err ? kt_err_text(err) : "");
	kt_err_free(err);
	for (size_t i = 0; i < KT_LEN(desk->lists); i++)
		step_list(desk, &desk->lists[i], desk->stepped_ns);
}

void kt_desk_freshen(struct kt_desk *desk)
{
	if (desk->live && kt_session_clock_ns() - desk->stepped_ns > desk->interval_ns)
		kt_desk_step(desk);
}

const struct kt_watch *kt_desk_list(struct kt_desk *desk, const char *command)
{
	for (size_t i = 0; i < KT_LEN(desk->lists) && desk->live; i++) {
		struct list *list = &desk->lists[i];

		if (strcmp(list->command, command) != 0)
			continue;
		list->asked_ns = kt_session_clock_ns();
		if (!list->watch) {
			kt_err_free(kt_watch_new(&desk->options, command, LIST_KEPT, &list->watch));
			step_list(desk, list, list->asked_ns);
		}
		return list->watch;
	}
	return NULL;
}

/* ---- answers ---- */

static struct kt_answer *render(
	const struct kt_report *report, const char *output, const char *type)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_output_opts opts = { .all = true, .width = 80 };

	kt_output_find(output)->render(report, &opts, &text);
	return kt_answer_new(200, type, &text);
}

static struct kt_answer *run(
	const char *command, const struct kt_options *options, const char *output, const char *type)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_list_opts list = {
		.sort = options->sort, .filter = options->filter, .top = options->top, .empty = true
	};
	struct kt_err *err = kt_cmd_find(command)->run(options, &report);

	if (!err)
		err = kt_list_finish(&report, &list);
	return err ? kt_answer_err(err) : render(&report, output, type);
}

/* What is followed has the report of the last sample, with growth. */
static struct kt_answer *of_watch(const struct kt_watch *watch)
{
	const struct kt_report *report = watch ? kt_watch_report(watch) : NULL;

	return report ? render(report, "json", KT_TYPE_JSON) : NULL;
}

static struct kt_answer *make(struct kt_desk *desk, const struct kt_query *query)
{
	struct kt_answer *answer = NULL;

	if (query->plain && strcmp(query->api->command, "account") == 0)
		answer = of_watch(desk->account);
	else if (query->plain)
		answer = of_watch(kt_desk_list(desk, query->api->command));
	if (answer)
		return answer;
	return run(query->api->command, &query->options, "json", KT_TYPE_JSON);
}

static bool is_fresh(const struct kt_desk *desk, const struct cached *cached, int64_t now_ns)
{
	if (!desk->live)
		return now_ns - cached->made_ns < STILL_NS;
	/* no older than the sample that everybody sees */
	return cached->made_ns >= desk->stepped_ns && now_ns - cached->made_ns <= desk->interval_ns;
}

/* NULL: not there; *ret_slot is where it belongs. */
static struct kt_answer *cached_answer(
	struct kt_desk *desk, const char *key, struct cached **ret_slot)
{
	struct cached *oldest = &desk->cache[0];
	int64_t now_ns = kt_session_clock_ns();

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

static struct kt_answer *put_in(struct cached *slot, const char *key, struct kt_answer *answer)
{
	if (!answer)
		return NULL;
	kt_answer_unref(slot->answer);
	snprintf(slot->key, sizeof(slot->key), "%s", key);
	slot->answer = kt_answer_ref(answer);
	slot->made_ns = kt_session_clock_ns();
	return answer;
}

/* Whoever asks for something else each time must not keep the machine busy. */
static bool is_busy(struct kt_desk *desk)
{
	int64_t now_ns = kt_session_clock_ns();

	if (now_ns - desk->second_ns >= SECOND_NS) {
		desk->second_ns = now_ns;
		desk->nr_runs = 0;
	}
	return desk->nr_runs++ >= RUNS_MAX;
}

bool kt_query_begin(const struct kt_desk *desk, const char *command, struct kt_query *ret_query)
{
	return kt_query_start(command, &desk->options, ret_query);
}

struct kt_answer *kt_desk_ask(struct kt_desk *desk, const struct kt_query *query)
{
	struct kt_answer *answer;
	struct cached *slot;

	kt_desk_freshen(desk);
	if (query->plain)
		kt_desk_list(desk, query->api->command);
	answer = cached_answer(desk, query->key, &slot);
	if (answer)
		return answer;
	/* a plain question is run once in an interval, whoever asks */
	if (!query->plain && is_busy(desk))
		return kt_answer_problem(
			429, "too many different questions; ask again in a second");
	return put_in(slot, query->key, make(desk, query));
}

struct kt_answer *kt_desk_metrics(struct kt_desk *desk)
{
	static const char key[] = "/metrics";
	struct kt_options options = desk->options;
	struct kt_answer *answer;
	struct cached *slot;

	answer = cached_answer(desk, key, &slot);
	if (answer)
		return answer;
	options.shown = desk->shown;
	return put_in(slot, key, run("metrics", &options, "openmetrics", TYPE_METRICS));
}

struct kt_answer *kt_desk_health(struct kt_desk *desk)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_desk_freshen(desk);
	kt_buf_printf(&text, "%s\n", *desk->problem ? desk->problem : "ok");
	return kt_answer_new(*desk->problem ? 503 : 200, KT_TYPE_TEXT, &text);
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
	return put_in(slot, "/", kt_answer_new(200, KT_TYPE_HTML, &text));
}

/* data: {"turn": 7, "time_ms": ..., "bytes": {"ram": ..., "slab": null}} */
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
