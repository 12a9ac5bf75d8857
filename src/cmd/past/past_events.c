// SPDX-License-Identifier: GPL-2.0-or-later
//
// One sentence for events, which text, JSON and the page share. It is apart from history/, which
// finds the events and knows no words.

#include "cmd/past/past_events.h"

#include "base/buf.h"

#define NAMES_SHOWN 3 /* names of one kind; further names are counted */

static const char *const kinds[KT_EVENTS_KINDS] = {
	[KT_EVENTS_BOOT] = "rebooted",
	[KT_EVENTS_OOM] = "OOM killer",
	[KT_EVENTS_FINDING] = "finding",
	[KT_EVENTS_MARK] = "mark",
	[KT_EVENTS_MOVED] = "moved",
	[KT_EVENTS_MOUNTED] = "mounted",
	[KT_EVENTS_UNMOUNTED] = "unmounted",
	[KT_EVENTS_MODULE_LOADED] = "module loaded",
	[KT_EVENTS_MODULE_UNLOADED] = "module unloaded",
	[KT_EVENTS_CACHE_MADE] = "cache made",
	[KT_EVENTS_CACHE_GONE] = "cache gone",
	[KT_EVENTS_WATCHED] = "watched",
};

/*
 * Writes one kind with its first few names; returns where the next kind begins. Many caches can be
 * made between two samples; the first names and a count say enough in one line. Events of one kind
 * follow each other in the list.
 */
static size_t put_kind(struct kt_buf *text, const kt_events_list *list, size_t first)
{
	const struct kt_events_item *one = &list->items[first];
	size_t end = first;

	if (text->size)
		kt_buf_puts(text, "; ");
	kt_buf_puts(text, kinds[one->kind]);
	if (one->kind == KT_EVENTS_BOOT && one->name)
		kt_buf_printf(text, ", Linux %s", one->name);
	if (one->kind == KT_EVENTS_OOM)
		kt_buf_printf(text, ": %lld", (long long)one->count);
	for (; end < list->count && list->items[end].kind == one->kind; end++) {
		if (one->kind > KT_EVENTS_OOM && end - first < NAMES_SHOWN)
			kt_buf_printf(
				text, "%s%s", end == first ? ": " : ", ", list->items[end].name);
	}
	if (end - first > NAMES_SHOWN)
		kt_buf_printf(text, " and %zu more", end - first - NAMES_SHOWN);
	return end;
}

const char *kt_past_events_text(const kt_events_list *list, struct kt_arena *arena)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (size_t i = 0; i < list->count;)
		i = put_kind(&text, list, i);
	arena->failed |= text.failed;
	return text.size ? kt_arena_printf(arena, "%.*s", (int)text.size, text.data) : NULL;
}
