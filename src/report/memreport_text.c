// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/memreport_text.h"

#include "base/human.h"

#include <string.h>

const char *kt_memreport_kind(const struct kt_memreport *memreport)
{
	switch (memreport->kind) {
	case KT_MEMREPORT_OTHER: return "memory report";
	case KT_MEMREPORT_OOM: return "OOM killer";
	case KT_MEMREPORT_OOM_GROUP: return "cgroup OOM";
	case KT_MEMREPORT_FAILURE: return "allocation failure";
	case KT_MEMREPORT_STALL: return "allocation stall";
	case KT_MEMREPORT_SYSRQ: return "SysRq-m";
	}
	return "?";
}

const struct kt_memreport *kt_memreport_of(const struct kt_snapshot *snap)
{
	return snap->memreport ? snap->memreport_chosen : NULL;
}

static const char *size_text(struct kt_arena *arena, int64_t bytes)
{
	char human[24];

	kt_human_bytes(bytes, human);
	return kt_arena_printf(arena, "%s", human);
}

/* ", asked for by x: 64.0 KiB (order 4, GFP_KERNEL)" */
static const char *request_text(
	struct kt_arena *arena, const struct kt_memreport *memreport, int64_t page_bytes)
{
	const char *who = memreport->process ? memreport->process : "a process";
	const char *gfp = memreport->gfp ? memreport->gfp : "";
	const char *comma = *gfp ? ", " : "";
	int order = memreport->order;

	if (memreport->asked_bytes >= 0)
		return kt_arena_printf(arena, ": %s asked vmalloc for %s%s%s%s%s%s", who,
			size_text(arena, memreport->asked_bytes), *gfp ? " (" : "", gfp,
			*gfp ? ")" : "", memreport->caller ? " in " : "",
			memreport->caller ? memreport->caller : "");
	if (order == -1)
		return kt_arena_printf(arena, ": asked for by SysRq-f");
	if (order == KT_NO_ORDER)
		return memreport->process ? kt_arena_printf(arena, ": %s", who) : "";
	if (page_bytes <= 0)
		return kt_arena_printf(
			arena, ": %s asked for order %d%s%s", who, order, comma, gfp);
	return kt_arena_printf(arena, ": %s asked for %s (order %d%s%s)", who,
		size_text(arena, order < 32 ? page_bytes << order : KT_AMOUNT_MAX), order, comma,
		gfp);
}

/* Free memory that was no help is named with the reason. */
static const char *shortage_text(struct kt_arena *arena, const struct kt_memreport *memreport)
{
	int64_t beyond = memreport->beyond_bytes, cma = memreport->reach_cma_bytes;
	const char *set_aside = "", *elsewhere = "";

	if (beyond <= 0 && cma <= 0)
		return kt_arena_printf(arena,
			". Memory was used up: %s were free, and no zone that the request could "
			"use had more than it keeps back",
			memreport->free_bytes >= 0 ? size_text(arena, memreport->free_bytes) : "?");
	if (cma > 0)
		set_aside =
			kt_arena_printf(arena, ", %s of it only for CMA", size_text(arena, cma));
	if (beyond > 0)
		elsewhere = kt_arena_printf(arena,
			". %s are free in zones HighMem/MovableOnly, out of the request's reach",
			size_text(arena, beyond));
	return kt_arena_printf(arena,
		". The zones that the request could use were used up: %s free there%s, which is no "
		"more than they keep back%s",
		size_text(arena, memreport->reach_free_bytes), set_aside, elsewhere);
}

static const char *verdict_text(
	struct kt_arena *arena, const struct kt_memreport *memreport, int64_t page_bytes)
{
	const char *free =
		memreport->free_bytes >= 0 ? size_text(arena, memreport->free_bytes) : "?";

