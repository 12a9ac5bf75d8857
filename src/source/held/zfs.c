// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the memory of ZFS. Its cache (ARC) is neither page cache nor slab, and its own caches that
// are not in slab have a table of their own. Both files come from the module, not from the kernel:
// "size 4 123456" is a line of arcstats; a line of the table has name, flags, and size in bytes, or
// "-" for a cache that is in slab.

#include "source/source.h"

#include <string.h>

#define ARC "proc/spl/kstat/zfs/arcstats"
#define SPL "proc/spl/kmem/slab"

static void put(struct kt_snapshot *snap, const struct kt_text *text, enum kt_metric metric,
	const char *field, int64_t bytes)
{
	kt_snapshot_put(snap, (struct kt_entry){ .metric = metric,
				      .node = KT_NO_NODE,
				      .unit = KT_BYTES,
				      .raw = bytes,
				      .path = text->path,
				      .field = field });
}

static bool take_bytes(struct kt_span word, int64_t *ret)
{
	return kt_span_i64(word, ret) && *ret >= 0 && *ret <= KT_AMOUNT_MAX;
}

static struct kt_err *parse_arc(struct kt_snapshot *snap, const struct kt_text *text)
{
	static const struct {
		const char *name;
		enum kt_metric metric;
	} fields[] = {
		{ "size", KT_ZFS_ARC },
		{ "c_min", KT_ZFS_ARC_MIN },
		{ "c_max", KT_ZFS_ARC_MAX },
		{ "metadata_size", KT_ZFS_ARC_META },
	};
	struct kt_span rest = kt_text_span(text), line, name, type, number;
	bool any = false;
	int64_t bytes;

	while (kt_span_line(&rest, &line)) {
		if (!kt_span_word(&line, &name) || !kt_span_word(&line, &type) ||
			!kt_span_word(&line, &number) || !take_bytes(number, &bytes))
			continue;
		for (size_t i = 0; i < KT_LEN(fields); i++) {
			if (!kt_span_eq(name, fields[i].name))
				continue;
			put(snap, text, fields[i].metric, fields[i].name, bytes);
			any = true;
		}
	}
	return any ? NULL : kt_err_new(KT_ERR_PARSE, "%s: holds no size of the cache", text->path);
}

static struct kt_err *parse_table(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, name, flags, size;
	int64_t sum = 0, bytes;
	bool any = false;

	while (kt_span_line(&rest, &line)) {
		if (!kt_span_word(&line, &name) || !kt_span_word(&line, &flags) ||
			!kt_span_word(&line, &size) || !kt_span_starts(flags, "0x"))
			continue;
		any = true;
		if (!kt_span_eq(size, "-") && take_bytes(size, &bytes) &&
			bytes <= KT_AMOUNT_MAX - sum)
			sum += bytes;
	}
	if (!any)
		return kt_err_new(KT_ERR_PARSE, "%s: holds no cache", text->path);
	put(snap, text, KT_ZFS_SPL, "size", sum);
	return NULL;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	return strcmp(text->path, ARC) == 0 ? parse_arc(snap, text) : parse_table(snap, text);
}

const struct kt_source kt_source_zfs = {
	.name = "zfs",
	.summary = "the cache of ZFS and its memory outside slab",
	.paths = { ARC, SPL },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "the cache of ZFS is in unattributed and in vmalloc without a name",
	.gives = "the modules of ZFS",
	.parse = parse,
};
