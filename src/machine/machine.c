// SPDX-License-Identifier: GPL-2.0-or-later
//
// Joins root, sources and derived values to one machine. It is the only place that asks the process
// for facts, such as its user and page size. A capture must be read the same on any machine, so
// these facts are used only for the running one.

#include "machine/machine.h"

#include "account/derive.h"
#include "base/buf.h"
#include "base/when.h"
#include "machine/clock.h"
#include "remote/ssh.h"
#include "report/memreport_text.h"

#include <limits.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

const struct kt_needs kt_machine_log = { .only = KT_SOURCES(&kt_source_memreport) };

static const struct kt_needs log_boot = { .only = KT_SOURCES(&kt_source_boot_log) };
static const struct kt_needs log_all = { .only = KT_SOURCES(
						 &kt_source_memreport, &kt_source_boot_log) };
/* The same where the boot is in another log than the reports. */
static const struct kt_needs other_boot = { .only = KT_SOURCES(&kt_source_kmsg) };
static const struct kt_needs other_all = { .only = KT_SOURCES(
						   &kt_source_memreport, &kt_source_kmsg) };

static struct kt_err *open_root(const struct kt_machine_opts *opts, struct kt_machine *machine)
{
	char path[PATH_MAX];
	int64_t number;

	machine->root = opts->root;
	if (opts->root)
		return NULL;
	if (!opts->source)
		return kt_root_open_live(&machine->root);
	if (kt_ssh_host(opts->source))
		return kt_ssh_open(opts->source, kt_source_inside, &machine->root);
	if (opts->time_ms)
		return kt_root_open_time(
			opts->source, opts->time_ms, kt_source_inside, &machine->root);
	if (!kt_root_cut_number(opts->source, path, &number))
		return kt_root_open(opts->source, kt_source_inside, &machine->root);
	if (!number)
		return kt_err_new(KT_ERR_USAGE,
			"%s: memory reports are numbered from 1, or from -1 back; 'ktally "
			"memreports -s %s' lists them",
			opts->source, path);
	if (opts->pick && opts->pick != number)
		return kt_err_new(KT_ERR_USAGE,
			"%s and --pick %lld choose two memory reports; give one of them",
			opts->source, (long long)opts->pick);
	machine->opts.pick = number;
	return kt_root_open(path, kt_source_inside, &machine->root);
}

/* *ret_machine is complete after a failure too, so the caller always calls kt_machine_cleanup(). */
struct kt_err *kt_machine_open(const struct kt_machine_opts *opts, struct kt_machine *ret_machine)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_err *err;

	*ret_machine = (struct kt_machine){ .snap = snap, .opts = *opts };
	if (!snap)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (opts->btf)
		snap->btf_path = kt_arena_printf(&snap->arena, "%s", opts->btf);
	if (opts->vmlinux)
		snap->vmlinux_path = kt_arena_printf(&snap->arena, "%s", opts->vmlinux);
	err = open_root(opts, ret_machine);
	if (!err && kt_root_kind(ret_machine->root) == KT_ROOT_DUMP)
		err = kt_machine_blame(opts, kt_source_open_dump(ret_machine->root, snap));
	return err;
}

/*
 * Describes facts of the running machine that no file holds. The release is for display only.
 * taken_s is read before the files, because it describes the start of the reading.
 */
static void describe_live(struct kt_snapshot *snap)
{
	char zone[KT_WHEN_ROOM];
	struct utsname uts;

	snap->host.live = true;
	snap->host.page_bytes = sysconf(_SC_PAGESIZE);
	snap->host.taken_s = time(NULL);
	snap->host.zone_minutes = kt_when_zone_at(snap->host.taken_s * 1000, zone);
	snap->host.zone = *zone ? kt_arena_name(&snap->arena, kt_span_str(zone)) : NULL;
	snap->host.privileged = geteuid() == 0;
	if (uname(&uts) == 0)
		snap->host.machine = kt_arena_name(&snap->arena, kt_span_str(uts.machine));
}

/* Chooses the sources that read a log: the sources that the command needs, if a log has them. */
static const struct kt_needs *needs_of_log(struct kt_root *root, const struct kt_needs *needs)
{
	bool other = kt_root_has(root, KT_ROOT_BOOT_LOG);

	if (needs == &kt_machine_log)
		return needs;
	for (size_t i = 0; needs && needs->only && needs->only[i]; i++) {
		if (needs->only[i] == &kt_source_boot_log)
			return other ? &other_boot : &log_boot;
	}
	return other ? &other_all : &log_all;
}

