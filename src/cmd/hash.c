// SPDX-License-Identifier: GPL-2.0-or-later
//
// The hash tables that the kernel makes while it boots, from its log: they are as large as
// the machine's memory suggests, not as what runs on it needs.

#include "analysis/hash.h"
#include "cmd/cmd.h"
#include "cmd/session.h"
#include "output/output.h"

#include <string.h>

/*
 * Over 244 boot logs all tables together take 0.19 % of memory as a median, 0.03 % on machines
 * of a TiB. One table with more than that was asked for, or the machine is small or old.
 */
#define LARGE_SHARE  0.002
#define ADVICE_SHARE 0.001 /* smaller ones are not worth a reboot */
#define EMPTY_LOAD   0.125

enum {
	COL_NAME,
	COL_ENTRIES,
	COL_BYTES,
	COL_SHARE,
	COL_USED,
	COL_LOAD,
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
		.metric = "ktally_hash_table_bytes",
		.help = "Hash tables made while the kernel booted." },
	[COL_SHARE] = { .key = "share",
		.title = "SHARE",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SUM },
	[COL_USED] = { .key = "in_use",
		.title = "IN USE",
		.type = KT_CELL_COUNT,
		.metric = "ktally_hash_table_objects",
		.help = "Objects in a hash table, where a counter tells." },
	[COL_LOAD] = { .key = "load",
		.title = "LOAD",
		.type = KT_CELL_REAL,
		.num = COL_USED,
		.den = COL_ENTRIES },
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

/* What would be enough, for a table of some size that is nearly empty. */
static void advise(
	struct kt_report *report, const struct kt_hash *hash, int64_t in_use, double share)
{
	int64_t enough = kt_hash_enough(in_use);
	double saved = (double)hash->size_bytes;
	char text[24];

	/* counters of sockets are of one namespace, and say nothing about others */
	if (in_use < 0 || !kt_hash_is_whole(hash->name) || share < ADVICE_SHARE ||
		enough >= hash->entries || (double)in_use > (double)hash->entries * EMPTY_LOAD)
		return;
	saved *= 1 - (double)enough / (double)hash->entries;
	kt_human_bytes((int64_t)saved, text);
	kt_report_note(report,
		"%s: %lld entries for %lld objects now; if it is never more, %s%lld saves %s",
		hash->name, (long long)hash->entries, (long long)in_use,
		kt_hash_parameter(hash->name), (long long)enough, text);
}

static void put_hashes(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table = kt_report_list(report, "tables", NULL, columns, KT_LEN(columns));
	int64_t memory = kt_snapshot_memory(snap);

	for (size_t i = 0; table && i < snap->hashes.count; i++) {
		const struct kt_hash *hash = &snap->hashes.items[i];
		struct kt_report_row *row = kt_table_row(report, table);
		int64_t in_use = kt_hash_in_use(snap, hash->name);
		double share = 0;

		if (!row)
			return;
		row->cells[COL_NAME] = kt_report_text(report, hash->name);
		row->cells[COL_ENTRIES] = kt_cell_number(hash->entries);
		row->cells[COL_BYTES] = kt_cell_number(hash->size_bytes);
		row->cells[COL_PLACE] = kt_cell_text(place_of(hash));
		row->cells[COL_PARAMETER] = kt_cell_text(kt_hash_parameter(hash->name));
		if (hash->entries > 0)
			row->cells[COL_PER_ENTRY] =
				kt_cell_number(hash->size_bytes / hash->entries);
		if (in_use >= 0)
			row->cells[COL_USED] = kt_cell_number(in_use);
		if (!memory)
			continue;
		share = (double)hash->size_bytes / (double)memory;
		row->cells[COL_SHARE] = kt_cell_real(share);
		row->cells[COL_LARGE] = kt_cell_number(share > LARGE_SHARE);
		row->mark = share > LARGE_SHARE ? "large" : NULL;
		advise(report, hash, in_use, share);
	}
}

static void put_headline(struct kt_report *report, const struct kt_snapshot *snap)
{
	int64_t memory = kt_snapshot_memory(snap);
	char size[24];
	int64_t sum = 0;

	for (size_t i = 0; i < snap->hashes.count; i++)
		sum += snap->hashes.items[i].size_bytes; /* at most 256 tables of 1 PiB */
	kt_human_bytes(sum, size);
	if (memory)
		kt_report_headline(report,
			"%zu hash tables take %s, %.2f %% of memory; half of all machines have "
			"less "
			"than 0.19 %%.",
			snap->hashes.count, size, (double)sum / (double)memory * 100);
	else
		kt_report_headline(report, "%zu hash tables take %s.", snap->hashes.count, size);
}

static void put_notes(struct kt_report *report, const struct kt_snapshot *snap)
{
	bool any_large = false;
	struct kt_table *table = report->tables.count ? report->tables.items[0] : NULL;

	for (size_t i = 0; table && i < table->rows.count; i++)
		any_large |= table->rows.items[i].mark != NULL;
	if (any_large)
		kt_report_note(report,
			"large: one table takes more than 0.2 %% of memory, more than all take "
			"together on most machines; look for its parameter on the kernel command "
			"line");
	if (snap->sockets.tcp >= 0)
		kt_report_note(report,
			"IN USE of TCP and UDP: sockets of this network namespace only; LOAD is "
			"objects for an entry, about 1 is what a table is made for");
	if (snap->log_cut)
		kt_report_note(
			report, "the kernel log has lost its beginning: tables may be missing");
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_err *err;

	kt_report_init(report, "ktally/hash/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(
			&session, options, 0, "host meta zoneinfo kmsg dcache sockstat");
	if (err)
		return err;
	if (!session.snap->hashes.count)
		return kt_session_blame(options,
			kt_err_new(KT_ERR_ABSENT,
				"no kernel log that tells of hash tables: it is needed from the "
				"boot on, and takes root to read"));
	kt_session_describe(&session, options, report);
	put_headline(report, session.snap);
	put_hashes(report, session.snap);
	put_notes(report, session.snap);
	return NULL;
}

const struct kt_cmd kt_cmd_hash = {
	.name = "hash",
	.summary = "hash tables made at boot, and what resizes them",
	.help = "Lists the hash tables that the kernel made while it booted, from its log: "
		"entries, size, share of memory, objects in them where a counter tells, and "
		"the boot parameter that resizes the table.\n\n"
		"Their size follows memory, not what runs: on a small machine with few files "
		"they are worth a look, on a large one a table of many objects for an entry "
		"(LOAD) makes lookups slow.\n\n"
		"A table that takes more than 0.2 % of memory is called large. -a adds where "
		"the memory was taken from: 'reserved at boot' is outside MemTotal.",
	.whole = true,
	.run = run,
};
