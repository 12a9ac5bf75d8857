// SPDX-License-Identifier: GPL-2.0-or-later
//
// Three processes: the view; the keeper, which waits for its orders; and one for each watch, whose
// memory goes with it. Messages have a fixed size. Results are in an unnamed file that all three
// have: the watch writes, and the view reads when the watch has ended. The kernel ends the keeper
// with the view, and the watch with the keeper, also by SIGKILL.

#include "cmd/users/armed.h"

#include "cmd/users/users.h"
#include "report/list.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLACK_S 300 /* seconds; a watch that takes so much longer hangs, and is ended */

/* At the start of the file, in front of the results, which follow each other. */
struct head {
	enum kt_armed_stage stage;
	uint64_t sizes[KT_ARMED_FORMS];
	char why[KT_ARMED_WHY];
};

struct message {
	enum { START, STOP, DROP, NEWS, END } kind;
	uint32_t number;
	struct kt_armed_order order; /* START */
	enum kt_armed_stage stage;   /* NEWS, END */
	int64_t elapsed_ms, nr_samples, cpu_ns;
};

struct kt_armed {
	int fd, file;
	pid_t keeper;
	bool runs, dropped;
	struct kt_armed_state state;
	struct head head; /* of the last result */
};

/* ---- the watch ---- */

/* The process's own watch: the functions of a command have no argument for it. */
static struct {
	int fd;
	uint32_t number;
} own;

static void on_progress(const struct kt_users_progress *progress)
{
	static const enum kt_armed_stage stages[] = { KT_ARMED_ALLOCATIONS, KT_ARMED_FREES,
		KT_ARMED_ENDS };
	const struct message news = { .kind = NEWS,
		.number = own.number,
		.stage = stages[progress->stage],
		.elapsed_ms = progress->elapsed_ms,
		.nr_samples = progress->nr_samples,
		.cpu_ns = progress->cpu_ns };

	/* the result is near, so that a late order to stop must not take it away */
	if (progress->stage == KT_USERS_ENDS)
		signal(SIGTERM, SIG_IGN);
	/* progress that finds no room is not missed */
	(void)send(own.fd, &news, sizeof(news), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void show_stacks(struct kt_report *report, bool shown)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		if (strcmp(report->tables.items[i]->key, "stacks") == 0)
			report->tables.items[i]->data_only = !shown;
	}
}

static void render(struct kt_report *report, const struct kt_armed_order *order,
	enum kt_armed_form form, struct kt_buf *ret_text)
{
	static const struct kt_output *const outputs[KT_ARMED_FORMS] = { &kt_output_json,
		&kt_output_flame, &kt_output_folded, &kt_output_pprof, &kt_output_speedscope,
		&kt_output_text, &kt_output_text };
	const struct kt_output_opts opts = { .all = form < KT_ARMED_TEXT,
		.color = true,
		.unicode = order->unicode,
		.width = order->width };

	show_stacks(report, form == KT_ARMED_STACKS);
	outputs[form]->render(report, &opts, ret_text);
}

