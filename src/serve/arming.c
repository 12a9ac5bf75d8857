// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/arming.h"

#include "base/buf.h"
#include "base/when.h"
#include "cmd/users/armed.h"
#include "machine/clock.h"
#include "serve/guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SECOND_NS   1000000000ll
#define BEAT_NS	    (2 * SECOND_NS)  /* most time between two lines of a stream */
#define SAVED_NS    (30 * SECOND_NS) /* CPU time of watches that may be saved up */
#define RATE	    20		     /* seconds in which a second of it comes back */
#define CPU_PERCENT 1
#define WIDTH	    80

struct kt_arming {
	struct kt_armed *armed;
	char token[KT_ARMING_TOKEN + 1];
	uint64_t turn;
	int64_t told_ns;	  /* time of the last turn */
	int64_t left_ns, seen_ns; /* CPU time that watches may take; may be below 0 */
	bool charged;		  /* the last watch */
};

static const struct {
	const char *name, *type;
} forms[] = {
	[KT_ARMED_JSON] = { "json", KT_TYPE_JSON },
	[KT_ARMED_FLAME] = { "flame", "image/svg+xml" },
	[KT_ARMED_FOLDED] = { "folded", KT_TYPE_TEXT },
	[KT_ARMED_PPROF] = { "pprof", "application/octet-stream" },
	[KT_ARMED_SPEEDSCOPE] = { "speedscope", KT_TYPE_JSON },
};

struct kt_err *kt_arming_new(struct kt_arming **ret_arming)
{
	struct kt_arming *arming = calloc(1, sizeof(*arming));
	unsigned char random[KT_ARMING_TOKEN / 2];

	*ret_arming = arming;
	if (!arming)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return kt_err_os(errno, "no random numbers");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(arming->token + 2 * i, 3, "%02x", random[i]);
	arming->left_ns = SAVED_NS;
	arming->seen_ns = kt_clock_ns();
	arming->charged = true;
	return kt_armed_new(&arming->armed);
}

void kt_arming_free(struct kt_arming *arming)
{
	if (!arming)
		return;
	kt_armed_free(arming->armed);
	free(arming);
}

int kt_arming_fd(const struct kt_arming *arming)
{
	return kt_armed_fd(arming->armed);
}

uint64_t kt_arming_turn(const struct kt_arming *arming)
{
	return arming->turn;
}

uint32_t kt_arming_number(const struct kt_arming *arming)
{
	return kt_armed_state(arming->armed)->number;
}

bool kt_arming_is_token(const struct kt_arming *arming, struct kt_span text)
{
	return kt_guard_same(text, kt_span_str(arming->token));
}

/* The cost is charged at the end, when it is known, as for requests: see budget.c. */
static void charge(struct kt_arming *arming, int64_t now_ns)
{
	arming->left_ns += (now_ns - arming->seen_ns) / RATE;
	arming->seen_ns = now_ns;
	if (arming->left_ns > SAVED_NS)
		arming->left_ns = SAVED_NS;
	if (arming->charged || kt_armed_runs(arming->armed))
		return;
	arming->left_ns -= kt_armed_state(arming->armed)->cpu_ns;
	arming->charged = true;
}

/* A line now and then, also without news, finds out that the client is gone. */
bool kt_arming_step(struct kt_arming *arming)
{
	int64_t now_ns = kt_clock_ns();
	bool runs = kt_armed_runs(arming->armed), news = kt_armed_take(arming->armed);

	charge(arming, now_ns);
	if (!news && (!runs || now_ns - arming->told_ns < BEAT_NS))
		return false;
	arming->turn++;
	arming->told_ns = now_ns;
	return true;
}

/* ---- answers ---- */

static void put_watch(struct kt_buf *text, const struct kt_armed_state *state)
{
	static const char *const stages[] = { [KT_ARMED_BEGINS] = "begins",
		[KT_ARMED_ALLOCATIONS] = "allocations",
		[KT_ARMED_FREES] = "frees",
		[KT_ARMED_ENDS] = "ends",
		[KT_ARMED_DONE] = "done",
		[KT_ARMED_FAILED] = "failed",
		[KT_ARMED_DROPPED] = "dropped" };
	int64_t whole_ms = (int64_t)(state->order.seconds * 1000);
	int64_t left_ms = state->stage >= KT_ARMED_ENDS ? 0 : whole_ms - state->elapsed_ms;

	if (state->stage == KT_ARMED_IDLE) {
		kt_buf_puts(text, "null");
		return;
	}
	kt_buf_printf(text, "{\"number\": %u, \"what\": ", state->number);
	kt_put_json(text, state->order.what);
	kt_buf_printf(text,
		", \"stage\": \"%s\", \"whole_ms\": %lld, \"elapsed_ms\": %lld, \"left_ms\": %lld, "
		"\"samples\": %lld, \"cpu_ns\": %lld, \"why\": ",
		stages[state->stage], (long long)whole_ms, (long long)state->elapsed_ms,
		(long long)(left_ms > 0 ? left_ms : 0), (long long)state->nr_samples,
		(long long)state->cpu_ns);
	if (*state->why)
		kt_put_json(text, state->why);
	else
		kt_buf_puts(text, "null");
	kt_buf_puts(text, "}");
}

