// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/judge/culprit.h"

#include "account/row.h"
#include "cases/facts_of.h"
#include "cmd/judge/counted.h"
#include "cmd/users/users_watch.h"
#include "diagnose/growth.h"
#include "diagnose/holder.h"

#include <math.h>
#include <string.h>

extern const struct kt_cmd kt_cmd_users, kt_cmd_pages, kt_cmd_pagetables;

#define HALF	   0.5
#define NEARLY_ALL 0.75

/* Tables that have holders, the surest first; a subject's first table with a row decides. */
static const struct way {
	const char *subject; /* begins the subject of the finding */
	const struct kt_cmd *cmd;
	const char *operand; /* NULL: none; "": the name in the subject */
	const char *table, *column, *module, *pid;
	const char *source; /* for the user: how it is known */
	enum kt_holder_kind kind;
	bool recorded; /* recordings have the list: what grew since counts, not what is large */
} ways[] = {
	{ "slab:", &kt_cmd_users, "", "sites", "name", "module", NULL, "allocation tags",
		KT_HOLDER_FUNCTION, false },
	{ "slab:", &kt_cmd_users, "", "objects", "name", "module", NULL, "stacks of allocations",
		KT_HOLDER_FUNCTION, false },
	{ "slab:", &kt_cmd_users, "", "object_holders", "held_by", NULL, NULL, "kernel memory",
		KT_HOLDER_FUNCTION, false },
	{ "slab:", &kt_cmd_users, "", "object_groups", "points_to", NULL, NULL, "kernel memory",
		KT_HOLDER_FUNCTION, false },
	{ "account:vmalloc", &kt_cmd_users, "vmalloc", "vmalloc", "name", "module", NULL,
		"vmallocinfo", KT_HOLDER_FUNCTION, true },
	{ "account:percpu", &kt_cmd_users, "percpu", "sites", "name", "module", NULL,
		"allocation tags", KT_HOLDER_FUNCTION, false },
	{ "account:direct", &kt_cmd_pages, NULL, "owners", "holder", NULL, NULL, "kernel memory",
		KT_HOLDER_FUNCTION, false },
	{ "account:unattributed", &kt_cmd_pages, NULL, "owners", "holder", NULL, NULL,
		"kernel memory", KT_HOLDER_FUNCTION, false },
	{ "account:page_tables", &kt_cmd_pagetables, NULL, "processes", "name", NULL, "pid",
		"processes", KT_HOLDER_PROCESS, false },
};

/* Callers of vmalloc that keep the books of other memory, which grows itself. */
static const struct {
	const char *function, *row, *title;
} bookkeepers[] = {
	{ "pcpu_create_chunk", "percpu", "bookkeeping of per-CPU memory" },
};

/*
 * Holders without a name: that nothing is known of them is no name. "filp: file_ops" is an object
 * that points to the memory, perhaps by what its own memory had before; it is not who allocated it.
 */
static bool is_name(const char *holder)
{
	return holder && *holder && *holder != '(' && *holder != '{' && !strstr(holder, ": ") &&
	       strcmp(holder, "struct page") != 0;
}

/*
 * Part of the growth that must be the holder's: of memory of which the holder has `share`, the
 * growth is `grown`, and the rest was there before.
 */
static double least_of_growth(double share, double grown)
{
	return grown > 0 ? (share + grown - 1) / grown : 0;
}

struct largest {
	const char *holder, *module;
	int64_t pid, bytes, all_bytes;
	int64_t booked_bytes; /* bookkeeping of other memory, a part of all */
};

static bool is_bookkeeper(const char *holder)
{
	for (size_t i = 0; holder && i < KT_LEN(bookkeepers); i++) {
		if (strcmp(holder, bookkeepers[i].function) == 0)
			return true;
	}
	return false;
}

static const struct kt_cell *cell_at(
	const struct kt_table *table, const struct kt_report_row *row, const char *key)
{
	size_t at = key ? kt_table_column_named(table, key) : KT_NO_COLUMN;

	return at != KT_NO_COLUMN && row->cells[at].state == KT_OK ? &row->cells[at] : NULL;
}

static const char *text_at(
	const struct kt_table *table, const struct kt_report_row *row, const char *key)
{
	const struct kt_cell *cell = cell_at(table, row, key);

	return cell ? cell->text : NULL;
}

static int64_t number_at(
	const struct kt_table *table, const struct kt_report_row *row, const char *key)
{
	const struct kt_cell *cell = cell_at(table, row, key);

	return cell ? cell->number : KT_UNKNOWN;
}

