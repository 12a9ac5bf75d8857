// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files with names of their own before each number: percpu_stats (mm/percpu-stats.c), sockstat
// (net/ipv4/proc.c, net/ipv6/proc.c), iomem (kernel/resource.c), the status of a process
// (fs/proc/array.c).

#include "recognise/form.h"

#include "base/attr.h"

#include <string.h>

/* ---- percpu_stats ---- */

static bool is_percpu_head(struct kt_span line)
{
	static const char *const heads[] = { "Allocation Info:", "Global Stats:",
		"Per Chunk Stats:", "Chunk:", "Chunk (", "--------" };

	return kt_form_starts(line, heads, KT_LEN(heads));
}

/* "  unit_size           :       262144" */
static bool is_percpu_field(struct kt_span line, bool *ret_mark)
{
	static const char *const names[] = { "unit_size", "static_size", "reserved_size",
		"dyn_size", "atom_size", "alloc_size", "nr_alloc", "nr_dealloc", "nr_cur_alloc",
		"nr_max_alloc", "nr_chunks", "nr_max_chunks", "min_alloc_size", "max_alloc_size",
		"empty_pop_pages", "first_bit", "free_bytes", "contig_bytes", "sum_frag",
		"max_frag", "cur_min_alloc", "cur_med_alloc", "cur_max_alloc", "memcg_aware" };
	struct kt_span name, number;
	int64_t value;

	if (!kt_span_until(&line, ':', &name))
		return false;
	name = kt_span_trim(name);
	*ret_mark = kt_span_eq(name, "unit_size");
	number = kt_span_trim(line);
	return kt_form_is_in(name, names, KT_LEN(names)) && kt_span_i64(number, &value);
}

enum kt_form_step kt_form_percpu(struct kt_form_run *run, struct kt_span line)
{
	bool title = kt_span_starts(line, "Percpu Memory Statistics"), mark = false;

	if (title && run->nr_lines)
		return KT_STEP_AGAIN;
	if (title || (run->nr_lines && is_percpu_head(line))) {
		kt_form_write(run, line);
		return KT_STEP_HEAD;
	}
	if (!is_percpu_field(line, &mark) || (!run->nr_lines && !mark))
		return KT_STEP_FOREIGN;
	if (mark && run->nr_marks)
		return KT_STEP_AGAIN;
	run->nr_marks += mark;
	return kt_form_put(run, line);
}

bool kt_form_percpu_end(struct kt_form_run *run)
{
	return run->nr_marks && run->nr_data >= 3;
}

/* ---- sockstat ---- */

/* "TCP: inuse 5 orphan 0 tw 0 alloc 7 mem 9" */
static bool is_socket_line(struct kt_span line, struct kt_span *ret_name)
{
	struct kt_span word;
	uint64_t number;
	size_t count = 0;

	if (!kt_span_word(&line, ret_name) || !kt_span_ends(*ret_name, ":"))
		return false;
	while (kt_span_word(&line, &word)) {
		if (!kt_span_word(&line, &word) || !kt_span_u64(word, &number))
			return false;
		count++;
	}
	return count > 0;
}

static enum kt_form_step step_sockets(struct kt_form_run *run, struct kt_span line,
	const char *first, const char *const names[], size_t count)
{
	struct kt_span name;

	if (!is_socket_line(line, &name))
		return KT_STEP_FOREIGN;
	if (kt_span_eq(name, first))
		return run->nr_lines ? KT_STEP_AGAIN : kt_form_put(run, line);
	return run->nr_lines && kt_form_is_in(name, names, count) ? kt_form_put(run, line)
								  : KT_STEP_FOREIGN;
}

enum kt_form_step kt_form_sockets(struct kt_form_run *run, struct kt_span line)
{
	static const char *const names[] = { "TCP:", "UDP:", "UDPLITE:", "RAW:", "FRAG:" };

	return step_sockets(run, line, "sockets:", names, KT_LEN(names));
}

enum kt_form_step kt_form_sockets6(struct kt_form_run *run, struct kt_span line)
{
	static const char *const names[] = { "UDP6:", "UDPLITE6:", "RAW6:", "FRAG6:" };

	return step_sockets(run, line, "TCP6:", names, KT_LEN(names));
}

bool kt_form_sockets_end(struct kt_form_run *run)
{
	return run->nr_data >= 2;
}

/* ---- iomem ---- */

/* "00001000-0009fbff : System RAM" */
enum kt_form_step kt_form_iomem(struct kt_form_run *run, struct kt_span line)
{
	struct kt_span rest = line, from, to;
	uint64_t number;

	if (!kt_span_until(&rest, '-', &from) || from.n < 8 || from.n > 16 ||
		!kt_span_word(&rest, &to) || to.n < 8 || to.n > 16 || !kt_span_hex(from, &number) ||
		!kt_span_hex(to, &number) || !kt_span_skip(&rest, " : "))
		return KT_STEP_FOREIGN;
	run->nr_marks += kt_span_starts(rest, "System RAM");
	return kt_form_put(run, line);
}

bool kt_form_iomem_end(struct kt_form_run *run)
{
	return run->nr_marks && run->nr_data >= 3;
}

/* ---- the status of a process ---- */

/* "VmRSS:\t    1234 kB"; the kernel puts a tab after each colon */
enum kt_form_step kt_form_status(struct kt_form_run *run, struct kt_span line)
{
	static const char *const marks[] = { "Threads", "VmSize", "Tgid" };
	struct kt_span rest = line, name;
	uint64_t pid;

	if (!kt_span_until(&rest, ':', &name) || !name.n || memchr(name.p, ' ', name.n) ||
		(rest.n && rest.p[0] != '\t' && rest.p[0] != ' '))
		return KT_STEP_FOREIGN;
	if (kt_span_eq(name, "Name") && run->nr_lines)
		return KT_STEP_AGAIN;
	if (!run->nr_lines && (!kt_span_eq(name, "Name") || !kt_span_starts(rest, "\t")))
		return KT_STEP_FOREIGN;
	if (kt_span_eq(name, "Pid") && kt_span_u64(kt_span_trim(rest), &pid) && pid &&
		pid < 1u << 22)
		run->node = (int)pid;
	run->nr_marks += kt_form_is_in(name, marks, KT_LEN(marks));
	return kt_form_put(run, line);
}

bool kt_form_status_end(struct kt_form_run *run)
{
	return run->node > 0 && run->nr_marks >= 2;
}

const char *kt_form_status_path(const struct kt_form_run *run, struct kt_arena *arena)
{
	return kt_arena_printf(arena, "proc/%d/status", run->node);
}
