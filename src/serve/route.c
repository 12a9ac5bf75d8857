// SPDX-License-Identifier: GPL-2.0-or-later
//
// The order of checks in kt_route_of() is part of the design: cheap checks that protect a browser's
// user come first (method, Host, origin), then the token, and only then anything that costs time.
// Requests with a body are refused earlier, in http.c. Texts of a request belong to libmicrohttpd
// and are valid until its answer is queued.

#include "serve/route.h"

#include "base/when.h"
#include "machine/clock.h"
#include "serve/guard.h"
#include "serve/page.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

extern const struct kt_cmd kt_cmd_diagnose;

#define ARGS_MAX 12 /* arguments of a request */
#define API	 "/api/v1/"
#define LATE_MS	 60000 /* ms; the recorder writes its samples at most this late */
#define GAP	 4     /* intervals; samples further apart than this have a gap between them */

/* Arguments after the question mark, as far as they are text. */
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

/*
 * Names and values may contain a NUL after decoding; a C string would end there, and the check and
 * the use of a value could differ. Such a request is refused as a whole.
 */
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

/* ---- the client ---- */

bool kt_route_has_body(const struct kt_site *site, struct MHD_Connection *connection)
{
	const char *length = header(site, connection, "Content-Length");

	return header(site, connection, "Transfer-Encoding") ||
	       (length && strcmp(length, "0") != 0);
}

/*
 * A client with an IPv6 network can use any of its 2^64 addresses, so the network counts, not the
 * address. Clients of a UNIX socket, and all users of a proxy, are one client. A collision of
 * hashes makes two clients share a budget, which is harmless.
 */
uint64_t kt_route_who(const struct kt_site *site, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		site->lib->get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;
	struct kt_span bytes = { "", 0 };

	if (address && address->sa_family == AF_INET)
		bytes = (struct kt_span){ (const char *)&(
						  (const struct sockaddr_in *)(const void *)address)
						  ->sin_addr,
			4 };
	if (address && address->sa_family == AF_INET6)
		bytes = (struct kt_span){
			(const char *)&((const struct sockaddr_in6 *)(const void *)address)
				->sin6_addr,
			8
		};
	return kt_span_hash(KT_HASH_START, bytes);
}

/*
 * Whether the browser has the cookie. The cookie is too long to guess, so such a browser never
 * waits.
 */
static bool is_let_in(const struct kt_site *site, struct MHD_Connection *connection)
{
	struct kt_span cookie = kt_guard_cookie(header_span(site, connection, "Cookie"), "ktally");

	return kt_guard_same(cookie, kt_span_str(site->session));
}

enum token { TOKEN_RIGHT, TOKEN_WRONG, TOKEN_WAIT };

/*
 * The wait is checked before the token is compared: a right token that is tried during the wait is
 * not accepted either, or the wait would not slow guesses down. A browser with a valid cookie is
 * let in although its URL has a wrong token, except during the wait.
 */
static enum token check_token(
	struct kt_site *site, struct MHD_Connection *connection, const struct args *args)
{
	struct kt_span token = kt_span_str(site->token);
	struct kt_span bearer = kt_guard_bearer(header_span(site, connection, "Authorization"));
	const char *in_url = arg(args, "token");
	uint64_t who = kt_route_who(site, connection);
	int64_t now_ns = kt_clock_ns();
	bool right;

	if (!bearer.n && !in_url)
		return is_let_in(site, connection) ? TOKEN_RIGHT : TOKEN_WRONG;
	if (kt_budget_wait_s(&site->budget, who, now_ns))
		return TOKEN_WAIT;
	right = kt_guard_same(bearer, token) ||
		(in_url && kt_guard_same(kt_span_str(in_url), token));
	kt_budget_token(&site->budget, who, right, now_ns);
	return right || is_let_in(site, connection) ? TOKEN_RIGHT : TOKEN_WRONG;
}

static bool may_run(struct kt_site *site, struct MHD_Connection *connection, bool shared)
{
	return kt_budget_may(&site->budget, kt_route_who(site, connection), shared, kt_clock_ns());
}

/*
 * Whether another site's page made the browser send the request; it must not cost anything. A page
 * of another site cannot read an answer, but it could use up the budget. "/" stays allowed, so that
 * links to the page work. Clients that are not browsers do not send the header.
 */
static bool is_foreign(
	const struct kt_site *site, struct MHD_Connection *connection, const char *url)
{
	const char *from = header(site, connection, "Sec-Fetch-Site");

	return from && strcmp(from, "cross-site") == 0 && strcmp(url, "/") != 0;
}

