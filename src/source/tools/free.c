// SPDX-License-Identifier: GPL-2.0-or-later
//
// free of procps and of busybox. Its columns have kept their names and changed their meaning:
//
// - "used" is computed, in three ways, and is not read.
// - "cached" is Cached in the versions that print "-/+ buffers/cache". From procps 3.3.10 (commit
//   6cb75efef85f) on there is "buff/cache", or with -w "buffers" and "cache", with slab in it: at
//   first all of slab, later reclaimable slab.
// - "shared" is Shmem. It is 0 as well where the kernel or procps does not know it.
//
// Without -h no number has a unit. The kernel counts whole pages, so that all numbers in KiB are
// multiples of 4; numbers in MiB and GiB are not, as a rule. Which of the two they are is decided
// by the command line above the table, or else by what no machine has.

#include "source/tools/tool.h"

#include "base/attr.h"

#include <stdlib.h>
#include <string.h>

#define MIB	    (1ll << 20)
#define COLUMNS_MAX 8
#define TOTAL_KIB   16384	/* 16 MiB: no machine has less */
#define TOTAL_BYTES (1ll << 28) /* 256 MiB in bytes */
#define MIB_LEAST   8192	/* in MiB: in GiB it would be 8 TiB */
#define MIB_MOST    (1ll << 22) /* 4 TiB in MiB */

enum column { TOTAL, USED, FREE, SHARED, BUFFERS, CACHED, CACHE, BUFF_CACHE, AVAILABLE, NR_NAMES };

static const char *const names[NR_NAMES] = { "total", "used", "free", "shared", "buffers", "cached",
	"cache", "buff/cache", "available" };

struct table {
	enum column columns[COLUMNS_MAX];
	size_t nr_columns, nr_numbers;
	struct kt_span mem[COLUMNS_MAX]; /* words of the line "Mem:" */
	struct kt_span minus;		 /* first word of "-/+ buffers/cache:" */
	struct kt_span options;		 /* of the command line; p is NULL: none was found */
	struct kt_amount amounts[NR_NAMES];
	bool has[NR_NAMES];
	int64_t minus_bytes; /* KT_UNKNOWN: no such line */
};

/* ---- the lines ---- */

static bool take_header(struct table *table, struct kt_span line)
{
	struct kt_span word;

	table->nr_columns = 0;
	while (kt_span_word(&line, &word)) {
		size_t i = 0;

		while (i < NR_NAMES && !kt_span_eq(word, names[i]))
			i++;
		if (i == NR_NAMES || table->nr_columns == COLUMNS_MAX)
			return false;
		table->columns[table->nr_columns++] = (enum column)i;
	}
	return table->nr_columns >= 3;
}

static void take_line(struct table *table, struct kt_span line)
{
	struct kt_span rest = line, word;

	if (!kt_span_word(&rest, &word))
		return;
	if (kt_span_eq(word, "total")) {
		take_header(table, line);
	} else if (kt_span_eq(word, "Mem:")) {
		while (kt_span_word(&rest, &word)) {
			if (table->nr_numbers < COLUMNS_MAX)
				table->mem[table->nr_numbers] = word;
			table->nr_numbers++;
		}
	} else if (kt_span_eq(word, "-/+")) {
		kt_span_word(&rest, &word);
		kt_span_word(&rest, &table->minus);
	} else if (kt_span_eq(word, "free:"))
		table->options = rest;
}

/* ---- the unit ---- */

/* "24105" without a suffix; -1: it has one, or is no number. */
static int64_t plain(struct kt_span word)
{
	int64_t number;

	return kt_span_i64(word, &number) && number >= 0 ? number : -1;
}

static int64_t plain_of(const struct table *table, enum column column)
{
	for (size_t i = 0; i < table->nr_columns; i++) {
		if (table->columns[i] == column)
			return plain(table->mem[i]);
	}
	return -1;
}

static bool divides_all(const struct table *table, int64_t divisor)
{
	for (size_t i = 0; i < table->nr_columns; i++) {
		if (plain(table->mem[i]) % divisor)
			return false;
	}
	return true;
}

/* "used" is exactly what one of the versions of free computes. */
static bool adds_up(const struct table *table)
{
	int64_t total = plain_of(table, TOTAL), used = plain_of(table, USED);
	int64_t rest = total - plain_of(table, FREE), cache = plain_of(table, BUFF_CACHE);

	if (cache < 0 && plain_of(table, CACHE) >= 0)
		cache = plain_of(table, CACHE) + plain_of(table, BUFFERS);
	return used == rest || (cache >= 0 && used == rest - cache) ||
	       (plain_of(table, AVAILABLE) >= 0 && used == total - plain_of(table, AVAILABLE));
}

