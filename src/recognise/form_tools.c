// SPDX-License-Identifier: GPL-2.0-or-later
//
// Output of tools that sum up memory: free, top, vmstat -s, smem -w, numastat -m, xsos, dumpsys
// meminfo, crash kmem -i. Their readers in src/source/tools/ check the numbers.

#include "recognise/form_tool.h"
#include "recognise/plain.h"

#include "base/attr.h"

#include <string.h>

/* ---- helpers ---- */

bool kt_form_number(struct kt_span word)
{
	size_t n = 0;

	while (n < word.n &&
		((unsigned char)(word.p[n] - '0') < 10 || word.p[n] == '.' || word.p[n] == ','))
		n++;
	return n && (unsigned char)(word.p[0] - '0') < 10 &&
	       (n == word.n || (word.n - n <= 3 && strchr("BkKmMgGtTpP%", word.p[n])));
}

size_t kt_form_numbers(struct kt_span line)
{
	struct kt_span word;
	size_t count = 0;

	while (kt_span_word(&line, &word)) {
		if (!kt_form_number(word))
			return 0;
		count++;
	}
	return count;
}

bool kt_form_has_data(struct kt_form_run *run)
{
	return run->nr_data > 0;
}

/* Bits of kt_form_run.seen. */
enum { COMMAND = 1, HEADER = 2, MEM = 4, OPEN = 8 };

/* ---- free ---- */

static const char *const free_columns[] = { "total", "used", "free", "shared", "buffers", "cached",
	"cache", "buff/cache", "available" };

/* Number of columns, if all words are names of columns. */
static size_t count_columns(struct kt_span line)
{
	struct kt_span word;
	size_t count = 0;

	while (kt_span_word(&line, &word)) {
		if (!kt_form_is_in(word, free_columns, KT_LEN(free_columns)))
			return 0;
		count++;
	}
	return count;
}

/* "$ free -m": the options; nothing else may be after the name. */
static bool is_free_command(struct kt_span line, struct kt_span *ret_options)
{
	size_t start = line.n, at;
	struct kt_span before, word;

	while (start && line.p[start - 1] != ' ')
		start--;
	word = kt_span_from(line, start);
	if (!kt_span_starts(word, "-") && !kt_form_number(word) && !kt_span_ends(word, "free"))
		return false;
	at = kt_span_find(line, "free");
	if (at == line.n)
		return false;
	before = kt_span_trim((struct kt_span){ line.p, at });
	if (before.n && !strchr("$#>/", before.p[before.n - 1]))
		return false;
	*ret_options = kt_span_from(line, at + strlen("free"));
	if (ret_options->n && ret_options->p[0] != ' ')
		return false;
	for (struct kt_span rest = *ret_options; kt_span_word(&rest, &word);) {
		if (!kt_span_starts(word, "-") && !kt_form_number(word))
			return false;
	}
	return true;
}

static enum kt_form_step step_free_row(struct kt_form_run *run, struct kt_span line)
{
	static const char *const labels[] = { "Mem:", "Swap:", "Low:", "High:", "Total:", "Comm:" };
	struct kt_span rest = line, word;

	if (!kt_span_word(&rest, &word))
		return KT_STEP_FOREIGN;
	if (kt_span_eq(word, "-/+") && kt_span_starts(kt_span_trim(rest), "buffers"))
		return kt_form_put(run, line);
	if (kt_form_is_in(word, labels, KT_LEN(labels)) && kt_form_numbers(rest)) {
		if (!kt_form_key(run, kt_span_hash(KT_HASH_START, word)))
			return KT_STEP_AGAIN;
		run->seen &= ~(unsigned)OPEN;
		if (kt_span_eq(word, "Mem:")) {
			run->last_length = kt_form_numbers(rest);
			run->seen |= MEM | (run->last_length < run->section ? OPEN : 0);
		}
		return kt_form_put(run, line);
	}
	if (!(run->seen & OPEN) || !kt_form_numbers(line))
		return KT_STEP_FOREIGN;
	run->last_length += kt_form_numbers(line);
	if (run->last_length >= run->section)
		run->seen &= ~(unsigned)OPEN;
	return kt_form_append(run, line);
}

enum kt_form_step kt_form_free(struct kt_form_run *run, struct kt_span line)
{
	static const char head[] = "free:";
	struct kt_span options;
	char command[80];

	if (!(run->seen & HEADER) && is_free_command(line, &options)) {
		if (run->nr_lines || options.n > sizeof(command) - 8)
			return KT_STEP_AGAIN;
		run->seen |= COMMAND;
		memcpy(command, head, sizeof(head) - 1);
		memcpy(command + sizeof(head) - 1, options.p, options.n);
		return kt_form_put_head(
			run, (struct kt_span){ command, sizeof(head) - 1 + options.n });
	}
	if (kt_span_starts(line, "total ") && count_columns(line) >= 3) {
		if (run->seen & HEADER)
			return KT_STEP_AGAIN;
		run->seen |= HEADER;
		run->section = count_columns(line);
		return kt_form_put_head(run, line);
	}
	if (!(run->seen & HEADER))
		return KT_STEP_FOREIGN;
	if (!run->nr_data && count_columns(line)) {
		run->section += count_columns(line);
		return kt_form_append(run, line);
	}
	return step_free_row(run, line);
}

