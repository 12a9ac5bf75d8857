// SPDX-License-Identifier: GPL-2.0-or-later
//
// Compares two machines, or two samples of one: what grew and what shrank. Each side is read by the
// commands themselves, and their rows are joined by name, so that a difference means what
// the command's numbers mean. Only what both sides have is compared; a note names the rest.

#include "base/buf.h"
#include "base/when.h"
#include "cmd/account/account.h"
#include "cmd/contents.h"
#include "cmd/past/diff_counters.h"
#include "cmd/past/diff_rows.h"
#include "cmd/past/fail_if.h"
#include "cmd/slab/slab.h"
#include "report/row_key.h"
#include "root/root.h"

#include <string.h>

/* A list that is compared; the account's rows are its leaves, which add up. */
struct list {
	const struct kt_cmd *cmd;
	const char *topic; /* its operand; NULL: none */
	const char *key, *title, *table, *column, *spare;
	enum kt_diff_unit unit;
	const struct kt_source *source; /* NULL: the account, which several give */
	bool in_report, walks;
};

#define DIFF(command, ...) extern const struct kt_cmd kt_cmd_##command;
#include "cmd/past/diff.def"
#undef DIFF

static const struct list account_list = {
	.cmd = &kt_cmd_account,
	.key = "rows",
	.title = "Where the memory is",
	.table = "rows",
};

