// SPDX-License-Identifier: GPL-2.0-or-later
#include "diagnose/holder.h"

#include "verdict/verdict.h"

#include <string.h>

#define LEAK_ID	     "leak"
#define FOLLOWS_ID   "follows"
#define LONG_BLOCK_S 600
#define SOON_S	     (24ll * 3600) /* memory that is short within a day is critical */
#define URGENT_S     (2ll * 3600)

static const char *culprit_text(struct kt_report *report, const struct kt_holder *holder)
{
	struct kt_arena *arena = &report->arena;
	const char *name;

	switch (holder->kind) {
	case KT_HOLDER_FUNCTION:
		if (holder->module && strcmp(holder->module, holder->name) == 0)
			name = kt_arena_printf(arena, "module %s", holder->module);
		else if (holder->module)
			name = kt_arena_printf(arena, "%s [%s]", holder->name, holder->module);
		else
			name = holder->name;
		break;
	case KT_HOLDER_PROCESS:
		name = kt_known(holder->pid) ? kt_arena_printf(arena, "process %s (PID %lld)",
						       holder->name, (long long)holder->pid)
					     : kt_arena_printf(arena, "processes %s", holder->name);
		break;
	case KT_HOLDER_CGROUPS:
		name = kt_arena_printf(
			arena, "%lld cgroups in %s", (long long)holder->count, holder->name);
		break;
	case KT_HOLDER_DYING:
		name = kt_arena_printf(arena, "%lld removed cgroups in %s",
			(long long)holder->count, holder->name);
		break;
	default: name = holder->name;
	}
	if (!name)
		return NULL;
	return isnan(holder->share)
		       ? kt_arena_printf(arena, "%s (%s)", name, holder->source)
		       : kt_arena_printf(arena, "%s, %.0f %% of %s (%s)", name, holder->share * 100,
				 holder->share_of ? holder->share_of : "it", holder->source);
}

/*
 * Functions of the kernel itself also allocate for processes that keep what they asked for:
 * sockets, files. Only some of these are counted, and older recordings have the counts of each
 * minute, so in short blocks they cannot rule that out.
 */
static bool is_leak(const struct kt_finding *finding, const struct kt_holder *holder)
{
	return finding->leak_shaped && (holder->module || finding->chart.step_s >= LONG_BLOCK_S);
}

static void make_leak(
	struct kt_report *report, struct kt_finding *finding, const struct kt_holder *holder)
{
	finding->id = LEAK_ID;
	finding->state = kt_verdict_name(KT_VERDICT_LEAK);
	finding->severity = kt_known(finding->short_low_s) && finding->short_low_s < SOON_S
				    ? KT_SEVERITY_CRITICAL
				    : KT_SEVERITY_WARNING;
	if (!finding->evidence.count)
		return;
	/* the first piece says what was missing, which the holder supplies */
	if (holder->survived)
		finding->evidence.items[0] = kt_arena_printf(&report->arena,
			"it grows in a straight line, and what %s allocated while it was watched "
			"was not freed",
			holder->name);
	else
		finding->evidence.items[0] = kt_arena_printf(&report->arena,
			"it grows in a straight line, and %s%s holds it",
			holder->module ? "module " : "",
			holder->module ? holder->module : holder->name);
}

/*
 * The first piece of evidence says what is missing for a leak; with a visible holder it says why
 * the growth is none.
 */
static void put_visible(
	struct kt_report *report, struct kt_finding *finding, const struct kt_holder *holder)
{
	static const char *const texts[] = {
		[KT_HOLDER_PROCESS] = "a process holds it until it ends: no leak of the kernel",
		[KT_HOLDER_CGROUPS] = "cgroups that exist hold it: no leak of the kernel",
		[KT_HOLDER_DYING] = "removed cgroups hold it until nothing is charged to them",
		[KT_HOLDER_HUGE_PAGES] = "a setting holds it: no leak of the kernel",
		[KT_HOLDER_OTHER_ROW] = "it is the bookkeeping of other memory, which grows",
	};

	if (finding->leak_shaped && finding->evidence.count &&
		(size_t)holder->kind < KT_LEN(texts) && texts[holder->kind])
		finding->evidence.items[0] =
			kt_arena_printf(&report->arena, "%s", texts[holder->kind]);
}

/* Growth with the work of a machine is no fault, but ends it all the same. */
static bool is_urgent(const struct kt_finding *finding)
{
	return kt_known(finding->short_low_s) && finding->short_low_s < URGENT_S;
}

static void make_follower(
	struct kt_report *report, struct kt_finding *finding, const struct kt_holder *holder)
{
	put_visible(report, finding, holder);
	finding->id = FOLLOWS_ID;
	finding->state = kt_verdict_name(KT_VERDICT_FOLLOWS);
	if (holder->kind == KT_HOLDER_OTHER_ROW)
		finding->severity = KT_SEVERITY_INFO;
	else if (is_urgent(finding) && finding->severity < KT_SEVERITY_WARNING)
		finding->severity = KT_SEVERITY_WARNING;
	else if (finding->severity < KT_SEVERITY_NOTICE)
		finding->severity = KT_SEVERITY_NOTICE;
}

/* A command that shows what the holder has says more than a watch of who allocates. */
static void put_next(
	struct kt_report *report, struct kt_finding *finding, const struct kt_holder *holder)
{
	static const char elsewhere[] = "on that machine: ";
	bool other = finding->next && strncmp(finding->next, elsewhere, strlen(elsewhere)) == 0;

	if (holder->next)
		finding->next = kt_arena_printf(
			&report->arena, "%s%s", other ? elsewhere : "", holder->next);
}

void kt_holder_put(
	struct kt_report *report, struct kt_finding *finding, const struct kt_holder *holder)
{
	finding->culprit = culprit_text(report, holder);
	if (!finding->culprit)
		return;
	kt_remedy_put(report, finding, holder);
	put_next(report, finding, holder);
	if (finding->is_case)
		return;
	if (holder->kind != KT_HOLDER_FUNCTION)
		make_follower(report, finding, holder);
	else if (is_leak(finding, holder))
		make_leak(report, finding, holder);
}