	if (memreport->kind == KT_MEMREPORT_OOM_GROUP)
		return "";
	switch (memreport->verdict) {
	case KT_VERDICT_UNKNOWN: break;
	case KT_VERDICT_SHORT: return shortage_text(arena, memreport);
	case KT_VERDICT_FRAGMENTED:
		return kt_arena_printf(arena,
			". Fragmentation: %s were free, but no piece of %s where the request "
			"could be served",
			free, size_text(arena, page_bytes << memreport->order));
	case KT_VERDICT_TOO_LARGE: return ". That is more than the machine has";
	}
	return "";
}

const char *kt_memreport_sentence(
	struct kt_arena *arena, const struct kt_memreport *memreport, int64_t page_bytes)
{
	const char *when = memreport->time ? kt_arena_printf(arena, " at %s", memreport->time) : "";
	const char *group = "";

	if (memreport->kind == KT_MEMREPORT_OOM_GROUP)
		group = kt_arena_printf(arena, " of %s%s%s%s%s",
			memreport->cgroup ? memreport->cgroup : "a memory cgroup",
			memreport->usage_bytes >= 0 ? ", which uses " : "",
			memreport->usage_bytes >= 0 ? size_text(arena, memreport->usage_bytes) : "",
			memreport->limit_bytes >= 0 ? " of " : "",
			memreport->limit_bytes >= 0 ? size_text(arena, memreport->limit_bytes)
						    : "");
	return kt_arena_printf(arena, "%s%s%s%s%s.", kt_memreport_kind(memreport), group, when,
		request_text(arena, memreport, page_bytes),
		verdict_text(arena, memreport, page_bytes));
}

static const char *upper_first(struct kt_arena *arena, const char *text)
{
	char first = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;

	return *text ? kt_arena_printf(arena, "%c%s", first, text + 1) : text;
}

void kt_memreport_headlines(struct kt_report *report, const struct kt_snapshot *snap)
{
	const struct kt_memreport *memreport = kt_memreport_of(snap);
	struct kt_arena *arena = &report->arena;
	const char *killed = "", *largest = "", *swapped = "";

	if (!memreport)
		return;
	kt_report_headline(report, "%s",
		upper_first(arena, kt_memreport_sentence(arena, memreport, snap->host.page_bytes)));
	if (memreport->killed)
		killed = kt_arena_printf(arena, "Killed: %s (%lld)%s%s. ", memreport->killed,
			(long long)memreport->killed_pid,
			memreport->killed_bytes >= 0 ? ", anonymous " : "",
			memreport->killed_bytes >= 0 ? size_text(arena, memreport->killed_bytes)
						     : "");
	if (memreport->largest_swap_bytes > 0)
		swapped = kt_arena_printf(
			arena, " and %s in swap", size_text(arena, memreport->largest_swap_bytes));
	if (memreport->largest && memreport->largest_rss_bytes >= 0)
		largest = kt_arena_printf(arena, "Largest process: %s (%lld), %s resident%s.",
			memreport->largest, (long long)memreport->largest_pid,
			size_text(arena, memreport->largest_rss_bytes), swapped);
	if (*killed || *largest)
		kt_report_headline(report, "%s%s", killed, largest);
}

void kt_memreport_notes(struct kt_report *report, const struct kt_snapshot *snap)
{
	const struct kt_memreport *memreport = kt_memreport_of(snap);
	size_t listed = snap->memreports.count, count = listed + snap->nr_memreports_dropped;

	if (!memreport)
		return;
	if (count == 1)
		kt_report_note(report, "the memory report at line %lld of the log",
			(long long)memreport->line);
	else
		kt_report_note(report,
			"memory report %zu of %zu in the log, at line %lld; --list shows them, "
			"--pick N takes another",
			snap->memreport, count, (long long)memreport->line);
	if (snap->memreport < count && snap->memreports.items[listed - 1].damage)
		kt_report_note(report, "the last report, %zu, cannot be believed: %s", count,
			snap->memreports.items[listed - 1].damage);
}
