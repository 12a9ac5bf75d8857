// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/route.h"

#include "base/when.h"
#include "cmd/session.h"
#include "serve/guard.h"
#include "serve/page.h"

#include <stdio.h>
#include <string.h>

#define ARGS_MAX 12
#define API	 "/api/v1/"
#define GAP	 4 /* intervals between two samples that others would have been in */

/* What stands behind the question mark, as far as it is text. */
struct args {
	struct {
		const char *name, *value;
	} items[ARGS_MAX];
	size_t count;
	bool bad;
};

static const char *header(
	const struct kt_site *site, struct MHD_Connection *connection, const char *name)
{
	return site->lib->lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static struct kt_span header_span(
	const struct kt_site *site, struct MHD_Connection *connection, const char *name)
{
	const char *value = header(site, connection, name);

	return value ? kt_span_str(value) : (struct kt_span){ 0 };
}

static enum MHD_Result take_arg(void *cls, enum MHD_ValueKind kind, const char *name,
	size_t name_size, const char *value, size_t value_size)
{
	struct args *args = cls;

	(void)kind;
	if (!value)
		value = "";
	if (args->count == ARGS_MAX || strlen(name) != name_size ||
		(*value && strlen(value) != value_size)) {
		args->bad = true;
		return MHD_NO;
	}
	args->items[args->count].name = name;
	args->items[args->count++].value = value;
	return MHD_YES;
}

static struct args args_of(const struct kt_site *site, struct MHD_Connection *connection)
{
	struct args args = { 0 };

	site->lib->get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_arg, &args);
	return args;
}

static const char *arg(const struct args *args, const char *name)
{
	for (size_t i = 0; i < args->count; i++) {
		if (strcmp(args->items[i].name, name) == 0)
			return args->items[i].value;
	}
	return NULL;
}

static struct kt_route problem(unsigned status, const char *why)
{
	return (struct kt_route){ .answer = kt_answer_problem(status, why) };
}

static struct kt_route given(struct kt_answer *answer)
{
	return (struct kt_route){ .answer = answer };
}

/* ---- who asks ---- */

bool kt_route_has_body(const struct kt_site *site, struct MHD_Connection *connection)
{
	const char *length = header(site, connection, "Content-Length");

	return header(site, connection, "Transfer-Encoding") ||
	       (length && strcmp(length, "0") != 0);
}

static bool knows_token(
	const struct kt_site *site, struct MHD_Connection *connection, const struct args *args)
{
	struct kt_span token = kt_span_str(site->token), bearer, cookie;
	const char *in_url = arg(args, "token");

	bearer = kt_guard_bearer(header_span(site, connection, "Authorization"));
	cookie = kt_guard_cookie(header_span(site, connection, "Cookie"), "ktally");
	return kt_guard_same(bearer, token) || kt_guard_same(cookie, kt_span_str(site->session)) ||
	       (in_url && kt_guard_same(kt_span_str(in_url), token));
}

/* Another site's page may make a browser ask; it must not cost anything. */
static bool is_foreign(
	const struct kt_site *site, struct MHD_Connection *connection, const char *url)
{
	const char *from = header(site, connection, "Sec-Fetch-Site");

	return from && strcmp(from, "cross-site") == 0 && strcmp(url, "/") != 0;
}

/* ---- what is asked for ---- */

static struct kt_route route_command(
	struct kt_site *site, const char *command, const struct args *args)
{
	struct kt_query query;

	if (!kt_query_begin(site->desk, command, &query))
		return problem(404, "there is no such command here; docs/API.md lists them");
	for (size_t i = 0; i < args->count; i++) {
		struct kt_err *err;

		if (strcmp(args->items[i].name, "token") == 0)
			continue;
		err = kt_query_add(&query, args->items[i].name, args->items[i].value);
		if (err)
			return given(kt_answer_err(err));
	}
	return given(kt_desk_ask(site->desk, &query));
}

static bool take_moment(const struct args *args, const char *name, int64_t now_ms, int64_t *ms)
{
	const char *text = arg(args, name);

	return !text || kt_past_moment(text, now_ms, ms);
}

/* How far back memory reaches without a gap: with a recorder it is only kept while somebody looks.
 */
static int64_t kept_since_ms(const struct kt_watch *watch, int64_t gap_ms)
{
	size_t ago = 0;

	while (ago + 1 < kt_watch_nr(watch) &&
		kt_watch_time_ms(watch, ago) - kt_watch_time_ms(watch, ago + 1) < gap_ms)
		ago++;
	return kt_watch_time_ms(watch, ago);
}

/* Memory has the finest; a recording has what was before it. */
static struct kt_route route_account_past(struct kt_site *site, struct kt_stretch stretch)
{
	const struct kt_watch *watch = kt_desk_account(site->desk);
	bool live = kt_desk_is_live(site->desk);
	int64_t first_ms = INT64_MAX, last_ms = INT64_MIN, kept_ms;

