// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/http.h"

#include "cmd/session.h"
#include "serve/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 256u  /* a browser with the page takes two or three */
#define LIVE_MAX	160u  /* of them; the rest can always ask */
#define MEMORY_BYTES	8192u /* for the header of a request */
#define BLOCK_BYTES	4096u /* of a live stream at once */
#define IDLE_S		15u   /* without a byte in either direction */
#define WAIT_MS		1000
#define SECOND_NS	1000000000ll
#define HEAD_NS		(10 * SECOND_NS) /* to send a request's header */
#define ANSWER_NS	(60 * SECOND_NS) /* to take the answer, and until the next request */

struct connection {
	struct kt_http *http;
	int fd;
	int64_t deadline_ns; /* 0: none */
	struct connection *next, **link;
};

/* A client of the live stream. */
struct live {
	struct kt_http *http;
	struct MHD_Connection *connection;
	struct kt_answer *event;
	size_t offset;
	uint64_t turn; /* of the event */
	bool waits;
	struct live *next, **link;
};

/* A request for the past, from a recording. */
struct past {
	struct kt_job job;
	struct kt_http *http;
	struct MHD_Connection *connection;
	struct kt_stretch stretch;
	struct kt_answer *answer;
};

struct request {
	struct past *past;
};

struct kt_http {
	struct kt_site *site;
	const struct kt_microhttpd *lib;
	struct MHD_Daemon *daemon;
	struct kt_worker *worker;
	struct connection *connections;
	struct live *lives;
	size_t nr_live;
	bool ends;
};

/* ---- answers ---- */

static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
		"img-src 'self' data:; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()" },
};

static void free_answer(void *cls)
{
	kt_answer_unref(cls);
}

static enum MHD_Result send_response(const struct kt_http *http, struct MHD_Connection *connection,
	struct MHD_Response *response, unsigned status, const char *type, const char *cache)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	for (size_t i = 0; i < KT_LEN(headers); i++)
		http->lib->add_response_header(response, headers[i].name, headers[i].value);
	http->lib->add_response_header(response, "Content-Type", type);
	http->lib->add_response_header(response, "Cache-Control", cache);
	if (status == 405)
		http->lib->add_response_header(response, "Allow", "GET, HEAD");
	if (status == 401)
		http->lib->add_response_header(response, "WWW-Authenticate", "Bearer");
	if (status == 429 || status == 503)
		http->lib->add_response_header(response, "Retry-After", "1");
	result = http->lib->queue_response(connection, status, response);
	http->lib->destroy_response(response);
	return result;
}

static char nothing[1];

static enum MHD_Result send_empty(const struct kt_http *http, struct MHD_Connection *connection,
	unsigned status, const char *name, const char *value, bool let_in)
{
	struct MHD_Response *response =
		http->lib->create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
	char cookie[KT_SESSION_HEX + 64];

	if (response)
		http->lib->add_response_header(response, name, value);
	if (response && let_in) {
		snprintf(cookie, sizeof(cookie), "ktally=%s; Path=/; HttpOnly; SameSite=Strict",
			http->site->session);
		http->lib->add_response_header(response, "Set-Cookie", cookie);
	}
	return send_response(
		http, connection, response, status, KT_TYPE_TEXT, let_in ? "no-store" : "no-cache");
}

/* Takes the answer over. */
static enum MHD_Result send_answer(struct kt_http *http, struct MHD_Connection *connection,
	struct kt_answer *answer, bool may_keep)
{
	const char *known =
		http->lib->lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
	struct MHD_Response *response;
	enum MHD_Result result;

	if (!answer)
		return MHD_NO; /* out of memory: the connection ends */
	if (may_keep && known && strcmp(known, answer->etag) == 0) {
		result = send_empty(http, connection, 304, "ETag", answer->etag, false);
		kt_answer_unref(answer);
		return result;
	}
	response = http->lib->create_response_from_buffer_with_free_callback_cls(
		answer->status == 204 ? 0 : answer->size, answer->data, free_answer, answer);
	if (!response) {
		kt_answer_unref(answer);
		return MHD_NO;
	}
	if (may_keep)
		http->lib->add_response_header(response, "ETag", answer->etag);
	return send_response(http, connection, response, answer->status, answer->type,
		may_keep ? "no-cache" : "no-store");
}

/* ---- the live stream ---- */

static void next_event(struct live *live)
{
	kt_answer_unref(live->event);
	live->event = kt_desk_live(live->http->site->desk);
	live->turn = kt_desk_turn(live->http->site->desk);
	live->offset = 0;
}

