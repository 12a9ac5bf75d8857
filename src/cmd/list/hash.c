// SPDX-License-Identifier: GPL-2.0-or-later
//
// The hash tables that the kernel makes while it boots, from its log. Their size follows the memory
// of the machine, not its load.
//
// The kernel prints a line for each table when it makes it. No file has the sizes later, so without
// the log of the boot there is no list. The memory is in three rows of the account, by where it was
// taken from: memory reserved at boot, vmalloc, or direct pages. So the sum of the tables is no row
// of its own.
//
// The kernel counts no objects for most tables. --exact counts them in kernel memory, chain by
// chain.

#include "analysis/hash.h"
#include "base/human.h"
#include "cli/cmd.h"
#include "machine/machine.h"

#include <string.h>

/*
 * In 244 boot logs all tables together take a median of 0.19 % of memory, 0.03 % on machines with a
 * TiB. A single table above that was requested, or the machine is small or old.
 */
#define LARGE_SHARE  0.002
#define ADVICE_SHARE 0.001 /* smaller ones are not worth a reboot */
#define EMPTY_LOAD   0.125

/*
 * SIZE and ENTRIES are summed; LOAD is objects for each entry. IN USE is known only for tables
 * whose objects the kernel counts.
 */
enum {
	COL_NAME,
	COL_ENTRIES,
	COL_BYTES,
	COL_SHARE,
	COL_USED,
	COL_LOAD,
	COL_CHAINED,
	COL_EMPTY,
	COL_LONGEST,
	COL_MEAN,
	COL_TORN,
	COL_PARAMETER,
	COL_LARGE,
	COL_PLACE,
	COL_PER_ENTRY
};

