// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/still.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 8 /* sources */

struct kept {
	const struct kt_source *source;
	char *path;
	struct kt_buf text;
};

struct kt_still {
	struct kept kept[KEPT_MAX];
	size_t count, nr_bytes;
	/* state of the machine when a text was kept; KT_UNKNOWN: the kernel does not report it */
	int64_t present_bytes, nr_nodes;
};

struct kt_still *kt_still_new(void)
{
	struct kt_still *still = calloc(1, sizeof(*still));

	if (still)
		still->present_bytes = still->nr_nodes = KT_UNKNOWN;
	return still;
}

static void forget(struct kt_still *still)
{
	for (size_t i = 0; i < still->count; i++) {
		free(still->kept[i].path);
		kt_buf_cleanup(&still->kept[i].text);
	}
	still->count = still->nr_bytes = 0;
}

void kt_still_free(struct kt_still *still)
{
	if (!still)
		return;
	forget(still);
	free(still);
}

void kt_still_cleanup(struct kt_still **still)
{
	kt_still_free(*still);
}

static const struct kept *find(const struct kt_still *still, const struct kt_source *source)
{
	for (size_t i = 0; i < still->count; i++) {
		if (still->kept[i].source == source)
			return &still->kept[i];
	}
	return NULL;
}

/*
 * Compares memory and nodes, because hot-added memory changes the firmware's map and adds tables.
 */
static void check_memory(struct kt_still *still, const struct kt_snapshot *snap)
{
	struct kt_val present = kt_snapshot_get(snap, KT_PRESENT, KT_NO_NODE);
	int64_t bytes = kt_ok(present) ? present.value : KT_UNKNOWN;

	if (bytes != still->present_bytes || snap->host.nr_nodes != still->nr_nodes)
		forget(still);
	still->present_bytes = bytes;
	still->nr_nodes = snap->host.nr_nodes;
}

bool kt_still_recall(struct kt_still *still, const struct kt_source *source,
	struct kt_snapshot *snap, struct kt_source_state *state)
{
	const struct kept *kept;
	struct kt_text text;

	check_memory(still, snap);
	kept = find(still, source);
	if (!kept)
		return false;
	text = (struct kt_text){ .data = kept->text.data,
		.size = kept->text.size,
		.path = kt_arena_printf(&snap->arena, "%s", kept->path) };
	kt_arena_ignore(&snap->arena, source->recall(snap, &text));
	state->nr_files = 1;
	state->nr_bytes = (int64_t)text.size;
	return true;
}

void kt_still_keep(struct kt_still *still, const struct kt_source *source, const char *path,
	const struct kt_buf *text)
{
	struct kept *slot = &still->kept[still->count];

	/* a source that does not fit is read each time instead */
	if (still->count == KEPT_MAX || find(still, source) || text->failed || !text->size ||
		text->size > KT_STILL_BYTES_MAX - still->nr_bytes)
		return;
	*slot = (struct kept){ .source = source, .path = strdup(path) };
	kt_buf_add(&slot->text, text->data, text->size);
	if (!slot->path || slot->text.failed) {
		free(slot->path);
		kt_buf_cleanup(&slot->text);
		return;
	}
	still->nr_bytes += text->size;
	still->count++;
}

bool kt_still_recall_paths(struct kt_still *still, const struct kt_source *source,
	struct kt_snapshot *snap, kt_names *ret_paths)
{
	const struct kept *kept;
	struct kt_span rest, path;

	check_memory(still, snap);
	kept = find(still, source);
	if (!kept)
		return false;
	rest = (struct kt_span){ kept->text.data, kept->text.size };
	while (kt_span_line(&rest, &path)) {
		const char **slot = kt_list_push(&snap->arena, ret_paths);

		if (slot)
			*slot = kt_arena_printf(&snap->arena, "%.*s", (int)path.n, path.p);
	}
	return true;
}

void kt_still_keep_paths(
	struct kt_still *still, const struct kt_source *source, const kt_names *paths)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (size_t i = 0; i < paths->count; i++)
		kt_buf_printf(&text, "%s\n", paths->items[i]);
	kt_still_keep(still, source, "", &text);
}
