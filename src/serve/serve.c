// SPDX-License-Identifier: GPL-2.0-or-later
//
// The web page: one thread that waits for requests, for the next second and for a signal;
// see http.h, route.h and desk.h for the three steps of an answer.

#include "cmd/cmd.h"
#include "cmd/session.h"
#include "record/recording.h"
#include "root/secret.h"
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

#define PORT	     19998
#define INTERVAL_S   1
#define INTERVAL_MAX 60
#define SECOND_NS    1000000000ll
#define RECORDER_NS  (60 * SECOND_NS) /* it writes every ten seconds */

struct server {
	const struct kt_options *options;
	struct kt_socket socket;
	struct kt_site site;
	struct kt_http *http;
	struct kt_text secret;
	char token[1025];
	int timer_fd, signal_fd;
	sigset_t before;
	int64_t looked_ns; /* for the recorder */
	bool recorded;
};

/* ---- who may ask ---- */

static struct kt_err *read_token(struct server *server)
{
	struct kt_err *err = kt_secret_read(server->options->token_file, &server->secret);
	struct kt_span token;

	if (err)
		return err;
	token = kt_guard_token(kt_text_span(&server->secret));
	if (!token.n)
		return kt_err_new(KT_ERR_USAGE,
			"%s: no token; one line of 16 to 1024 characters without blanks is, such "
			"as 'head -c 24 /dev/urandom | base64' makes",
			server->options->token_file);
	snprintf(server->token, sizeof(server->token), "%.*s", (int)token.n, token.p);
	server->site.token = server->token;
	return NULL;
}

static struct kt_err *make_session(struct kt_site *site)
{
	unsigned char random[KT_SESSION_HEX / 2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return kt_err_os(errno, "no random numbers");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(site->session + 2 * i, 3, "%02x", random[i]);
	return NULL;
}

static struct kt_err *open_socket(struct server *server)
{
	const char *listen = server->options->listen;
	struct kt_address address = kt_guard_address(listen ? listen : "127.0.0.1", PORT);
	struct kt_err *err;

	if (address.kind == KT_ADDRESS_BAD)
		return kt_err_new(KT_ERR_USAGE,
			"--listen takes an address in numbers, with a port or not "
			"(127.0.0.1:19998, [::1]:80), or unix:/PATH; not '%.64s'",
			listen);
	if (server->options->listen_fd > 0 && !listen)
		err = kt_socket_passed(server->options->listen_fd, &server->socket);
	else if (!kt_guard_is_loopback(&address) && !server->options->token_file)
		err = kt_err_new(KT_ERR_USAGE,
			"%s can be reached by others: --listen beyond this machine needs "
			"--token-file, or take unix:/PATH",
			address.text);
	else
		err = kt_socket_listen(&address, &server->socket);
	if (err)
		return err;
	if (!kt_guard_is_loopback(&server->socket.address) && !server->options->token_file)
		return kt_err_new(KT_ERR_USAGE,
			"the socket that was passed can be reached by others: that needs "
			"--token-file");
	server->site.any_host =
		server->options->token_file || server->socket.address.kind == KT_ADDRESS_UNIX;
	return NULL;
}

static void say_where(const struct server *server)
{
	const struct kt_address *address = &server->socket.address;
	const char *token = server->site.token ? "?token=..." : "";
	char text[256];

	if (address->kind == KT_ADDRESS_UNIX)
		snprintf(text, sizeof(text), "serving on unix:%s", address->text);
	else
		snprintf(text, sizeof(text), "serving on http://%s%s%s:%u/%s",
			address->v6 ? "[" : "", address->text, address->v6 ? "]" : "",
			address->port, token);
	if (server->options->say)
		server->options->say(text);
}

/* ---- the loop ---- */

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

/* Is the recorder at work? Looked at now and then, for it may begin or end. */
static bool is_recorded(struct server *server)
{
	int64_t now_ns = kt_session_clock_ns(), first_ms, last_ms;

	if (server->looked_ns && now_ns - server->looked_ns < RECORDER_NS)
		return server->recorded;
	server->looked_ns = now_ns;
	server->recorded = kt_past_extent(server->site.recording, &first_ms, &last_ms) &&
			   kt_session_time_ms() - last_ms < RECORDER_NS / 1000000;
	return server->recorded;
}

/* Somebody watches, or nobody else keeps what was. */
static bool is_sample_due(struct server *server)
{
	return kt_desk_is_live(server->site.desk) &&
	       (kt_http_nr_live(server->http) || !is_recorded(server));
}

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
	const int fds[] = { server->signal_fd, server->timer_fd };
	bool ready[KT_LEN(fds)] = { false };
	struct kt_err *err = NULL;

