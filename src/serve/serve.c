// SPDX-License-Identifier: GPL-2.0-or-later
//
// The web page: one thread waits for requests, for the next sample and for a signal. http.h,
// route.h and desk.h are the three steps of an answer.

#include "base/memory.h"
#include "cli/cmd.h"
#include "confine/confine.h"
#include "machine/clock.h"
#include "machine/machine.h"
#include "record/recording.h"
#include "root/secret.h"
#include "serve/confined.h"
#include "serve/http.h"
#include "serve/socket.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define PORT		 19998
#define INTERVAL_S	 1  /* seconds between two samples by default */
#define CONNECTIONS_EACH 64 /* connections of one address on another machine */
#define INTERVAL_MAX	 60 /* seconds; longest interval */
#define SECOND_NS	 1000000000ll
#define RECORDER_NS	 (60 * SECOND_NS) /* ns; the recorder writes every ten seconds */

/*
 * Owns everything that start() opens; stop() frees it also after a failure half way. -1 marks a
 * descriptor that is not open. The token is copied, because its file's text has no terminating NUL.
 */
struct server {
	const struct kt_call *call;
	struct kt_socket socket;
	struct kt_site site;
	struct kt_http *http;
	struct kt_text secret;
	char token[1025];
	int timer_fd, signal_fd;
	sigset_t before;
	int64_t looked_ns; /* time of the last check for a recorder */
	bool recorded;
};

struct serve_args {
	const char *listen, *token_file;
	bool arm;
};

static const struct serve_args *serve_args(const struct kt_call *call)
{
	return kt_call_own(call);
}

/* ---- access ---- */

static struct kt_err *read_token(struct server *server)
{
	struct kt_err *err = kt_secret_read(serve_args(server->call)->token_file, &server->secret);
	struct kt_span token;

	if (err)
		return err;
	token = kt_guard_token(kt_text_span(&server->secret));
	if (!token.n)
		return kt_err_new(KT_ERR_USAGE,
			"%s: no token; write one line of 16 to 1024 characters without blanks, "
			"such as the output of 'head -c 24 /dev/urandom | base64'",
			serve_args(server->call)->token_file);
	snprintf(server->token, sizeof(server->token), "%.*s", (int)token.n, token.p);
	server->site.token = server->token;
	return NULL;
}

/*
 * The cookie is random for each run and is not the token: a stolen cookie is worthless after a
 * restart and never reveals the token.
 */
static struct kt_err *make_session(struct kt_site *site)
{
	unsigned char random[KT_SESSION_HEX / 2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return kt_err_os(errno, "no random numbers");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(site->session + 2 * i, 3, "%02x", random[i]);
	return NULL;
}

/*
 * Without a token, only this machine may connect; the check also applies to a passed socket, whose
 * address is not known before. The Host header matters only where a browser without a token could
 * be led here by another site's name.
 */
static struct kt_err *open_socket(struct server *server)
{
	const char *listen = serve_args(server->call)->listen;
	struct kt_address address = kt_guard_address(listen ? listen : "127.0.0.1", PORT);
	struct kt_err *err;

	if (address.kind == KT_ADDRESS_BAD)
		return kt_err_new(KT_ERR_USAGE,
			"'%.64s' is not an address for --listen; use a numeric address with or "
			"without a port (127.0.0.1:19998, [::1]:80), or unix:/PATH",
			listen);
	if (server->call->console->listen_fd > 0 && !listen)
		err = kt_socket_passed(server->call->console->listen_fd, &server->socket);
	else if (!kt_guard_is_loopback(&address) && !serve_args(server->call)->token_file)
		err = kt_err_new(KT_ERR_USAGE,
			"other machines can reach %s: add --token-file, or use --listen unix:/PATH",
			address.text);
	else
		err = kt_socket_listen(&address, &server->socket);
	if (err)
		return err;
	if (!kt_guard_is_loopback(&server->socket.address) && !serve_args(server->call)->token_file)
		return kt_err_new(KT_ERR_USAGE,
			"other machines can reach the socket that was passed: add --token-file");
	/* from other machines one address must not take all connections; a proxy is one address */
	server->site.nr_connections =
		kt_guard_is_loopback(&server->socket.address) ? 0 : CONNECTIONS_EACH;
	server->site.any_host = serve_args(server->call)->token_file ||
				server->socket.address.kind == KT_ADDRESS_UNIX;
	return NULL;
}

static void say_where(const struct server *server)
{
	const struct kt_address *address = &server->socket.address;
	const char *token = server->site.token ? "?token=..." : "";
	char text[512], confined[KT_CONFINE_TEXT];

	if (address->kind == KT_ADDRESS_UNIX)
		snprintf(text, sizeof(text), "serving on unix:%s (confined: %s)", address->text,
			kt_confined_text(confined));
	else
		snprintf(text, sizeof(text), "serving on http://%s%s%s:%u/%s (confined: %s)",
			address->v6 ? "[" : "", address->text, address->v6 ? "]" : "",
			address->port, token, kt_confined_text(confined));
	kt_call_say(server->call, text);
}

/* ---- the loop ---- */

/*
 * Signals and the timer become descriptors, so that one select() waits for everything and no
 * handler interrupts a sample. SIGPIPE is blocked and never read: a client that hangs up must not
 * end the server.
 */
static struct kt_err *open_clock(struct server *server, int64_t interval_ns)
{
	struct itimerspec when = {
		.it_interval = { interval_ns / SECOND_NS, interval_ns % SECOND_NS },
		.it_value = { interval_ns / SECOND_NS, interval_ns % SECOND_NS },
	};
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGPIPE);
	sigprocmask(SIG_BLOCK, &signals, &server->before);
	sigdelset(&signals, SIGPIPE);
	server->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	server->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (server->signal_fd < 0 || server->timer_fd < 0 ||
		timerfd_settime(server->timer_fd, 0, &when, NULL) != 0)
		return kt_err_os(errno, "a timer");
	return NULL;
}

