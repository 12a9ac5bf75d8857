// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/meminfo in a text: "Name:   12345 kB" a line as a rule. People join lines, mailers and
// terminals break them again at any place, and some texts have no unit.

#include "recognise/form.h"
#include "recognise/plain.h"

#include "base/attr.h"

#include <string.h>

#define NAME_LENGTH 40u
#define JOINED_MAX  4096u /* bytes of a line with the start of a field before it */
#define FIELDS_MAX  192u  /* of one file; the longest has less than 80 */

/* Bits of kt_form_run.seen. */
enum { TOTAL = 1, FREE = 2, AVAILABLE = 4, SEVERAL = 8 };

/* Names with which a run can begin; more names may follow. */
static const char *const names[] = { "MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached",
	"SwapCached", "Active", "Inactive", "Active(anon)", "Inactive(anon)", "Active(file)",
	"Inactive(file)", "Unevictable", "Mlocked", "HighTotal", "HighFree", "LowTotal", "LowFree",
	"SwapTotal", "SwapFree", "Dirty", "Writeback", "AnonPages", "Mapped", "Shmem",
	"KReclaimable", "Slab", "SReclaimable", "SUnreclaim", "KernelStack", "PageTables",
	"SecPageTables", "NFS_Unstable", "Bounce", "WritebackTmp", "CommitLimit", "Committed_AS",
	"VmallocTotal", "VmallocUsed", "VmallocChunk", "Percpu", "HardwareCorrupted",
	"AnonHugePages", "ShmemHugePages", "ShmemPmdMapped", "FileHugePages", "FilePmdMapped",
	"CmaTotal", "CmaFree", "Unaccepted", "Balloon", "GPUActive", "GPUReclaim",
	"HugePages_Total", "HugePages_Free", "HugePages_Rsvd", "HugePages_Surp", "Hugepagesize",
	"Hugetlb", "DirectMap4k", "DirectMap64k", "DirectMap1M", "DirectMap2M", "DirectMap4M",
	"DirectMap1G", "Zswap", "Zswapped", "MemShared" };

/* Names that no other file has: smaps and status of a process have some of the rest. */
static const char *const marks[] = { "MemTotal", "MemFree", "MemAvailable", "Buffers", "SUnreclaim",
	"SReclaimable", "KernelStack", "PageTables", "AnonPages", "VmallocTotal", "VmallocUsed",
	"Committed_AS", "CommitLimit", "HugePages_Total" };

static bool is_name_char(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10 ||
	       c == '_' || c == '(' || c == ')';
}

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static void skip_blanks(struct kt_span *rest)
{
	while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t'))
		*rest = kt_span_from(*rest, 1);
}

/* A field that was taken off a line. */
struct field {
	struct kt_span name, number;
	bool unit, cut; /* cut: the line ends inside it, or perhaps inside it */
	bool doubtful;	/* digits may be missing at its end */
};

/* "Name:  12345 kB", or the front of one where the text ends. */
static bool take_field(struct kt_span *rest, struct field *ret_field)
{
	struct field field = { .name = { rest->p, 0 } };
	struct kt_span at = *rest;

	while (at.n && is_name_char(at.p[0]))
		at = kt_span_from(at, 1);
	field.name.n = (size_t)(at.p - rest->p);
	if (!field.name.n || field.name.n > NAME_LENGTH || is_digit(field.name.p[0]))
		return false;
	field.cut = !at.n;
	if (at.n && !kt_span_skip(&at, ":"))
		return false;
	skip_blanks(&at);
	field.number.p = at.p;
	while (at.n && is_digit(at.p[0]))
		at = kt_span_from(at, 1);
	field.number.n = (size_t)(at.p - field.number.p);
	field.cut |= !at.n;
	if (!field.number.n && at.n)
		return false;
	if (at.n && at.p[0] != ' ' && at.p[0] != '\t' && at.p[0] != ',' &&
		!kt_span_starts(at, "kB"))
		return false;
	skip_blanks(&at);
	field.unit =
		field.number.n && kt_span_skip(&at, "kB") && (!at.n || strchr(" \t,;", at.p[0]));
	if (field.unit)
		field.cut = false;
	else if (field.number.n && at.n == 1 && at.p[0] == 'k') {
		field.cut = true;
		at.n = 0;
	}
	while (at.n && strchr(" \t,;", at.p[0]))
		at = kt_span_from(at, 1);
	*rest = at;
	*ret_field = field;
	return true;
}

static bool counts_pages(struct kt_span name)
{
	return kt_span_starts(name, "HugePages_") || kt_span_eq(name, "EarlyMemtestBad");
}