static const struct list lists[] = {
#define DIFF(command, topic, key, title, table, column, spare, unit, source, in_report, walks) \
	{ &kt_cmd_##command, topic, key, title, table, column, spare, KT_DIFF_##unit,          \
		&kt_source_##source, in_report, walks },
#include "cmd/past/diff.def"
#undef DIFF
};

/* A side, while its lists are read. */
struct source {
	const char *name, *role; /* as given; "BEFORE" */
	/* as opening changed them: the name may choose a report. The root is opened once. */
	struct kt_machine_opts opts;
	bool live, log; /* log: a memory report of a kernel log, which has some lists */
	bool told;
	const char *host, *kernel; /* NULL: unknown */
	int64_t page_bytes;
	bool memory_report;	/* its numbers come from a memory report */
	struct kt_buf alone;	/* names of what the other side lacks */
	const char *alone_last; /* the last one of them */
	/* the last report of a command, which has the lists of one topic */
	struct kt_report report;
	const struct list *reported; /* the first list that it was made for; NULL: none was made */
};

struct comparing {
	const struct kt_call *call;
	struct kt_report *report;
	struct source sources[2];
	size_t nr_compared;
	struct kt_err *account_err; /* why the accounts are not compared; NULL: they are */
};

/* ---- sides ---- */

static const char *host_text(
	struct kt_report *report, const struct kt_report *side, const char *key)
{
	const struct kt_cell *cell = kt_report_value(side, "host", key);

	return cell ? kt_arena_printf(&report->arena, "%s", cell->text) : NULL;
}

/*
 * Notes the time of a side, which may differ from the requested time, and any damage: with the
 * first list of the side only, or each would appear once per list.
 */
static void tell_side(struct kt_report *report, struct source *source, const struct kt_report *side)
{
	const struct kt_cell *time = kt_report_value(side, "host", "time"),
			     *page = kt_report_value(side, "host", "page_bytes");
	const char *report_of = host_text(report, side, "memory_report");
	char local[KT_WHEN_ROOM];

	/* a command that reads few files may not know it */
	if (page && !kt_known(source->page_bytes))
		source->page_bytes = page->number;
	if (source->told)
		return;
	source->told = true;
	source->host = host_text(report, side, "name");
	source->kernel = host_text(report, side, "kernel");
	source->memory_report = report_of;
	if (time)
		kt_report_headline(
			report, "%s: %s", source->name, kt_when_of_data(time->text, local));
	if (report_of)
		kt_report_headline(report, "%s: %s", source->name, report_of);
	for (size_t i = 0; i < side->notes.count; i++) {
		if (strncmp(side->notes.items[i], KT_NOTE_DAMAGED, strlen(KT_NOTE_DAMAGED)) == 0)
			kt_report_note(report, "%s: %s", source->name, side->notes.items[i]);
	}
}

/* Counted in kernel memory, where the same command has an estimate without its option. */
static bool is_exact(const struct list *list)
{
	return list->source == &kt_source_slub;
}

static bool is_same_report(const struct list *a, const struct list *b)
{
	return a->cmd == b->cmd && is_exact(a) == is_exact(b) &&
	       (a->topic && b->topic ? strcmp(a->topic, b->topic) == 0 : a->topic == b->topic);
}

/*
 * The call of a side has no interval and none of diff's own options, so it is read exactly as its
 * own command reads it.
 */
static struct kt_err *make_report(
	struct comparing *comparing, const struct list *list, struct source *source)
{
	const struct kt_call *call = comparing->call;
	struct kt_call own = { .machine = source->opts, .list = call->list, .show = call->show };
	const struct kt_slab_args exact = { .exact = true };
	struct kt_err *err;

	if (source->reported && is_same_report(source->reported, list))
		return NULL;
	kt_report_cleanup(&source->report);
	source->report = (struct kt_report){ 0 };
	source->reported = NULL;
	own.list.filter = NULL;
	if (list->topic)
		own.operands[own.nr_operands++] = list->topic;
	if (is_exact(list)) {
		own.own_of = list->cmd;
		memcpy(&own.own, &exact, sizeof(exact));
	}
	err = kt_cmd_run(list->cmd, &own, &source->report);
	if (err)
		return err;
	kt_row_keys(&source->report);
	/* rows without keys would look like rows that one side lacks */
	if (source->report.arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	source->reported = list;
	tell_side(comparing->report, source, &source->report);
	return NULL;
}

static struct kt_err *read_side(struct comparing *comparing, const struct list *list,
	struct source *source, struct kt_diff_side *side)
{
	struct kt_err *err = make_report(comparing, list, source);

	if (err)
		return err;
	kt_diff_side_find(side, &source->report, list->table, list->column);
	if (side->rows.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!side->table && list == &account_list)
		return kt_err_new(KT_ERR_PARSE,
			"%s: its memory report is cut, or of a memory cgroup: it gives no account",
			source->name);
	return side->table ? NULL : kt_err_new(KT_ERR_ABSENT, "it has no such list");
}

/* ---- lists ---- */

/*
 * Names what may give the list of the side; NULL: nothing does. Only reading shows whether a memory
 * report or a running machine has it.
 */
static const char *giver_of(
	const struct comparing *comparing, const struct list *list, const struct source *source)
{
	if ((source->live && list->walks) || (source->log && list->in_report))
		return list->source->name;
	return source->log ? NULL
			   : kt_contents_giver(
				     source->opts.root, list->source, &comparing->report->arena);
}

/* Two lists may be of one source. */
static void add_alone(struct source *source, const char *giver)
{
	if (source->alone_last != giver)
		kt_buf_join(&source->alone, ", ", "%s", giver);
	source->alone_last = giver;
}

/* Only the lists that both sides have are read: a running machine is disturbed for no other. */
static bool both_may_have(struct comparing *comparing, const struct list *list)
{
	const char *givers[2];

	for (int i = 0; i < 2; i++)
		givers[i] = giver_of(comparing, list, &comparing->sources[i]);
	for (int i = 0; i < 2; i++) {
		if (givers[i] && !givers[!i] && !comparing->sources[i].log &&
			!(comparing->sources[i].live && list->walks))
			add_alone(&comparing->sources[i], givers[i]);
	}
	return givers[0] && givers[1];
}

/*
 * Compares the amount of the list, or, where one side does not know it for want of the page size,
 * an amount that needs none.
 */
static void choose_amount(
	struct kt_report *report, const struct list *list, struct kt_diff_side sides[2])
{
	if (!list->spare || (kt_diff_side_has(&sides[0], sides[0].amount) &&
				    kt_diff_side_has(&sides[1], sides[1].amount)))
		return;
	for (int i = 0; i < 2; i++) {
		size_t spare = kt_table_column_named(sides[i].table, list->spare);

		if (spare == KT_NO_COLUMN || !kt_diff_side_has(&sides[i], spare))
			return;
	}
	for (int i = 0; i < 2; i++)
		sides[i].amount = kt_table_column_named(sides[i].table, list->spare);
	kt_report_note(report,
		"%s: '%s' of 'ktally %s' is compared, because the page size of a side is not "
		"known",
		list->title, list->spare, list->cmd->name);
}

/*
 * The same number of pages is another amount of memory where pages have another size. A list may be
 * the first one that knows a page size, so this is asked before and after it is read.
 */
static struct kt_err *check_pages(const struct comparing *comparing, const struct list *list)
{
	const struct source *a = &comparing->sources[0], *b = &comparing->sources[1];

	if (list->unit != KT_DIFF_PAGES || !kt_known(a->page_bytes) || !kt_known(b->page_bytes) ||
		a->page_bytes == b->page_bytes)
		return NULL;
	return kt_err_new(KT_ERR_REFUSED, "it counts pages, which have %s before and %s after",
		kt_report_bytes(comparing->report, a->page_bytes),
		kt_report_bytes(comparing->report, b->page_bytes));
}

/* Frees an error that says that a side lacks the list, and takes note of it. */
static struct kt_err *note_lack(struct comparing *comparing, const struct list *list, int lacking,
	const struct kt_diff_side sides[2], struct kt_err *err)
{
	struct source *other = &comparing->sources[!lacking];

	if (kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	if (kt_err_code(err) != KT_ERR_ABSENT)
		kt_report_note(
			comparing->report, "%s: not compared: %s", list->title, kt_err_text(err));
	else if (sides[!lacking].table && !(other->live && list->walks))
		add_alone(other, giver_of(comparing, list, other));
	kt_err_free(err);
	return NULL;
}

/*
 * Each side has only one report of a command in memory, which bounds the memory by the largest
 * one. The side that is no running machine is read first: it may lack the list.
 */
static struct kt_err *put_list(struct comparing *comparing, const struct list *list)
{
	struct kt_diff_side sides[2] = { 0 };
	struct kt_report *report = comparing->report;
	int first = comparing->sources[0].live, at = first;
	struct kt_err *err;
	kt_diff_pairs pairs;

	if (!both_may_have(comparing, list))
		return NULL;
	err = check_pages(comparing, list);
	for (int i = 0; i < 2 && !err; i++) {
		at = i ? !first : first;
		err = read_side(comparing, list, &comparing->sources[at], &sides[at]);
	}
	if (!err)
		err = check_pages(comparing, list);
	if (!err)
		choose_amount(report, list, sides);
	for (int i = 0; i < 2 && !err; i++) {
		at = i;
		if (!kt_diff_side_has(&sides[i], sides[i].amount))
			err = kt_err_new(KT_ERR_ABSENT, "it does not know the amounts");
	}
	if (!err) {
		for (int i = 0; i < 2; i++)
			sides[i].partial = list->in_report && list->unit == KT_DIFF_BYTES &&
					   comparing->sources[i].memory_report &&
					   !comparing->sources[!i].memory_report;
		pairs = kt_diff_join(&report->arena, sides, KT_DIFF_LEAF);
		kt_diff_put(
			report, kt_diff_table(report, list->key, list->title, list->unit), &pairs);
		comparing->nr_compared++;
	} else {
		err = note_lack(comparing, list, at, sides, err);
	}
	for (int i = 0; i < 2; i++)
		kt_diff_side_fini(&sides[i]);
	return err;
}

/* ---- the account ---- */

/*
 * A side without a total of memory is no error: its counters and lists are compared. Both sides are
 * asked, because the note says which of them has an account.
 */
static struct kt_err *read_accounts(struct comparing *comparing, struct kt_diff_side sides[2])
{
	struct kt_err *errs[2], *err = NULL;
	bool absent[2];

	for (int i = 0; i < 2; i++) {
		errs[i] = read_side(comparing, &account_list, &comparing->sources[i], &sides[i]);
		absent[i] = errs[i] && kt_err_code(errs[i]) == KT_ERR_ABSENT;
	}
	if (!errs[0] && !errs[1])
		return NULL;
	for (int i = 0; i < 2 && !err; i++) {
		if (!errs[i] || absent[i])
			continue;
		err = errs[i];
		errs[i] = NULL;
	}
	if (!err && absent[0] && absent[1])
		err = kt_err_new(
			KT_ERR_ABSENT, "neither side has a total of memory (meminfo or zoneinfo)");
	else if (!err)
		err = kt_err_new(KT_ERR_ABSENT,
			"only %s has a total of memory (meminfo or zoneinfo)",
			comparing->sources[absent[0]].role);
	for (int i = 0; i < 2; i++)
		kt_err_free(errs[i]);
	return err;
}

static struct kt_err *put_account(struct comparing *comparing)
{
	struct kt_diff_side sides[2] = { 0 };
	struct kt_report *report = comparing->report;
	struct kt_table *groups;
	struct kt_err *err = read_accounts(comparing, sides);
	kt_diff_pairs pairs;

	if (!err) {
		pairs = kt_diff_join(&report->arena, sides, KT_DIFF_LEAF);
		kt_diff_put(report,
			kt_diff_table(report, "rows", account_list.title, KT_DIFF_BYTES), &pairs);
		groups = kt_report_table(
			report, "groups", NULL, kt_diff_byte_columns, KT_DIFF_COLUMNS);
		if (groups)
			groups->data_only = true;
		pairs = kt_diff_join(&report->arena, sides, KT_DIFF_GROUP);
		kt_diff_put(report, groups, &pairs);
		comparing->nr_compared++;
	} else if (kt_err_code(err) != KT_ERR_NOMEM) {
		comparing->account_err = err;
		err = NULL;
	}
	for (int i = 0; i < 2; i++)
		kt_diff_side_fini(&sides[i]);
	return err;
}

/* Without two accounts, the counters that both sides have are compared. */
static struct kt_err *put_counters(struct comparing *comparing)
{
	struct kt_report *report = comparing->report;
	struct kt_diff_counters counters = { 0 };
	const struct kt_machine_opts opts[2] = { comparing->sources[0].opts,
		comparing->sources[1].opts };
	struct kt_err *err;

	err = kt_diff_counters(&report->arena, opts, &counters);
	if (err)
		return err;
	if (counters.bytes.count)
		kt_diff_put(report, kt_diff_table(report, "counters", "Counters", KT_DIFF_COUNTERS),
			&counters.bytes);
	if (counters.counts.count)
		kt_diff_put(report,
			kt_diff_table(report, "numbers", "Counters in pages, or plain numbers",
				KT_DIFF_COUNT),
			&counters.counts);
	comparing->nr_compared += counters.bytes.count || counters.counts.count;
	for (int i = 0; i < 2; i++) {
		if (counters.alone[i])
			kt_report_note(report, "only %s counts: %s", comparing->sources[i].role,
				counters.alone[i]);
	}
	return NULL;
}

/* ---- the whole ---- */

static struct kt_err *open_side(struct comparing *comparing, int index)
{
	struct source *source = &comparing->sources[index];
	struct kt_machine_opts opts = comparing->call->machine;
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_err *err;

	*source = (struct source){ .name = comparing->call->operands[index],
		.role = index ? "AFTER" : "BEFORE",
		.page_bytes = KT_UNKNOWN };
	source->live = strcmp(source->name, "live") == 0;
	opts.source = source->live ? NULL : source->name;
	err = kt_machine_open(&opts, &machine);
	if (err)
		return err; // cppcheck-suppress returnDanglingLifetime
	source->opts = machine.opts;
	source->opts.root = machine.root;
	machine.root = NULL;
	/* next to files, a log is read only if one of its reports is asked for */
	source->log = kt_root_log(source->opts.root) &&
		      (kt_root_is_log(source->opts.root) || source->opts.pick);
	return NULL;
}

static void note_difference(struct kt_buf *buf, const char *what, const char *a, const char *b)
{
	if (a && b && strcmp(a, b) != 0)
		kt_buf_join(buf, "; ", "%s: %s and %s", what, a, b);
}

/* Different machines, kernels or page sizes explain many changes, so they are named first. */
static void note_differences(struct comparing *comparing)
{
	const struct source *a = &comparing->sources[0], *b = &comparing->sources[1];
	struct kt_report *report = comparing->report;
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	note_difference(&text, "host", a->host, b->host);
	note_difference(&text, "kernel", a->kernel, b->kernel);
	if (kt_known(a->page_bytes) && kt_known(b->page_bytes))
		note_difference(&text, "page size", kt_report_bytes(report, a->page_bytes),
			kt_report_bytes(report, b->page_bytes));
	if (text.size || text.failed)
		kt_report_headline(
			report, "The sides differ: %s.", kt_arena_text(&report->arena, &text));
}

static void note_alone(struct comparing *comparing)
{
	for (int i = 0; i < 2; i++) {
		struct source *source = &comparing->sources[i];

		if (source->alone.size || source->alone.failed)
			kt_report_note(comparing->report, "only %s has %s", source->role,
				kt_arena_text(&comparing->report->arena, &source->alone));
	}
}

/* Says in one sentence what each side has. */
static struct kt_err *nothing_common(struct comparing *comparing)
{
	struct kt_arena *arena = &comparing->report->arena;
	const char *has[2], *why;

	for (int i = 0; i < 2; i++)
		has[i] = kt_contents_names(comparing->sources[i].opts.root, arena);
	if (!*has[0] && !*has[1] && comparing->account_err)
		return NULL;
	why = comparing->account_err && kt_err_code(comparing->account_err) != KT_ERR_ABSENT
		      ? kt_err_text(comparing->account_err)
		      : "";
	return kt_err_new(KT_ERR_ABSENT, "nothing to compare: %s has %s, %s has %s%s%s",
		comparing->sources[0].name, *has[0] ? has[0] : "nothing that can be compared",
		comparing->sources[1].name, *has[1] ? has[1] : "nothing that can be compared",
		*why ? "; " : "", why);
}

static struct kt_err *compare(struct comparing *comparing)
{
	struct kt_report *report = comparing->report;
	struct kt_err *err = put_account(comparing);

	if (!err && comparing->account_err)
		err = put_counters(comparing);
	for (size_t i = 0; i < KT_LEN(lists) && !err; i++)
		err = put_list(comparing, &lists[i]);
	if (err)
		return err;
	if (!comparing->nr_compared) {
		err = nothing_common(comparing);
		if (err)
			return err;
		err = comparing->account_err;
		comparing->account_err = NULL;
		return err;
	}
	note_differences(comparing);
	if (comparing->account_err)
		kt_report_note(report, "the accounts are not compared: %s",
			kt_err_text(comparing->account_err));
	note_alone(comparing);
	if (!kt_diff_moved(report))
		kt_report_headline(report, "Nothing moved: each row of each list is as large "
					   "on both sides.");
	return NULL;
}

struct diff_args {
	const char *fail_if;
};

static const struct kt_column field_columns[] = {
	{ .key = "before", .flags = KT_COL_SET },
	{ .key = "after", .flags = KT_COL_SET },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};
/* Keys of the lists in their order in the report. */
#define LIST_PART(name, text, form, list)                 \
	static const struct kt_part name = {              \
		.key = (text),                            \
		.kind = (list),                           \
		.columns = (form),                        \
		.nr_columns = KT_DIFF_COLUMNS,            \
		.optional = KT_ANY_FORM,                  \
		.help = "Only where both sides have it.", \
	}
#define BYTES_PART(name, text) LIST_PART(name, text, kt_diff_byte_columns, KT_PART_LIST)
#define COUNT_PART(name, text) LIST_PART(name, text, kt_diff_count_columns, KT_PART_PLAIN_LIST)
#define PAGES_PART(name, text) COUNT_PART(name, text)

BYTES_PART(rows_part, "rows");
static const struct kt_part groups_part = {
	.key = "groups",
	.kind = KT_PART_TABLE,
	.columns = kt_diff_byte_columns,
	.nr_columns = KT_DIFF_COLUMNS,
	.optional = KT_ANY_FORM,
	.help = "Rows of the account that are sums of others.",
};
LIST_PART(counters_part, "counters", kt_diff_byte_columns, KT_PART_PLAIN_LIST);
COUNT_PART(numbers_part, "numbers");
#define DIFF(command, topic, key, title, table, column, spare, unit, source, in_report, walks) \
	unit##_PART(command##_##source##_part, key);
#include "cmd/past/diff.def"
#undef DIFF

static const struct kt_part *const all_parts[] = {
	&fields_part, &rows_part, &groups_part, &counters_part, &numbers_part,
#define DIFF(command, topic, key, title, table, column, spare, unit, source, in_report, walks) \
	&command##_##source##_part,
#include "cmd/past/diff.def"
#undef DIFF
	NULL, /* end */
};

static const struct kt_shape shape = { .schema = "ktally/diff/1", .parts = all_parts };

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct diff_args *args = kt_call_own(call);
	struct comparing comparing = { .call = call, .report = report };
	struct kt_err *err = NULL;

	kt_report_begin(report, &shape);
	kt_report_field(
		report, NULL, "before", KT_CELL_TEXT, kt_report_text(report, call->operands[0]));
	kt_report_field(
		report, NULL, "after", KT_CELL_TEXT, kt_report_text(report, call->operands[1]));
	kt_report_headline(report, "%s against %s", call->operands[0], call->operands[1]);
	for (int i = 0; i < 2 && !err; i++)
		err = open_side(&comparing, i);
	if (!err)
		err = compare(&comparing);
	kt_err_free(comparing.account_err);
	for (int i = 0; i < 2; i++) {
		kt_root_free(comparing.sources[i].opts.root);
		kt_buf_cleanup(&comparing.sources[i].alone);
		kt_report_cleanup(&comparing.sources[i].report);
	}
	return !err && args->fail_if ? kt_fail_if(args->fail_if, report) : err;
}

static const struct kt_operand operands[] = { { "BEFORE", KT_ARG_SOURCE },
	{ "AFTER", KT_ARG_SOURCE } };

static const struct kt_option options[] = {
	{ 0, "fail-if", "CONDITION",
		"end with status 3 if it holds: 'slab>+5%', 'dentry>+10MiB,percpu>+1GiB'",
		.kind = KT_ARG_CONDITION, KT_AT(struct diff_args, fail_if) },
};

static const struct kt_example examples[] = {
	{ "ktally diff before.tar.zst after.tar.zst", "what grew between two captures" },
	{ "ktally diff before.tar.zst live", "what grew since the capture" },
	{ "ktally diff slabinfo.1 slabinfo.2", "what grew between two copies of one file" },
	{ "ktally diff before.tar.zst after.tar.zst --fail-if 'slab>+5%'",
		"for a script: status 3 if slab grew by more than 5 %" },
};

const struct kt_cmd kt_cmd_diff = {
	.name = "diff",
	.summary = "what grew between two machines or samples",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Compares two sources of any kind: a directory, a bundle, a recording, "
		"RECORDING@TIME, a kernel log, one file of /proc, or the word live. It lists the "
		"rows of the account, or, where a side has none, the counters, and every list "
		"that both sides have, such as slab caches and vmalloc callers, the largest "
		"change first. The totals add up on both sides. A note names what only one side "
		"has. A change that is no exact number has a sign after its row: ≥ at least, ≤ at "
		"most, ≈ an estimate.\n\n"
		"--fail-if 'slab>+5%' makes it a check: the exit status is 3 if the row, "
		"cache or caller of that name grew by more. A limit is a percentage, or bytes "
		"with or without KiB, MiB, GiB; 'slab<-5%' tests for a decrease. Separate "
		"conditions with commas: --fail-if 'unattributed>+10MiB,dentry>+100%'. A "
		"condition that cannot be decided is an error, with status 1.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.lists = true,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct diff_args),
	.shape = &shape,
	.run = run,
};
