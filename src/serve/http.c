// SPDX-License-Identifier: GPL-2.0-or-later
//
// All of libmicrohttpd's callbacks are here, and run in the main thread; only run_past() and the
// end of its job run in the worker's. A slow client must cost neither time nor memory without
// bound. The constants below limit connections, bytes of a header, idle time and the time of a
// whole request.
//
// A connection owns its struct connection, a request its struct request; libmicrohttpd calls
// on_connection() and on_completed() to free them.

#include "serve/http.h"

#include "base/memory.h"
#include "machine/clock.h"
#include "serve/response.h"
#include "serve/streams.h"
#include "serve/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256u  /* a browser with the page takes two or three */
#define MEMORY_BYTES	8192u /* bytes; header of a request */
#define IDLE_S		15u   /* seconds without a byte in either direction */
#define WAIT_MS		1000  /* ms; longest wait, so that deadlines are checked */
#define SECOND_NS	1000000000ll
#define KNOWN_SLOTS	8u /* cached answers about history */
#define JUDGE_RATE	3  /* judging growth takes one part in this many of the time at most */
#define KNOWN_NS	(5 * SECOND_NS)	 /* ns; the recorder writes every ten seconds */
#define HEAD_NS		(10 * SECOND_NS) /* ns; limit to send a request's header */
#define KEPT_COSTS	20 /* findings of a running machine are kept for so many of their costs */
#define JUDGED_NS	(60 * SECOND_NS) /* ns; growth of an hour and more changes slowly */
#define ANSWER_NS	(60 * SECOND_NS) /* ns; limit to receive the answer and to ask again */

/*
 * Exists from accept to close. The library's own timeout only notices silence, so each connection
 * also has a deadline, which bytes sent slowly do not extend.
 */
struct connection {
	struct kt_http *http;
	int fd;
	int64_t deadline_ns; /* 0: none */
	struct connection *next, **link;
};

/*
 * A request for history from a recording. `answer` and `cost_ns` are written by the worker before
 * it resumes the connection, and read by the main thread afterwards. So they need no lock.
 */
struct past {
	struct kt_job job;
	struct kt_http *http;
	struct MHD_Connection *connection;
	struct kt_stretch stretch;
	char key[KT_ROUTE_KEY];
	uint64_t who;
	int64_t cost_ns;
	struct kt_answer *answer;
};

/* A cached answer about history, for the same request soon after. */
struct known {
	char key[KT_ROUTE_KEY];
	struct kt_answer *answer;
	int64_t made_ns, kept_ns; /* ns; when it was made, and for how long it is reused */
};

struct request {
	struct past *past;
};

struct kt_http {
	struct kt_site *site;
	const struct kt_microhttpd *lib;
	struct MHD_Daemon *daemon;
	struct kt_worker *worker;
	/* judges growth, which may take seconds, while the other worker reads the spans of charts
	 */
	struct kt_worker *judge;
	int64_t judge_free_ns; /* ns; before, no more growth is judged; 0: at any time */
	int done_fd;	       /* readable once a worker has an answer */
	struct connection *connections;
	struct kt_streams streams;
	struct known known[KNOWN_SLOTS];
};

/* ---- streams ---- */

void kt_http_wake(struct kt_http *http)
{
	kt_streams_wake(&http->streams);
}

size_t kt_http_nr_live(const struct kt_http *http)
{
	return http->streams.nr_live;
}

/* ---- history, in the worker's thread ---- */

/*
 * Wakes a connection that waits for the worker. libmicrohttpd resumes it when it runs next, but
 * with an outer select() nothing makes it run.
 */
static void wake_past(const struct past *past)
{
	const uint64_t one = 1;
	struct kt_http *http = past->http; /* once resumed, the other thread may free `past` */

	http->lib->resume_connection(past->connection);
	if (write(http->done_fd, &one, sizeof(one)) < 0)
		return; /* already readable */
}

/* Charges processor time, not elapsed time: a client must not pay for a busy machine. */
static void run_past(struct kt_job *job)
{
	struct past *past = (struct past *)job;

	int64_t begun_ns = kt_clock_cpu_ns();

	past->answer = kt_serve_past_recorded(past->http->site->recording, &past->stretch);
	kt_memory_give_back(); /* a recording takes more memory than serving does */
	past->cost_ns = kt_clock_cpu_ns() - begun_ns;
	wake_past(past);
}

static void drop_past(struct kt_job *job)
{
	struct past *past = (struct past *)job;

	past->answer = kt_answer_problem(503, "the server is shutting down");
	wake_past(past);
}

/*
 * A page asks for the same span again when it is reloaded, and each answer may cost seconds. The
 * recorder adds a sample every ten seconds, so an answer of the last KNOWN_NS is not out of date.
 */
static struct kt_answer *known_past(struct kt_http *http, const char *key)
{
	int64_t now_ns = kt_clock_ns();

