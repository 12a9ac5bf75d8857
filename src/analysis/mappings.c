// SPDX-License-Identifier: GPL-2.0-or-later
//
// Answers three questions about each file in the same way: every mapping becomes a piece, a range
// of items on a line. Where pieces of one file overlap, an item exists more than once.
//
// ENTRIES: a piece is the range of the file's pages that a mapping shows, and an item is a page. A
// page-table entry for a page that already has an entry is repeated.
//
// SHARED: two processes could share a page of entries if it maps only the same part of the same
// file with the same rights (hugetlbfs does so; shared page tables and mshare were proposals). This
// requires a mapping that covers a complete span of addresses (2 MiB with pages of 4 KiB), aligned
// to it. Writable private mappings get their own entries and are left out. A piece is the range of
// complete spans. Spans that begin at different offsets within the file's spans cannot be shared,
// so this offset is part of the class. Of m overlapping pieces, m - 1 could be saved.
//
// ALIGNED: the same, if every process had mapped the file at an address that fits the spans of the
// file; then only the rights form the class.
//
// Tables exist only for touched pages, and a process has no more tables than its total (VmPTE). An
// untouched mapping of a terabyte costs nothing, and files in huge pages almost nothing. So each
// process counts at most with its total.

#include "analysis/mappings.h"
#include "analysis/tasks.h"

#include <stdlib.h>

#define ENTRY_BYTES 8

enum question { ENTRIES, SHARED, ALIGNED, NR_QUESTIONS };

struct piece {
	uint32_t file, class;
	uint64_t start, end;
};

/* Totals of one file, and upper bounds by the VmPTE of its processes. */
struct tally {
	int64_t repeated[NR_QUESTIONS];	 /* items */
	int64_t all_bytes[NR_QUESTIONS]; /* bytes of tables, if all pages were touched */
	int64_t most_bytes[NR_QUESTIONS], largest_bytes[NR_QUESTIONS];
	int64_t nr_processes, mapped_bytes;
};

struct owner {
	int64_t pid, tables_bytes;
};

static unsigned rights_of(const struct kt_mapping *mapping)
{
	return mapping->shared << 2 | mapping->write << 1 | mapping->exec;
}

/* Makes a piece of a mapping; false if the mapping is irrelevant for the question. */
static bool piece_of(const struct kt_mapping *mapping, enum question question, int64_t page_bytes,
	struct piece *ret_piece)
{
	uint64_t page = (uint64_t)page_bytes, span = (uint64_t)kt_table_span(page_bytes);
	uint64_t size = mapping->end - mapping->start, at = mapping->offset, skip;

	*ret_piece = (struct piece){ .file = mapping->file };
	if (question == ENTRIES) {
		ret_piece->start = at / page;
		ret_piece->end = at / page + (size + page - 1) / page;
		return true;
	}
	if (mapping->write && !mapping->shared)
		return false;
	skip = question == SHARED ? -mapping->start % span : -at % span;
	if (skip >= size)
		return false;
	ret_piece->class = rights_of(mapping);
	if (question == SHARED)
		ret_piece->class |= (uint32_t)((at + skip) % span / page) << 3;
	ret_piece->start = (at + skip) / span;
	ret_piece->end = ret_piece->start + (size - skip) / span;
	return ret_piece->end > ret_piece->start;
}

