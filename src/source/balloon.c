// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whether the pages of a balloon are still inside MemTotal. virtio-balloon keeps them
// there only where the host offers "deflate on OOM" (feature bit 2); the Hyper-V driver
// always takes them out and says how many in debugfs.

#include "source/source.h"

#include <string.h>

#define DEFLATE_ON_OOM 2u

static void parse_features(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span bits = kt_span_trim(kt_text_span(text));

	if (bits.n > DEFLATE_ON_OOM)
		kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_BALLOON_INSIDE,
					      .node = KT_NO_NODE,
					      .unit = KT_COUNT,
					      .raw = bits.p[DEFLATE_ON_OOM] == '1',
					      .path = text->path,
					      .field = "features: deflate on OOM" });
}

static void parse_hyperv(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, name;
	int64_t pages;

	while (kt_span_line(&rest, &line)) {
		if (!kt_span_until(&line, ':', &name) ||
			!kt_span_eq(kt_span_trim(name), "pages_ballooned") ||
			!kt_span_i64(kt_span_trim(line), &pages))
			continue;
		kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_BALLOON_DRIVER,
					      .node = KT_NO_NODE,
					      .unit = KT_PAGES,
					      .raw = pages,
					      .path = text->path,
					      .field = "pages_ballooned" });
	}
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	if (strstr(text->path, "/hv-balloon"))
		parse_hyperv(snap, text);
	else
		parse_features(snap, text);
	return NULL;
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	struct kt_val in = kt_snapshot_get(snap, KT_BALLOON_INFLATE, KT_NO_NODE);
	struct kt_val now = kt_snapshot_get(snap, KT_BALLOON, KT_NO_NODE);

	return (want & KT_WANT_ALL) || (kt_ok(in) && in.value) || (kt_ok(now) && now.value) ||
	       (snap->host.hypervisor && strcmp(snap->host.hypervisor, "Hyper-V") == 0);
}

const struct kt_source kt_source_balloon = {
	.name = "balloon",
	.summary = "is the balloon inside MemTotal, and how large by its driver?",
	.paths = { "sys/bus/virtio/drivers/virtio_balloon/*/features",
		"sys/kernel/debug/hv-balloon" },
	.cost = KT_COST_CHEAP,
	.lack = "where a balloon is inflated, it is assumed to be outside MemTotal",
	.gives = "a mounted /sys; debugfs for Hyper-V",
	.provides = { KT_BALLOON_INSIDE, KT_BALLOON_DRIVER },
	.nr_provides = 2,
	.unwanted = "no balloon is inflated",
	.wanted = wanted,
	.parse = parse,
};
