// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who may start a watch: requests as libmicrohttpd would pass them on.
#include "serve/route.h"

#include "commands.h"

#include "test.h"

#include <stdlib.h>
#include <string.h>

/* ---- a request ---- */

static struct {
	const char *host, *origin, *from, *token;
	const char *args[8]; /* names and values; NULL: no more */
} request;

static const char *lookup(
	struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *key)
{
	(void)connection, (void)kind;
	return strcmp(key, "Host") == 0		    ? request.host
	       : strcmp(key, "Origin") == 0	    ? request.origin
	       : strcmp(key, "Sec-Fetch-Site") == 0 ? request.from
	       : strcmp(key, "X-Ktally-Token") == 0 ? request.token
						    : NULL;
}

static int values(struct MHD_Connection *connection, enum MHD_ValueKind kind,
	MHD_KeyValueIteratorN take, void *cls)
{
	int count = 0;

	(void)connection;
	for (size_t i = 0; i + 1 < KT_LEN(request.args) && request.args[i]; i += 2, count++)
		take(cls, kind, request.args[i], strlen(request.args[i]), request.args[i + 1],
			strlen(request.args[i + 1]));
	return count;
}

static const union MHD_ConnectionInfo *info(
	struct MHD_Connection *connection, enum MHD_ConnectionInfoType type, ...)
{
	(void)connection, (void)type;
	return NULL;
}

static const struct kt_microhttpd lib = { .lookup_connection_value = lookup,
	.get_connection_values_n = values,
	.get_connection_info = info };

/* Returns the status; 0: a watch has begun. */
static unsigned ask(struct kt_site *site, const char *method, const char *url)
{
	struct kt_route route = kt_route_of(site, NULL, method, url);
	unsigned status = route.answer ? route.answer->status : 500;

	if (route.kind == KT_ROUTE_WATCH)
		status = 0;
	kt_answer_unref(route.answer);
	return status;
}

static void own_page(const char *token)
{
	memset(&request, 0, sizeof(request));
	request.host = "127.0.0.1:19998";
	request.origin = "http://127.0.0.1:19998";
	request.from = "same-origin";
	request.token = token;
	request.args[0] = "what";
	request.args[1] = "no such cache";
	request.args[2] = "for";
	request.args[3] = "5s";
}

/* The token as a page reads it. */
static void read_token(const struct kt_arming *arming, char token[KT_ARMING_TOKEN + 1])
{
	static const char key[] = "\"token\": \"";
	struct kt_answer *state = kt_arming_state(arming);
	struct kt_span rest = { state->data, state->size };

	rest = kt_span_from(rest, kt_span_find(rest, key));
	memset(token, 0, KT_ARMING_TOKEN + 1);
	if (CHECK(kt_span_skip(&rest, key) && rest.n > KT_ARMING_TOKEN))
		memcpy(token, rest.p, KT_ARMING_TOKEN);
	kt_answer_unref(state);
}

struct world {
	struct kt_site site;
	char token[KT_ARMING_TOKEN + 1];
};

static void begin(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->site.lib = &lib;
	kt_budget_init(&world->site.budget, 0);
	CHECK(!kt_arming_new(&world->site.arming));
	read_token(world->site.arming, world->token);
	own_page(world->token);
}

#define WATCH "/api/v1/watch"

/* ---- who may ---- */

TEST(a_server_without_arm_starts_no_watch)
{
	struct world world;

	begin(&world);
	kt_arming_free(world.site.arming);
	world.site.arming = NULL;
	CHECK_INT(ask(&world.site, "POST", WATCH), 403);
	request.args[0] = NULL;
	CHECK_INT(ask(&world.site, "GET", WATCH), 200);
	CHECK_INT(ask(&world.site, "GET", WATCH "/result"), 404);
}

