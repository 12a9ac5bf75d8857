// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/simulate/kept_file.h"

#include "base/open.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { R_PHASE, R_CACHE, R_REAL, R_SIMULATED, R_OFF };

static const struct kt_column real_columns[] = {
	[R_PHASE] = { .key = "phase", .title = "PHASE", .flags = KT_COL_KEY | KT_COL_SET },
	[R_CACHE] = { .key = "cache", .title = "CACHE", .flags = KT_COL_KEY | KT_COL_SET },
	[R_REAL] = { .key = "real_pages",
		.title = "REAL",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET | KT_COL_RANK,
		.help = "Pages of its slabs by /proc/slabinfo when the phase ended." },
	[R_SIMULATED] = { .key = "simulated_pages",
		.title = "SIMULATED",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "Pages that the model of the kernel's own allocator holds." },
	[R_OFF] = { .key = "off_share",
		.title = "OFF",
		.type = KT_CELL_SHARE,
		.help = "SIMULATED less REAL, as a share of REAL; null: REAL is 0." },
};

const struct kt_part kt_kept_part_real = {
	.key = "real",
	.kind = KT_PART_PLAIN_LIST,
	KT_COLUMNS_OF(real_columns),
	.optional = KT_ANY_FORM,
	.help = "Caches of the traced kernel against its model; only for a file of ktally trace.",
};

/* ---- the file ---- */

static bool read_at(void *arg, uint64_t at, void *to, size_t size)
{
	const struct kt_kept_file *file = arg;

	for (size_t done = 0; done < size;) {
		ssize_t n = pread(file->fd, (char *)to + done, size - done, (off_t)(at + done));

		if (n <= 0 && (n == 0 || errno != EINTR))
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

struct kt_err *kt_kept_file_open(const char *path, struct kt_kept_file *ret_file)
{
	char magic[sizeof(KT_EVENTS_MAGIC) - 1];
	struct stat stat;

	*ret_file = (struct kt_kept_file){ .fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE,
						   O_RDONLY | O_CLOEXEC) };
	if (ret_file->fd < 0 && errno == KT_OPEN_OTHER)
		return kt_err_new(KT_ERR_REFUSED, "%s: not a file; a trace is read twice", path);
	if (ret_file->fd < 0 || fstat(ret_file->fd, &stat) < 0)
		return kt_err_os(errno, "%s", path);
	if (!read_at(ret_file, 0, magic, sizeof(magic)) || !kt_sim_is_kept(magic, sizeof(magic)))
		return NULL;
	return kt_sim_kept_open(read_at, ret_file, (uint64_t)stat.st_size, &ret_file->kept);
}

void kt_kept_file_close(struct kt_kept_file *file)
{
	kt_sim_kept_free(file->kept);
	if (file->fd >= 0)
		close(file->fd);
	*file = KT_KEPT_FILE_NONE;
}

/* ---- the report ---- */

const char *kt_kept_own_model(const struct kt_sim_kept *kept)
{
	return kt_sim_kept_facts(kept)->head.flags & KT_EVENTS_SHEAVES ? "sheaves" : "slub";
}

static void put_cache(struct kt_report *report, struct kt_table *table, const char *phase,
	const struct kt_sim_cache *cache, uint32_t slabs, uint64_t pages)
{
	uint64_t real = (uint64_t)slabs * cache->pages_per_slab;
	struct kt_report_row *row;

	if (slabs == KT_EVENTS_UNKNOWN || (!real && !pages))
		return;
	row = kt_table_row(report, table);
	if (!row)
		return;
	row->cells[R_PHASE] = kt_report_text(report, phase);
	row->cells[R_CACHE] = kt_report_text(report, cache->name);
	row->cells[R_REAL] = kt_cell_number((int64_t)real);
	row->cells[R_SIMULATED] = kt_cell_number((int64_t)pages);
	row->cells[R_OFF] = real ? kt_cell_real(((double)pages - (double)real) / (double)real)
				 : kt_cell_missing(KT_ABSENT, "the kernel has no slab of it");
}

void kt_kept_put_real(struct kt_report *report, struct kt_sim_kept *kept,
	const struct kt_sim_result *result, int own)
{
	struct kt_sim_stream stream = kt_sim_kept_stream(kept);
	struct kt_table *table;

	if (own < 0 || kt_sim_kept_facts(kept)->head.one_in > 1)
		return;
	table = kt_report_list(report, "real", "The kernel, and its own model", real_columns,
		KT_LEN(real_columns));
	if (!table)
		return;
	table->plain = true;
	for (size_t i = 0; i < result->ends.count; i++) {
		const struct kt_sim_end *end = &result->ends.items[i];
		const uint32_t *real = kt_sim_kept_real(kept, i);
		const uint64_t *pages = end->figures[own].cache_pages;

		for (size_t k = 0; real && pages && end->phase && k < stream.nr_caches; k++)
			put_cache(report, table, end->phase, &stream.caches[k], real[k], pages[k]);
	}
}

static void note_count(struct kt_report *report, uint64_t count, const char *what)
{
	if (count)
		kt_report_note(report, "%llu %s", (unsigned long long)count, what);
}

void kt_kept_note(struct kt_report *report, const struct kt_sim_kept *kept)
{
	const struct kt_sim_kept_facts *facts = kt_sim_kept_facts(kept);

	kt_report_note(report, "traced on Linux %s for %.1f s, ended by %s", facts->head.release,
		(double)facts->end.lasted_ms / 1000, facts->why);
	if (!(facts->head.flags & KT_EVENTS_START) && facts->head.one_in <= 1)
		kt_report_note(report,
			"kernel memory could not be read when the trace began: slabs of before are "
			"not in the figures");
	if (facts->head.one_in > 1)
		kt_report_note(report,
			"1 object in %u was kept: figures are of these objects, not of the kernel",
			facts->head.one_in);
	if (facts->head.nr_nodes > 1)
		kt_report_note(report, "the machine has %u NUMA nodes, the models have one",
			facts->head.nr_nodes);
	note_count(report, facts->end.nr_nested,
		"events, at most, came while both programs of their kind ran on their CPU, and are "
		"missing");
	note_count(report, facts->end.nr_foreign,
		"events are of memory outside slab caches, such as large objects of kmalloc()");
	note_count(report, facts->end.nr_moving,
		"events happened while the start was read, which may have them or not");
	note_count(report, facts->end.nr_unread,
		"slabs or lists of the start moved meanwhile, or could not be read");
	if (facts->unwatched[0])
		kt_report_note(report, "not watched: %s", facts->unwatched);
}
