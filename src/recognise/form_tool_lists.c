// SPDX-License-Identifier: GPL-2.0-or-later
//
// Output of tools that is a list: slabtop, vmstat -m, crash kmem -s and -V.

#include "recognise/form_tool.h"
#include "recognise/plain.h"

#include "base/attr.h"

#include <string.h>

/* Bits of kt_form_run.seen. */
enum { HEADER = 1, FRESH = 2, PATH = 4 };

/* ---- lines that were broken ---- */

typedef bool (*is_row)(struct kt_span line);

/*
 * Joins the kept start of a row with a line: with a blank, as a mailer breaks lines, or without
 * one, as a terminal does. False: it does not become a row.
 */
static bool join(
	struct kt_form_run *run, struct kt_span line, is_row whole, char *both, size_t room)
{
	for (size_t blank = 2; run->carry_size && blank-- > 0;) {
		size_t n = run->carry_size;

		if (n + line.n + 1 > room)
			return false;
		memcpy(both, run->carry, n);
		if (blank)
			both[n++] = ' ';
		memcpy(both + n, line.p, line.n);
		if (!whole((struct kt_span){ both, n + line.n }))
			continue;
		run->carry_size = 0;
		run->mends |= KT_MEND_WRAP;
		kt_form_put(run, (struct kt_span){ both, n + line.n });
		return true;
	}
	return false;
}

/* ---- slabtop ---- */

static bool is_number(struct kt_span word)
{
	uint64_t number;

	return kt_span_u64(word, &number);
}

/* "958192K" or "0.19K": a number with one letter. */
static bool is_size(struct kt_span word)
{
	return kt_form_number(word) && word.n > 1 && strchr("KMGT", word.p[word.n - 1]);
}

/* Counts the first words that have the form of the columns of slabtop; 8 with a name. */
static size_t count_slabtop(struct kt_span line)
{
	struct kt_span word;
	size_t count = 0;

	while (count < 8 && kt_span_word(&line, &word)) {
		bool fits = count == 2 ? kt_form_number(word) && kt_span_ends(word, "%")
			    : count == 3 || count == 6 ? is_size(word)
			    : count == 7	       ? !kt_form_number(word)
						       : is_number(word);

		if (!fits)
			return 0;
		count++;
	}
	return count;
}

static bool is_slabtop(struct kt_span line)
{
	return count_slabtop(line) == 8;
}

/* The start of a row: at least up to USE, so that no other list looks like it. */
static bool is_slabtop_start(struct kt_span line)
{
	size_t percent = kt_span_find(line, "%");
	struct kt_span word, rest = line;

	if (percent == line.n || !kt_span_word(&rest, &word) || !is_number(word) ||
		!kt_span_word(&rest, &word) || !is_number(word) || !kt_span_word(&rest, &word) ||
		!kt_span_ends(word, "%"))
		return false;
	while (kt_span_word(&rest, &word)) {
		if (!kt_form_number(word) && (rest.n || !(word.p[0] >= '0' && word.p[0] <= '9')))
			return false;
	}
	return true;
}

enum kt_form_step kt_form_slabtop(struct kt_form_run *run, struct kt_span line)
{
	static const char *const heads[] = { "Active / Total ", "Minimum / Average / Maximum" };
	char both[512];

	if (kt_span_starts(line, heads[0]) || kt_span_starts(line, heads[1])) {
		if (run->nr_data)
			return KT_STEP_AGAIN;
		return kt_form_put_head(run, line);
	}
	if (kt_span_starts(line, "OBJS ") && kt_span_find(line, "ACTIVE") < line.n)
		return run->nr_data ? KT_STEP_AGAIN : kt_form_put_head(run, line);
	if (join(run, line, is_slabtop, both, sizeof(both)))
		return KT_STEP_LINE;
	if (!line.n || (unsigned char)(line.p[0] - '0') >= 10) {
		run->carry_size = 0;
		return KT_STEP_FOREIGN;
	}
	if (is_slabtop(line)) {
		run->carry_size = 0;
		return kt_form_put(run, line);
	}
	return is_slabtop_start(line) ? kt_form_keep(run, line) : KT_STEP_FOREIGN;
}

/* ---- vmstat -m ---- */