/* Until the end of the run, a number without a unit has a mark where its unit may be missing. */
#define NO_UNIT "\x01"
#define DOUBT	" cut" /* a unit that no field has, so that the parser rejects the number */

static void write_field(struct kt_form_run *run, const struct field *field)
{
	bool pages = counts_pages(field->name);

	run->nr_data++;
	run->nr_marks += kt_form_is_in(field->name, marks, KT_LEN(marks));
	run->seen |= kt_span_eq(field->name, "MemTotal")       ? TOTAL
		     : kt_span_eq(field->name, "MemFree")      ? FREE
		     : kt_span_eq(field->name, "MemAvailable") ? AVAILABLE
							       : 0;
	run->nr_with_unit += field->unit;
	run->nr_without_unit += !field->unit && !pages && !field->doubtful;
	if (!run->text)
		return;
	kt_buf_printf(run->text, "%.*s: %.*s%s\n", (int)field->name.n, field->name.p,
		(int)field->number.n, field->number.p,
		field->unit	  ? " kB"
		: field->doubtful ? DOUBT
		: pages		  ? ""
				  : NO_UNIT);
}

/* The start of a field at the end of a line, for the next line. */
static void carry(struct kt_form_run *run, struct kt_span rest)
{
	run->carry_size = 0;
	if (rest.n < sizeof(run->carry)) {
		memcpy(run->carry, rest.p, rest.n);
		run->carry_size = rest.n;
	}
}

/* How much of a line is fields: all of it, with the start of one at its end, or not all. */
static bool is_fields(struct kt_span line, bool inside, size_t *ret_count, struct kt_span *ret_cut)
{
	struct field field;

	*ret_count = 0;
	*ret_cut = (struct kt_span){ line.p + line.n, 0 };
	while (line.n) {
		struct kt_span start = line;

		if (!take_field(&line, &field))
			return false;
		if (!*ret_count && !inside && !kt_form_is_in(field.name, names, KT_LEN(names)))
			return false;
		if (!line.n && field.cut) {
			*ret_cut = start;
			break;
		}
		++*ret_count;
	}
	return true;
}

/* Takes the fields of a line of fields. */
static enum kt_form_step take_fields(struct kt_form_run *run, struct kt_span line)
{
	size_t count = 0;
	struct field field;

	while (line.n) {
		struct kt_span start = line;

		if (!take_field(&line, &field))
			break;
		if (!line.n && field.cut) {
			carry(run, start);
			break;
		}
		kt_form_key(run, kt_span_hash(KT_HASH_START, field.name));
		write_field(run, &field);
		count++;
	}
	if (count > 1) {
		run->seen |= SEVERAL;
		run->mends |= KT_MEND_JOIN;
	}
	return KT_STEP_LINE;
}

/* Whether a line has a field that the run has already: then it is of another file. */
static bool repeats(const struct kt_form_run *run, struct kt_span line)
{
	struct field field;

	if (run->nr_keys >= FIELDS_MAX)
		return true;
	while (line.n && take_field(&line, &field)) {
		if ((field.number.n || !field.cut) &&
			kt_form_has_key(run, kt_span_hash(KT_HASH_START, field.name)))
			return true;
	}
	return false;
}

/*
 * Joins the start of a field with the line after it: without a blank, as a terminal breaks lines,
 * or with a blank, as a mailer does.
 */
static bool join(struct kt_form_run *run, struct kt_span line, char *both, struct kt_span *ret_line)
{
	struct kt_span head = { run->carry, run->carry_size }, cut;
	bool blank = false;
	size_t count;

	if (!head.n || line.n + head.n + 1 > JOINED_MAX)
		return false;
	/* "MemFree: 12" and "MemTotal: 3": the number was complete, its unit is missing */
	if (is_digit(head.p[head.n - 1]) && !is_digit(line.p[0]) && line.p[0] != 'k')
		return false;
	for (int i = 0; i < 2; i++, blank = true) {
		size_t n = head.n;

		memcpy(both, head.p, n);
		if (blank)
			both[n++] = ' ';
		memcpy(both + n, line.p, line.n);
		*ret_line = (struct kt_span){ both, n + line.n };
		if (is_fields(*ret_line, true, &count, &cut) && (count || cut.n))
			return true;
	}
	return false;
}

/* A field at the end of a line that no next line goes on with; true if it is whole. */
static bool end_carry(struct kt_form_run *run, bool doubtful)
{
	struct kt_span rest = { run->carry, run->carry_size };
	struct field field;
	bool whole = rest.n && take_field(&rest, &field) && !rest.n && field.number.n;

	run->carry_size = 0;
	if (!whole)
		return false;
	field.doubtful = doubtful;
	kt_form_key(run, kt_span_hash(KT_HASH_START, field.name));
	write_field(run, &field);
	return true;
}

