// SPDX-License-Identifier: GPL-2.0-or-later
//
// Distinguishes the files in which the kernel keeps who allocated what: lib/alloc_tag.c,
// mm/slub.c, mm/page_owner.c, mm/kmemleak.c. Records of several lines begin with a line that only
// the file has; frames of stacks belong to an open run, as any other text may have them too.

#include "recognise/form.h"
#include "recognise/plain.h"

#include "base/attr.h"

#include <string.h>

/* Bits of kt_form_run.seen. */
enum { TITLE = 1, HANDLE = 2 };

static bool is_number(struct kt_span word)
{
	int64_t number;

	return kt_span_i64(word, &number);
}

/* "foo+0x1/0x20", what %pS prints. */
static bool is_symbol(struct kt_span word)
{
	size_t plus = kt_span_find(word, "+0x");

	return plus && plus < word.n &&
	       kt_span_find(kt_span_from(word, plus), "/0x") < word.n - plus;
}

/* "foo+0x1/0x20 [module]", perhaps after "[<address>]". */
static bool is_frame(struct kt_span line)
{
	struct kt_span rest = line, word;

	if (!kt_span_word(&rest, &word))
		return false;
	if (kt_span_starts(word, "[<") && kt_span_ends(word, ">]") && !kt_span_word(&rest, &word))
		return false;
	if (!is_symbol(word))
		return false;
	return !kt_span_word(&rest, &word) ||
	       (kt_span_starts(word, "[") && kt_span_find(rest, "+0x") == rest.n);
}

/* The kept part and the line after it; false: there is none, or both are too long. */
static bool join_part(struct kt_form_run *run, struct kt_span line, char both[2 * 256 + 1],
	struct kt_span *ret_both)
{
	if (!run->carry_size || line.n > sizeof(run->carry))
		return false;
	memcpy(both, run->carry, run->carry_size);
	both[run->carry_size] = ' ';
	memcpy(both + run->carry_size + 1, line.p, line.n);
	*ret_both = (struct kt_span){ both, run->carry_size + 1 + line.n };
	return true;
}

/* ---- allocinfo ---- */

static bool is_unit(struct kt_span word)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };

	return kt_form_is_in(word, units, KT_LEN(units));
}

/* "4096", and "39M", "1.2G" of numfmt; a unit of its own comes as the next word. */
static bool is_size(struct kt_span word)
{
	uint64_t number;

	if (is_number(word))
		return true;
	if (!kt_span_take_u64(&word, &number))
		return false;
	if (kt_span_skip(&word, "."))
		kt_span_take_u64(&word, &number);
	return !word.n || strchr("KMGT", word.p[0]);
}

/* "     4096        1 mm/slub.c:123 [module]": the start of a line, which a mailer may cut here. */
static bool is_site_start(struct kt_span line, struct kt_span *ret_rest)
{
	struct kt_span word, file;

	if (!kt_span_word(&line, &word) || !is_size(word) || !kt_span_word(&line, &word) ||
		(is_unit(word) && !kt_span_word(&line, &word)) || !is_number(word) ||
		!kt_span_word(&line, &word) || kt_span_find(word, ".") == word.n ||
		!kt_span_until(&word, ':', &file) || !is_number(word))
		return false;
	*ret_rest = line;
	return true;
}

static bool is_site(struct kt_span line)
{
	struct kt_span rest;

	return is_site_start(line, &rest) && kt_span_find(rest, "func:") < rest.n;
}

enum kt_form_step kt_form_allocinfo(struct kt_form_run *run, struct kt_span line)
{
	char text[2 * sizeof(run->carry) + 1];
	struct kt_span both, rest;