/* The unit that an option asks for; 0: none, -1: one with several meanings. */
static int64_t unit_of_option(struct kt_span word)
{
	static const struct {
		const char *option;
		int64_t unit;
	} options[] = { { "--bytes", 1 }, { "--kibi", 1 << 10 }, { "--mebi", MIB },
		{ "--gibi", 1ll << 30 }, { "--tebi", 1ll << 40 }, { "--kilo", -1 },
		{ "--mega", -1 }, { "--giga", -1 }, { "--tera", -1 }, { "--si", -1 } };

	for (size_t i = 0; i < KT_LEN(options); i++) {
		if (kt_span_eq(word, options[i].option))
			return options[i].unit;
	}
	if (!kt_span_starts(word, "-") || kt_span_starts(word, "--"))
		return 0;
	for (size_t i = 1; i < word.n; i++) {
		if (strchr("bkmg", word.p[i]))
			return kt_amount_unit((char)(word.p[i] & ~0x20));
	}
	return 0;
}

static int64_t unit_of_options(struct kt_span options)
{
	struct kt_span word;
	int64_t unit = 0;

	while (options.p && kt_span_word(&options, &word)) {
		int64_t one = unit_of_option(word);

		if (one)
			unit = unit && unit != one ? -1 : one;
	}
	return unit;
}

/* Finds the unit of numbers that have none; an error: two units are possible. */
static struct kt_err *find_unit(
	const struct kt_reading *reading, const struct table *table, int64_t *ret_unit)
{
	int64_t total = plain_of(table, TOTAL), asked = unit_of_options(table->options);
	bool pages = divides_all(table, 4) && adds_up(table);

	if (asked < 0)
		return kt_tool_err(
			reading, "its units are powers of 1000 or of 1024, by its version");
	*ret_unit = 0;
	if (pages && divides_all(table, 4096) && (total >= TOTAL_BYTES || asked == 1))
		*ret_unit = 1;
	else if (pages && total >= TOTAL_KIB && asked <= 1 << 10)
		*ret_unit = 1 << 10;
	else if (asked >= MIB)
		*ret_unit = asked;
	else if (!divides_all(table, 4) && total >= MIB_LEAST && total <= MIB_MOST)
		*ret_unit = MIB;
	else if (!pages && total > 0 && total < MIB_LEAST && !plain_of(table, USED))
		*ret_unit = 1ll << 30; /* no machine uses less than 1 MiB */
	if (*ret_unit >= MIB && !asked)
		kt_snapshot_note(reading->snap,
			"free: its numbers have no unit; they are taken as %s, because %s",
			*ret_unit == MIB ? "MiB" : "GiB",
			*ret_unit == MIB ? "they are not whole pages in KiB, and in GiB would be "
					   "more than 8 TiB"
					 : "no machine uses less than 1 MiB");
	if (*ret_unit)
		return NULL;
	if (total > MIB_MOST || divides_all(table, 4))
		return kt_tool_err(reading,
			"its numbers are no whole pages in KiB that add up, and too large for MiB: "
			"the table is cut or damaged");
	return kt_tool_err(reading, "its numbers have no unit, and MiB and GiB are both possible; "
				    "the command line above "
				    "the table decides, such as '$ free -m'");
}

/* ---- amounts ---- */

/*
 * "6.5Gi", "620Mi", "8.7M", "0B". Versions with "Gi" cut the number to whole MiB before they scale
 * it. "G" is 1024^3, or 1000^3 with --si.
 */
static bool with_suffix(struct kt_span word, struct kt_amount *ret_amount)
{
	bool binary = kt_span_ends(word, "i");
	int64_t unit, powers = 1, short_of = 0;

	if (binary)
		word.n--;
	if (word.n < 2)
		return false;
	unit = kt_amount_unit(word.p[word.n - 1]);
	word.n--;
	if (!unit || !kt_amount_of(word, unit, ret_amount))
		return false;
	if (unit == 1)
		return true;
	if (!ret_amount->error)
		ret_amount->error = unit; /* a number without a fraction is cut, not rounded */
	for (int64_t rest = unit; rest > 1; rest >>= 10)
		powers *= 1000;
	if (binary)
		short_of = MIB;
	else
		short_of =
			(int64_t)((double)ret_amount->bytes * (1 - (double)powers / (double)unit));
	ret_amount->error += short_of;
	return true;
}