/* A known name with anything after it: the parser says what is wrong with it. */
static enum kt_form_step odd_line(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, name, words, word;
	uint64_t number;

	if (!run->nr_lines || !kt_span_until(&rest, ':', &name) ||
		!kt_form_is_in(name, names, KT_LEN(names)) || (run->seen & SEVERAL) ||
		!kt_form_key(run, kt_span_hash(KT_HASH_START, name)))
		return KT_STEP_FOREIGN;
	words = rest;
	if (kt_span_word(&words, &word) && kt_span_u64(word, &number) &&
		kt_span_word(&words, &word) && kt_span_eq(word, "kB"))
		return KT_STEP_FOREIGN; /* prose about a number */
	kt_form_write(run, line);
	return KT_STEP_LINE;
}

/* The table of 2.4 above the list: "Mem:  1 2 3 4 5 6" in bytes. */
static bool is_old_table(struct kt_span line)
{
	struct kt_span word;
	uint64_t number;
	size_t count = 0;

	if (kt_span_starts(line, "total:") && kt_span_find(line, "shared:") < line.n)
		return true;
	if (!kt_span_skip(&line, "Mem:") && !kt_span_skip(&line, "Swap:"))
		return false;
	while (kt_span_word(&line, &word) && kt_span_u64(word, &number))
		count++;
	return !line.n && count >= 3 && count <= 6;
}

static enum kt_form_step take_line(struct kt_form_run *run, struct kt_span line)
{
	char both[JOINED_MAX];
	struct kt_span joined, cut;
	size_t count;

	if (run->carry_size && join(run, line, both, &joined)) {
		if (repeats(run, joined))
			return KT_STEP_AGAIN;
		run->carry_size = 0;
		run->mends |= KT_MEND_WRAP;
		return take_fields(run, joined);
	}
	if (is_fields(line, run->nr_lines > 0, &count, &cut) &&
		(count || (cut.n && memchr(cut.p, ':', cut.n)))) {
		end_carry(run, false);
		if (run->nr_lines && repeats(run, line))
			return KT_STEP_AGAIN;
		return take_fields(run, line);
	}
	if (is_old_table(line) && !run->nr_data && kt_span_starts(line, "Mem:")) {
		kt_form_write(run, line);
		return KT_STEP_HEAD;
	}
	if (is_old_table(line) && run->nr_lines && !run->nr_data) {
		kt_form_write(run, line);
		return KT_STEP_HEAD;
	}
	return odd_line(run, line);
}

enum kt_form_step kt_form_meminfo(struct kt_form_run *run, struct kt_span line)
{
	enum kt_form_step step = take_line(run, line);

	if (step == KT_STEP_LINE) {
		run->last_length = line.n;
		run->longest = line.n > run->longest ? line.n : run->longest;
	}
	return step;
}

/* Puts the units in: where no field had one, all of them are in kB, as the kernel prints them. */
static void put_units(struct kt_form_run *run)
{
	bool all = run->nr_without_unit && !run->nr_with_unit;
	struct kt_span rest = { run->text->data, run->text->size }, part;
	struct kt_buf text = { 0 };

	while (kt_span_until(&rest, *NO_UNIT, &part)) {
		kt_buf_add(&text, part.p, part.n);
		kt_buf_puts(&text, all ? " kB" : "");
	}
	kt_buf_add(&text, rest.p, rest.n);
	kt_buf_cleanup(run->text);
	*run->text = text;
	if (all)
		run->mends |= KT_MEND_UNIT;
}

/*
 * Without units only a file that has both totals counts: other programs print such names with
 * numbers of other units.
 */
bool kt_form_meminfo_end(struct kt_form_run *run)
{
	/* a text may end inside a number, and a line that is as long as broken ones may go on */
	bool broken = (run->mends & KT_MEND_WRAP) && run->last_length >= run->longest;

	end_carry(run, run->open_end || broken);
	if (!(run->seen & (TOTAL | FREE | AVAILABLE)) && run->nr_marks < 3)
		return false;
	if (!run->nr_with_unit && (!(run->seen & TOTAL) || !(run->seen & FREE)))
		return false;
	if (run->text && run->nr_without_unit)
		put_units(run);
	return true;
}

bool kt_form_meminfo_whole(const struct kt_form_run *run)
{
	return (run->seen & TOTAL) && (run->seen & FREE);
}