	if (kt_span_starts(line, "allocinfo - version: "))
		return run->nr_lines ? KT_STEP_AGAIN : kt_form_put_head(run, line);
	if (run->nr_lines && kt_span_starts(line, "#") && kt_span_find(line, "<tag info>") < line.n)
		return kt_form_put_head(run, line);
	if (is_site(line)) {
		run->carry_size = 0;
		return kt_form_put(run, line);
	}
	if (join_part(run, line, text, &both) && is_site(both)) {
		run->carry_size = 0;
		run->mends |= KT_MEND_WRAP;
		return kt_form_put(run, both);
	}
	run->carry_size = 0;
	if (run->nr_data && kt_span_starts(line, "accurate:"))
		return kt_form_append(run, line);
	return is_site_start(line, &rest) ? kt_form_keep(run, line) : KT_STEP_FOREIGN;
}

/* ---- slab/CACHE/alloc_traces and the like ---- */

#define CACHE_MAX 128u /* bytes of the name of a cache */

static const char *const trace_files[] = { "/alloc_traces", "/free_traces", "/alloc_calls",
	"/free_calls" };

/* The last component of a path; false: it is no name of a cache. */
static bool take_cache(struct kt_span path, struct kt_span *ret_cache)
{
	struct kt_span part;

	while (kt_span_until(&path, '/', &part))
		;
	*ret_cache = path;
	for (size_t i = 0; i < path.n; i++) {
		if (strchr("*?<>{}$'\"", path.p[i]))
			return false;
	}
	return path.n && path.n <= CACHE_MAX && path.p[0] != '.';
}

/* A title with the path of such a file: "==> kmalloc-64/alloc_traces <==", "$ cat /sys/...". */
static bool is_title(struct kt_span line, struct kt_span *ret_cache, size_t *ret_file)
{
	struct kt_span word;

	while (kt_span_word(&line, &word)) {
		if (kt_span_ends(word, ":"))
			word.n--;
		for (*ret_file = 0; *ret_file < KT_LEN(trace_files); ++*ret_file) {
			struct kt_span path = word;

			if (!kt_span_ends(word, trace_files[*ret_file]))
				continue;
			path.n -= strlen(trace_files[*ret_file]);
			return take_cache(path, ret_cache);
		}
	}
	return false;
}

/* Keeps the path in `carry`: only the title has the name of the cache. */
static bool take_title(struct kt_form_run *run, struct kt_span line)
{
	struct kt_buf path = { 0 };
	struct kt_span cache;
	size_t file;

	if (!is_title(line, &cache, &file))
		return false;
	kt_buf_printf(&path, "sys/kernel/%sslab/%.*s%s", file < 2 ? "debug/" : "", (int)cache.n,
		cache.p, trace_files[file]);
	if (!path.failed && path.size <= sizeof(run->carry)) {
		memcpy(run->carry, path.data, path.size);
		run->carry_size = path.size;
		run->seen |= TITLE;
	}
	kt_buf_cleanup(&path);
	return true;
}

/* "     12 foo+0x1/0x20 [module] waste=8/1 age=1/2/3 pid=1" */
static bool is_trace(struct kt_span line)
{
	struct kt_span count, symbol;
	uint64_t number;

	return kt_span_word(&line, &count) && kt_span_u64(count, &number) &&
	       kt_span_word(&line, &symbol) &&
	       (is_symbol(symbol) || kt_span_eq(symbol, "<not-available>")) &&
	       kt_span_find(line, " age=") < line.n;
}

static bool is_trace_rest(struct kt_span line)
{
	static const char *const words[] = { "waste=", "pid=", "cpus=", "nodes=" };

	return kt_form_starts(line, words, KT_LEN(words));
}

enum kt_form_step kt_form_slab_traces(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span cache;
	size_t file;

	if (run->nr_lines && is_title(line, &cache, &file))
		return KT_STEP_AGAIN;
	if (!run->nr_lines && take_title(run, line))
		return KT_STEP_HEAD;
	if (is_trace(line))
		return kt_form_put(run, line);
	if (!run->nr_data)
		return KT_STEP_FOREIGN;
	if (is_trace_rest(line))
		return kt_form_append(run, line);
	if (!is_frame(line))
		return KT_STEP_FOREIGN;
	kt_form_write(run, line);
	return KT_STEP_LINE;
}