bool kt_form_free_end(struct kt_form_run *run)
{
	return run->seen & MEM;
}

/* ---- top ---- */

/* "24105.6 total," or "82280K used,": the first column of the line. */
static bool is_top_columns(struct kt_span rest)
{
	struct kt_span number, label;

	if (!kt_span_word(&rest, &number) || !kt_form_number(number) ||
		!kt_span_word(&rest, &label))
		return false;
	return kt_span_eq(label, "total,") || kt_span_eq(label, "used,");
}

enum kt_form_step kt_form_top(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, word;
	bool swap;

	if (!line.n || !strchr("KMGTPS", line.p[0]))
		return KT_STEP_FOREIGN;
	if (kt_span_word(&rest, &word) && word.n == 3 && kt_span_ends(word, "iB"))
		kt_span_word(&rest, &word);
	swap = kt_span_starts(word, "Swap");
	if (!kt_span_eq(word, "Mem:") && !kt_span_eq(word, "Swap:")) {
		if (!kt_span_eq(word, "Mem") && !kt_span_eq(word, "Swap"))
			return KT_STEP_FOREIGN;
		if (!kt_span_word(&rest, &word) || !kt_span_eq(word, ":"))
			return KT_STEP_FOREIGN;
	}
	if (!is_top_columns(rest) || (swap && !run->nr_data))
		return KT_STEP_FOREIGN;
	return kt_form_key(run, swap) ? kt_form_put(run, line) : KT_STEP_AGAIN;
}

/* "Mem[||||||   620M/23.5G]", with other meters after it on the same line. */
enum kt_form_step kt_form_htop(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, inside, part;

	if (!kt_span_skip(&rest, "Mem[") || !kt_span_until(&rest, ']', &inside))
		return KT_STEP_FOREIGN;
	while (inside.n && strchr("| ", inside.p[0]))
		inside = kt_span_from(inside, 1);
	part = inside;
	if (!kt_form_number(kt_span_trim(inside)) &&
		!(kt_span_until(&part, '/', &rest) && kt_form_number(rest) && kt_form_number(part)))
		return KT_STEP_FOREIGN;
	if (run->nr_data)
		return KT_STEP_AGAIN;
	kt_buf_printf(run->text, "%.*s]\n", (int)inside.n, inside.p);
	run->nr_data++;
	return KT_STEP_LINE;
}

/* ---- vmstat -s ---- */

enum kt_form_step kt_form_vmstat_s(struct kt_form_run *run, struct kt_span line)
{
	static const char *const labels[] = { "total memory", "used memory", "active memory",
		"inactive memory", "free memory", "buffer memory", "swap cache", "total swap",
		"used swap", "free swap" };
	struct kt_span rest = line, number, unit = { 0 }, label;

	if (!line.n || (unsigned char)(line.p[0] - '0') >= 10 || !kt_span_word(&rest, &number) ||
		!kt_form_number(number))
		return KT_STEP_FOREIGN;
	label = kt_span_trim(rest);
	if (!kt_form_is_in(label, labels, KT_LEN(labels)) && kt_span_word(&rest, &unit) &&
		unit.n <= 5)
		label = kt_span_trim(rest);
	if (!kt_form_is_in(label, labels, KT_LEN(labels))) {
		/* "1957108 non-nice user cpu ticks" and more lines after the swap */
		return run->nr_data >= 3 && label.n && !kt_form_number(unit)
			       ? kt_form_put_head(run, line)
			       : KT_STEP_FOREIGN;
	}
	if (!kt_form_key(run, kt_span_hash(KT_HASH_START, label)))
		return KT_STEP_AGAIN;
	run->nr_marks += kt_span_eq(label, "total memory") || kt_span_eq(label, "free memory");
	return kt_form_put(run, line);
}

bool kt_form_vmstat_s_end(struct kt_form_run *run)
{
	return run->nr_marks == 2;
}

/* ---- smem ---- */

enum kt_form_step kt_form_smem(struct kt_form_run *run, struct kt_span line)
{
	static const char *const areas[] = { "firmware/hardware", "kernel image",
		"kernel dynamic memory", "userspace memory", "free memory" };

	if (kt_span_starts(line, "Area ") && kt_span_find(line, "Noncache") < line.n)
		return run->nr_lines ? KT_STEP_AGAIN : kt_form_put_head(run, line);
	for (size_t i = 0; i < KT_LEN(areas); i++) {
		struct kt_span rest = line;

		if (!kt_span_skip(&rest, areas[i]) || !kt_form_numbers(rest))
			continue;
		return kt_form_key(run, i) ? kt_form_put(run, line) : KT_STEP_AGAIN;
	}
	return KT_STEP_FOREIGN;
}

bool kt_form_smem_end(struct kt_form_run *run)
{
	return run->nr_data >= 3;
}