/*
 * Whether the recorder runs. Checked now and then, because it may start or stop. A recorder that
 * stopped leaves its file. So the age of the last sample decides, not the file.
 */
static bool is_recorded(struct server *server)
{
	int64_t now_ns = kt_clock_ns(), first_ms, last_ms;

	if (server->looked_ns && now_ns - server->looked_ns < RECORDER_NS)
		return server->recorded;
	server->looked_ns = now_ns;
	server->recorded = kt_serve_past_extent(server->site.recording, &first_ms, &last_ms) &&
			   kt_clock_time_ms() - last_ms < RECORDER_NS / 1000000;
	return server->recorded;
}

/*
 * Whether to sample now: a client watches, or no recorder keeps the samples. The past must have no
 * gap when a page is opened. With a recorder the past comes from its recording, and an idle server
 * costs nothing.
 */
static bool is_sample_due(struct server *server)
{
	return kt_desk_is_live(server->site.desk) &&
	       (kt_http_nr_live(server->http) || !is_recorded(server));
}

/*
 * A late tick counts once, however many intervals have passed: samples that were missed cannot be
 * made up for.
 */
static void tick(struct server *server)
{
	uint64_t expired;

	if (read(server->timer_fd, &expired, sizeof(expired)) != sizeof(expired))
		return;
	kt_http_expire(server->http);
	if (!is_sample_due(server))
		return;
	kt_desk_step(server->site.desk);
}

static struct kt_err *loop(struct server *server)
{
	struct kt_arming *arming = server->site.arming;
	int fds[] = { server->signal_fd, server->timer_fd, -1 };
	bool ready[KT_LEN(fds)] = { false };
	struct kt_err *err = NULL;
	bool news;

	while (!err && !ready[0]) {
		uint64_t turn = kt_desk_turn(server->site.desk);

		/* -1: none, or its process has ended */
		fds[2] = arming ? kt_arming_fd(arming) : -1;
		err = kt_http_wait(server->http, fds, KT_LEN(fds) - (fds[2] < 0), ready);
		if (ready[1])
			tick(server);
		news = arming && kt_arming_step(arming);
		/* a request may have caused a sample that the live clients have not seen */
		if (news || turn != kt_desk_turn(server->site.desk))
			kt_http_wake(server->http);
	}
	return err;
}

/* ---- the command ---- */

/*
 * Returns the recording that is the source, or otherwise the recorder's own, which may be created
 * later.
 */
static const char *find_recording(const struct kt_call *call)
{
	if (!call->machine.source)
		return KT_RECORDING_DEFAULT;
	return kt_is_recording(call->machine.source) ? call->machine.source : NULL;
}

/*
 * The order matters: the library is loaded and the socket is opened before the process is confined,
 * and the first sample is taken afterwards. So a right that was taken away by mistake is found at
 * once.
 */
static struct kt_err *start(struct server *server)
{
	const struct kt_call *call = server->call;
	double interval_s = call->interval_s ? call->interval_s : INTERVAL_S;
	int64_t interval_ns = (int64_t)(interval_s * (double)SECOND_NS);
	struct kt_err *err;

	if (interval_s > INTERVAL_MAX)
		return kt_err_new(
			KT_ERR_USAGE, "-i of 'serve' is at most %d seconds", INTERVAL_MAX);
	if (serve_args(call)->arm && call->machine.source)
		return kt_err_new(
			KT_ERR_USAGE, "--allow-watch watches the running machine, without -s");
	server->site.recording = find_recording(call);
	err = kt_microhttpd(&server->site.lib);
	/* before there is a secret or a socket that the process would have too */
	if (!err && serve_args(call)->arm)
		err = kt_arming_new(&server->site.arming);
	if (!err && serve_args(call)->token_file)
		err = read_token(server);
	if (!err)
		err = make_session(&server->site);
	if (!err)
		err = open_socket(server);
	if (!err)
		err = open_clock(server, interval_ns);
	if (err)
		return err;
	err = kt_serve_confine(call, &server->socket.address, server->site.recording);
	if (!err)
		err = kt_machine_blame(
			&call->machine, kt_desk_new(call, interval_ns, &server->site.desk));
	return err ? err : kt_http_new(&server->site, server->socket.fd, &server->http);
}

