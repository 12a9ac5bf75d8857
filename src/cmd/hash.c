// SPDX-License-Identifier: GPL-2.0-or-later
//
// The hash tables that the kernel makes while it boots, from its log: they are as large as
// the machine's memory suggests, not as what runs on it needs.

#include "cmd/cmd.h"
#include "cmd/session.h"

#include <string.h>

#define LARGE_SHARE 0.002 /* of memory, one table: the median of all tables together is 0.19 % */

enum { COL_NAME, COL_ENTRIES, COL_BYTES, COL_SHARE, COL_PLACE, COL_PARAMETER };

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
		.title = "OF MEMORY",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SUM },
	[COL_PLACE] = { .key = "place", .title = "TAKEN FROM" },
	[COL_PARAMETER] = { .key = "parameter", .title = "BOOT PARAMETER" },
};

/* Documentation/admin-guide/kernel-parameters.txt */
static const char *parameter_of(const char *name)
{
	static const struct {
		const char *name, *parameter;
	} known[] = {
		{ "Dentry cache", "dhash_entries=" },
		{ "Inode-cache", "ihash_entries=" },
		{ "Mount-cache", "mhash_entries=" },
		{ "Mountpoint-cache", "mphash_entries=" },
		{ "TCP established", "thash_entries=" },
		{ "UDP", "uhash_entries=" },
	};

	for (size_t i = 0; i < KT_LEN(known); i++) {
		if (strcmp(known[i].name, name) == 0)
			return known[i].parameter;
	}
	return NULL;
}

static const char *place_of(const struct kt_hash *hash)
{
	switch (hash->place) {
	case KT_HASH_RESERVED: return "reserved at boot";
	case KT_HASH_VMALLOC: return "vmalloc";
	case KT_HASH_DIRECT: return "page allocator";
	}
	return NULL;
}

static void put_hashes(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table = kt_report_list(report, "tables", NULL, columns, KT_LEN(columns));
	struct kt_val present = kt_snapshot_get(snap, KT_PRESENT, KT_NO_NODE);

	for (size_t i = 0; table && i < snap->hashes.count; i++) {
		const struct kt_hash *hash = &snap->hashes.items[i];
		struct kt_report_row *row = kt_table_row(report, table);
		double share = 0;

		if (!row)
			return;
		row->cells[COL_NAME] = kt_report_text(report, hash->name);
		row->cells[COL_ENTRIES] = kt_cell_number(hash->entries);
		row->cells[COL_BYTES] = kt_cell_number(hash->size_bytes);
		row->cells[COL_PLACE] = kt_cell_text(place_of(hash));
		row->cells[COL_PARAMETER] = kt_cell_text(parameter_of(hash->name));
		if (!kt_ok(present) || !present.value)
			continue;
		share = (double)hash->size_bytes / (double)present.value;
		row->cells[COL_SHARE] = kt_cell_real(share);
		row->mark = share > LARGE_SHARE ? "large for this machine" : NULL;
	}
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_err *err;

	kt_report_init(report, "ktally/hash/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(&session, options, 0, "host meta zoneinfo kmsg");
	if (err)
		return err;
	if (!session.snap->hashes.count)
		return kt_session_blame(options,
			kt_err_new(KT_ERR_ABSENT,
				"no kernel log that tells of hash tables: it is needed from the "
				"boot on, and takes root to read"));
	kt_session_describe(&session, options, report);
	put_hashes(report, session.snap);
	return NULL;
}

const struct kt_cmd kt_cmd_hash = {
	.name = "hash",
	.summary = "hash tables made at boot, and what resizes them",
	.help = "Lists the hash tables that the kernel made while it booted, from its log: "
		"entries, "
		"size, share of memory, where the memory was taken from, and the boot parameter "
		"that resizes the table.",
	.run = run,
};