	kt_desk_freshen(site->desk);
	kept_ms = kept_since_ms(watch, GAP * kt_desk_interval_ms(site->desk));
	if (!site->recording || !kt_past_extent(site->recording, &first_ms, &last_ms) ||
		(live && (last_ms < stretch.from_ms || stretch.from_ms >= kept_ms ||
				 first_ms >= kept_ms))) {
		stretch.first_ms = first_ms;
		return given(kt_past_watched(watch, "account", &stretch));
	}
	return (struct kt_route){ .kind = KT_ROUTE_PAST, .stretch = stretch };
}

/* A word that nobody knows is a mistake, and the answer would not be what was asked for. */
static bool all_known(const struct args *args, const char *const *known)
{
	for (size_t i = 0; i < args->count; i++) {
		const char *const *name = known;

		while (*name && strcmp(*name, args->items[i].name) != 0)
			name++;
		if (!*name)
			return false;
	}
	return true;
}

static struct kt_route route_past(struct kt_site *site, const struct args *args)
{
	static const char *const known[] = { "from", "to", "step", "of", "token", NULL };
	struct kt_stretch stretch = { .to_ms = INT64_MAX, .first_ms = INT64_MAX };
	const char *of = arg(args, "of"), *step = arg(args, "step");
	int64_t now_ms = kt_session_time_ms(), first_ms, last_ms;
	const struct kt_watch *watch;

	/* a recording of the past has its own present */
	if (!kt_desk_is_live(site->desk) && site->recording &&
		kt_past_extent(site->recording, &first_ms, &last_ms))
		now_ms = last_ms;
	if (!all_known(args, known))
		return problem(400, "history takes from, to, step and of");
	if (!take_moment(args, "from", now_ms, &stretch.from_ms) ||
		!take_moment(args, "to", now_ms, &stretch.to_ms) || stretch.from_ms > stretch.to_ms)
		return problem(400, "from and to take a moment: -15m, 2026-01-31T23:59, or "
				    "milliseconds since 1970; from is before to");
	if (step && (!kt_duration(kt_span_str(step), &stretch.step_ms) || stretch.step_ms < 0))
		return problem(400, "step takes a duration: 10s, 5m, 1h");
	if (!of || strcmp(of, "account") == 0)
		return route_account_past(site, stretch);
	watch = kt_desk_list(site->desk, of);
	if (!watch)
		return problem(404, "of takes account, slab, vmalloc or cgroups of a machine that "
				    "runs");
	return given(kt_past_watched(watch, of, &stretch));
}

static struct kt_route route_api(struct kt_site *site, const char *name, const struct args *args)
{
	if (strcmp(name, "history") == 0)
		return route_past(site, args);
	if (strcmp(name, "live") != 0)
		return route_command(site, name, args);
	/* to an EventSource, 204 means: do not ask again */
	if (!kt_desk_is_live(site->desk))
		return problem(204, "this is one moment of a machine");
	return (struct kt_route){ .kind = KT_ROUTE_LIVE };
}

static struct kt_route route_file(struct kt_site *site, const char *url)
{
	const struct kt_asset *asset = kt_asset_find(url);

	if (strcmp(url, "/healthz") == 0)
		return given(kt_desk_health(site->desk));
	if (strcmp(url, "/metrics") == 0)
		return given(kt_desk_metrics(site->desk));
	if (strcmp(url, "/") == 0)
		return (struct kt_route){ .answer = kt_desk_page(site->desk), .may_keep = true };
	if (!asset)
		return problem(404, "there is nothing here");
	return (struct kt_route){ .answer = kt_answer_copy(200, asset->type,
					  (struct kt_span){ asset->data, asset->size }),
		.may_keep = true };
}

struct kt_route kt_route_of(struct kt_site *site, struct MHD_Connection *connection,
	const char *method, const char *url)
{
	struct kt_span host = header_span(site, connection, "Host");
	struct args args;

	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return problem(405, "nothing here can be changed: GET and HEAD only");
	if (!site->any_host && !kt_guard_host(host))
		return problem(403, "this server answers to localhost and to addresses in numbers, "
				    "not to names: another site could use one for its own ends");
	if (is_foreign(site, connection, url))
		return problem(403, "asked for by a page of another site");
	args = args_of(site, connection);
	if (args.bad)
		return problem(400, "too many arguments, or no text");
	if (site->token && !knows_token(site, connection, &args))
		return problem(401, "a token is needed: Authorization: Bearer TOKEN, or once "
				    "/?token=TOKEN in a browser");
	if (site->token && strcmp(url, "/") == 0 && arg(&args, "token"))
		return (struct kt_route){ .answer = kt_answer_problem(303, "see /"),
			.lets_in = true };
	if (strncmp(url, API, sizeof(API) - 1) == 0)
		return route_api(site, url + sizeof(API) - 1, &args);
	return route_file(site, url);
}