/* Prefers the reason of a source to the general sentence: it says what was found instead. */
static struct kt_err *why_no_report(const struct kt_snapshot *snap)
{
	const struct kt_source_state *state = kt_source_outcome(snap, &kt_source_memreport);

	if (state && state->why)
		return kt_err_new(KT_ERR_PARSE, "%s", state->why);
	return kt_err_new(KT_ERR_ABSENT, "no memory report");
}

/* Lists the reports of a log that is next to files, for their number; a failure matters to none. */
static struct kt_err *list_next_to_files(struct kt_machine *machine)
{
	struct kt_err *err = kt_source_memreport.read(machine->root, machine->snap);

	if (err && kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	kt_err_free(err);
	return NULL;
}

/*
 * A log is read with its own needs only: files next to it would be of another time. Unchanged
 * values are kept only for the running machine, because another root may belong to another kernel.
 * Values are derived last and once, so that all commands agree on them.
 */
struct kt_err *kt_machine_collect(
	struct kt_machine *machine, unsigned want, const struct kt_needs *needs)
{
	const struct kt_machine_opts *asked = &machine->opts;
	struct kt_collect_opts opts = {
		.want = want,
		.needs = needs,
		.clock_ns = kt_clock_ns,
		.progress = asked->progress,
		.progress_arg = asked->progress_arg,
	};
	/* a report next to files is of another time: it is read if it is asked for */
	bool next_to_files = !kt_root_is_log(machine->root) && kt_root_log(machine->root);
	bool log = kt_root_is_log(machine->root) || (next_to_files && asked->pick);
	struct kt_err *err;