static const struct kt_table *table_of(const struct kt_report *report, const char *key)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		if (strcmp(report->tables.items[i]->key, key) == 0)
			return report->tables.items[i];
	}
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Bytes of the same holder in an earlier list. */
static int64_t bytes_before(const struct kt_table *before, const struct way *way,
	const char *holder, const char *module)
{
	int64_t sum = 0;

	for (size_t i = 0; before && i < before->rows.count; i++) {
		const struct kt_report_row *row = &before->rows.items[i];
		int64_t bytes = number_at(before, row, "bytes");

		if (same_text(text_at(before, row, way->column), holder) &&
			same_text(text_at(before, row, way->module), module) && kt_known(bytes))
			sum += bytes;
	}
	return sum;
}

/*
 * The holder that grew most since `before`; without it, the largest holder. Bookkeeping of other
 * memory hides no other holder, unless it has nearly all.
 */
static bool find_largest(const struct kt_table *now, const struct kt_table *before,
	const struct way *way, struct largest *ret_largest)
{
	struct largest booked = { .pid = KT_UNKNOWN };

	*ret_largest = booked;
	for (size_t i = 0; now && i < now->rows.count; i++) {
		const struct kt_report_row *row = &now->rows.items[i];
		const char *holder = text_at(now, row, way->column);
		const char *module = text_at(now, row, way->module);
		int64_t bytes = number_at(now, row, "bytes");

		if (!kt_known(bytes))
			continue;
		bytes -= bytes_before(before, way, holder, module);
		struct largest *of = is_bookkeeper(holder) ? &booked : ret_largest;

		if (bytes > 0)
			of->all_bytes += bytes;
		if (bytes <= of->bytes)
			continue;
		of->bytes = bytes;
		of->holder = holder;
		of->module = module;
		of->pid = number_at(now, row, way->pid);
	}
	booked.all_bytes += ret_largest->all_bytes;
	ret_largest->booked_bytes = booked.all_bytes - ret_largest->all_bytes;
	ret_largest->all_bytes = booked.all_bytes;
	if ((double)ret_largest->booked_bytes > NEARLY_ALL * (double)booked.all_bytes) {
		booked.booked_bytes = 0;
		*ret_largest = booked;
	}
	return ret_largest->all_bytes > 0 && is_name(ret_largest->holder);
}

/* "page_list [ktally_test]": kernel memory names the module with the variable. */
static void split_module(struct kt_report *report, struct kt_holder *holder)
{
	const char *open = strstr(holder->name, " [");
	size_t n = open ? strcspn(open + 2, "]") : 0;

	if (!n)
		return;
	if (!holder->module)
		holder->module = kt_arena_printf(&report->arena, "%.*s", (int)n, open + 2);
	holder->name =
		kt_arena_printf(&report->arena, "%.*s", (int)(open - holder->name), holder->name);
}

/* A name that is a module's own: a variable or data of it, without the name of the variable. */
static void find_module(const struct kt_snapshot *snap, struct kt_holder *holder)
{
	const char *name = holder->module ? holder->module : holder->name;

	for (size_t i = 0; i < snap->modules.count; i++) {
		const struct kt_module *module = &snap->modules.items[i];

		if (strcmp(module->name, name) != 0)
			continue;
		holder->module = module->name;
		holder->module_refs = module->nr_refs;
		holder->module_users = module->users;
		holder->refs_unread = !snap->host.live && !kt_known(module->nr_refs);
		holder->is_loaded = true;
	}
}

static bool is_cache_series(const char *series)
{
	return strncmp(series, "slab:", strlen("slab:")) == 0;
}

/* "skbuff_head_cache": objects of that cache point to the memory, which have holders themselves. */
static bool is_cache(const struct kt_snapshot *snap, const char *name)
{
	for (size_t i = 0; i < snap->caches.count; i++) {
		if (strcmp(snap->caches.items[i].name, name) == 0)
			return true;
	}
	return false;
}

static void put_function(struct kt_culprits *culprits, struct kt_report *report,
	struct kt_finding *finding, struct kt_holder *holder)
{
	split_module(report, holder);
	if (!holder->name)
		return;
	find_module(culprits->machine->snap, holder);
	if (!holder->is_loaded && is_cache(culprits->machine->snap, holder->name))
		return;
	for (size_t i = 0; i < KT_LEN(bookkeepers); i++) {
		if (strcmp(holder->name, bookkeepers[i].function) != 0)
			continue;
		holder->kind = KT_HOLDER_OTHER_ROW;
		holder->name = bookkeepers[i].title;
		finding->next =
			kt_arena_printf(&report->arena, "ktally explain %s", bookkeepers[i].row);
	}
	kt_holder_put(report, finding, holder);
}