static const struct kt_column columns[] = {
	[COL_NAME] = { .key = "name", .title = "TABLE", .flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_ENTRIES] = { .key = "entries",
		.title = "ENTRIES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM },
	[COL_BYTES] = { .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK,
		.metric = KT_FAMILY(HASH_TABLE_BYTES) },
	[COL_SHARE] = { .key = "share",
		.title = "SHARE",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SUM },
	[COL_USED] = { .key = "in_use",
		.title = "IN USE",
		.type = KT_CELL_COUNT,
		.metric = KT_FAMILY(HASH_TABLE_OBJECTS),
		.help = "Objects in the table, where a counter has them; of TCP and UDP the "
			"objects of one network namespace." },
	[COL_LOAD] = { .key = "load",
		.title = "LOAD",
		.type = KT_CELL_REAL,
		.num = COL_USED,
		.den = COL_ENTRIES },
	[COL_CHAINED] = { .key = "chained",
		.title = "CHAINED",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM,
		.help = "Objects in the chains of all entries, of all network namespaces that use "
			"the table; only with --exact." },
	[COL_EMPTY] = { .key = "empty_share",
		.title = "EMPTY",
		.type = KT_CELL_SHARE,
		.help = "Entries without an object; only with --exact." },
	[COL_LONGEST] = { .key = "longest_chain",
		.title = "LONGEST",
		.type = KT_CELL_COUNT,
		.help = "Objects in the longest chain; only with --exact." },
	[COL_MEAN] = { .key = "mean_chain",
		.title = "MEAN",
		.type = KT_CELL_REAL,
		.flags = KT_COL_WIDE,
		.help = "Objects in a chain that is not empty; only with --exact." },
	[COL_TORN] = { .key = "torn_entries",
		.title = "TORN",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_WIDE | KT_COL_SUM,
		.help = "Entries whose chain changed each time it was read, or could not be read. "
			"No other column counts them; only with --exact." },
	[COL_PARAMETER] = { .key = "parameter", .title = "PARAMETER" },
	[COL_LARGE] = { .key = "large",
		.title = "LARGE",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_WIDE },
	[COL_PLACE] = { .key = "place", .title = "TAKEN FROM", .flags = KT_COL_WIDE },
	[COL_PER_ENTRY] = { .key = "entry_bytes",
		.title = "EACH",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE },
};

static const char *place_of(const struct kt_hash *hash)
{
	switch (hash->place) {
	case KT_HASH_RESERVED: return "reserved at boot";
	case KT_HASH_VMALLOC: return "vmalloc";
	case KT_HASH_DIRECT: return "page allocator";
	}
	return NULL;
}

/*
 * Suggests a size for a large table that is nearly empty. The bound is the number of objects now,
 * which may be a quiet hour: the note says so. Tables above one eighth full are left alone.
 */
static void advise(
	struct kt_report *report, const struct kt_hash *hash, int64_t in_use, double share)
{
	int64_t enough = kt_hash_enough(in_use);
	double saved = (double)hash->size_bytes;
	char text[24];

	/* counters of sockets are for one namespace only */
	if (in_use < 0 || !kt_hash_is_whole(hash->name) || share < ADVICE_SHARE ||
		enough >= hash->entries || (double)in_use > (double)hash->entries * EMPTY_LOAD)
		return;
	saved *= 1 - (double)enough / (double)hash->entries;
	kt_human_bytes((int64_t)saved, text);
	kt_report_note(report,
		"%s: %lld entries for %lld objects now; if there are never more, %s%lld "
		"saves %s",
		hash->name, (long long)hash->entries, (long long)in_use,
		kt_hash_parameter(hash->name), (long long)enough, text);
}

/* Shares and means are of the entries that were read. */
static void put_chains(struct kt_report_row *row, const struct kt_hash_chains *chains)
{
	int64_t nr_read = chains ? chains->nr_buckets - chains->nr_torn : 0;

	if (!chains)
		return;
	row->cells[COL_TORN] = kt_cell_number(chains->nr_torn);
	if (!nr_read)
		return;
	row->cells[COL_CHAINED] = kt_cell_number(chains->nr_objects);
	row->cells[COL_EMPTY] = kt_cell_real((double)chains->nr_empty / (double)nr_read);
	row->cells[COL_LONGEST] = kt_cell_number(chains->longest);
	if (nr_read > chains->nr_empty)
		row->cells[COL_MEAN] = kt_cell_real(
			(double)chains->nr_objects / (double)(nr_read - chains->nr_empty));
}

/* Without the size of memory a table cannot be called large, so share and mark stay empty. */
static void put_hash(
	struct kt_report *report, struct kt_table *table, const struct kt_snapshot *snap, size_t i)
{
	const struct kt_hash *hash = &snap->hashes.items[i];
	struct kt_report_row *row = kt_table_row(report, table);
	int64_t in_use = kt_hash_in_use(snap, hash->name), memory = kt_snapshot_memory(snap);
	double share = 0;

	if (!row)
		return;
	row->cells[COL_NAME] = kt_report_text(report, hash->name);
	row->cells[COL_ENTRIES] = kt_cell_number(hash->entries);
	row->cells[COL_BYTES] = kt_cell_number(hash->size_bytes);
	row->cells[COL_PLACE] = kt_cell_text(place_of(hash));
	row->cells[COL_PARAMETER] = kt_cell_text(kt_hash_parameter(hash->name));
	if (hash->entries > 0)
		row->cells[COL_PER_ENTRY] = kt_cell_number(hash->size_bytes / hash->entries);
	if (in_use >= 0)
		row->cells[COL_USED] = kt_cell_number(in_use);
	put_chains(row, kt_hash_chains_find(snap, hash->name));
	if (!kt_known(memory))
		return;
	share = (double)hash->size_bytes / (double)memory;
	row->cells[COL_SHARE] = kt_cell_real(share);
	row->cells[COL_LARGE] = kt_cell_number(share > LARGE_SHARE);
	row->mark = share > LARGE_SHARE ? "large" : NULL;
	advise(report, hash, in_use, share);
}

/* The columns of this report: 80 have no room for all; NULL when out of memory. */
static const struct kt_column *choose_columns(struct kt_report *report, bool exact)
{
	struct kt_column *shown = kt_arena_alloc(&report->arena, sizeof(columns));

	if (!shown)
		return NULL;
	memcpy(shown, columns, sizeof(columns));
	for (size_t i = COL_CHAINED; !exact && i <= COL_TORN; i++)
		shown[i].flags |= KT_COL_DATA_ONLY;
	if (exact) {
		shown[COL_SHARE].flags |= KT_COL_WIDE;
		shown[COL_LOAD].flags |= KT_COL_WIDE;
		shown[COL_PARAMETER].flags |= KT_COL_WIDE;
	}
	return shown;
}

/*
 * Tables of the log, then tables that are only in kernel memory: they share the memory of a table
 * of the log, or the log is cut.
 */
static struct kt_err *put_hashes(struct kt_report *report, const struct kt_snapshot *snap)
{
	const struct kt_column *shown = choose_columns(report, snap->hash_chains.count);
	struct kt_table *table;

	if (!shown)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	table = kt_report_list(report, "tables", NULL, shown, KT_LEN(columns));
	for (size_t i = 0; table && i < snap->hashes.count; i++)
		put_hash(report, table, snap, i);
	for (size_t i = 0; table && i < snap->hash_chains.count; i++) {
		const struct kt_hash_chains *chains = &snap->hash_chains.items[i];
		struct kt_report_row *row =
			kt_hash_find(snap, chains->name) ? NULL : kt_table_row(report, table);

		if (!row)
			continue;
		row->cells[COL_NAME] = kt_report_text(report, chains->name);
		row->cells[COL_ENTRIES] = kt_cell_number(chains->nr_buckets);
		put_chains(row, chains);
	}
	return NULL;
}

/*
 * The comparison with other machines is there because nothing else says whether a share is usual.
 */
static void put_headline(struct kt_report *report, const struct kt_snapshot *snap)
{
	int64_t memory = kt_snapshot_memory(snap);
	char size[24];
	int64_t sum = 0;

	for (size_t i = 0; i < snap->hashes.count; i++)
		sum += snap->hashes.items[i].size_bytes; /* at most 256 tables of 1 PiB */
	kt_human_bytes(sum, size);
	if (!snap->hashes.count)
		return;
	if (kt_known(memory))
		kt_report_headline(report,
			"%zu hash tables take %s, %.2f %% of memory; the median of 244 "
			"machines is 0.19 %%.",
			snap->hashes.count, size, (double)sum / (double)memory * 100);
	else
		kt_report_headline(report, "%zu hash tables take %s.", snap->hashes.count, size);
}

/* ---- chains ---- */

static void headline_chains(struct kt_report *report, const struct kt_snapshot *snap)
{
	const struct kt_hash_chains *longest = NULL;
	int64_t nr_objects = 0;

	for (size_t i = 0; i < snap->hash_chains.count; i++) {
		const struct kt_hash_chains *chains = &snap->hash_chains.items[i];

		nr_objects += chains->nr_objects; /* at most 64 tables of 2^48 */
		if (!longest || chains->longest > longest->longest)
			longest = chains;
	}
	if (longest)
		kt_report_headline(report,
			"%zu tables were read in kernel memory: %lld objects; the longest chain "
			"has %lld, in the table '%s'.",
			snap->hash_chains.count, (long long)nr_objects, (long long)longest->longest,
			longest->name);
}

/* The kernel's counter and the table differ by objects that have no name or are being freed. */
static void note_counter(struct kt_report *report, const struct kt_snapshot *snap, const char *name,
	const char *objects, const char *others)
{
	const struct kt_hash_chains *chains = kt_hash_chains_find(snap, name);
	int64_t counted = kt_hash_in_use(snap, name);

	if (chains && counted >= 0 && chains->nr_torn < chains->nr_buckets)
		kt_report_note(report,
			"%s: %lld objects are in the table, the kernel counts %lld %s; %s", name,
			(long long)chains->nr_objects, (long long)counted, objects, others);
}

static void note_chains(struct kt_report *report, const struct kt_snapshot *snap)
{
	int64_t nr_torn = 0;

	note_counter(report, snap, "Dentry cache", "dentries",
		"pipes, sockets and removed files are not in it");
	note_counter(report, snap, "Inode-cache", "inodes",
		"file systems in memory do not put theirs into it");
	for (size_t i = 0; i < snap->hash_chains.count; i++)
		nr_torn += snap->hash_chains.items[i].nr_torn;
	if (nr_torn)
		kt_report_warn(report,
			kt_arena_printf(&report->arena,
				"%lld entries changed each time they were read, or could not be "
				"read: their objects are not counted",
				(long long)nr_torn));
}

static void put_notes(struct kt_report *report, const struct kt_snapshot *snap)
{
	bool any_large = false;
	struct kt_table *table = report->tables.count ? report->tables.items[0] : NULL;

	for (size_t i = 0; table && i < table->rows.count; i++)
		any_large |= table->rows.items[i].mark != NULL;
	if (any_large)
		kt_report_note(report,
			"large: one table takes more than 0.2 %% of memory, more than "
			"all tables together on most machines; look for its parameter "
			"on the kernel command line");
	if (snap->sockets.tcp >= 0)
		kt_report_note(report,
			"IN USE of TCP and UDP: sockets of this network namespace only; "
			"LOAD is objects for each entry, a table is made for about 1");
	note_chains(report, snap);
	if (snap->log_cut)
		kt_report_note(report, "the kernel log lost its beginning: tables may be missing");
}

static const struct kt_part tables_part = {
	.key = "tables",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/hash/1",
	.parts = KT_PARTS(&kt_host_part, &tables_part),
};

#define FILES                                                                                      \
	&kt_source_host, &kt_source_meta, &kt_source_zoneinfo, &kt_source_kmsg, &kt_source_dcache, \
		&kt_source_sockstat, &kt_source_boot_log

static const struct kt_needs needs = { .only = KT_SOURCES(FILES) };
static const struct kt_needs needs_of_chains = { .only = KT_SOURCES(
							 FILES, &kt_source_hash_chains) };

struct hash_args {
	bool exact;
};

/* The log alone is worth a list, so chains that do not exist here are only a warning. */
static struct kt_err *check_chains(struct kt_report *report, const struct kt_machine *machine)
{
	const struct kt_source_state *state =
		kt_source_outcome(machine->snap, &kt_source_hash_chains);
	const char *why = kt_machine_why(machine, &kt_source_hash_chains);

	if (machine->snap->hash_chains.count && state && state->state == KT_OK)
		return NULL;
	if (state && state->state != KT_ABSENT)
		return kt_machine_blame(
			&machine->opts, kt_err_new(KT_ERR_ABSENT, "--exact: %s", why));
	kt_report_warn(
		report, kt_arena_printf(&report->arena, "--exact: no chains are shown: %s", why));
	return NULL;
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct hash_args *args = kt_call_own(call);
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_machine_read(&call->machine, &machine, 0, args->exact ? &needs_of_chains : &needs);
	if (!err && args->exact)
		err = check_chains(report, &machine);
	if (err)
		return err;
	if (!machine.snap->hashes.count && !machine.snap->hash_chains.count)
		return kt_machine_blame(&call->machine,
			kt_err_new(KT_ERR_ABSENT,
				"no kernel log with hash tables: it must begin at the "
				"boot, and reading it needs root"));
	kt_machine_describe(&machine, report);
	put_headline(report, machine.snap);
	headline_chains(report, machine.snap);
	err = put_hashes(report, machine.snap);
	if (!err)
		put_notes(report, machine.snap);
	return err;
}

static const struct kt_option options[] = {
	{ 0, "exact", NULL, "also count the objects in each chain", .kind = KT_ARG_FLAG,
		KT_AT(struct hash_args, exact) },
};

static const struct kt_example examples[] = {
	{ "ktally hash", "the tables, the largest first" },
	{ "ktally hash -a", "with the place that their memory was taken from" },
	{ "ktally hash --exact", "how full the tables are, and their longest chains" },
};

const struct kt_cmd kt_cmd_hash = {
	.name = "hash",
	.summary = "hash tables made at boot; how to resize them",
	.help = "Lists the hash tables that the kernel made while it booted, from its log: "
		"entries, size, share of memory, and the boot parameter that resizes the "
		"table. Where a counter has the number of objects in a table, it is shown.\n\n"
		"The size of a table follows memory, not load. On a small machine with few "
		"files the tables are worth a look. On a large machine, a table with many "
		"objects for an entry (LOAD) makes lookups slow.\n\n"
		"A table that takes more than 0.2 % of memory is called large. -a adds where "
		"the memory was taken from: 'reserved at boot' is outside MemTotal.\n\n"
		"--exact follows the chains of each table in kernel memory, through /proc/kcore "
		"or a BPF program that only reads: CHAINED objects, the share of EMPTY entries, "
		"the LONGEST chain, and with -a the MEAN of the chains that are not empty. It "
		"needs a kernel that names its variables (CONFIG_KALLSYMS_ALL). A line of the "
		"log may stand for several tables, such as the tables of UDP by port and by "
		"address; the further ones have rows without a size. So have tables that the log "
		"does not mention: timers of POSIX, users, their limits in user namespaces "
		"(ucounts), sets of cgroups (css_set), connections of the packet filter in both "
		"directions (conntrack), neighbours of IPv4 and IPv6, sockets of netlink. A pid "
		"has no hash table since 4.15; other tables of modules and other ones that grow "
		"(rhashtable) are not read.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.whole = true,
	.web = KT_WEB_LISTS,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct hash_args),
	.shape = &shape,
	.run = run,
};
