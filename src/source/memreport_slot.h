// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MEMREPORT_SLOT_H
#define KT_SOURCE_MEMREPORT_SLOT_H

#include "source/logline.h"
#include "source/memreport_scan.h"

/** A report that is being read; private to the scan. */
struct kt_memreport_slot {
	bool used;
	uint64_t caller;
	size_t number;		/* in the list, from 1; 0: so far only a request was seen */
	size_t heard, quiet;	/* last line of it; lines since */
	struct kt_arena own;	/* thrown away when the report is over */
	struct kt_arena *arena; /* for its numbers: `own`, or that of a report that is kept */
	struct kt_arena *names; /* for what the list of reports shows */
	struct kt_memreport_detail detail;
	/* what it began with */
	bool asked, doubt; /* doubt: two requests came before one report */
	size_t asked_line;
	struct kt_memline_request request;
	/* where in the report we are */
	bool inside; /* between "Mem-Info:" and "pages reserved" */
	bool behind; /* after that */
	bool in_stats, in_caches, in_tasks, in_reserve;
	int node;		     /* of a "Node 0" that stands on a line of its own */
	size_t zone, pcp_zone, list; /* index of the zone whose line is being read, plus one */
	int64_t last_cpu;
	struct kt_memreport_zone reading; /* free lists */
	struct kt_memline_columns columns;
};

/** Starts with `line`; what the list of reports shows lives in `names`. */
void kt_memreport_slot_start(
	struct kt_memreport_slot *slot, struct kt_arena *names, const struct kt_logline *line);
/** Gives the report what is known of its request. */
void kt_memreport_slot_name(struct kt_memreport_slot *slot, const struct kt_logline *line);
/** The first reason stays. */
void kt_memreport_slot_damage(struct kt_memreport_slot *slot, size_t line, const char *why);
/** Reads one line; false where it is no line of a report. */
bool kt_memreport_slot_feed(struct kt_memreport_slot *slot, const struct kt_logline *line);

#endif