/*
 * Takes pending signals. A signal that is still pending would end the program when it is unblocked.
 */
static void take_signals(const struct server *server)
{
	struct signalfd_siginfo info;

	while (read(server->signal_fd, &info, sizeof(info)) == sizeof(info))
		;
}

/*
 * Overwrites the token, so that it is not left in memory that a later part of the program could
 * show.
 */
static void stop(struct server *server)
{
	kt_socket_remove(&server->socket);
	if (!server->http && server->socket.fd >= 0)
		close(server->socket.fd); /* otherwise libmicrohttpd owns the socket */
	kt_http_free(server->http);
	kt_desk_free(server->site.desk);
	kt_arming_free(server->site.arming);
	kt_text_cleanup(&server->secret);
	explicit_bzero(server->token, sizeof(server->token));
	if (server->timer_fd >= 0)
		close(server->timer_fd);
	if (server->signal_fd < 0)
		return;
	take_signals(server);
	close(server->signal_fd);
	sigprocmask(SIG_SETMASK, &server->before, NULL);
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	struct server server = { .call = call, .socket.fd = -1, .timer_fd = -1, .signal_fd = -1 };
	struct kt_err *err;

	kt_report_init(report, "ktally/serve/1");
	report->streamed = true;
	kt_memory_keep_small();
	err = start(&server);
	if (!err) {
		say_where(&server);
		kt_memory_give_back();
		err = loop(&server);
	}
	stop(&server);
	return err;
}

static const struct kt_option options[] = {
	{ 0, "listen", "ADDRESS",
		"where to serve: a numeric address with or without a port, or unix:/PATH; "
		"default: 127.0.0.1:19998",
		.kind = KT_ARG_ADDRESS, KT_AT(struct serve_args, listen) },
	{ 0, "token-file", "FILE",
		"a file whose first line is a secret that every request must have; required where "
		"other machines can connect",
		.kind = KT_ARG_FILE, KT_AT(struct serve_args, token_file) },
	{ 0, "allow-watch", NULL,
		"let users of the page watch allocations of the running kernel, one watch at a "
		"time, at most ten minutes; needs root",
		.kind = KT_ARG_FLAG, KT_AT(struct serve_args, arm) },
};

static const struct kt_example examples[] = {
	{ "ktally serve", "this machine, on http://127.0.0.1:19998/" },
	{ "ktally serve -s r.rec", "a recording" },
	{ "ktally serve --listen 0.0.0.0:19998 --token-file token",
		"for other machines, with the secret in the file" },
	{ "ktally serve --allow-watch", "who allocates from a slab cache is watched by a click" },
};

const struct kt_cmd kt_cmd_serve = {
	.name = "serve",
	.summary = "web page with charts and tables; JSON API",
	.help = "Serves a page on http://127.0.0.1:19998/ until Ctrl-C. It shows the kernel's "
		"memory as a chart that adds up and moves each second, and as a map, down to "
		"caches and callers. Tables list caches, vmalloc callers and cgroups; each "
		"row is explained. With -s it shows a captured machine, or a recording. The "
		"last hour is kept in memory; where the recorder has written "
		"" KT_RECORDING_DEFAULT ", the page looks further back than that.\n\n"
		"Anyone who can connect sees what the user of 'serve' may see: names of "
		"caches, processes and cgroups. --listen with an address that others reach "
		"needs --token-file. A browser opens /?token=TOKEN once, programs send "
		"'Authorization: Bearer TOKEN'. --listen unix:/PATH is for a proxy, and for "
		"the owner and group of that file. Port 0 takes a free port and prints it. "
		"The socket may come from systemd.\n\n"
		"/api/v1/COMMAND is the JSON of that command, /api/v1/history the past of "
		"every row, /metrics OpenMetrics; /healthz says whether sampling works: "
		"docs/API.md.\n\n"
		"With --allow-watch the page also shows who allocates: 'users WHAT --watch', "
		"started by a "
		"click on a slab cache, as a flame graph. Everyone who can connect may start it. "
		"A process of its own does it, made before the server gives up its rights; it "
		"watches one thing at a time, at most 1 % of a CPU, and ends with the page that "
		"asked, with its time, or with the server, however that ends.\n\n"
		"The server samples every second (or -i SECONDS); all open pages share the "
		"samples. While the recorder writes " KT_RECORDING_DEFAULT
		", the server samples only while a page is open.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.confines = true,
	.paced = true,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct serve_args),
	.run = run,
};