static bool take(struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding,
	const struct way *way, const struct largest *largest, bool is_growth)
{
	double share = (double)largest->bytes / (double)largest->all_bytes;
	double of_rest =
		(double)largest->bytes / (double)(largest->all_bytes - largest->booked_bytes);
	double grown = is_growth ? 1 : (double)finding->bytes / (double)largest->all_bytes;
	struct kt_holder holder =
		kt_holder_of(way->kind, kt_arena_printf(&report->arena, "%s", largest->holder));

	if (least_of_growth(of_rest, grown < 1 ? grown : 1) < HALF || !holder.name)
		return false;
	if (largest->module)
		holder.module = kt_arena_printf(&report->arena, "%s", largest->module);
	holder.pid = largest->pid;
	holder.share = share;
	holder.source = way->source;
	if (holder.kind == KT_HOLDER_FUNCTION)
		put_function(culprits, report, finding, &holder);
	else
		kt_holder_put(report, finding, &holder);
	return finding->culprit;
}

/* Runs a command without its text, as a user would who follows the advice. */
static struct kt_err *run_list(const struct kt_machine_opts *machine, const struct kt_call *call,
	const struct way *way, const struct kt_finding *finding, struct kt_report *ret_report)
{
	struct kt_call list = { .machine = *machine, .console = NULL, .cmds = call->cmds };

	list.show.output = kt_output_find("json");
	list.once = true;
	if (way->operand) {
		list.operands[0] = *way->operand ? way->operand : kt_growth_subject_name(finding);
		list.nr_operands = 1;
	}
	return kt_cmd_run(way->cmd, &list, ret_report);
}

/* The list as it was before the growth; false: the recording does not have it. */
static bool run_before(struct kt_culprits *culprits, const struct way *way,
	const struct kt_finding *finding, struct kt_report *ret_report)
{
	struct kt_machine_opts before = { .source = culprits->recording,
		.time_ms = finding->since_ms };
	struct kt_err *err;

	if (!way->recorded || !culprits->recording || !kt_known(finding->since_ms))
		return false;
	err = run_list(&before, culprits->call, way, finding, ret_report);
	if (!err)
		return true;
	kt_err_free(err);
	return false;
}

static void take_largest(struct kt_culprits *culprits, struct kt_report *report,
	struct kt_finding *finding, const struct way *way, const struct kt_report *list)
{
	struct kt_report before = { 0 };
	bool is_growth = run_before(culprits, way, finding, &before);
	struct largest largest;

	if (find_largest(table_of(list, way->table),
		    is_growth ? table_of(&before, way->table) : NULL, way, &largest))
		take(culprits, report, finding, way, &largest, is_growth);
	kt_report_cleanup(&before);
}

/* Without the name of the source, which the head of the report has. */
static const char *reason_of(const struct kt_call *call, const struct kt_err *err)
{
	const char *text = kt_err_text(err), *source = call->machine.source;
	size_t length = source ? strlen(source) : 0;

	return length && strncmp(text, source, length) == 0 && strncmp(text + length, ": ", 2) == 0
		       ? text + length + 2
		       : text;
}

static void find_in_lists(
	struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding)
{
	const struct kt_cmd *ran = NULL;
	struct kt_report list = { 0 };
	struct kt_err *err = NULL;

	for (size_t i = 0; i < KT_LEN(ways) && !finding->culprit; i++) {
		const struct way *way = &ways[i];

		if (strncmp(finding->subject, way->subject, strlen(way->subject)) != 0)
			continue;
		if (ran != way->cmd) {
			kt_report_cleanup(&list);
			kt_err_free(err);
			list = (struct kt_report){ 0 };
			err = run_list(
				&culprits->call->machine, culprits->call, way, finding, &list);
			ran = way->cmd;
		}
		if (!err)
			take_largest(culprits, report, finding, way, &list);
	}
	report->arena.failed |= err && kt_err_code(err) == KT_ERR_NOMEM;
	if (err && !finding->culprit && !culprits->arm_s)
		kt_finding_evidence(report, finding, "its holder is not known: %s",
			reason_of(culprits->call, err));
	else if (!finding->culprit && !culprits->arm_s && culprits->machine->snap->host.live &&
		 kt_growth_watched(finding))
		kt_finding_evidence(report, finding,
			"no list has its holder: 'ktally diagnose --arm 30s' watches who allocates "
			"and does not free, and says what to do then");
	kt_report_cleanup(&list);
	kt_err_free(err);
}

/* ---- a watch ---- */