/* A name, which may have blanks in it, and four numbers. */
static bool is_vmstat_m(struct kt_span line)
{
	struct kt_span word, rest = line;
	size_t nr_words = 0, nr_numbers = 0;

	while (kt_span_word(&rest, &word)) {
		nr_words++;
		nr_numbers = is_number(word) ? nr_numbers + 1 : 0;
	}
	return nr_numbers == 4 && nr_words > 4;
}

static bool is_vmstat_m_start(struct kt_span line)
{
	struct kt_span word, rest = line;
	size_t nr_words = 0;

	if (!kt_span_word(&rest, &word) || is_number(word))
		return false;
	while (kt_span_word(&rest, &word)) {
		nr_words++;
		if (!is_number(word))
			return false;
	}
	return nr_words < 4;
}

/* The heading stands again after each screen. */
enum kt_form_step kt_form_vmstat_m(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, word;
	size_t nr_words = 0;
	char both[512];

	if (kt_span_starts(line, "Cache ")) {
		static const char *const columns[] = { "Cache", "Num", "Total", "Size", "Pages" };

		while (nr_words < KT_LEN(columns) && kt_span_word(&rest, &word) &&
			kt_span_eq(word, columns[nr_words]))
			nr_words++;
		if (nr_words == KT_LEN(columns) && !kt_span_word(&rest, &word)) {
			run->seen |= HEADER | FRESH;
			run->carry_size = 0;
			return kt_form_put_head(run, line);
		}
	}
	if (!(run->seen & HEADER))
		return KT_STEP_FOREIGN;
	if (join(run, line, is_vmstat_m, both, sizeof(both)))
		return KT_STEP_LINE;
	run->carry_size = 0;
	if (!is_vmstat_m(line))
		return is_vmstat_m_start(line) ? kt_form_keep(run, line) : KT_STEP_FOREIGN;
	kt_span_word(&rest, &word);
	if ((run->seen & FRESH) && kt_form_has_key(run, kt_span_hash(KT_HASH_START, word)))
		return KT_STEP_AGAIN; /* a second sample */
	run->seen &= ~(unsigned)FRESH;
	kt_form_key(run, kt_span_hash(KT_HASH_START, word));
	return kt_form_put(run, line);
}

/* ---- crash ---- */

/* "ffff888100041840     1024       2329      2432     76    32k  kmalloc-1k" */
enum kt_form_step kt_form_crash_s(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, word;
	uint64_t address;

	if (kt_span_starts(line, "CACHE ") && kt_span_find(line, " OBJSIZE ") < line.n &&
		kt_span_find(line, " SSIZE") < line.n) {
		run->seen |= HEADER;
		return kt_form_put_head(run, line);
	}
	if (!(run->seen & HEADER) || !kt_span_word(&rest, &word) || word.n < 8 ||
		!kt_span_hex(word, &address))
		return KT_STEP_FOREIGN;
	/* a cache has a size of its slabs; the slabs below it have none */
	while (kt_span_word(&rest, &word)) {
		if (kt_span_ends(word, "k") && kt_form_number(word))
			return kt_form_key(run, address) ? kt_form_put(run, line) : KT_STEP_AGAIN;
	}
	return KT_STEP_FOREIGN;
}

/* "          NR_FREE_PAGES: 78080" below "VM_ZONE_STAT:" */
enum kt_form_step kt_form_crash_v(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, name;
	uint64_t number;

	if (kt_span_starts(line, "VM_") && kt_span_ends(line, ":")) {
		run->nr_marks++;
		return kt_form_put_head(run, line);
	}
	if (!kt_span_until(&rest, ':', &name) || !name.n ||
		!kt_span_u64(kt_span_trim(rest), &number))
		return KT_STEP_FOREIGN;
	for (size_t i = 0; i < name.n; i++) {
		if ((unsigned char)(name.p[i] - 'A') >= 26 &&
			(unsigned char)(name.p[i] - '0') >= 10 && name.p[i] != '_')
			return KT_STEP_FOREIGN;
	}
	if (!kt_span_starts(name, "NR_"))
		return run->nr_lines ? kt_form_put_head(run, line) : KT_STEP_FOREIGN;
	run->nr_marks += kt_span_eq(name, "NR_FREE_PAGES") || kt_span_eq(name, "NR_FILE_PAGES");
	return kt_form_key(run, kt_span_hash(KT_HASH_START, name)) ? kt_form_put(run, line)
								   : KT_STEP_AGAIN;
}

bool kt_form_crash_v_end(struct kt_form_run *run)
{
	return run->nr_data && run->nr_marks;
}
