// SPDX-License-Identifier: GPL-2.0-or-later
//
// Names of the kernel in the protocol of Netdata's plugins, and Netdata's requests. The data is
// split at NUL bytes: the first piece is a request, the others are names of slab caches, of
// which a second report has every other one.

#include "cmd/monitor/metrics.h"
#include "cmd/monitor/netdata_charts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct kt_column columns[] = {
	{ .key = "name", .flags = KT_COL_KEY | KT_COL_LABEL },
	{ .key = "bytes", .type = KT_CELL_BYTES, .flags = KT_COL_SUM | KT_COL_RANK },
};

/* Words and quoted texts of printable ASCII, each line one that the protocol has. */
static void check(const struct kt_buf *text)
{
	static const char *const starts[] = { "CHART mem.", "DIMENSION '", "BEGIN mem.", "SET '",
		"END" };
	struct kt_span rest = { text->data, text->size }, line;

	while (text->size && kt_span_line(&rest, &line)) {
		size_t quotes = 0, known = 0;

		for (size_t i = 0; i < line.n; i++) {
			if ((unsigned char)line.p[i] < 0x20 || (unsigned char)line.p[i] > 0x7e)
				abort();
			quotes += line.p[i] == '\'';
		}
		for (size_t i = 0; i < KT_LEN(starts); i++)
			known += kt_span_starts(line, starts[i]);
		if (quotes % 2 || known != 1)
			abort();
	}
}

static void tell(struct kt_netdata *netdata, char *const *names, size_t count, size_t step)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_table *table;

	kt_report_init(&report, "fuzz");
	table = kt_report_list(&report, KT_METRICS_CACHES, NULL, columns, KT_LEN(columns));
	for (size_t i = 0; table && i < count; i += step) {
		struct kt_report_row *row = kt_table_row(&report, table);

		row->cells[0] = kt_cell_text(names[i]);
		row->cells[1] = kt_cell_number((int64_t)i << 20);
	}
	kt_netdata_put(netdata, &report, 1000000, &text);
	check(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_netdata *netdata = kt_netdata_new(1);
	char *names[NAMES_MAX], *words = malloc(size + 1);
	struct kt_span transaction, function;
	size_t count = 0, at;

	if (!words || !netdata)
		abort();
	if (size)
		memcpy(words, data, size);
	words[size] = '\0';
	if (kt_netdata_request(kt_span_str(words), &transaction, &function) &&
		(!transaction.n || !function.n))
		abort();
	for (at = strlen(words) + 1; at < size && count < NAMES_MAX; at += strlen(words + at) + 1)
		names[count++] = words + at;
	tell(netdata, names, count, 1);
	tell(netdata, names, count, 2);
	tell(netdata, names, count, 1);
	kt_netdata_free(netdata);
	free(words);
	return 0;
}