struct kt_answer *kt_arming_state(const struct kt_arming *arming)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_buf_printf(&text,
		"{\"schema\": \"ktally/watch/1\", \"may\": %s, \"longest_ms\": %d, "
		"\"cpu_percent\": %d, \"token\": ",
		arming ? "true" : "false", KT_ARMED_SECONDS * 1000, CPU_PERCENT);
	if (arming)
		kt_put_json(&text, arming->token);
	else
		kt_buf_puts(&text, "null");
	kt_buf_puts(&text, ", \"watch\": ");
	if (arming)
		put_watch(&text, kt_armed_state(arming->armed));
	else
		kt_buf_puts(&text, "null");
	kt_buf_puts(&text, "}\n");
	return kt_answer_new(200, KT_TYPE_JSON, &text);
}

struct kt_answer *kt_arming_line(const struct kt_arming *arming, bool *ret_runs)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	*ret_runs = kt_armed_runs(arming->armed);
	put_watch(&text, kt_armed_state(arming->armed));
	kt_buf_puts(&text, "\n");
	return kt_answer_new(200, "application/x-ndjson", &text);
}

struct kt_answer *kt_arming_result(struct kt_arming *arming, const char *form)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_err *err;

	for (size_t i = 0; i < KT_LEN(forms); i++) {
		if (strcmp(forms[i].name, form) != 0)
			continue;
		err = kt_armed_result(arming->armed, (enum kt_armed_form)i, &text);
		return err ? kt_answer_err(err) : kt_answer_new(200, forms[i].type, &text);
	}
	return kt_answer_problem(400, "as takes json, flame, folded, pprof or speedscope");
}

/* ---- orders ---- */

static bool take_time(const char *time, double *ret_seconds)
{
	int64_t ms;

	*ret_seconds = 0;
	if (!time)
		return true;
	if (!kt_duration(kt_span_str(time), &ms) || ms < 1000 ||
		ms > (int64_t)KT_ARMED_SECONDS * 1000)
		return false;
	*ret_seconds = (double)ms / 1000;
	return true;
}

struct kt_answer *kt_arming_start(struct kt_arming *arming, const char *what, const char *time)
{
	struct kt_armed_order order = { .cpu_percent = CPU_PERCENT, .width = WIDTH };
	struct kt_err *err;
	char why[128];

	if (!what || !*what || strlen(what) >= sizeof(order.what) ||
		!kt_guard_value(kt_span_str(what)))
		return kt_answer_problem(400,
			"what takes the name of a slab cache, or slab, pages, "
			"percpu or vmalloc");
	if (!take_time(time, &order.seconds))
		return kt_answer_problem(400, "for takes a time from 1s to 10m");
	if (kt_armed_runs(arming->armed))
		return kt_answer_problem(409, "a watch runs already; there is one at a time");
	charge(arming, kt_clock_ns());
	if (arming->left_ns <= 0) {
		snprintf(why, sizeof(why),
			"watches have taken as much CPU time as they may; try again in %lld s",
			(long long)(-arming->left_ns * RATE / SECOND_NS + 1));
		return kt_answer_problem(429, why);
	}
	memcpy(order.what, what, strlen(what) + 1);
	order.forms = order.seconds > 0 ? (1u << KT_LEN(forms)) - 1 : 1u << KT_ARMED_JSON;
	err = kt_armed_start(arming->armed, &order);
	if (err)
		return kt_answer_err(err);
	arming->charged = false;
	arming->turn++;
	arming->told_ns = kt_clock_ns();
	return NULL;
}

struct kt_answer *kt_arming_stop(struct kt_arming *arming)
{
	if (!kt_armed_runs(arming->armed))
		return kt_answer_problem(409, "no watch runs");
	kt_armed_stop(arming->armed);
	return kt_arming_state(arming);
}

void kt_arming_left(struct kt_arming *arming, uint32_t number)
{
	if (kt_arming_number(arming) == number)
		kt_armed_drop(arming->armed);
}