/* ---- numastat -m ---- */

static size_t count_nodes(struct kt_span line)
{
	struct kt_span word;
	uint64_t number;
	size_t count = 0;

	while (kt_span_word(&line, &word)) {
		if (!kt_span_eq(word, "Total") &&
			(!kt_span_eq(word, "Node") || !kt_span_word(&line, &word) ||
				!kt_span_u64(word, &number)))
			return 0;
		count++;
	}
	return count;
}

/* Each screen has a part of the nodes, with a heading of its own. */
enum kt_form_step kt_form_numastat(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, name;

	if (kt_span_starts(line, "Per-node system memory usage"))
		return run->nr_lines ? KT_STEP_AGAIN : kt_form_put_head(run, line);
	if (kt_span_starts(line, "Node ") && count_nodes(line)) {
		if (run->nr_data && kt_span_starts(line, "Node 0 "))
			return KT_STEP_AGAIN;
		run->section++;
		run->last_length = count_nodes(line);
		return kt_form_put_head(run, line);
	}
	if (!run->section || !kt_span_word(&rest, &name))
		return KT_STEP_FOREIGN;
	if (kt_span_starts(line, "---"))
		return kt_form_put_head(run, line);
	if (kt_form_number(name) || !kt_form_numbers(rest))
		return KT_STEP_FOREIGN;
	if (!kt_form_key(run, kt_span_hash(KT_HASH_START + run->section, name)))
		return KT_STEP_AGAIN;
	run->nr_marks += kt_span_eq(name, "MemTotal") || kt_span_eq(name, "MemFree");
	return kt_form_put(run, line);
}

bool kt_form_numastat_end(struct kt_form_run *run)
{
	return run->nr_marks > 0;
}

/* ---- others ---- */

enum kt_form_step kt_form_dumpsys(struct kt_form_run *run, struct kt_span line)
{
	static const char *const heads[] = { "Total RAM:", "Free RAM:", "Used RAM:", "Lost RAM:",
		"ZRAM:", "ION:", "DMA-BUF:", "GPU:", "Kernel CMA:", "DMA-BUF Heaps:" };

	for (size_t i = 0; i < KT_LEN(heads); i++) {
		if (!kt_span_starts(line, heads[i]) || (i && !run->nr_lines))
			continue;
		if (!i && kt_span_find(line, "(status") == line.n)
			return KT_STEP_FOREIGN;
		return kt_form_key(run, i) ? kt_form_put(run, line) : KT_STEP_AGAIN;
	}
	return KT_STEP_FOREIGN;
}

enum kt_form_step kt_form_xsos(struct kt_form_run *run, struct kt_span line)
{
	static const char *const ends[] = { " total ram", " of total ram used for Slab",
		" of total ram used for PageTables", " of total ram used for Shmem",
		" of total ram used for Percpu" };
	struct kt_span rest = line, word;

	if (!kt_span_word(&rest, &word) || !kt_form_number(word) || !kt_span_word(&rest, &word) ||
		(!kt_span_eq(word, "B") && (word.n != 3 || !kt_span_ends(word, "iB"))))
		return KT_STEP_FOREIGN;
	for (size_t i = 0; i < KT_LEN(ends); i++) {
		if (!kt_span_ends(line, ends[i]) || (i && !run->nr_lines))
			continue;
		return kt_form_key(run, i) ? kt_form_put(run, line) : KT_STEP_AGAIN;
	}
	return run->nr_lines ? kt_form_put_head(run, line) : KT_STEP_FOREIGN;
}

/* "    TOTAL MEM  1965332       7.5 GB         ----" */
enum kt_form_step kt_form_crash_i(struct kt_form_run *run, struct kt_span line)
{
	static const char *const labels[] = { "TOTAL MEM ", "FREE ", "USED ", "SHARED ", "BUFFERS ",
		"CACHED ", "SLAB ", "TOTAL HIGH ", "FREE HIGH ", "TOTAL LOW ", "FREE LOW ",
		"TOTAL HUGE ", "HUGE FREE ", "TOTAL SWAP ", "SWAP USED ", "SWAP FREE ",
		"COMMIT LIMIT ", "COMMITTED " };

	if (kt_span_starts(line, "PAGES ") && kt_span_ends(line, "PERCENTAGE"))
		return run->nr_lines ? KT_STEP_AGAIN : kt_form_put_head(run, line);
	for (size_t i = 0; i < KT_LEN(labels); i++) {
		struct kt_span rest = line, word;
		uint64_t number;

		if (!kt_span_skip(&rest, labels[i]) || !kt_span_word(&rest, &word) ||
			!kt_span_u64(word, &number) || (i && !run->nr_lines))
			continue;
		run->nr_marks += !i;
		return kt_form_key(run, i) ? kt_form_put(run, line) : KT_STEP_AGAIN;
	}
	return KT_STEP_FOREIGN;
}

bool kt_form_crash_i_end(struct kt_form_run *run)
{
	return run->nr_marks && run->nr_data >= 2;
}