	for (size_t i = 0; i < KNOWN_SLOTS && *key; i++) {
		struct known *known = &http->known[i];

		if (known->answer && now_ns - known->made_ns < known->kept_ns &&
			strcmp(known->key, key) == 0)
			return kt_answer_ref(known->answer);
	}
	return NULL;
}

/* Findings of a running machine are soon out of date, but for growth. */
static int64_t kept_ns_of(const struct past *past)
{
	int64_t kept_ns = past->stretch.runs ? KEPT_COSTS * past->cost_ns : JUDGED_NS;

	if (!past->stretch.judges || kept_ns < KNOWN_NS)
		return KNOWN_NS;
	return kept_ns < JUDGED_NS ? kept_ns : JUDGED_NS;
}

/* Only successes are kept: an error, such as a full queue, is usually over at the next request. */
static void know_past(struct kt_http *http, const struct past *past, struct kt_answer *answer)
{
	struct known *oldest = http->known;

	if (!*past->key || !answer || answer->status != 200)
		return;
	for (size_t i = 0; i < KNOWN_SLOTS; i++)
		oldest = http->known[i].made_ns < oldest->made_ns ? &http->known[i] : oldest;
	kt_answer_unref(oldest->answer);
	oldest->answer = kt_answer_ref(answer);
	oldest->made_ns = kt_clock_ns();
	oldest->kept_ns = kept_ns_of(past);
	snprintf(oldest->key, sizeof(oldest->key), "%s", past->key);
}

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
		own->deadline_ns = after_ns ? kt_clock_ns() + after_ns : 0;
}

/*
 * Runs in the main thread once the worker has resumed the connection, because the budget and the
 * cache have no lock. The cost is charged now: it is not known before the recording has been read.
 */
static enum MHD_Result end_past(
	struct kt_http *http, struct MHD_Connection *connection, struct past *past)
{
	struct kt_answer *answer = past->answer;

	past->answer = NULL;
	set_deadline(http, connection, ANSWER_NS);
	if (past->stretch.judges)
		http->judge_free_ns = kt_clock_ns() + (JUDGE_RATE - 1) * past->cost_ns;
	else
		kt_budget_charge(&http->site->budget, past->who, past->cost_ns, kt_clock_ns());
	know_past(http, past, answer);
	return kt_response_answer(http->site, connection, answer, false);
}

/*
 * The judge has a budget of its own, and not the client's: what it does once for a page would keep
 * that page from everything else for half a minute. Its answers are the same for all clients, and
 * bounded in number by what they cost.
 */
static bool may_begin(const struct kt_http *http, const struct kt_route *route)
{
	if (!route->stretch.judges)
		return kt_worker_has_room(http->worker);
	return kt_clock_ns() >= http->judge_free_ns && kt_worker_has_room(http->judge);
}

/*
 * A recording can take seconds to read, so a worker reads it while other clients are answered. A
 * full queue is refused at once: a client that waits for a long queue would ask again and make it
 * longer.
 */
static enum MHD_Result begin_past(struct kt_http *http, struct MHD_Connection *connection,
	struct request *request, const struct kt_route *route)
{
	struct kt_answer *known = known_past(http, route->key);
	struct past *past;

	if (known)
		return kt_response_answer(http->site, connection, known, false);
	if (!may_begin(http, route))
		return kt_response_answer(http->site, connection,
			kt_answer_problem(
				503, "too many requests for history; ask again in a second"),
			false);
	past = calloc(1, sizeof(*past));
	if (!past)
		return MHD_NO;
	*past = (struct past){ .job.run = run_past,
		.http = http,
		.connection = connection,
		.stretch = route->stretch,
		.who = kt_route_who(http->site, connection) };
	memcpy(past->key, route->key, sizeof(past->key));
	request->past = past;
	/* the deadline is for the client, which waits for this server now */
	set_deadline(http, connection, 0);
	/* before the worker is able to wake it */
	http->lib->suspend_connection(connection);
	kt_worker_push(route->stretch.judges ? http->judge : http->worker, &past->job);
	return MHD_YES;
}

/* ---- requests ---- */

/*
 * Each request is charged with the time of its route, including refused requests: a client must not
 * be able to use up the processor with requests that fail. A live stream has no deadline, because
 * it is meant to stay open; IDLE_S and the number of streams bound it.
 */
static enum MHD_Result answer_request(struct kt_http *http, struct MHD_Connection *connection,
	struct request *request, const char *method, const char *url)
{
	int64_t begun_ns = kt_clock_cpu_ns();
	struct kt_route route;

	if (request->past)
		return end_past(http, connection, request->past);
	route = kt_route_of(http->site, connection, method, url);
	kt_budget_charge(&http->site->budget, kt_route_who(http->site, connection),
		kt_clock_cpu_ns() - begun_ns, kt_clock_ns());
	switch (route.kind) {
	case KT_ROUTE_LIVE:
		set_deadline(http, connection, 0);
		return kt_streams_live(&http->streams, connection, method);
	case KT_ROUTE_WATCH:
		set_deadline(http, connection, 0);
		return kt_streams_watch(&http->streams, connection);
	case KT_ROUTE_PAST: return begin_past(http, connection, request, &route);
	case KT_ROUTE_ANSWER: break;
	}
	if (route.lets_in) {
		kt_answer_unref(route.answer);
		return kt_response_empty(http->site, connection, 303, "Location", "/", true);
	}
	return kt_response_answer(http->site, connection, route.answer, route.may_keep);
}