	if (asked->pick && !log)
		return kt_err_new(KT_ERR_REFUSED,
			"%s: only kernel logs have memory reports to choose from (--pick, @N), and "
			"this is not one",
			asked->source);
	if (asked->cheap)
		opts.want |= KT_WANT_CHEAP;
	if (asked->expensive)
		opts.want |= KT_WANT_EXPENSIVE;
	if (kt_root_kind(machine->root) == KT_ROOT_LIVE) {
		describe_live(machine->snap);
		opts.still = asked->still;
	}
	if (log)
		opts.needs = needs_of_log(machine->root, needs);
	machine->snap->memreport_asked = asked->pick;
	machine->snap->memreports_only_listed = next_to_files && !log && needs != &kt_machine_log;
	err = kt_collect(machine->root, &opts, machine->snap);
	if (!err && machine->snap->memreports_only_listed && !machine->snap->memreports.count)
		err = list_next_to_files(machine);
	if (!err && (opts.needs == &log_all || opts.needs == &other_all) &&
		!machine->snap->memreport && !(want & KT_WANT_ALL))
		err = kt_machine_blame(asked, why_no_report(machine->snap));
	if (err)
		return err;
	kt_derive(machine->snap);
	return machine->snap->arena.failed
		       ? kt_err_new(KT_ERR_NOMEM, "out of memory while reading the sources")
		       : NULL;
}

struct kt_err *kt_machine_read(const struct kt_machine_opts *opts, struct kt_machine *ret_machine,
	unsigned want, const struct kt_needs *needs)
{
	struct kt_err *err = kt_machine_open(opts, ret_machine);

	return err ? err : kt_machine_collect(ret_machine, want, needs);
}

struct kt_err *kt_machine_blame(const struct kt_machine_opts *opts, struct kt_err *err)
{
	return err && opts->source ? kt_err_prepend(err, "%s", opts->source) : err;
}

/*
 * Separates a file that could not be read from a file that does not exist and from a log that never
 * contains it: only the first can be helped with more rights.
 */
const char *kt_machine_why(const struct kt_machine *machine, const struct kt_source *source)
{
	const struct kt_source_state *state = kt_source_outcome(machine->snap, source);

	if (state && state->why)
		return state->why;
	return kt_memreport_of(machine->snap) ? "a memory report does not contain it"
					      : "none of its files was found";
}

struct kt_err *kt_machine_lacks(const struct kt_machine_opts *opts,
	const struct kt_machine *machine, const struct kt_source *source, const char *what)
{
	const struct kt_source_state *state = kt_source_outcome(machine->snap, source);

	if (state && state->state == KT_OK)
		return NULL;
	return kt_machine_blame(
		opts, kt_err_new(state && state->state == KT_DENIED ? KT_ERR_DENIED : KT_ERR_ABSENT,
			      "%s: %s", what, kt_machine_why(machine, source)));
}

void kt_machine_cleanup(struct kt_machine *machine)
{
	if (machine->root != machine->opts.root)
		kt_root_free(machine->root);
	kt_snapshot_free(machine->snap);
	*machine = (struct kt_machine){ 0 };
}

/*
 * The head of every command is the same: a hypervisor that only the kernel log names is left out,
 * because few commands read the log.
 */
static const char *kind_text(const struct kt_host *host, struct kt_arena *arena)
{
	const char *kind = host->kind == KT_MACHINE_PHYSICAL ? "physical machine" : NULL;

	if (host->hypervisor && !host->hypervisor_by_log)
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
	if (hours)
		return kt_arena_printf(arena, "up %lld h %lld min", hours, minutes);
	return kt_arena_printf(arena, "up %lld min", minutes);
}

static const char *count_text(int64_t n, const char *what, struct kt_arena *arena)
{
	return n > 0 ? kt_arena_printf(arena, "%lld %s%s", (long long)n, what, n == 1 ? "" : "s")
		     : NULL;
}

static const char *time_text(int64_t seconds, struct kt_arena *arena)
{
	char text[32];

	return seconds <= 0 || seconds > INT64_MAX / 1000
		       ? NULL
		       : kt_arena_printf(arena, "%s", kt_when_text(seconds * 1000, text));
}

/* In the zone of the machine, if a capture has it, else in the local one; NULL: not known. */
static const char *person_time(
	const struct kt_machine *machine, const char *when, char ret[KT_WHEN_ROOM])
{
	const struct kt_host *host = &machine->snap->host;

	if (!when)
		return NULL;
	if (host->live || !host->zone || machine->opts.utc)
		return kt_when_of_data(when, ret);
	return kt_when_in(host->taken_s * 1000, host->zone_minutes, host->zone, ret);
}

static const struct kt_column host_columns[] = {
	{ .key = "name" },
	{ .key = "kernel" },
	{ .key = "machine", .help = "As uname(2) has it." },
	{ .key = "kind", .words = "physical|virtual" },
	{ .key = "hypervisor" },
	{ .key = "container", .help = "The container in which ktally read /proc." },
	{ .key = "cpus", .type = KT_CELL_COUNT, .min = 1 },
	{ .key = "nodes", .type = KT_CELL_COUNT, .min = 1 },
	{ .key = "page_bytes", .type = KT_CELL_BYTES, .min = 4096 },
	{ .key = "uptime_seconds", .type = KT_CELL_COUNT },
	{ .key = "time", .help = "When the files were read, UTC.", .pattern = KT_TIME_PATTERN },
	{ .key = "live",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_SET,
		.help = "The running machine, not a capture." },
	{ .key = "panic", .help = "The message of a crashed kernel, in a dump of its memory." },
	{ .key = "panic_task", .help = "The task that the CPU ran which panicked." },
	{ .key = "panic_pid", .type = KT_CELL_COUNT },
	{ .key = "panic_cpu", .type = KT_CELL_COUNT },
	{ .key = "panic_stack",
		.help = "The functions that this CPU had not left, innermost first, separated by "
			"' < '. '? ' marks a guess: a word of the stack that follows a call." },
	{ .key = "taints",
		.help = "Letters as the kernel shows them; empty: not tainted. Of a dump." },
	{ .key = "command_line", .help = "Of the kernel in a dump." },
	{ .key = "memory_report",
		.help = "The memory report that the numbers come from; null: they come from "
			"files." },
	{ .key = "read",
		.help = "The files that were found in texts, with their lines; null: the source "
			"is no such text." },
};

const struct kt_part kt_host_part = {
	.key = "host",
	KT_COLUMNS_OF(host_columns),
	.help = "The machine; null: no file names it.",
};

static void host_field(struct kt_report *report, const char *key, const char *text)
{
	kt_report_field(report, "host", key, KT_CELL_TEXT, kt_report_text(report, text));
}

/*
 * A count of 0 CPUs or nodes means that no file gave it. It becomes missing, because 0 would be
 * wrong.
 */
static void host_number(
	struct kt_report *report, const char *key, enum kt_cell_type type, int64_t number)
{
	kt_report_field(report, "host", key, type,
		number > 0 ? kt_cell_number(number) : kt_cell_missing(KT_ABSENT, NULL));
}

static void join_headline(struct kt_report *report, const char *const parts[], size_t count)
{
	KT_CLEANUP(buf) struct kt_buf line = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (parts[i])
			kt_buf_join(&line, ", ", "%s", parts[i]);
	}
	if (line.size || line.failed)
		kt_report_headline(report, "%s", kt_arena_text(&report->arena, &line));
}