	while (!err && !ready[0]) {
		uint64_t turn = kt_desk_turn(server->site.desk);

		err = kt_http_wait(server->http, fds, KT_LEN(fds), ready);
		if (ready[1])
			tick(server);
		/* a request may have taken a sample too, that the others have not seen */
		if (turn != kt_desk_turn(server->site.desk))
			kt_http_wake(server->http);
	}
	return err;
}

/* ---- the command ---- */

/* A recording that is the source, or else the recorder's own, which may come later too. */
static const char *find_recording(const struct kt_options *options)
{
	if (!options->source)
		return KT_RECORDING_DEFAULT;
	return kt_is_recording(options->source) ? options->source : NULL;
}

static struct kt_err *start(struct server *server)
{
	const struct kt_options *options = server->options;
	double interval_s = options->interval_s ? options->interval_s : INTERVAL_S;
	int64_t interval_ns = (int64_t)(interval_s * (double)SECOND_NS);
	struct kt_err *err;

	if (interval_s > INTERVAL_MAX)
		return kt_err_new(
			KT_ERR_USAGE, "-i of 'serve' is at most %d seconds", INTERVAL_MAX);
	err = kt_microhttpd(&server->site.lib);
	if (!err && options->token_file)
		err = read_token(server);
	if (!err)
		err = make_session(&server->site);
	if (!err)
		err = open_socket(server);
	if (!err)
		err = kt_session_blame(
			options, kt_desk_new(options, interval_ns, &server->site.desk));
	if (err)
		return err;
	server->site.recording = find_recording(options);
	err = open_clock(server, interval_ns);
	return err ? err : kt_http_new(&server->site, server->socket.fd, &server->http);
}

/* A signal that was not taken would end the program as soon as it is let through. */
static void take_signals(const struct server *server)
{
	struct signalfd_siginfo info;

	while (read(server->signal_fd, &info, sizeof(info)) == sizeof(info))
		;
}

static void stop(struct server *server)
{
	kt_socket_remove(&server->socket);
	if (!server->http && server->socket.fd >= 0)
		close(server->socket.fd); /* otherwise libmicrohttpd has it */
	kt_http_free(server->http);
	kt_desk_free(server->site.desk);
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

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	struct server server = {
		.options = options, .socket.fd = -1, .timer_fd = -1, .signal_fd = -1
	};
	struct kt_err *err;

	kt_report_init(report, "ktally/serve/1");
	report->streamed = true;
	err = start(&server);
	if (!err) {
		say_where(&server);
		err = loop(&server);
	}
	stop(&server);
	return err;
}

const struct kt_cmd kt_cmd_serve = {
	.name = "serve",
	.summary = "the web page: a live chart, a map, tables; also JSON and /metrics",
	.help = "Serves a page on http://127.0.0.1:19998/ until Ctrl-C: the kernel's memory as a "
		"chart that adds up and moves each second, a map of where it is down to caches and "
		"callers, tables of caches, vmalloc callers and cgroups, and what each row means. "
		"With -s it shows a captured machine, or a recording. The last hour is kept in "
		"memory; where the recorder has written " KT_RECORDING_DEFAULT ", the page looks "
		"further back than that.\n\n"
		"Whoever may connect sees what the user of 'serve' may see: names of caches, "
		"processes and cgroups. --listen with an address that others reach needs "
		"--token-file; a browser opens /?token=TOKEN once, programs send 'Authorization: "
		"Bearer TOKEN'. --listen unix:/PATH is for a proxy, and its file's owner and "
		"group. Port 0 takes any that is free and says which. systemd may pass the "
		"socket.\n\n"
		"/api/v1/COMMAND is the JSON of that command, /api/v1/history the past of every "
		"row, /metrics OpenMetrics, /healthz says whether sampling works: docs/API.md.\n\n"
		"Samples are taken every second, or every -i SECONDS, and once for all who watch; "
		"with a recording only while somebody does.",
	.paced = true,
	.run = run,
};