/*
 * Whether a request that changes something is the own page's, or a program's that has read the
 * token. A page of another site can read no answer, and so has no token; it also cannot send the
 * header without asking first, which is refused like any unknown method.
 */
static bool is_own(const struct kt_site *site, struct MHD_Connection *connection)
{
	const char *from = header(site, connection, "Sec-Fetch-Site");
	struct kt_span origin = header_span(site, connection, "Origin");

	return (!from || strcmp(from, "same-origin") == 0) &&
	       (!origin.n || kt_guard_origin(origin, header_span(site, connection, "Host"))) &&
	       kt_arming_is_token(site->arming, header_span(site, connection, "X-Ktally-Token"));
}

/* ---- the target ---- */

/* Returns what "now" means to requests: a recording that is the source has its own present. */
static int64_t present_ms(const struct kt_site *site)
{
	int64_t first_ms, last_ms;

	if (!kt_desk_is_live(site->desk) && site->recording &&
		kt_serve_past_extent(site->recording, &first_ms, &last_ms))
		return last_ms;
	return kt_clock_time_ms();
}

/*
 * Makes the query one about a sample of the recording. A time after its end is refused unless the
 * recorder may just not have written yet: the last sample would pass for the machine at that time.
 */
static struct kt_err *take_at(const struct kt_site *site, const char *text, struct kt_query *query)
{
	int64_t first_ms, last_ms, at_ms;
	char last[32];

	if (!site->recording || !kt_serve_past_extent(site->recording, &first_ms, &last_ms))
		return kt_err_new(KT_ERR_ABSENT, "at needs a recording: 'ktally record' writes "
						 "one, and serve -s FILE shows it");
	if (!kt_serve_past_moment(text, present_ms(site), &at_ms) || at_ms <= 0)
		return kt_err_new(KT_ERR_USAGE,
			"at takes a time: -15m, 2026-01-31T23:59, or milliseconds since 1970");
	if (at_ms > last_ms + LATE_MS)
		return kt_err_new(
			KT_ERR_ABSENT, "the recording ends at %s", kt_when_text(last_ms, last));
	return kt_query_at(query, site->recording, at_ms);
}

/*
 * Growth is judged by all samples up to a time, which takes seconds for a month: not in this
 * thread, which answers all others. Without a time it is the recording's last sample, or the
 * machine that runs, whose recording is judged up to now.
 */
static struct kt_route route_judged(const struct kt_site *site, const struct kt_query *query)
{
	bool runs = !query->past && kt_desk_is_live(site->desk);
	struct kt_route route = { .kind = KT_ROUTE_PAST,
		.stretch = {
			.cmd = query->cmd,
			.judges = true,
			.runs = runs,
			.to_ms = query->past ? query->call.machine.time_ms : present_ms(site),
		} };

	kt_desk_followed(site->desk, "", &route.stretch.call);
	snprintf(route.key, sizeof(route.key), "%s&%lld", query->cmd->name,
		runs ? 0ll : (long long)route.stretch.to_ms);
	return route;
}

static struct kt_route route_command(struct kt_site *site, struct MHD_Connection *connection,
	const char *command, const struct args *args)
{
	struct kt_query query;

	if (!kt_query_begin(site->desk, command, &query))
		return problem(404, "no such command here; docs/API.md lists the commands");
	for (size_t i = 0; i < args->count; i++) {
		const char *name = args->items[i].name;
		struct kt_err *err = NULL;

		if (strcmp(name, "at") == 0)
			err = take_at(site, args->items[i].value, &query);
		else if (strcmp(name, "token") != 0)
			err = kt_query_add(&query, name, args->items[i].value);
		if (err)
			return given(kt_answer_err(err));
	}
	if (query.cmd == &kt_cmd_diagnose && site->recording)
		return route_judged(site, &query);
	query.may_run = may_run(site, connection, query.plain);
	return given(kt_desk_ask(site->desk, &query));
}

static bool take_moment(const struct args *args, const char *name, int64_t now_ms, int64_t *ms)
{
	const char *text = arg(args, name);

	return !text || kt_serve_past_moment(text, now_ms, ms);
}

/*
 * Returns how far back memory reaches without a gap: with a recorder, samples are only taken while
 * a client watches.
 */
static int64_t kept_since_ms(const struct kt_watch *watch, int64_t gap_ms)
{
	size_t ago = 0;

	while (ago + 1 < kt_watch_nr(watch) &&
		kt_watch_time_ms(watch, ago) - kt_watch_time_ms(watch, ago + 1) < gap_ms)
		ago++;
	return kt_watch_time_ms(watch, ago);
}

