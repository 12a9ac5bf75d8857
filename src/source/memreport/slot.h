// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MEMREPORT_SLOT_H
#define KT_SOURCE_MEMREPORT_SLOT_H

#include "log/record.h"
#include "source/memreport/detail.h"

/** State of a report while it is read; private to the scan. */
struct kt_memreport_slot {
	bool used;
	uint64_t caller;
	size_t number;		/* in the list, from 1; 0: so far only a request was seen */
	size_t heard, quiet;	/* last line of it; lines since */
	size_t reversed_lines;	/* of a log that is read from its end; else 0 */
	struct kt_arena own;	/* thrown away when the report is over; has what a list shows */
	struct kt_arena *arena; /* for its numbers: `own`, or the arena of a report that is kept */
	struct kt_memreport_detail detail;
	/* the beginning of the report */
	bool asked, doubt; /* doubt: two requests came before one report */
	size_t asked_line;
	struct kt_memline_request request;
	/* the current part of the report */
	bool inside; /* between "Mem-Info:" and "pages reserved" */
	bool behind; /* after "pages reserved" */
	bool in_stats, in_caches, in_tasks, in_reserve;
	/* index of the counter at the end of the last line, plus one; 0: another line followed */
	unsigned last_head;
	int node;		     /* number of a "Node 0" on a line of its own */
	size_t zone, pcp_zone, list; /* index of the zone whose line is being read, plus one */
	int64_t last_cpu;
	struct kt_memreport_zone reading; /* free lists of the current zone */
	struct kt_memline_columns columns;
};

void kt_memreport_slot_start(struct kt_memreport_slot *slot, const struct kt_log_record *line);
/** Gives the report what is known of its request. */
void kt_memreport_slot_name(struct kt_memreport_slot *slot, const struct kt_log_record *line);
/** The first reason stays. */
void kt_memreport_slot_damage(struct kt_memreport_slot *slot, size_t line, const char *why);
/** Reads one line; false where it is no line of a report. */
bool kt_memreport_slot_feed(struct kt_memreport_slot *slot, const struct kt_log_record *line);

#endif
