// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads ktally/crash: how the kernel of a dump was started and how it ended, for the head of a
// report. Lines of "name=value"; unknown names are skipped. No number depends on it.

#include "base/tool_files.h"
#include "source/source.h"

#define FRAMES_MAX 256u

static void parse_line(struct kt_snapshot *snap, struct kt_span name, struct kt_span value)
{
	struct kt_crash *crash = &snap->host.crash;
	const struct {
		const char *name;
		const char **text;
		int64_t *number;
	} facts[] = {
		{ "panic", &crash->message, NULL },
		{ "task", &crash->task, NULL },
		{ "taints", &crash->taints, NULL },
		{ "command_line", &crash->command_line, NULL },
		{ "pid", NULL, &crash->pid },
		{ "cpu", NULL, &crash->cpu },
	};

	for (size_t i = 0; i < KT_LEN(facts); i++) {
		int64_t number;

		if (!kt_span_eq(name, facts[i].name))
			continue;
		if (facts[i].text)
			*facts[i].text = kt_arena_name(&snap->arena, value);
		else if (facts[i].number && kt_span_i64(value, &number) && number >= 0)
			*facts[i].number = number;
	}
}

static void add_frame(struct kt_snapshot *snap, struct kt_span text, bool is_guess)
{
	struct kt_crash_frame *slot = snap->crash_frames.count < FRAMES_MAX
					      ? kt_list_push(&snap->arena, &snap->crash_frames)
					      : NULL;

	if (slot)
		*slot = (struct kt_crash_frame){ kt_arena_name(&snap->arena, text), is_guess };
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, name;

	while (kt_span_line(&rest, &line)) {
		if (!kt_span_until(&line, '=', &name))
			continue;
		name = kt_span_trim(name);
		line = kt_span_trim(line);
		if (kt_span_eq(name, "frame") || kt_span_eq(name, "guess"))
			add_frame(snap, line, kt_span_eq(name, "guess"));
		else
			parse_line(snap, name, line);
	}
	return NULL;
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	(void)want;
	return !snap->host.live;
}

/* A command line names disks and hosts, a message or a task may have any name in it. */
static void scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_span rest = kt_text_span(text), line;

	while (kt_span_line(&rest, &line)) {
		if (kt_span_starts(line, "taints=") || kt_span_starts(line, "cpu=") ||
			kt_span_starts(line, "frame=") || kt_span_starts(line, "guess="))
			kt_buf_printf(ret_text, "%.*s\n", (int)line.n, line.p);
	}
}

const struct kt_source kt_source_crash = {
	.name = "crash",
	.summary = "how the kernel of a dump was started and how it ended",
	.paths = { KT_FILE_CRASH },
	.cost = KT_COST_CHEAP,
	.lack = "nothing, where the machine did not crash",
	.gives = "a dump of memory, or a bundle made of one",
	.unwanted = "the running machine has not crashed",
	.wanted = wanted,
	.scrub = scrub,
	.parse = parse,
};
