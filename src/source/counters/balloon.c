// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads whether the pages of a balloon are still inside MemTotal. virtio-balloon keeps them there
// only where the host offers "deflate on OOM" (feature bit 2).
//
// Other drivers report the size of their balloon. Hyper-V: in debugfs (drivers/hv/hv_balloon.c:
// hv_balloon_debug_show). Xen: what it keeps below and above the limit of low memory
// (drivers/xen/xen-balloon.c: low_kb, high_kb). pSeries: what it loaned
// (arch/powerpc/platforms/pseries/cmm.c: loaned_kb). Newer kernels take those pages out of
// MemTotal, which account/derive_kernel.c finds out by size. s390 reports its pages below
// /proc/sys/vm (arch/s390/mm/cmm.c: cmm_pages, cmm_timed_pages) and never takes them out.

#include "source/source.h"

#include <string.h>

#define DEFLATE_ON_OOM 2u /* index of the feature bit */
#define XEN	       "sys/devices/system/xen_memory/xen_memory0/info/"
#define PSERIES	       "sys/devices/system/cmm/cmm0/loaned_kb"
#define S390	       "proc/sys/vm/"

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

static const struct {
	const char *path, *field, *driver;
	enum kt_metric metric;
	enum kt_unit unit;
} numbers[] = {
	{ XEN "low_kb", "low_kb", XEN, KT_BALLOON_DRIVER, KT_KB },
	{ XEN "high_kb", "high_kb", XEN, KT_BALLOON_DRIVER, KT_KB },
	{ PSERIES, "loaned_kb", PSERIES, KT_BALLOON_DRIVER, KT_KB },
	{ S390 "cmm_pages", "cmm_pages", S390, KT_BALLOON, KT_PAGES },
	{ S390 "cmm_timed_pages", "cmm_timed_pages", S390, KT_BALLOON, KT_PAGES },
};

/* Adds a file with one number; a driver may have several files, whose numbers add up. */
static struct kt_err *parse_number(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_entry entry = { .node = KT_NO_NODE, .rank = KT_RANK_NODE };
	uint64_t number;

	for (size_t i = 0; i < KT_LEN(numbers); i++) {
		if (strcmp(numbers[i].path, text->path) != 0)
			continue;
		if (!kt_span_u64(kt_span_trim(kt_text_span(text)), &number) ||
			number > (uint64_t)KT_AMOUNT_MAX / 65536)
			return kt_err_new(KT_ERR_PARSE, "%s: not a size", text->path);
		entry.metric = numbers[i].metric;
		entry.unit = numbers[i].unit;
		entry.raw = (int64_t)number;
		entry.path = numbers[i].driver;
		entry.field = numbers[i].field;
		kt_snapshot_add(snap, entry);
		if (numbers[i].metric == KT_BALLOON)
			kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_BALLOON_INSIDE,
						      .node = KT_NO_NODE,
						      .unit = KT_COUNT,
						      .raw = 1,
						      .path = S390,
						      .field = "cmm: inside MemTotal" });
	}
	return NULL;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	if (!strstr(text->path, "virtio_balloon") && !strstr(text->path, "/hv-balloon"))
		return parse_number(snap, text);
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

	const char *hypervisor = snap->host.hypervisor ? snap->host.hypervisor : "";
	const char *machine = snap->host.machine ? snap->host.machine : "";

	return (want & KT_WANT_ALL) || (kt_ok(in) && in.value) || (kt_ok(now) && now.value) ||
	       strcmp(hypervisor, "Hyper-V") == 0 || strcmp(hypervisor, "Xen") == 0 ||
	       strncmp(machine, "s390", 4) == 0 || strncmp(machine, "ppc", 3) == 0;
}

const struct kt_source kt_source_balloon = {
	.name = "balloon",
	.summary = "whether the balloon is inside MemTotal, and its size as the driver reports it",
	.paths = { "sys/bus/virtio/drivers/virtio_balloon/*/features",
		"sys/kernel/debug/hv-balloon", XEN "low_kb", XEN "high_kb", PSERIES,
		S390 "cmm_pages", S390 "cmm_timed_pages" },
	.cost = KT_COST_CHEAP,
	.lack = "where a balloon is inflated, it is assumed to be outside MemTotal",
	.gives = "a mounted /sys; debugfs for Hyper-V",
	.provides = { KT_BALLOON_INSIDE, KT_BALLOON_DRIVER },
	.nr_provides = 2,
	.unwanted = "no balloon is inflated",
	.wanted = wanted,
	.parse = parse,
};
