// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/session.h"

#include "cmd/memreport.h"

#include "model/derive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

int64_t kt_session_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t kt_session_time_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void kt_session_sleep_until(int64_t clock_ns)
{
	struct timespec until = { clock_ns / 1000000000, clock_ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

const char *kt_session_clock_text(char ret[32])
{
	time_t now = time(NULL);
	struct tm parts;

	if (!gmtime_r(&now, &parts) || !strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &parts))
		ret[0] = '\0';
	return ret;
}

struct kt_err *kt_session_open(const struct kt_options *options, struct kt_session *ret_session)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_err *err;

	*ret_session = (struct kt_session){ .snap = snap };
	if (!snap)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (options->source)
		err = kt_root_open(options->source, kt_source_wants_path, &ret_session->root);
	else
		err = kt_root_open_live(&ret_session->root);
	return err;
}

/* What no file holds, for the running machine. The release is for display only. */
static void describe_live(struct kt_snapshot *snap)
{
	struct utsname uts;

	snap->host.live = true;
	snap->host.page_bytes = sysconf(_SC_PAGESIZE);
	snap->host.taken_s = time(NULL);
	snap->host.privileged = geteuid() == 0;
	if (uname(&uts) == 0)
		snap->host.machine = kt_arena_name(&snap->arena, kt_span_str(uts.machine));
}

/* A log is all there is: its numbers are of one moment, and of that alone. */
static bool is_log(struct kt_root *root)
{
	return kt_root_kind(root) == KT_ROOT_SINGLE && kt_root_has(root, KT_ROOT_MEMORY_LOG);
}

static struct kt_err *why_no_report(const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->sources.count; i++) {
		if (snap->sources.items[i].why)
			return kt_err_new(KT_ERR_PARSE, "%s", snap->sources.items[i].why);
	}
	return kt_err_new(KT_ERR_ABSENT, "no memory report");
}

struct kt_err *kt_session_collect(struct kt_session *session, const struct kt_options *options,
	unsigned want, const char *sources)
{
	struct kt_collect_opts opts = {
		.want = want,
		.sources = sources,
		.clock_ns = kt_session_clock_ns,
		.progress = options->progress,
		.progress_arg = options->progress_arg,
	};
	bool log = is_log(session->root), lists = sources && strcmp(sources, KT_SESSION_LOG) == 0;
	struct kt_err *err;

	if (options->pick && !log)
		return kt_err_new(KT_ERR_REFUSED,
			"%s: --pick chooses among the memory reports of a kernel log, which this "
			"is not",
			options->source);
	if (options->cheap)
		opts.want |= KT_WANT_CHEAP;
	if (options->node)
		opts.want |= KT_WANT_NODES;
	if (options->expensive)
		opts.want |= KT_WANT_EXPENSIVE;
	if (kt_root_kind(session->root) == KT_ROOT_LIVE)
		describe_live(session->snap);
	if (log)
		opts.sources = KT_SESSION_LOG;
	session->snap->memreport = (size_t)options->pick;
	err = kt_collect(session->root, &opts, session->snap);
	if (!err && log && !session->snap->memreport && !lists && !(want & KT_WANT_ALL))
		err = why_no_report(session->snap);
	if (err)
		return err;
	kt_derive(session->snap);
	return NULL;
}

const struct kt_source_state *kt_session_source(const struct kt_session *session, const char *name)
{
	for (size_t i = 0; i < session->snap->sources.count; i++) {
		if (strcmp(session->snap->sources.items[i].name, name) == 0)
			return &session->snap->sources.items[i];
	}
	return NULL;
}

struct kt_err *kt_session_blame(const struct kt_options *options, struct kt_err *err)
{
	return err && options->source ? kt_err_prepend(err, "%s", options->source) : err;
}

const char *kt_session_why(const struct kt_session *session, const char *source)
{
	for (size_t i = 0; i < session->snap->sources.count; i++) {
		const struct kt_source_state *state = &session->snap->sources.items[i];

		if (strcmp(state->name, source) == 0 && state->why)
			return state->why;
	}
	return kt_memreport_of(session->snap) ? "a memory report does not have it"
					      : "no file of it was found";
}

void kt_session_cleanup(struct kt_session *session)
{
	kt_root_free(session->root);
	kt_snapshot_free(session->snap);
	*session = (struct kt_session){ 0 };
}

static const char *kind_text(const struct kt_host *host, struct kt_arena *arena)
{
	const char *kind = host->kind == KT_MACHINE_PHYSICAL ? "physical machine" : NULL;

	if (host->hypervisor)
		kind = kt_arena_printf(arena, "%s virtual machine", host->hypervisor);
	else if (host->kind == KT_MACHINE_VIRTUAL)
		kind = "virtual machine";
	if (!host->container)
		return kind;
	return kt_arena_printf(arena, "%s%sin a container (%s)", kind ? kind : "", kind ? ", " : "",
		host->container);
}

