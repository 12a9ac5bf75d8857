// SPDX-License-Identifier: GPL-2.0-or-later
#include "cases/surroundings.h"

#include "cases/fill.h"

#include <math.h>

/* One part for each fact that may be known. */
static const char *const hardware[] = { "CPUs {cpus}", "memory {ram}" };
static const char *const workload[] = { "processes {tasks}", "threads {threads}",
	"cgroups {cgroups}", "mounts {mounts}", "TCP sockets {sockets_tcp}" };
static const char *const history[] = { "up {uptime}" };
static const char *const environment[] = { "container {@container}", "hypervisor {@hypervisor}" };

static void put_parts(struct kt_buf *buf, const struct kt_facts *facts, const char *title,
	const char *const *parts, size_t count)
{
	KT_CLEANUP(buf) struct kt_buf one = { 0 };
	struct kt_arena arena = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct kt_fill fill;
		struct kt_err *err = kt_fill_parse(&arena, kt_span_str(parts[i]), &fill);
		const char *text = err ? NULL : kt_fill_text(&fill, facts, NULL, &arena);

		if (text)
			kt_buf_join(&one, ", ", "%s", text);
		kt_err_free(err);
	}
	if (one.size && !one.failed)
		kt_buf_join(buf, "; ", "%s %.*s", title, (int)one.size, one.data);
	/* a part that is left out without a word would be a fact that is not known */
	buf->failed |= one.failed || arena.failed;
	kt_arena_fini(&arena);
}

void kt_surroundings_put(const struct kt_facts *facts, struct kt_report *report)
{
	KT_CLEANUP(buf) struct kt_buf buf = { 0 };
	bool bare = kt_facts_value(facts, KT_SPAN("physical")) == 1;

	put_parts(&buf, facts, "hardware", hardware, KT_LEN(hardware));
	put_parts(&buf, facts, "workload", workload, KT_LEN(workload));
	put_parts(&buf, facts, "history", history, KT_LEN(history));
	put_parts(&buf, facts, "environment", environment, KT_LEN(environment));
	if (bare)
		kt_buf_join(&buf, "; ", "on bare metal");
	report->arena.failed |= buf.failed;
	if (buf.size && !buf.failed)
		kt_report_note(report, "amounts are judged for this machine: %.*s", (int)buf.size,
			buf.data);
}
