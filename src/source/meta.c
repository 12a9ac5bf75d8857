// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads ktally/meta: facts that "ktally capture" writes next to the files, because no file of /proc
// or /sys holds them. Lines of "name=value"; unknown names are skipped.

#include "source/meta.h"
#include "source/source.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_MAX	 64u
#define ZONE_NAME_MAX	 10u
#define ZONE_MINUTES_MAX 1440 /* a day */

static void parse_denied(struct kt_snapshot *snap, struct kt_span path)
{
	const char **slot = kt_list_push(&snap->arena, &snap->denied);

	if (slot)
		*slot = kt_arena_name(&snap->arena, path);
}

static void put_fact(struct kt_snapshot *snap, enum kt_metric metric, bool yes, const char *field)
{
	kt_snapshot_put(snap, (struct kt_entry){ .metric = metric,
				      .node = KT_NO_NODE,
				      .unit = KT_COUNT,
				      .raw = yes,
				      .path = "ktally/meta",
				      .field = field });
}

/*
 * "CET +60": the offset is in minutes east of UTC. A name as POSIX has it consists of letters,
 * digits, plus and minus. Anything else is left out, and times are in the reader's zone.
 */
static void parse_zone(struct kt_snapshot *snap, struct kt_span value)
{
	struct kt_span name, rest = value;
	int64_t minutes;
	bool east;

	if (!kt_span_until(&rest, ' ', &name) || !name.n || name.n > ZONE_NAME_MAX)
		return;
	for (size_t i = 0; i < name.n; i++) {
		if (!isalnum((unsigned char)name.p[i]) && name.p[i] != '+' && name.p[i] != '-')
			return;
	}
	east = kt_span_skip(&rest, "+");
	if ((!east && !kt_span_skip(&rest, "-")) || !kt_span_i64(rest, &minutes) || minutes < 0 ||
		minutes > ZONE_MINUTES_MAX)
		return;
	snap->host.zone = kt_arena_name(&snap->arena, name);
	snap->host.zone_minutes = (int)(east ? minutes : -minutes);
}

static void parse_line(struct kt_snapshot *snap, struct kt_span name, struct kt_span value)
{
	struct kt_host *host = &snap->host;
	int64_t number = 0;
	bool ok = kt_span_i64(value, &number) && number >= 0;

	if (kt_span_eq(name, "page_bytes") && ok && number >= 4096 && number <= 1 << 20 &&
		(number & (number - 1)) == 0)
		host->page_bytes = number;
	else if (kt_span_eq(name, "taken_s") && ok)
		host->taken_s = number;
	else if (kt_span_eq(name, "zone"))
		parse_zone(snap, value);
	else if (kt_span_eq(name, "privileged") && ok)
		host->privileged = number != 0;
	else if (kt_span_eq(name, "folded") && ok)
		snap->folded = number != 0;
	else if (kt_span_eq(name, "at_rest") && ok && number) {
		host->at_rest = true;
		snap->drift_bytes = 0;
	} else if (kt_span_eq(name, "machine"))
		host->machine = kt_arena_name(&snap->arena, value);
	else if (kt_span_eq(name, "stack_vmapped") && ok)
		put_fact(snap, KT_STACK_VMAPPED, number != 0, "stack_vmapped");
	else if (kt_span_eq(name, "vmalloc_undercounts") && ok)
		put_fact(snap, KT_VMALLOC_UNDERCOUNTS, number != 0, "vmalloc_undercounts");
	else if (kt_span_eq(name, "denied"))
		parse_denied(snap, value);
	else if (kt_span_eq(name, "note") && snap->notes.count < NOTES_MAX)
		kt_snapshot_note(snap, "%s", kt_arena_name(&snap->arena, value));
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, name;

	while (kt_span_line(&rest, &line)) {
		if (kt_span_until(&line, '=', &name))
			parse_line(snap, kt_span_trim(name), kt_span_trim(line));
	}
	return NULL;
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	(void)want;
	return !snap->host.live;
}

void kt_meta_write(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	struct kt_val stack = kt_snapshot_get(snap, KT_STACK_VMAPPED, KT_NO_NODE);
	struct kt_val vmap = kt_snapshot_get(snap, KT_VMALLOC_UNDERCOUNTS, KT_NO_NODE);

	if (kt_known(snap->host.page_bytes))
		kt_buf_printf(ret_text, "page_bytes=%lld\n", (long long)snap->host.page_bytes);
	if (kt_known(snap->host.taken_s))
		kt_buf_printf(ret_text, "taken_s=%lld\n", (long long)snap->host.taken_s);
	kt_buf_printf(ret_text, "privileged=%d\n", snap->host.privileged);
	kt_buf_printf(ret_text, "folded=%d\n", snap->folded);
	if (snap->host.at_rest)
		kt_buf_puts(ret_text, "at_rest=1\n");
	if (snap->host.machine)
		kt_buf_printf(ret_text, "machine=%s\n", snap->host.machine);
	if (kt_ok(stack))
		kt_buf_printf(ret_text, "stack_vmapped=%lld\n", (long long)stack.value);
	if (kt_ok(vmap))
		kt_buf_printf(ret_text, "vmalloc_undercounts=%lld\n", (long long)vmap.value);
}

void kt_meta_write_zone(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	int minutes = snap->host.zone_minutes;

	if (snap->host.zone)
		kt_buf_printf(ret_text, "zone=%s %c%d\n", snap->host.zone, minutes < 0 ? '-' : '+',
			abs(minutes));
}

const struct kt_source kt_source_meta = {
	.name = "meta",
	.summary = "page size and other facts that a capture adds",
	.paths = { "ktally/meta" },
	.cost = KT_COST_CHEAP,
	.lack = "the page size is estimated from the files",
	.gives = "a bundle written by 'ktally capture'",
	.unwanted = "the running machine needs no capture's facts",
	.wanted = wanted,
	.parse = parse,
};
