// SPDX-License-Identifier: GPL-2.0-or-later
//
// numastat -m: the meminfo of each node, in MiB with two decimals, a column a node. Its column
// "Total" is computed. Numbers of huge pages are turned into MiB, of one size or of all sizes by
// its version, so they are not read.

#include "source/counters/keyed.h"
#include "source/source.h"
#include "source/tools/tool.h"

#define COLUMNS_MAX 64
#define NODES_MAX   1024
#define MIB	    (1ll << 20)
#define NOT_A_NODE  (-2)

/* "Node 0   Node 1   Total": the node of each column. */
static size_t take_header(struct kt_span line, int nodes[COLUMNS_MAX])
{
	struct kt_span word;
	size_t count = 0;

	while (count < COLUMNS_MAX && kt_span_word(&line, &word)) {
		uint64_t node;

		if (kt_span_eq(word, "Total"))
			nodes[count++] = NOT_A_NODE;
		else if (!kt_span_eq(word, "Node") || !kt_span_word(&line, &word) ||
			 !kt_span_u64(word, &node) || node >= NODES_MAX)
			return 0;
		else
			nodes[count++] = (int)node;
	}
	return kt_span_word(&line, &word) ? 0 : count;
}

/* Reads as many numbers as there are columns; false: the line has more or less. */
static bool take_numbers(struct kt_span line, size_t count, struct kt_amount amounts[COLUMNS_MAX])
{
	struct kt_span word;

	for (size_t i = 0; i < count; i++) {
		if (!kt_span_word(&line, &word) || !kt_amount_of(word, MIB, &amounts[i]))
			return false;
		if (!amounts[i].error) /* -c prints no decimals */
			amounts[i].error = MIB / 2;
	}
	return !kt_span_word(&line, &word);
}

/* The column "Total" is the sum of the nodes: where all are in one line, a damaged number shows. */
static bool adds_up(size_t count, const int nodes[], const struct kt_amount amounts[])
{
	int64_t sum = 0, error = 0;

	if (nodes[0] != 0 || nodes[count - 1] != NOT_A_NODE)
		return true;
	for (size_t i = 0; i + 1 < count; i++) {
		sum += amounts[i].bytes;
		error += amounts[i].error;
	}
	sum -= amounts[count - 1].bytes;
	error += amounts[count - 1].error;
	return sum <= error && sum >= -error;
}

struct kt_err *kt_read_numastat(struct kt_reading *reading)
{
	struct kt_span rest = reading->text, line, name;
	struct kt_amount amounts[COLUMNS_MAX];
	int nodes[COLUMNS_MAX];
	size_t count = 0, hint = 0, nr_bad = 0, nr_good = 0;

	while (kt_span_line(&rest, &line)) {
		const struct kt_key *key;
		struct kt_span numbers = line;

		if (kt_span_starts(kt_span_trim(line), "Node ")) {
			count = take_header(line, nodes);
			continue;
		}
		if (!count || !kt_span_word(&numbers, &name) || kt_span_starts(name, "-"))
			continue;
		key = kt_keyed_find(&kt_meminfo_keys, name, &hint);
		if (!key || key->metric == KT_METRIC_NONE || key->unit != KT_KB)
			continue;
		if ((reading->cut && !rest.n) || !take_numbers(numbers, count, amounts) ||
			!adds_up(count, nodes, amounts)) {
			nr_bad++;
			continue;
		}
		for (size_t i = 0; i < count; i++) {
			if (nodes[i] != NOT_A_NODE)
				kt_tool_put(reading, key->metric, nodes[i], amounts[i], key->name);
		}
		nr_good++;
	}
	if (nr_bad && nr_good)
		kt_snapshot_note(reading->snap,
			"%s: %zu lines are cut or damaged, and are left out", reading->tool,
			nr_bad);
	return nr_good ? NULL : kt_tool_err(reading, "no line is whole: the table is damaged");
}
