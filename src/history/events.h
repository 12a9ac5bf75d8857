// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_EVENTS_H
#define KT_HISTORY_EVENTS_H

#include "record/cursor.h"
#include "root/root.h"

/**
 * Events between two samples of a recording, as far as the kernel's files show them: a boot, kills
 * of the OOM killer, slab caches and modules that came and went. This is the state after a sample.
 */
struct kt_events {
	struct kt_arena arena; /* holds the texts below */
	const char *boot_id;
	int64_t nr_oom_kills; /* -1: unknown */
	struct kt_events_names {
		kt_names names; /* sorted */
		uint64_t hash;	/* of the names: see kt_cursor_names() */
		bool known;
	} caches, modules;
	int64_t watched_s;	/* begin of the last watch, since 1970; 0: none */
	uint64_t watched_block; /* sequence of the block, and the sample in it, of the last call */
	uint32_t watched_sample;
	uint32_t nr_boots; /* so far, from 1 */
	/* marks before this sample of this block are known */
	uint64_t sequence;
	uint32_t sample;
};

enum kt_events_kind {
	KT_EVENTS_BOOT,		   /* name: kernel release; NULL: unknown */
	KT_EVENTS_OOM,		   /* count: processes that the OOM killer killed */
	KT_EVENTS_FINDING,	   /* name: "warning: ID SUBJECT" or "resolved: ..." */
	KT_EVENTS_MARK,		   /* name: text of a user */
	KT_EVENTS_MOVED,	   /* name: "kernel stacks +31.2 MiB: NAME (+2000 threads)" */
	KT_EVENTS_MOUNTED,	   /* name: "/backup (ext4)", or "3 more" */
	KT_EVENTS_UNMOUNTED,	   /* name */
	KT_EVENTS_MODULE_LOADED,   /* name: module */
	KT_EVENTS_MODULE_UNLOADED, /* name */
	KT_EVENTS_CACHE_MADE,	   /* name: slab cache; several caches may have one name */
	KT_EVENTS_CACHE_GONE,	   /* name */
	KT_EVENTS_WATCHED,	   /* name: what was watched, and what most of it is */
	KT_EVENTS_KINDS,
};

/** One event. */
struct kt_events_item {
	enum kt_events_kind kind;
	const char *name; /* printable */
	int64_t count;	  /* 1 for kinds without a count */
};

/** Events in the order of their kinds, so the gravest comes first. */
typedef KT_LIST(struct kt_events_item) kt_events_list;

/**
 * Lists the events since the previous call, at the first call only events that the recorder noted
 * in that sample. The list belongs to `arena`, which has failed if memory ran out.
 */
void kt_events_until(struct kt_events *events, const struct kt_cursor *cursor,
	struct kt_arena *arena, kt_events_list *ret_list);
/** Returns the subject of an event: "boot", "oom", "mark", "mount", "module", "cache". */
const char *kt_events_kind_name(enum kt_events_kind kind);
void kt_events_fini(struct kt_events *events);

#endif