/*
 * Memory has the finest samples; a recording has earlier ones. A span that begins in memory needs
 * no recording. A recording that ends before the span, or begins later than memory does, adds
 * nothing. Then the answer comes from memory, and says with first_ms that earlier samples exist.
 */
static struct kt_route route_account_past(struct kt_site *site, const struct kt_stretch *stretch)
{
	const struct kt_watch *watch = kt_desk_account(site->desk);
	bool live = kt_desk_is_live(site->desk);
	int64_t kept_ms;

	kt_desk_freshen(site->desk);
	kept_ms = kept_since_ms(watch, GAP * kt_desk_interval_ms(site->desk));
	if (stretch->first_ms == INT64_MAX ||
		(live && (stretch->last_ms < stretch->from_ms || stretch->from_ms >= kept_ms ||
				 stretch->first_ms >= kept_ms)))
		return given(kt_serve_past_watched(watch, "account", stretch));
	return (struct kt_route){ .kind = KT_ROUTE_PAST, .stretch = *stretch };
}

/*
 * Whether all words are known. An unknown word is an error, because the answer would not match the
 * request.
 */
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

/*
 * A list is in memory for the last minutes, if it is followed; a request for earlier times, or for
 * a list that is not followed, needs a recording.
 */
static struct kt_route route_list_past(
	struct kt_site *site, const char *of, bool earlier, struct kt_stretch *stretch)
{
	const struct kt_watch *watch = kt_desk_list(site->desk, of);

	stretch->cmd = kt_desk_followed(site->desk, of, &stretch->call);
	if (!stretch->cmd)
		return problem(
			404, "of takes account, slab, vmalloc, cgroups, stacks or pagetables");
	if (watch && (!earlier || stretch->first_ms == INT64_MAX ||
			     stretch->last_ms < stretch->from_ms ||
			     stretch->from_ms >= kt_watch_time_ms(watch, kt_watch_nr(watch) - 1)))
		return given(kt_serve_past_watched(watch, of, stretch));
	if (stretch->first_ms == INT64_MAX)
		return problem(404, "the past of this list needs a recording");
	return (struct kt_route){ .kind = KT_ROUTE_PAST, .stretch = *stretch };
}

static struct kt_route route_past(struct kt_site *site, const struct args *args)
{
	static const char *const known[] = { "from", "to", "step", "of", "row", "token", NULL };
	struct kt_stretch stretch = {
		.to_ms = INT64_MAX, .first_ms = INT64_MAX, .last_ms = INT64_MIN
	};
	const char *of = arg(args, "of"), *step = arg(args, "step"), *row = arg(args, "row");
	int64_t now_ms = present_ms(site);

	if (!all_known(args, known))
		return problem(400, "history accepts only from, to, step, of and row");
	if (!take_moment(args, "from", now_ms, &stretch.from_ms) ||
		!take_moment(args, "to", now_ms, &stretch.to_ms) || stretch.from_ms > stretch.to_ms)
		return problem(400, "from and to take a time: -15m, 2026-01-31T23:59, or "
				    "milliseconds since 1970; from must be before to");
	if (step && (!kt_duration(kt_span_str(step), &stretch.step_ms) || stretch.step_ms < 0))
		return problem(400, "step takes a duration: 10s, 5m, 1h");
	if (row && (!*row || strlen(row) >= sizeof(stretch.row)))
		return problem(400, "row takes the key of a row");
	snprintf(stretch.row, sizeof(stretch.row), "%s", row ? row : "");
	if (site->recording)
		kt_serve_past_extent(site->recording, &stretch.first_ms, &stretch.last_ms);
	if (!of || strcmp(of, "account") == 0)
		return route_account_past(site, &stretch);
	return route_list_past(site, of, arg(args, "from") != NULL, &stretch);
}

/*
 * The key is made of the texts of the request, not of the times that they mean: "-15m" is another
 * time in each request, and its answer is still good for a few seconds.
 */
static struct kt_route route_history(
	struct kt_site *site, struct MHD_Connection *connection, const struct args *args)
{
	static const char *const names[] = { "from", "to", "step", "of", "row" };
	struct kt_route route;
	size_t at = 0;