/* Gives what is there; where nothing is, the connection sleeps until kt_http_wake(). */
static ssize_t read_live(void *cls, uint64_t at, char *data, size_t room)
{
	struct live *live = cls;
	size_t left;

	(void)at;
	if (live->http->ends)
		return MHD_CONTENT_READER_END_OF_STREAM;
	/* who reads slowly is told the newest, not all that was in between */
	if (!live->event || (live->offset == live->event->size &&
				    live->turn != kt_desk_turn(live->http->site->desk)))
		next_event(live);
	if (!live->event)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	left = live->event->size - live->offset;
	if (!left) {
		live->waits = true;
		live->http->lib->suspend_connection(live->connection);
		return 0;
	}
	left = left < room ? left : room;
	memcpy(data, live->event->data + live->offset, left);
	live->offset += left;
	return (ssize_t)left;
}

static void end_live(void *cls)
{
	struct live *live = cls;

	*live->link = live->next;
	if (live->next)
		live->next->link = live->link;
	live->http->nr_live--;
	kt_answer_unref(live->event);
	free(live);
}

static enum MHD_Result send_live(
	struct kt_http *http, struct MHD_Connection *connection, const char *method)
{
	struct MHD_Response *response;
	struct live *live;

	if (strcmp(method, "HEAD") == 0)
		return send_empty(http, connection, 200, "X-Accel-Buffering", "no", false);
	if (http->nr_live >= LIVE_MAX)
		return send_answer(
			http, connection, kt_answer_problem(503, "too many watch already"), false);
	live = calloc(1, sizeof(*live));
	if (!live)
		return MHD_NO;
	*live = (struct live){
		.http = http, .connection = connection, .next = http->lives, .link = &http->lives
	};
	response = http->lib->create_response_from_callback(
		MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_live, live, end_live);
	if (!response) {
		free(live);
		return MHD_NO;
	}
	if (http->lives)
		http->lives->link = &live->next;
	http->lives = live;
	http->nr_live++;
	kt_desk_freshen(http->site->desk);
	http->lib->add_response_header(response, "X-Accel-Buffering", "no");
	return send_response(http, connection, response, 200, "text/event-stream", "no-store");
}

void kt_http_wake(struct kt_http *http)
{
	for (struct live *live = http->lives; live; live = live->next) {
		if (live->waits)
			http->lib->resume_connection(live->connection);
		live->waits = false;
	}
}

size_t kt_http_nr_live(const struct kt_http *http)
{
	return http->nr_live;
}

/* ---- the past, in the worker's thread ---- */

static void run_past(struct kt_job *job)
{
	struct past *past = (struct past *)job;

	past->answer = kt_past_recorded(past->http->site->recording, &past->stretch);
	past->http->lib->resume_connection(past->connection);
}

static void drop_past(struct kt_job *job)
{
	struct past *past = (struct past *)job;

	past->answer = kt_answer_problem(503, "the server ends");
	past->http->lib->resume_connection(past->connection);
}

static enum MHD_Result begin_past(struct kt_http *http, struct MHD_Connection *connection,
	struct request *request, const struct kt_stretch *stretch)
{
	struct past *past;

	if (!kt_worker_has_room(http->worker))
		return send_answer(http, connection,
			kt_answer_problem(503, "too many look at the past; ask again in a second"),
			false);
	past = calloc(1, sizeof(*past));
	if (!past)
		return MHD_NO;
	*past = (struct past){
		.job.run = run_past, .http = http, .connection = connection, .stretch = *stretch
	};
	request->past = past;
	/* before the worker can wake it */
	http->lib->suspend_connection(connection);
	kt_worker_push(http->worker, &past->job);
	return MHD_YES;
}

/* ---- requests ---- */