static const char *uptime_text(int64_t seconds, struct kt_arena *arena)
{
	long long days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;

	if (days)
		return kt_arena_printf(arena, "up %lld d %lld h", days, hours);
	return kt_arena_printf(arena, "up %lld:%02lld", hours, minutes);
}

static const char *count_text(int64_t n, const char *what, struct kt_arena *arena)
{
	return n ? kt_arena_printf(arena, "%lld %s%s", (long long)n, what, n == 1 ? "" : "s")
		 : NULL;
}

static const char *time_text(int64_t seconds, struct kt_arena *arena)
{
	time_t when = (time_t)seconds;
	struct tm parts;
	char text[64];

	if (seconds <= 0 || !gmtime_r(&when, &parts) ||
		!strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts))
		return NULL;
	return kt_arena_printf(arena, "%s", text);
}

static void host_field(struct kt_report *report, const char *key, const char *text)
{
	kt_report_field(report, "host", key, KT_CELL_TEXT, kt_report_text(report, text));
}

static void host_number(
	struct kt_report *report, const char *key, enum kt_cell_type type, int64_t number)
{
	kt_report_field(report, "host", key, type,
		number > 0 ? kt_cell_number(number) : kt_cell_missing(KT_ABSENT, NULL));
}

static void join_headline(struct kt_report *report, const char *const parts[], size_t count)
{
	const char *line = "";

	for (size_t i = 0; i < count; i++) {
		if (parts[i])
			line = kt_arena_printf(
				&report->arena, "%s%s%s", line, *line ? ", " : "", parts[i]);
	}
	if (*line)
		kt_report_headline(report, "%s", line);
}

static const char *memory_report(const struct kt_snapshot *snap, struct kt_arena *arena)
{
	const struct kt_memreport *memreport = kt_memreport_of(snap);

	return memreport ? kt_memreport_sentence(arena, memreport, snap->host.page_bytes) : NULL;
}

void kt_report_tell(struct kt_report *report, const struct kt_options *options, const char *text)
{
	bool shown = !options->output || strcmp(options->output, "text") == 0 ||
		     (strcmp(options->output, "json") == 0 && !report->streamed);

	kt_report_note(report, "%s", text);
	if (!shown && options->say)
		options->say(text);
}

void kt_session_describe(const struct kt_session *session, const struct kt_options *options,
	struct kt_report *report)
{
	const struct kt_host *host = &session->snap->host;
	struct kt_arena *arena = &report->arena;
	const char *when = time_text(host->taken_s, arena), *kind = kind_text(host, arena);
	const char *const first[] = { host->name,
		host->release ? kt_arena_printf(arena, "Linux %s", host->release) : NULL,
		host->machine, kind };
	const char *const second[] = { count_text(host->nr_cpus, "CPU", arena),
		count_text(host->nr_nodes, "node", arena),
		host->uptime_s >= 0 ? uptime_text(host->uptime_s, arena) : NULL, when,
		options->source ? kt_arena_printf(arena, "from %s", options->source) : NULL };

	host_field(report, "name", host->name);
	host_field(report, "kernel", host->release);
	host_field(report, "machine", host->machine);
	host_field(report, "kind",
		host->kind == KT_MACHINE_PHYSICAL  ? "physical"
		: host->kind == KT_MACHINE_VIRTUAL ? "virtual"
						   : NULL);
	host_field(report, "hypervisor", host->hypervisor);
	host_field(report, "container", host->container);
	host_number(report, "cpus", KT_CELL_COUNT, host->nr_cpus);
	host_number(report, "nodes", KT_CELL_COUNT, host->nr_nodes);
	host_number(report, "page_bytes", KT_CELL_BYTES, host->page_bytes);
	kt_report_field(report, "host", "uptime_seconds", KT_CELL_COUNT,
		host->uptime_s >= 0 ? kt_cell_number(host->uptime_s)
				    : kt_cell_missing(KT_ABSENT, NULL));
	host_field(report, "time", when);
	kt_report_field(report, "host", "live", KT_CELL_BOOL, kt_cell_number(host->live));
	host_field(report, "memory_report", memory_report(session->snap, arena));
	join_headline(report, first, KT_LEN(first));
	join_headline(report, second, KT_LEN(second));
	kt_memreport_headlines(report, session->snap);
	kt_memreport_notes(report, session->snap);
	if (*kt_root_note(session->root))
		kt_report_tell(report, options, kt_root_note(session->root));
}