/*
 * The library calls this twice for a request: first with the headers, then again when it may be
 * answered. *slot is NULL in the first call, and keeps the request between the calls.
 */
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
	/* an answer this early ends the connection, so no body is ever read */
	if (kt_route_has_body(http->site, connection))
		return kt_response_answer(http->site, connection,
			kt_answer_problem(413, "requests with a body are not accepted"), false);
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

/* Without memory a connection has no deadline, but it still has the library's idle timeout. */
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
		.deadline_ns = kt_clock_ns() + HEAD_NS,
		.next = http->connections,
		.link = &http->connections };
	if (http->connections)
		http->connections->link = &own->next;
	http->connections = own;
	*slot = own;
}

/*
 * Ends connections at their deadline. A client that sends a byte now and then is never idle and
 * never done.
 */
void kt_http_expire(struct kt_http *http)
{
	int64_t now_ns = kt_clock_ns();

	for (struct connection *own = http->connections; own; own = own->next) {
		if (own->deadline_ns && own->deadline_ns < now_ns) {
			shutdown(own->fd, SHUT_RDWR);
			own->deadline_ns = 0;
		}
	}
}

/* ---- the daemon ---- */

/* Ignores messages about errors of clients. */
static void log_nothing(void *cls, const char *fmt, va_list args)
{
	(void)cls, (void)fmt, (void)args;
}

/*
 * The library starts no thread of its own, so callbacks need no locks. MHD_OPTION_STRICT_FOR_CLIENT
 * makes it refuse malformed requests that a proxy and a server could understand differently.
 */
struct kt_err *kt_http_new(struct kt_site *site, int fd, struct kt_http **ret_http)
{
	struct kt_http *http = calloc(1, sizeof(*http));
	struct kt_err *err;

	*ret_http = http;
	if (!http)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	http->site = http->streams.site = site;
	http->lib = site->lib;
	kt_budget_init(&site->budget, kt_clock_ns());
	http->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (http->done_fd < 0)
		return kt_err_os(errno, "eventfd");
	err = kt_worker_new(&http->worker);
	if (!err)
		err = kt_worker_new(&http->judge);
	if (err)
		return err;
	errno = 0;
	http->daemon = http->lib->start_daemon(MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
		http, MHD_OPTION_EXTERNAL_LOGGER, log_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		site->nr_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, http, MHD_OPTION_END);
	if (http->daemon)
		return NULL;
	/* the library says only that it failed */
	return errno == ENOMEM ? kt_err_new(KT_ERR_NOMEM, "out of memory")
			       : kt_err_new(KT_ERR_OS, "libmicrohttpd could not be started");
}

/*
 * The order matters. The workers must stop first, so that nothing resumes a connection later. Then
 * suspended connections are resumed: libmicrohttpd must not be stopped while any is suspended.
 */
void kt_http_free(struct kt_http *http)
{
	if (!http)
		return;
	http->streams.ends = true;
	kt_worker_free(http->worker, drop_past);
	kt_worker_free(http->judge, drop_past);
	kt_streams_wake(&http->streams);
	if (http->daemon) {
		http->lib->run(http->daemon);
		http->lib->stop_daemon(http->daemon);
	}
	for (size_t i = 0; i < KNOWN_SLOTS; i++)
		kt_answer_unref(http->known[i].answer);
	if (http->done_fd >= 0)
		close(http->done_fd);
	free(http);
}

/*
 * Never longer than WAIT_MS, because the deadlines of struct connection are unknown to the library.
 */
static int timeout_ms(const struct kt_http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (http->lib->get_timeout(http->daemon, &ms) != MHD_YES)
		return WAIT_MS;
	return ms > WAIT_MS ? WAIT_MS : (int)ms;
}

/*
 * Waits with select(), not epoll: with epoll libmicrohttpd waits for edges, and sometimes never
 * handles a client that sends half a request and closes at once (seen with 0.9.75). All connections
 * that are allowed fit into an fd_set.
 */
struct kt_err *kt_http_wait(struct kt_http *http, const int *fds, size_t nr_fds, bool *ret_ready)
{
	struct timeval wait;
	fd_set readable, writable, broken;
	int max = http->done_fd;
	uint64_t nr_done;

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
	FD_SET(http->done_fd, &readable);
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
	if (FD_ISSET(http->done_fd, &readable) &&
		read(http->done_fd, &nr_done, sizeof(nr_done)) < 0 && errno != EAGAIN)
		return kt_err_os(errno, "waiting for an answer");
	http->lib->run_from_select(http->daemon, &readable, &writable, &broken);
	return NULL;
}