static const char *memory_report(const struct kt_snapshot *snap, struct kt_arena *arena)
{
	const struct kt_memreport *memreport = kt_memreport_of(snap);

	return memreport ? kt_memreport_sentence(arena, memreport, snap->host.page_bytes) : NULL;
}

#define PARTS_SHOWN 12 /* files of texts that a headline names */

static bool is_reports(const struct kt_root_part *part)
{
	return strcmp(part->name, "memory reports") == 0;
}

/* "meminfo (lines 12-61)", "slabinfo (mail.txt, lines 70-301)", "2 memory reports". */
static void put_part(struct kt_buf *text, const struct kt_root_part *part, size_t index,
	const struct kt_snapshot *snap)
{
	size_t count = snap->memreports.count + snap->nr_memreports_dropped;

	if (is_reports(part) && count) {
		kt_buf_join(text, ", ", "%zu memory report%s", count, count == 1 ? "" : "s");
		if (part->text)
			kt_buf_printf(text, " (%s)", part->text);
		return;
	}
	kt_buf_join(text, ", ", "%s (%s%s%s%s%llu", part->name, part->text ? part->text : "",
		part->text ? ", " : "", index && !part->text ? "" : "lines ",
		is_reports(part) ? "from " : "", (unsigned long long)part->first);
	if (part->last > part->first)
		kt_buf_printf(text, "-%llu", (unsigned long long)part->last);
	kt_buf_puts(text, part->used ? ")" : ", not used)");
}

static void note_parts(struct kt_report *report, const struct kt_machine *machine,
	const struct kt_root_part *parts, size_t count)
{
	struct kt_val total = kt_snapshot_get(machine->snap, KT_MEM_TOTAL, KT_NO_NODE);
	bool reports = false;

	for (size_t i = 0; i < count; i++)
		reports |= is_reports(&parts[i]);
	if (kt_ok(total) && total.entry && total.entry->node != KT_NO_NODE)
		kt_report_note(report, "the text has nodes but no total of the machine: memory of "
				       "nodes that are not in the text is missing here");
	if (reports && machine->snap->memreports_only_listed && machine->snap->memreports.count)
		kt_report_note(report,
			"the numbers are from the files; %s@N shows the Nth memory report, which "
			"'ktally memreports' lists",
			machine->opts.source);
}

/* Names the files that were found in texts: "meminfo (lines 12-61), slabinfo (70-301)". */
static void describe_parts(const struct kt_machine *machine, struct kt_report *report)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	size_t count;
	const struct kt_root_part *parts = kt_root_parts(machine->root, &count);
	const char *mended = "", *read;

	for (size_t i = 0; i < count; i++) {
		if (i < PARTS_SHOWN || !parts[i].path)
			put_part(&text, &parts[i], i, machine->snap);
		else if (i == PARTS_SHOWN)
			kt_buf_join(&text, ", ", "and %zu others, which 'ktally doctor' lists",
				count - i);
		if (parts[i].used && strlen(parts[i].mended) > strlen(mended))
			mended = parts[i].mended;
	}
	if (!count) {
		host_field(report, "read", NULL);
		return;
	}
	note_parts(report, machine, parts, count);
	if (*mended)
		kt_buf_printf(&text, "; undone: %s", mended);
	read = kt_arena_text(&report->arena, &text);
	host_field(report, "read", read);
	kt_report_headline(report, "read: %s", read);
}

static void host_known(struct kt_report *report, const char *key, int64_t number)
{
	kt_report_field(report, "host", key, KT_CELL_COUNT,
		kt_known(number) ? kt_cell_number(number) : kt_cell_missing(KT_ABSENT, NULL));
}