const char *kt_form_slab_traces_path(const struct kt_form_run *run, struct kt_arena *arena)
{
	if (!(run->seen & TITLE) || !run->carry_size)
		return NULL;
	return kt_arena_printf(arena, "%.*s", (int)run->carry_size, run->carry);
}

/* ---- page_owner ---- */

/* "12 times, 24 pages:" of page_owner_sort. */
static bool is_sorted(struct kt_span line)
{
	uint64_t times;

	return kt_span_take_u64(&line, &times) && kt_span_skip(&line, " times") &&
	       (kt_span_starts(line, ", ") || kt_span_eq(line, ":"));
}

static bool is_owner_detail(struct kt_span line)
{
	return kt_span_starts(line, "PFN ") || kt_span_starts(line, "Page has been migrated") ||
	       kt_span_starts(line, "Slab cache page") || kt_span_starts(line, "Charged ") ||
	       kt_span_starts(line, "handle: ");
}

enum kt_form_step kt_form_page_owner(struct kt_form_run *run, struct kt_span line)
{
	if (kt_span_starts(line, "Page allocated via order ")) {
		run->nr_marks++;
		return kt_form_put(run, line);
	}
	if (is_sorted(line)) {
		run->nr_marks += kt_span_find(line, " pages") < line.n;
		return kt_form_put(run, line);
	}
	if (!run->nr_lines || (!is_owner_detail(line) && !is_frame(line)))
		return KT_STEP_FOREIGN;
	kt_form_write(run, line);
	return KT_STEP_LINE;
}

/* A number of times may be in any text; records of pages or stacks after it are not. */
bool kt_form_page_owner_end(struct kt_form_run *run)
{
	return run->nr_marks && run->nr_lines > run->nr_data;
}

/* Frames, "handle: N", then "nr_base_pages: N": the frames come first and may be of any text. */
enum kt_form_step kt_form_page_stacks(struct kt_form_run *run, struct kt_span line)
{
	if (kt_span_starts(line, "nr_base_pages: ") || kt_span_starts(line, "stack_count: ")) {
		run->nr_marks++;
		return kt_form_put(run, line);
	}
	if (kt_span_starts(line, "handle: ")) {
		kt_form_write(run, line);
		return run->nr_lines ? KT_STEP_LINE : KT_STEP_PART;
	}
	if (!is_frame(line))
		return KT_STEP_FOREIGN;
	kt_form_write(run, line);
	return run->nr_lines ? KT_STEP_LINE : KT_STEP_PART;
}

bool kt_form_marked_end(struct kt_form_run *run)
{
	return run->nr_marks > 0;
}

/* ---- kmemleak ---- */

/* "00 1f a0 ..": bytes of an object. */
static bool is_bytes(struct kt_span line)
{
	struct kt_span word;
	uint64_t number;
	int count = 0;

	while (kt_span_word(&line, &word) && word.n == 2 && kt_span_hex(word, &number))
		count++;
	return count > 0;
}

enum kt_form_step kt_form_kmemleak(struct kt_form_run *run, struct kt_span line)
{
	if (kt_span_starts(line, "kmemleak: "))
		line = kt_span_from(line, strlen("kmemleak: "));
	if (kt_span_starts(line, "unreferenced object ") && kt_span_find(line, "(size ") < line.n) {
		run->nr_marks++;
		return kt_form_put(run, line);
	}
	if (!run->nr_lines ||
		(!kt_span_starts(line, "comm \"") && !kt_span_starts(line, "hex dump ") &&
			!kt_span_starts(line, "backtrace") && !is_bytes(line) && !is_frame(line)))
		return KT_STEP_FOREIGN;
	kt_form_write(run, line);
	return KT_STEP_LINE;
}