static struct connection *connection_of(struct kt_http *http, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		http->lib->get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void set_deadline(struct kt_http *http, struct MHD_Connection *connection, int64_t after_ns)
{
	struct connection *own = connection_of(http, connection);

	if (own)
		own->deadline_ns = after_ns ? kt_session_clock_ns() + after_ns : 0;
}

static enum MHD_Result answer_request(struct kt_http *http, struct MHD_Connection *connection,
	struct request *request, const char *method, const char *url)
{
	struct kt_route route;

	if (request->past) {
		struct kt_answer *answer = request->past->answer;

		request->past->answer = NULL;
		return send_answer(http, connection, answer, false);
	}
	route = kt_route_of(http->site, connection, method, url);
	switch (route.kind) {
	case KT_ROUTE_LIVE:
		set_deadline(http, connection, 0);
		return send_live(http, connection, method);
	case KT_ROUTE_PAST: return begin_past(http, connection, request, &route.stretch);
	case KT_ROUTE_ANSWER: break;
	}
	if (route.lets_in) {
		kt_answer_unref(route.answer);
		return send_empty(http, connection, 303, "Location", "/", true);
	}
	return send_answer(http, connection, route.answer, route.may_keep);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **slot)
{
	struct kt_http *http = cls;
	struct request *request = *slot;

	(void)version, (void)data;
	if (request) {
		*size = 0;
		return answer_request(http, connection, request, method, url);
	}
	set_deadline(http, connection, ANSWER_NS);
	/* an answer this early ends the connection, so that no body is ever read */
	if (kt_route_has_body(http->site, connection))
		return send_answer(http, connection,
			kt_answer_problem(413, "no request has a body here"), false);
	*slot = calloc(1, sizeof(struct request));
	return *slot ? MHD_YES : MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **slot,
	enum MHD_RequestTerminationCode code)
{
	struct request *request = *slot;

	(void)code;
	set_deadline(cls, connection, ANSWER_NS);
	if (request && request->past) {
		kt_answer_unref(request->past->answer);
		free(request->past);
	}
	free(request);
	*slot = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **slot,
	enum MHD_ConnectionNotificationCode code)
{
	struct kt_http *http = cls;
	struct connection *own = *slot;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (!own)
			return;
		*own->link = own->next;
		if (own->next)
			own->next->link = own->link;
		free(own);
		*slot = NULL;
		return;
	}
	info = http->lib->get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	own = calloc(1, sizeof(*own));
	if (!own || !info) {
		free(own);
		return;
	}
	*own = (struct connection){ .http = http,
		.fd = info->connect_fd,
		.deadline_ns = kt_session_clock_ns() + HEAD_NS,
		.next = http->connections,
		.link = &http->connections };
	if (http->connections)
		http->connections->link = &own->next;
	http->connections = own;
	*slot = own;
}

/* Who sends a byte now and then is never idle, and never done: shut down, it ends. */
void kt_http_expire(struct kt_http *http)
{
	int64_t now_ns = kt_session_clock_ns();

	for (struct connection *own = http->connections; own; own = own->next) {
		if (own->deadline_ns && own->deadline_ns < now_ns) {
			shutdown(own->fd, SHUT_RDWR);
			own->deadline_ns = 0;
		}
	}
}

/* ---- the daemon ---- */

/* What clients do wrong is no news. */
static void log_nothing(void *cls, const char *fmt, va_list args)
{
	(void)cls, (void)fmt, (void)args;
}

struct kt_err *kt_http_new(struct kt_site *site, int fd, struct kt_http **ret_http)
{
	struct kt_http *http = calloc(1, sizeof(*http));
	struct kt_err *err;

	*ret_http = http;
	if (!http)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	http->site = site;
	http->lib = site->lib;
	err = kt_worker_new(&http->worker);
	if (err)
		return err;
	http->daemon = http->lib->start_daemon(MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
		http, MHD_OPTION_EXTERNAL_LOGGER, log_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)MEMORY_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
	return http->daemon ? NULL : kt_err_new(KT_ERR_OS, "libmicrohttpd could not be started");
}

void kt_http_free(struct kt_http *http)
{
	if (!http)
		return;
	http->ends = true;
	kt_worker_free(http->worker, drop_past);
	kt_http_wake(http);
	if (http->daemon) {
		http->lib->run(http->daemon);
		http->lib->stop_daemon(http->daemon);
	}
	free(http);
}

static int timeout_ms(const struct kt_http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (http->lib->get_timeout(http->daemon, &ms) != MHD_YES)
		return WAIT_MS;
	return ms > WAIT_MS ? WAIT_MS : (int)ms;
}

/*
 * By select() and not by epoll: there libmicrohttpd listens for edges, and a client that sends
 * half a request and closes at once is sometimes never heard of again (seen with 0.9.75). All
 * connections that are allowed fit into an fd_set.
 */
struct kt_err *kt_http_wait(struct kt_http *http, const int *fds, size_t nr_fds, bool *ret_ready)
{
	struct timeval wait;
	fd_set readable, writable, broken;
	int max = -1;

	FD_ZERO(&readable);
	FD_ZERO(&writable);
	FD_ZERO(&broken);
	if (http->lib->get_fdset2(http->daemon, &readable, &writable, &broken, &max, FD_SETSIZE) !=
		MHD_YES)
		return kt_err_new(KT_ERR_OS, "too many open files");
	for (size_t i = 0; i < nr_fds; i++) {
		FD_SET(fds[i], &readable);
		max = fds[i] > max ? fds[i] : max;
	}
	wait.tv_sec = timeout_ms(http) / 1000;
	wait.tv_usec = (suseconds_t)(timeout_ms(http) % 1000) * 1000;
	if (select(max + 1, &readable, &writable, &broken, &wait) < 0) {
		if (errno != EINTR)
			return kt_err_os(errno, "waiting for requests");
		FD_ZERO(&readable);
		FD_ZERO(&writable);
		FD_ZERO(&broken);
	}
	for (size_t i = 0; i < nr_fds; i++)
		ret_ready[i] = FD_ISSET(fds[i], &readable);
	http->lib->run_from_select(http->daemon, &readable, &writable, &broken);
	return NULL;
}
