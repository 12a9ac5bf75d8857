// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REPORT_FINDING_H
#define KT_REPORT_FINDING_H

#include "base/arena.h"
#include "model/unknown.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Findings: faults of a machine and facts worth knowing, as data. One list serves text, JSON, page,
 * terminal view, recordings and monitoring. Texts are complete sentences without a full stop at the
 * end, for a person who reads them once at night.
 */

enum kt_severity {
	KT_SEVERITY_INFO,     /* explains a number; nothing to do */
	KT_SEVERITY_NOTICE,   /* memory that could be won back, or growth to keep an eye on */
	KT_SEVERITY_WARNING,  /* memory is lost, or will be short in days */
	KT_SEVERITY_CRITICAL, /* memory is short, or will be within hours */
	KT_NR_SEVERITIES,
};

/** Floors of an amount over time, oldest first. */
struct kt_finding_chart {
	KT_LIST(int64_t) bytes;
	int64_t step_s; /* between two of them */
};

struct kt_finding {
	const char
		*id; /* stable name: of the case, else of the state: "negative-dentries", "leak" */
	enum kt_severity severity;
	const char *state;		/* as kt_verdict_name() has it: "leak", "filling cache" */
	const char *subject;		/* a row of the account, or "slab:kmalloc-512" */
	const char *title;		/* the finding in one sentence, with its figure */
	KT_LIST(const char *) evidence; /* a figure each, with the file or command it comes from */
	const char *culprit;   /* holder: function, module, process, cgroup; NULL: not known */
	const char *remedy;    /* brings the memory back; NULL: none is known */
	const char *costs;     /* disturbance by the remedy; NULL: none */
	const char *next;      /* a command that says more; NULL: none */
	const char *reference; /* address of the public source of a case; NULL: none */
	double confidence;     /* 0 to 1; NAN: not a matter of confidence */
	int64_t bytes;	       /* at stake; KT_UNKNOWN */
	int64_t hourly_bytes;  /* growth; KT_UNKNOWN: none, or not known */
	int64_t since_ms;      /* when it began, since 1970; KT_UNKNOWN */
	int64_t short_low_s, short_high_s; /* until memory is short; KT_UNKNOWN */
	bool leak_shaped;		   /* growth that a named holder makes a leak */
	const char *follows; /* number that it grows with, singular: "socket"; NULL: none */
	bool is_case;	     /* a known case: it keeps its state when its holder is named */
	KT_LIST(const char *) in_step; /* further series of the same growth: "slab:kmalloc-2k" */
	struct kt_finding_chart chart;
};

/** Returns "info", "notice", "warning" or "critical". */
const char *kt_severity_name(enum kt_severity severity);

#endif