static bool amount_of(struct kt_span word, int64_t unit, struct kt_amount *ret_amount)
{
	if (!unit && plain(word)) /* 0 needs no unit */
		return with_suffix(word, ret_amount);
	if (plain(word) < 0 || !kt_amount_of(word, unit ? unit : 1, ret_amount))
		return false;
	ret_amount->error = unit >= MIB ? unit : 0; /* cut, not rounded */
	return true;
}

static struct kt_err *take_amounts(const struct kt_reading *reading, struct table *table)
{
	struct kt_amount minus;
	int64_t unit = 0;
	struct kt_err *err = NULL;
	size_t nr_plain = 0;

	for (size_t i = 0; i < table->nr_columns; i++)
		nr_plain += plain(table->mem[i]) >= 0;
	if (nr_plain == table->nr_columns)
		err = find_unit(reading, table, &unit);
	for (size_t i = 0; !err && i < table->nr_columns; i++) {
		enum column column = table->columns[i];

		table->has[column] = amount_of(table->mem[i], unit, &table->amounts[column]);
		if (!table->has[column] && column != AVAILABLE)
			err = kt_tool_err(reading, "'%.*s' is not a number", (int)table->mem[i].n,
				table->mem[i].p);
	}
	table->minus_bytes = KT_UNKNOWN;
	if (!err && table->minus.n && amount_of(table->minus, unit, &minus))
		table->minus_bytes = minus.bytes;
	return err;
}

/* Whether "used" without buffers and cached is what the line "-/+ buffers/cache" says. */
static bool is_confirmed(const struct table *table)
{
	const struct kt_amount *a = table->amounts;
	int64_t tolerance = a[USED].error + a[BUFFERS].error + a[CACHED].error;

	return kt_known(table->minus_bytes) &&
	       llabs(a[USED].bytes - a[BUFFERS].bytes - a[CACHED].bytes - table->minus_bytes) <=
		       tolerance;
}

static void lack_cached(struct kt_reading *reading)
{
	static const enum kt_metric metrics[] = { KT_CACHED, KT_FILE_PAGES };

	for (size_t i = 0; i < KT_LEN(metrics); i++)
		kt_snapshot_lack(reading->snap, metrics[i], KT_NO_NODE, KT_ABSENT,
			"no line '-/+ buffers/cache' confirms the column cached of free");
}

static void put(struct kt_reading *reading, const struct table *table)
{
	const struct kt_amount *a = table->amounts;

	kt_tool_put(reading, KT_MEM_TOTAL, KT_NO_NODE, a[TOTAL], "Mem: total");
	kt_tool_put(reading, KT_MEM_FREE, KT_NO_NODE, a[FREE], "Mem: free");
	if (table->has[SHARED] && a[SHARED].bytes)
		kt_tool_put(reading, KT_SHMEM, KT_NO_NODE, a[SHARED], "Mem: shared");
	else
		kt_snapshot_lack(reading->snap, KT_SHMEM, KT_NO_NODE, KT_ABSENT,
			"free prints 0 for shared memory that it does not know as well");
	if (table->has[BUFFERS])
		kt_tool_put(reading, KT_BUFFERS, KT_NO_NODE, a[BUFFERS], "Mem: buffers");
	if (table->has[BUFF_CACHE])
		kt_tool_sum(reading, a[BUFF_CACHE], "buff/cache", true);
	else if (table->has[CACHE])
		kt_tool_sum(reading, a[CACHE], "cache", false);
	else if (table->has[CACHED] && is_confirmed(table))
		kt_tool_put(reading, KT_CACHED, KT_NO_NODE, a[CACHED], "Mem: cached");
	else if (table->has[CACHED])
		lack_cached(reading);
}

struct kt_err *kt_read_free(struct kt_reading *reading)
{
	struct kt_span rest = reading->text, line;
	struct table table = { 0 };
	struct kt_err *err;

	if (reading->options)
		table.options = kt_span_str(reading->options);
	while (kt_span_line(&rest, &line))
		take_line(&table, line);
	if (!table.nr_columns || table.nr_numbers != table.nr_columns)
		return kt_tool_err(reading,
			"%zu numbers for %zu columns: the table is cut or damaged",
			table.nr_numbers, table.nr_columns);
	err = take_amounts(reading, &table);
	if (!err && (!table.has[TOTAL] || !table.has[USED] || !table.has[FREE]))
		err = kt_tool_err(reading, "a column is missing");
	if (!err && table.amounts[FREE].bytes > table.amounts[TOTAL].bytes)
		err = kt_tool_err(reading, "more is free than there is: the table is damaged");
	if (!err)
		err = kt_tool_total(reading, table.amounts[TOTAL]);
	if (!err)
		put(reading, &table);
	return err;
}