static void take_watched(struct kt_culprits *culprits, struct kt_report *report,
	struct kt_finding *finding, const struct kt_report *watch)
{
	static const struct way way = {
		.column = "name", .module = "module", .table = "watched", .kind = KT_HOLDER_FUNCTION
	};
	const struct kt_table *table = table_of(watch, way.table);
	const struct kt_report_row *most = NULL;
	int64_t most_bytes = 0, all_bytes = 0;

	for (size_t i = 0; table && i < table->rows.count; i++) {
		const struct kt_report_row *row = &table->rows.items[i];
		int64_t bytes = number_at(table, row, "held_bytes");
		const struct kt_cell *kept = cell_at(table, row, "kept");

		if (!kt_known(bytes) || bytes <= 0 || !kept || kept->real < HALF)
			continue;
		all_bytes += bytes;
		if (bytes > most_bytes) {
			most_bytes = bytes;
			most = row;
		}
	}
	if (!most || !is_name(text_at(table, most, way.column)) ||
		(double)most_bytes < HALF * (double)all_bytes)
		return;
	struct kt_holder holder = kt_holder_of(KT_HOLDER_FUNCTION,
		kt_arena_printf(&report->arena, "%s", text_at(table, most, way.column)));

	if (text_at(table, most, way.module))
		holder.module =
			kt_arena_printf(&report->arena, "%s", text_at(table, most, way.module));
	holder.share = (double)most_bytes / (double)all_bytes;
	holder.source = kt_arena_printf(
		&report->arena, "watched for %.0f s, and not freed", culprits->arm_s);
	holder.survived = true;
	put_function(culprits, report, finding, &holder);
}

static void watch(
	struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding)
{
	const struct kt_users_watch_opts opts = { .seconds = culprits->arm_s };
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_call call = {
		.machine = culprits->call->machine, .cmds = culprits->call->cmds, .nr_operands = 1
	};
	struct kt_report list = { 0 };
	struct kt_err *err;

	call.show.output = kt_output_find("json");
	call.operands[0] = kt_growth_watched(finding);
	if (!call.operands[0])
		return;
	kt_report_begin(&list, kt_cmd_users.shape);
	err = kt_machine_open(&call.machine, &machine);
	if (!err)
		err = kt_users_watch(&call, &opts, false, &machine, &list);
	if (!err)
		take_watched(culprits, report, finding, &list);
	else
		kt_finding_evidence(
			report, finding, "its allocations were not watched: %s", kt_err_text(err));
	kt_report_cleanup(&list);
	kt_err_free(err);
}

/* ---- */

void kt_culprit_name(
	struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding)
{
	if (kt_counted_name(culprits, report, finding))
		return;
	find_in_lists(culprits, report, finding);
	if (!finding->culprit && culprits->arm_s > 0)
		watch(culprits, report, finding);
}

/* ---- cases ---- */

static int64_t size_of(const struct kt_cache *cache)
{
	int64_t bytes = kt_known_times(cache->nr_objs, cache->slot_bytes);

	return kt_known(bytes) ? bytes : 0;
}

/* "slab:kmalloc-cg-2k", the largest cache with objects of 2048 bytes. */
static const char *largest_kmalloc(
	const struct kt_snapshot *snap, struct kt_report *report, const char *size)
{
	const struct kt_cache *largest = NULL;

	for (size_t i = 0; i < snap->caches.count; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];
		const char *of = kt_facts_kmalloc_size(cache->name, &report->arena);

		if (of && strcmp(of, size) == 0 && (!largest || size_of(cache) > size_of(largest)))
			largest = cache;
	}
	return largest ? kt_arena_printf(&report->arena, "slab:%s", largest->name) : NULL;
}

/* The series with the memory of a case, whose holders have lists; NULL: none. */
static const char *series_of_case(const struct kt_culprits *culprits, struct kt_report *report,
	const struct kt_finding *finding)
{
	const char *subject = finding->subject;

	if (strncmp(subject, "kmalloc:", strlen("kmalloc:")) == 0)
		return largest_kmalloc(
			culprits->machine->snap, report, subject + strlen("kmalloc:"));
	if (is_cache_series(subject))
		return subject;
	return kt_row_find(subject) == KT_ROW_NONE
		       ? NULL
		       : kt_arena_printf(&report->arena, "account:%s", subject);
}

void kt_culprit_name_case(
	struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding)
{
	const char *subject = finding->subject, *series;

	if (finding->follows) {
		kt_counted_name(culprits, report, finding);
		return;
	}
	series = finding->culprit ? NULL : series_of_case(culprits, report, finding);
	if (!series)
		return;
	finding->subject = series;
	find_in_lists(culprits, report, finding);
	if (!finding->culprit && culprits->arm_s > 0)
		watch(culprits, report, finding);
	finding->subject = subject;
}