	if (!may_run(site, connection, false))
		return problem(429, "requests have used up the processor time of this server; ask "
				    "again in a second");
	route = route_past(site, args);
	for (size_t i = 0; i < KT_LEN(names) && at < KT_ROUTE_KEY; i++) {
		const char *value = arg(args, names[i]);

		at += (size_t)snprintf(
			route.key + at, KT_ROUTE_KEY - at, "%s&", value ? value : "");
	}
	if (at >= KT_ROUTE_KEY)
		route.key[0] = '\0';
	return route;
}

static struct kt_route route_result(struct kt_site *site, const struct args *args)
{
	static const char *const known[] = { "as", "token", NULL };
	const char *form = arg(args, "as");

	if (!all_known(args, known))
		return problem(400, "watch/result accepts only as");
	if (!site->arming)
		return problem(
			404, "this server watches nothing: it was started without --allow-watch");
	return given(kt_arming_result(site->arming, form ? form : "json"));
}

static struct kt_route route_watch(
	struct kt_site *site, struct MHD_Connection *connection, const struct args *args)
{
	static const char *const known[] = { "what", "for", "stop", "token", NULL };
	struct kt_answer *refusal;

	if (!site->arming)
		return problem(403, "this server may not watch allocations: it was started without "
				    "--allow-watch; as root, 'ktally users NAME --watch 30s' does");
	if (!is_own(site, connection))
		return problem(403,
			"refused: the request needs the header X-Ktally-Token, with the "
			"token that GET of this address has, and no foreign page may send it");
	if (!all_known(args, known))
		return problem(400, "watch accepts only what and for, or stop");
	if (arg(args, "stop"))
		return given(kt_arming_stop(site->arming));
	refusal = kt_arming_start(site->arming, arg(args, "what"), arg(args, "for"));
	return refusal ? given(refusal) : (struct kt_route){ .kind = KT_ROUTE_WATCH };
}

static struct kt_route route_api(struct kt_site *site, struct MHD_Connection *connection,
	const char *name, const struct args *args)
{
	if (strcmp(name, "history") == 0)
		return route_history(site, connection, args);
	if (strcmp(name, "watch") == 0 && !args->count)
		return given(kt_arming_state(site->arming));
	if (strcmp(name, "watch/result") == 0)
		return route_result(site, args);
	if (strcmp(name, "live") != 0)
		return route_command(site, connection, name, args);
	/* HTTP status 204 makes an EventSource stop reconnecting */
	if (!kt_desk_is_live(site->desk))
		return problem(204, "a capture does not change: there is no live stream");
	return (struct kt_route){ .kind = KT_ROUTE_LIVE };
}

/*
 * Files are compiled in and found by exact path, so a path such as "/../" cannot leave the
 * directory.
 */
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
		return problem(404, "no such page");
	return (struct kt_route){ .answer = kt_answer_copy(200, asset->type,
					  (struct kt_span){ asset->data, asset->size }),
		.may_keep = true };
}

/*
 * A token in the URL of the page is exchanged for a cookie and a redirect. Otherwise the token
 * would stay in the address bar, the history of the browser and the logs of a proxy.
 */
struct kt_route kt_route_of(struct kt_site *site, struct MHD_Connection *connection,
	const char *method, const char *url)
{
	struct kt_span host = header_span(site, connection, "Host");
	bool changes = strcmp(method, "POST") == 0 && strcmp(url, API "watch") == 0;
	enum token token;
	struct args args;

	if (!changes && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return problem(405, "nothing can be changed here: only GET and HEAD are accepted");
	if (!site->any_host && !kt_guard_host(host))
		return problem(403, "this server accepts localhost and numeric addresses, not "
				    "names, because another site could point a name here");
	if (is_foreign(site, connection, url))
		return problem(403, "refused: a page of another site sent this request");
	args = args_of(site, connection);
	if (args.bad)
		return problem(400, "too many arguments, or an argument that is not text");
	token = site->token ? check_token(site, connection, &args) : TOKEN_RIGHT;
	if (token == TOKEN_WAIT)
		return problem(
			429, "too many wrong tokens from this address; wait before the next one");
	if (token == TOKEN_WRONG)
		return problem(401, "a token is required: send Authorization: Bearer TOKEN, or "
				    "open /?token=TOKEN once in a browser");
	if (site->token && strcmp(url, "/") == 0 && arg(&args, "token"))
		return (struct kt_route){ .answer = kt_answer_problem(303, "see /"),
			.lets_in = true };
	if (changes)
		return route_watch(site, connection, &args);
	if (strncmp(url, API, sizeof(API) - 1) == 0)
		return route_api(site, connection, url + sizeof(API) - 1, &args);
	return route_file(site, url);
}