static bool write_at(int file, const void *data, size_t size, off_t at)
{
	const char *from = data;

	while (size) {
		ssize_t n = pwrite(file, from, size, at);

		if (n <= 0)
			return false;
		from += n;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

/* A form that is too long is missing; the other ones are there. */
static bool write_results(
	int file, struct head *head, struct kt_report *report, const struct kt_armed_order *order)
{
	off_t at = sizeof(*head);

	for (unsigned form = 0; form < KT_ARMED_FORMS; form++) {
		KT_CLEANUP(buf) struct kt_buf text = { 0 };

		if (!(order->forms & 1u << form))
			continue;
		render(report, order, form, &text);
		if (text.failed || text.size > KT_ARMED_RESULT)
			continue;
		if (!write_at(file, text.data, text.size, at))
			return false;
		head->sizes[form] = text.size;
		at += (off_t)text.size;
	}
	return true;
}

static struct kt_err *watch(const struct kt_armed_order *order, struct kt_report *report)
{
	const struct kt_users_args args = { .stacks = order->forms & 1u << KT_ARMED_STACKS,
		.watch = { .seconds = order->seconds,
			.cpu_percent = order->cpu_percent,
			.tell = on_progress } };
	struct kt_call call = { .operands = { order->what },
		.nr_operands = 1,
		.show.output = &kt_output_json,
		.own_of = &kt_cmd_users };
	struct kt_err *err;

	memcpy(&call.own, &args, sizeof(args));
	err = kt_cmd_run(&kt_cmd_users, &call, report);
	return err ? err : kt_list_finish(report, &call.list);
}

/* Ends the process; the file has the result, or why there is none. */
static void run(int fd, int file, const struct message *message)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct head head = { .stage = KT_ARMED_DONE };
	struct kt_err *err;

	own.fd = fd;
	own.number = message->number;
	alarm((unsigned)message->order.seconds + SLACK_S);
	err = watch(&message->order, &report);
	if (err) {
		head.stage = KT_ARMED_FAILED;
		snprintf(head.why, sizeof(head.why), "%s", kt_err_text(err));
	}
	if (!err && !write_results(file, &head, &report, &message->order))
		_exit(1);
	_exit(!write_at(file, &head, sizeof(head), 0));
}

/* ---- the keeper ---- */

/* No handler and no blocked signal of the view is inherited. */
static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool die_with(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

static pid_t start_watch(int fd, int file, const struct message *message)
{
	pid_t parent = getpid(), child;

	if (ftruncate(file, 0) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		if (!die_with(parent))
			_exit(1);
		reset_signals();
		run(fd, file, message);
	}
	return child;
}

/* A watch that ended badly leaves an empty file, which the view reads as a failure. */
static void tell_end(int fd, int file, uint32_t number, int status, const struct rusage *usage)
{
	const struct timeval *user = &usage->ru_utime, *kernel = &usage->ru_stime;
	const struct message end = { .kind = END,
		.number = number,
		.cpu_ns = ((int64_t)user->tv_sec + kernel->tv_sec) * 1000000000 +
			  ((int64_t)user->tv_usec + kernel->tv_usec) * 1000 };

	if ((!WIFEXITED(status) || WEXITSTATUS(status) != 0) && ftruncate(file, 0) != 0)
		_exit(1);
	if (send(fd, &end, sizeof(end), MSG_NOSIGNAL) != sizeof(end))
		_exit(1);
}

static void keep(int fd, int file)
{
	struct message message = { 0 };
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN }, { .events = POLLIN } };
	struct signalfd_siginfo info;
	struct rusage usage;
	uint32_t number = 0;
	pid_t child = 0;
	sigset_t ended;
	int status;

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ended, NULL);
	fds[1].fd = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
	while (fds[1].fd >= 0) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents && read(fds[1].fd, &info, sizeof(info)) > 0 && child > 0 &&
			wait4(child, &status, WNOHANG, &usage) == child) {
			child = 0;
			tell_end(fd, file, number, status, &usage);
		}
		if (!fds[0].revents)
			continue;
		if (recv(fd, &message, sizeof(message), 0) != sizeof(message))
			break; /* the view has ended */
		if (message.kind == START && !child) {
			number = message.number;
			child = start_watch(fd, file, &message);
			if (child < 0)
				break;
		} else if (message.kind != START && child > 0) {
			kill(child, message.kind == STOP ? SIGTERM : SIGKILL);
		}
	}
	if (child > 0)
		kill(child, SIGKILL);
	_exit(0);
}

/*
 * The terminal and the files of the view are not the keeper's. In a session of its own, Ctrl-C and
 * Ctrl-Z do not reach it: the view says when it ends.
 */
static void become_keeper(int fd, int file, pid_t parent)
{
	int null;

	if (!die_with(parent))
		_exit(1);
	reset_signals();
	setsid();
	prctl(PR_SET_NAME, "ktally-watch");
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int std = 0; std < 3 && null >= 0; std++)
		dup2(null, std);
	keep(fd, file);
}

/* ---- the view ---- */

struct kt_err *kt_armed_new(struct kt_armed **ret_armed)
{
	struct kt_armed *armed = calloc(1, sizeof(*armed));
	int fds[2] = { -1, -1 };
	pid_t parent = getpid();