#define FRAMES_SHOWN 8u /* functions of a stack that a headline names */

/* "foo+0x1/0x20 < ? bar+0x3/0x40 [module]", innermost first. NULL: no stack is known. */
static const char *stack_text(const struct kt_snapshot *snap, struct kt_arena *arena)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (size_t i = 0; i < snap->crash_frames.count; i++) {
		const struct kt_crash_frame *frame = &snap->crash_frames.items[i];

		kt_buf_join(&text, " < ", "%s%s", frame->is_guess ? "? " : "", frame->text);
	}
	return snap->crash_frames.count ? kt_arena_text(arena, &text) : NULL;
}

/* The same for people: names of the innermost functions. */
static void put_stack(const struct kt_snapshot *snap, struct kt_report *report)
{
	size_t count = snap->crash_frames.count;
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (size_t i = 0; i < count && i < FRAMES_SHOWN; i++) {
		const struct kt_crash_frame *frame = &snap->crash_frames.items[i];

		kt_buf_join(&text, " < ", "%s%.*s", frame->is_guess ? "? " : "",
			(int)strcspn(frame->text, "+"), frame->text);
	}
	if (count > FRAMES_SHOWN)
		kt_buf_printf(
			&text, " < %zu more, which 'ktally doctor' lists", count - FRAMES_SHOWN);
	if (count)
		kt_report_headline(report, "stack: %s", kt_arena_text(&report->arena, &text));
}

static void describe_crash(const struct kt_snapshot *snap, struct kt_report *report)
{
	const struct kt_crash *crash = &snap->host.crash;
	struct kt_arena *arena = &report->arena;
	const char *const parts[] = {
		crash->message,
		crash->task ? kt_arena_printf(
				      arena, "in %s (pid %lld)", crash->task, (long long)crash->pid)
			    : NULL,
		kt_known(crash->cpu) ? kt_arena_printf(arena, "on CPU %lld", (long long)crash->cpu)
				     : NULL,
		crash->taints && *crash->taints
			? kt_arena_printf(arena, "tainted %s", crash->taints)
			: NULL,
	};

	host_field(report, "panic", crash->message);
	host_field(report, "panic_task", crash->task);
	host_known(report, "panic_pid", crash->pid);
	host_known(report, "panic_cpu", crash->cpu);
	host_field(report, "panic_stack", stack_text(snap, arena));
	host_field(report, "taints", crash->taints);
	host_field(report, "command_line", crash->command_line);
	if (crash->message || kt_known(crash->cpu))
		join_headline(report, parts, KT_LEN(parts));
	put_stack(snap, report);
}

/*
 * Fields are for programs and are always present, if need be as null. Headlines are for people and
 * leave out what is not known.
 */
void kt_machine_describe(const struct kt_machine *machine, struct kt_report *report)
{
	const struct kt_host *host = &machine->snap->host;
	const char *source = machine->opts.source;
	struct kt_arena *arena = &report->arena;
	const char *when = time_text(host->taken_s, arena), *kind = kind_text(host, arena);
	char local[KT_WHEN_ROOM];
	const char *const first[] = { host->name,
		host->release ? kt_arena_printf(arena, "Linux %s", host->release) : NULL,
		host->machine, kind };
	const char *const second[] = { count_text(host->nr_cpus, "CPU", arena),
		count_text(host->nr_nodes, "node", arena),
		host->uptime_s >= 0 ? uptime_text(host->uptime_s, arena) : NULL,
		person_time(machine, when, local),
		source ? kt_arena_printf(arena, "from %s", source) : NULL };

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
	join_headline(report, first, KT_LEN(first));
	join_headline(report, second, KT_LEN(second));
	describe_crash(machine->snap, report);
	host_field(report, "memory_report", memory_report(machine->snap, arena));
	describe_parts(machine, report);
	kt_memreport_headlines(report, machine->snap);
	kt_memreport_notes(report, machine->snap);
	if (*kt_root_note(machine->root))
		kt_report_warn(report, kt_root_note(machine->root));
}

void kt_machine_put_notes(struct kt_report *report, const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->notes.count; i++)
		kt_report_note(report, "%s", snap->notes.items[i]);
}