static int64_t thing_bytes(enum question question, int64_t page_bytes)
{
	return question == ENTRIES ? ENTRY_BYTES : page_bytes;
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_place(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	int order = compare(x->file, y->file);

	if (!order)
		order = compare(x->class, y->class);
	return order ? order : compare(x->start, y->start);
}

/* Counts the items that overlap an earlier piece. */
static void count_repeated(
	const struct piece *pieces, size_t count, enum question question, struct tally *tallies)
{
	uint64_t end = 0;

	for (size_t i = 0; i < count; i++) {
		const struct piece *piece = &pieces[i];

		if (!i || piece->file != piece[-1].file || piece->class != piece[-1].class)
			end = 0;
		if (end > piece->start)
			tallies[piece->file].repeated[question] +=
				(int64_t)((end < piece->end ? end : piece->end) - piece->start);
		end = end > piece->end ? end : piece->end;
	}
}

/* ---- upper bounds per process ---- */

static int by_pid(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int by_file_and_pid(const void *a, const void *b)
{
	const struct kt_mapping *x = *(const struct kt_mapping *const *)a;
	const struct kt_mapping *y = *(const struct kt_mapping *const *)b;
	int order = compare(x->file, y->file);

	return order ? order : compare(x->pid, y->pid);
}

static int64_t tables_of(const struct owner *owners, size_t count, uint32_t pid)
{
	struct owner key = { .pid = pid };
	const struct owner *owner = bsearch(&key, owners, count, sizeof(*owners), by_pid);

	return owner && owner->tables_bytes >= 0 ? owner->tables_bytes : INT64_MAX;
}

/* Counts the mappings of one file by one process. */
static void count_process(const struct kt_mapping *const *mappings, size_t count,
	int64_t page_bytes, int64_t tables_bytes, struct tally *tally)
{
	int64_t bytes[NR_QUESTIONS] = { 0 };
	struct piece piece;

	for (size_t i = 0; i < count; i++) {
		kt_add_known(
			&tally->mapped_bytes, (int64_t)(mappings[i]->end - mappings[i]->start));
		for (enum question q = 0; q < NR_QUESTIONS; q++) {
			if (piece_of(mappings[i], q, page_bytes, &piece))
				bytes[q] += (int64_t)(piece.end - piece.start) *
					    thing_bytes(q, page_bytes);
		}
	}
	for (enum question q = 0; q < NR_QUESTIONS; q++) {
		int64_t most = bytes[q] < tables_bytes ? bytes[q] : tables_bytes;

		tally->all_bytes[q] += bytes[q];
		tally->most_bytes[q] += most;
		if (most > tally->largest_bytes[q])
			tally->largest_bytes[q] = most;
	}
	tally->nr_processes++;
}

static bool count_processes(struct kt_arena *arena, const struct kt_snapshot *snap,
	int64_t page_bytes, struct tally *tallies)
{
	size_t count = snap->mappings.count, nr_owners = snap->tasks.count, first = 0;
	const struct kt_mapping **order = kt_arena_alloc(arena, (count + 1) * sizeof(const void *));
	struct owner *owners = kt_arena_alloc(arena, (nr_owners + 1) * sizeof(*owners));

	if (!order || !owners)
		return false;
	for (size_t i = 0; i < nr_owners; i++)
		owners[i] = (struct owner){ snap->tasks.items[i].pid,
			snap->tasks.items[i].bytes[KT_TASK_TABLES] };
	for (size_t i = 0; i < count; i++)
		order[i] = &snap->mappings.items[i];
	qsort(owners, nr_owners, sizeof(*owners), by_pid);
	qsort(order, count, sizeof(const void *), by_file_and_pid);
	for (size_t i = 1; i <= count; i++) {
		if (i < count && by_file_and_pid(&order[i - 1], &order[i]) == 0)
			continue;
		count_process(&order[first], i - first, page_bytes,
			tables_of(owners, nr_owners, order[first]->pid),
			&tallies[order[first]->file]);
		first = i;
	}
	return true;
}

/* ---- answers ---- */

/*
 * Bytes of repeated tables. If a process cannot have tables for all its mappings, the tables of the
 * largest owner count as the originals: the repeated tables are at most the sum without it.
 */
static int64_t repeated_bytes(const struct tally *tally, enum question question, int64_t page_bytes)
{
	int64_t bytes = tally->repeated[question] * thing_bytes(question, page_bytes);
	int64_t most = tally->most_bytes[question] - tally->largest_bytes[question];

	if (tally->most_bytes[question] == tally->all_bytes[question])
		return bytes;
	return bytes < most ? bytes : most;
}

static bool put_files(struct kt_arena *arena, const struct kt_snapshot *snap,
	const struct tally *tallies, int64_t page_bytes, kt_file_tables *ret_files)
{
	for (size_t i = 0; i < snap->mapped_files.count; i++) {
		const struct tally *tally = &tallies[i];
		struct kt_file_tables *file;

		if (!tally->nr_processes)
			continue;
		file = kt_list_push(arena, ret_files);
		if (!file)
			return false;
		*file = (struct kt_file_tables){
			.file = &snap->mapped_files.items[i],
			.nr_processes = tally->nr_processes,
			.mapped_bytes = tally->mapped_bytes,
			.entry_bytes = tally->most_bytes[ENTRIES],
			.repeated_bytes = repeated_bytes(tally, ENTRIES, page_bytes),
			.shared_saves_bytes = repeated_bytes(tally, SHARED, page_bytes),
			.aligned_saves_bytes = repeated_bytes(tally, ALIGNED, page_bytes),
		};
	}
	return true;
}

bool kt_file_tables_make(struct kt_arena *arena, const struct kt_snapshot *snap, int64_t page_bytes,
	kt_file_tables *ret_files)
{
	size_t count = snap->mappings.count, nr_pieces;
	struct piece *pieces = kt_arena_alloc(arena, (count + 1) * sizeof(*pieces));
	struct tally *tallies =
		kt_arena_alloc(arena, (snap->mapped_files.count + 1) * sizeof(*tallies));

	if (!pieces || !tallies)
		return false;
	for (enum question q = 0; q < NR_QUESTIONS; q++) {
		nr_pieces = 0;
		for (size_t i = 0; i < count; i++)
			nr_pieces += piece_of(
				&snap->mappings.items[i], q, page_bytes, &pieces[nr_pieces]);
		qsort(pieces, nr_pieces, sizeof(*pieces), by_place);
		count_repeated(pieces, nr_pieces, q, tallies);
	}
	return count_processes(arena, snap, page_bytes, tallies) &&
	       put_files(arena, snap, tallies, page_bytes, ret_files);
}
