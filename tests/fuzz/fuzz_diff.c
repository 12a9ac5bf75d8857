// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two machines held against each other. The data, split at NUL bytes, is texts; the first byte
// of each says which file of which machine the text is, or '=': both have it. What is said of
// the two closes on each side, names no row twice, and of one machine with itself nothing moved.

#include "fuzz_record.h"

#include "commands.h"
#include "record/draft.h"
#include "record/frame.h"
#include "record/sampler.h"

#include <sys/mman.h>
#include <unistd.h>

static const char *const paths[] = { "proc/meminfo", "proc/slabinfo", "proc/vmallocinfo",
	"proc/zoneinfo", "proc/iomem", "proc/vmstat" };
#define NR_PATHS KT_LEN(paths)

struct machine {
	struct kt_span texts[NR_PATHS]; /* p == NULL: there is no such file */
	int fd;
	char path[64];
};

static void put_machine(struct machine *machine)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_draft draft;

	fuzz_must(sampler != NULL, "out of memory");
	kt_draft_init(&draft);
	for (size_t i = 0; i < NR_PATHS; i++) {
		if (machine->texts[i].p)
			kt_sampler_text(sampler, &draft, paths[i], machine->texts[i]);
	}
	kt_draft_end_sample(&draft, 1700000000000, 1000);
	kt_draft_finish(&draft);
	fuzz_must(!kt_frame_write(&draft.block, 0, &bytes), "no recording");
	if (!machine->path[0]) {
		machine->fd = memfd_create("diff", MFD_CLOEXEC);
		snprintf(machine->path, sizeof(machine->path), "/proc/self/fd/%d", machine->fd);
	}
	if (ftruncate(machine->fd, 0) < 0 ||
		pwrite(machine->fd, bytes.data, bytes.size, 0) != (ssize_t)bytes.size)
		abort();
	kt_draft_fini(&draft);
	kt_sampler_free(sampler);
}

static void take(struct machine machines[2], const uint8_t *text, size_t size)
{
	struct kt_span rest = { (const char *)text + 1, size - 1 };
	bool both = text[0] == '=';
	unsigned which = both && rest.n ? (uint8_t)rest.p[0] : text[0];

	if (both && rest.n)
		rest = kt_span_from(rest, 1);
	for (unsigned i = 0; i < 2; i++) {
		if (both || i == which % 2)
			machines[i].texts[which / 2 % NR_PATHS] = rest;
	}
}

static bool same_machines(const struct machine machines[2])
{
	for (size_t i = 0; i < NR_PATHS; i++) {
		struct kt_span a = machines[0].texts[i], b = machines[1].texts[i];

		if (!a.p != !b.p || a.n != b.n || (a.n && memcmp(a.p, b.p, a.n) != 0))
			return false;
	}
	return true;
}

/* ---- the report ---- */

static size_t column(const struct kt_table *table, const char *key)
{
	for (size_t i = 0; i < table->nr_columns; i++) {
		if (strcmp(table->columns[i].key, key) == 0)
			return i;
	}
	fuzz_must(false, "a column is not there");
	return 0;
}

/* A row's numbers belong together. */
static void check_row(const struct kt_table *table, const struct kt_report_row *row, bool same)
{
	const struct kt_cell *before = &row->cells[column(table, "before")];
	const struct kt_cell *after = &row->cells[column(table, "after")];
	const struct kt_cell *change = &row->cells[column(table, "change")];

	if (change->state == KT_OK)
		fuzz_must(before->state == KT_OK && after->state == KT_OK &&
				  change->number == after->number - before->number,
			"a change is another than of its row");
	fuzz_must(!same || (before->state == after->state &&
				   (change->state != KT_OK || change->number == 0)),
		"something moved between a machine and itself");
}

static void check_names(const struct kt_table *table)
{
	size_t name = column(table, "name");

	for (size_t i = 0; i < table->rows.count && i < 64; i++) {
		for (size_t k = i + 1; k < table->rows.count && k < 64; k++)
			fuzz_must(strcmp(table->rows.items[i].cells[name].text,
					  table->rows.items[k].cells[name].text) != 0,
				"two rows have one name");
	}
}

static const struct kt_table *table_of(const struct kt_report *report, const char *key)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		if (strcmp(report->tables.items[i]->key, key) == 0)
			return report->tables.items[i];
	}
	return NULL;
}

/* The parts of a side are its memory, where both are known. */
static void check_total(const struct kt_report *report, const char *side)
{
	const struct kt_table *rows = table_of(report, "rows"),
			      *groups = table_of(report, "groups");
	int64_t sum = 0;

	if (!rows || !groups)
		return;
	for (size_t i = 0; i < rows->rows.count; i++) {
		const struct kt_cell *cell = &rows->rows.items[i].cells[column(rows, side)];

		if (cell->state == KT_OK && __builtin_add_overflow(sum, cell->number, &sum))
			return;
	}
	for (size_t i = 0; i < groups->rows.count; i++) {
		const struct kt_cell *cells = groups->rows.items[i].cells;
		const struct kt_cell *cell = &cells[column(groups, side)];

		if (strcmp(cells[column(groups, "name")].text, "ram") == 0 && cell->state == KT_OK)
			fuzz_must(cell->number == sum, "the rows of a side are not its memory");
	}
}

static void check(const struct kt_report *report, bool same)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		const struct kt_table *table = report->tables.items[i];

		for (size_t k = 0; k < table->rows.count; k++)
			check_row(table, &table->rows.items[k], same);
		check_names(table);
	}
	check_total(report, "before");
	check_total(report, "after");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct machine machines[2]; /* files of their own, made once */
	struct kt_call call = { .nr_operands = 2, .cmds = &kt_commands };
	struct kt_report report = { 0 };
	struct kt_err *err;

	for (size_t i = 0; i < 2; i++)
		memset(machines[i].texts, 0, sizeof(machines[i].texts));
	while (size) {
		const uint8_t *end = memchr(data, '\0', size);
		size_t n = end ? (size_t)(end - data) : size;

		if (n)
			take(machines, data, n);
		n += end != NULL;
		data += n;
		size -= n;
	}
	for (size_t i = 0; i < 2; i++) {
		put_machine(&machines[i]);
		call.operands[i] = machines[i].path;
	}
	err = kt_cmd_diff.run(&call, &report);
	if (!err)
		check(&report, same_machines(machines));
	kt_err_free(err);
	kt_report_cleanup(&report);
	return 0;
}