TEST(only_the_own_page_starts_a_watch)
{
	struct world world;
	char wrong[KT_ARMING_TOKEN + 1];

	begin(&world);
	memset(wrong, '0', sizeof(wrong) - 1);
	wrong[KT_ARMING_TOKEN] = '\0';
	request.token = NULL;
	CHECK_INT(ask(&world.site, "POST", WATCH), 403);
	request.token = "";
	CHECK_INT(ask(&world.site, "POST", WATCH), 403);
	request.token = wrong;
	CHECK_INT(ask(&world.site, "POST", WATCH), 403);
	own_page(world.token);
	request.origin = "http://127.0.0.1:8080";
	CHECK_INT(ask(&world.site, "POST", WATCH), 403);
	request.origin = "null";
	CHECK_INT(ask(&world.site, "POST", WATCH), 403);
	own_page(world.token);
	request.from = "same-site";
	CHECK_INT(ask(&world.site, "POST", WATCH), 403);
	request.from = "cross-site";
	CHECK_INT(ask(&world.site, "POST", WATCH), 403);
	own_page(world.token);
	request.host = "evil.example";
	CHECK_INT(ask(&world.site, "POST", WATCH), 403);
	own_page(world.token);
	CHECK_INT(ask(&world.site, "POST", WATCH), 0);
	kt_arming_free(world.site.arming);
}

TEST(a_token_of_the_server_is_needed_first)
{
	struct world world;

	begin(&world);
	world.site.token = "0123456789abcdef";
	CHECK_INT(ask(&world.site, "POST", WATCH), 401);
	kt_arming_free(world.site.arming);
}

TEST(only_a_watch_may_be_posted)
{
	struct world world;

	begin(&world);
	CHECK_INT(ask(&world.site, "POST", "/"), 405);
	CHECK_INT(ask(&world.site, "POST", "/api/v1/slab"), 405);
	CHECK_INT(ask(&world.site, "POST", WATCH "/result"), 405);
	CHECK_INT(ask(&world.site, "PUT", WATCH), 405);
	CHECK_INT(ask(&world.site, "DELETE", WATCH), 405);
	kt_arming_free(world.site.arming);
}

TEST(a_watch_has_bounds)
{
	static const char *const times[] = { "", "0s", "-5s", "500ms", "11m", "1h", "x" };
	char longest[300];
	struct world world;

	begin(&world);
	for (size_t i = 0; i < KT_LEN(times); i++) {
		request.args[3] = times[i];
		CHECK_INT(ask(&world.site, "POST", WATCH), 400);
	}
	own_page(world.token);
	memset(longest, 'a', sizeof(longest));
	longest[64] = '\0';
	request.args[1] = longest;
	CHECK_INT(ask(&world.site, "POST", WATCH), 400);
	request.args[1] = "";
	CHECK_INT(ask(&world.site, "POST", WATCH), 400);
	request.args[1] = "a\nb";
	CHECK_INT(ask(&world.site, "POST", WATCH), 400);
	own_page(world.token);
	request.args[4] = "cpu";
	request.args[5] = "100";
	CHECK_INT(ask(&world.site, "POST", WATCH), 400);
	kt_arming_free(world.site.arming);
}

TEST(one_thing_is_watched_at_a_time)
{
	struct world world;
	uint32_t number;

	begin(&world);
	request.args[0] = "stop";
	request.args[1] = "1";
	request.args[2] = NULL;
	CHECK_INT(ask(&world.site, "POST", WATCH), 409);
	own_page(world.token);
	CHECK_INT(ask(&world.site, "POST", WATCH), 0);
	/* its end is not noticed before the next kt_arming_step() */
	CHECK_INT(ask(&world.site, "POST", WATCH), 409);
	number = kt_arming_number(world.site.arming);
	kt_arming_left(world.site.arming, number);
	kt_arming_free(world.site.arming);
}

TEST(results_have_five_forms)
{
	struct world world;

	begin(&world);
	memset(request.args, 0, sizeof(request.args));
	CHECK_INT(ask(&world.site, "GET", WATCH "/result"), 404);
	request.args[0] = "as";
	request.args[1] = "pprof";
	CHECK_INT(ask(&world.site, "GET", WATCH "/result"), 404);
	request.args[1] = "text";
	CHECK_INT(ask(&world.site, "GET", WATCH "/result"), 400);
	kt_arming_free(world.site.arming);
}