	*ret_armed = armed;
	if (!armed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	armed->fd = -1;
	armed->file = memfd_create("ktally-watch", MFD_CLOEXEC);
	if (armed->file < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return kt_err_os(errno, "a process that watches");
	armed->fd = fds[0];
	armed->keeper = fork();
	if (armed->keeper == 0) {
		close(fds[0]);
		become_keeper(fds[1], armed->file, parent);
	}
	close(fds[1]);
	return armed->keeper < 0 ? kt_err_os(errno, "a process that watches") : NULL;
}

/* A view that is confined may send no signal: the keeper ends when its socket closes. */
void kt_armed_free(struct kt_armed *armed)
{
	if (!armed)
		return;
	if (armed->fd >= 0)
		close(armed->fd);
	if (armed->file >= 0)
		close(armed->file);
	free(armed);
}

int kt_armed_fd(const struct kt_armed *armed)
{
	return armed->fd;
}

const struct kt_armed_state *kt_armed_state(const struct kt_armed *armed)
{
	return &armed->state;
}

bool kt_armed_runs(const struct kt_armed *armed)
{
	return armed->runs;
}

static void fail(struct kt_armed *armed, const char *why)
{
	armed->state.stage = KT_ARMED_FAILED;
	snprintf(armed->state.why, sizeof(armed->state.why), "%s", why);
	armed->runs = false;
}

/* The watch has ended: its file says how. */
static void take_end(struct kt_armed *armed, int64_t cpu_ns)
{
	struct head *head = &armed->head;

	armed->runs = false;
	armed->state.cpu_ns += cpu_ns;
	if (pread(armed->file, head, sizeof(*head), 0) == sizeof(*head)) {
		armed->state.stage = head->stage;
		snprintf(armed->state.why, sizeof(armed->state.why), "%s", head->why);
		return;
	}
	memset(head, 0, sizeof(*head));
	if (armed->dropped)
		armed->state.stage = KT_ARMED_DROPPED;
	else
		fail(armed, "the process that watched did not end well; memory may be short");
}

bool kt_armed_take(struct kt_armed *armed)
{
	struct message news;
	bool changed = false;
	ssize_t n;

	while (armed->fd >= 0 && (n = recv(armed->fd, &news, sizeof(news), MSG_DONTWAIT)) != -1) {
		changed = true;
		if (n != sizeof(news)) {
			fail(armed, "the process that watches has ended");
			close(armed->fd);
			armed->fd = -1;
			break;
		}
		if (news.number != armed->state.number || !armed->runs)
			continue;
		if (news.kind == END) {
			take_end(armed, news.cpu_ns);
			continue;
		}
		armed->state.stage = news.stage;
		armed->state.elapsed_ms = news.elapsed_ms;
		armed->state.nr_samples = news.nr_samples;
		armed->state.cpu_ns = news.cpu_ns;
	}
	return changed;
}

/* ---- orders ---- */

static bool is_good(const struct kt_armed_order *order)
{
	return memchr(order->what, '\0', sizeof(order->what)) && *order->what &&
	       (order->seconds == 0 || order->seconds >= 1) && order->seconds <= KT_ARMED_SECONDS &&
	       order->cpu_percent >= 1 && order->cpu_percent <= KT_ARMED_CPU &&
	       order->width >= 20 && order->width <= 1000;
}

static bool order_to(struct kt_armed *armed, const struct message *message)
{
	return armed->fd >= 0 && send(armed->fd, message, sizeof(*message),
					 MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*message);
}

struct kt_err *kt_armed_start(struct kt_armed *armed, const struct kt_armed_order *order)
{
	struct message message = {
		.kind = START, .number = armed->state.number + 1, .order = *order
	};

	if (!is_good(order))
		return kt_err_new(KT_ERR_USAGE,
			"a watch takes the name of a slab cache, or slab, pages, percpu or "
			"vmalloc, and 1 to %d seconds",
			KT_ARMED_SECONDS);
	if (armed->runs)
		return kt_err_new(
			KT_ERR_LIMIT, "a watch of %s runs already", armed->state.order.what);
	if (!order_to(armed, &message))
		return kt_err_new(KT_ERR_OS, "the process that watches has ended");
	armed->state = (struct kt_armed_state){
		.stage = KT_ARMED_BEGINS, .number = message.number, .order = *order
	};
	memset(&armed->head, 0, sizeof(armed->head));
	armed->runs = true;
	armed->dropped = false;
	return NULL;
}

static void end(struct kt_armed *armed, int kind)
{
	const struct message message = { .kind = kind, .number = armed->state.number };

	if (!armed->runs)
		return;
	/* before the first sample there is no result to wait for */
	armed->dropped |= kind == DROP || armed->state.stage == KT_ARMED_BEGINS;
	if (!order_to(armed, &message))
		fail(armed, "the process that watches has ended");
}

void kt_armed_stop(struct kt_armed *armed)
{
	end(armed, STOP);
}

void kt_armed_drop(struct kt_armed *armed)
{
	end(armed, DROP);
}

struct kt_err *kt_armed_result(
	struct kt_armed *armed, enum kt_armed_form form, struct kt_buf *ret_text)
{
	size_t size = armed->state.stage == KT_ARMED_DONE ? armed->head.sizes[form] : 0;
	off_t at = sizeof(struct head);
	char *to;

	if (!size)
		return kt_err_new(KT_ERR_ABSENT, "there is no result of a watch in this form");
	for (unsigned before = 0; before < form; before++)
		at += (off_t)armed->head.sizes[before];
	to = kt_buf_reserve(ret_text, size);
	if (!to)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (size_t done = 0; done < size;) {
		ssize_t n = pread(armed->file, to + done, size - done, at + (off_t)done);

		if (n <= 0)
			return kt_err_os(errno, "the result of a watch");
		done += (size_t)n;
	}
	ret_text->size += size;
	return NULL;
}
