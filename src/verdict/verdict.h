// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_VERDICT_H
#define KT_VERDICT_VERDICT_H

#include <stddef.h>
#include <stdint.h>

/**
 * Judgement of one amount of kernel memory over time: a slab cache, a row of the account, a caller
 * of vmalloc. The judge (verdict/judge.h) makes it; findings and alerts are made of it.
 */

enum kt_verdict {
	KT_VERDICT_NOT_OBSERVABLE, /* too few samples to judge */
	KT_VERDICT_NORMAL,
	KT_VERDICT_FILLING,	      /* grows towards a ceiling, or reclaim can take it back */
	KT_VERDICT_CHURN,	      /* rises and falls; the floor is flat */
	KT_VERDICT_STEP,	      /* rose once and stayed there */
	KT_VERDICT_SPIKE,	      /* rose and came back */
	KT_VERDICT_DROP,	      /* fell once and stayed there */
	KT_VERDICT_SAW_TOOTH,	      /* rises and is emptied, again and again */
	KT_VERDICT_FOLLOWS,	      /* grows with a number of the machine: `driver` */
	KT_VERDICT_OUT_OF_PROPORTION, /* follows a driver, but takes far more per unit than before
				       */
	KT_VERDICT_GROWING, /* grows, and what decides between fill and leak is missing: `veto` */
	KT_VERDICT_LEAK,    /* the shape of a leak; a name for it comes from elsewhere */
	KT_VERDICT_WAS_LEAKING, /* a leak that has ended: the memory came back, or a boot */
	KT_NR_VERDICTS,
};

/** Why growth is not called a leak. */
enum kt_veto {
	KT_VETO_NONE,
	KT_VETO_SHAPE,	      /* a fill or a step explains it as well as a line */
	KT_VETO_TERRITORY,    /* it was as high within the two weeks before */
	KT_VETO_HISTORY,      /* less than a day before it, or a week where it may be a job */
	KT_VETO_DECELERATION, /* it grew faster before */
	KT_VETO_RECLAIMABLE,  /* reclaim can take it back, and no memory pressure has tried */
	KT_VETO_DRIVER,	      /* `driver` explains it */
	KT_VETO_HOLDER,	      /* something visible holds it, or has not been looked for */
	KT_NR_VETOES,
};

/** Numbers of a machine that kernel memory rightly follows. */
enum kt_driver {
	KT_DRIVER_TASKS,	 /* count */
	KT_DRIVER_SOCKETS,	 /* count */
	KT_DRIVER_FILES,	 /* open files */
	KT_DRIVER_CGROUPS,	 /* count */
	KT_DRIVER_MOUNTS,	 /* count */
	KT_DRIVER_DYING_CGROUPS, /* count */
	KT_DRIVER_HELD_PAGES,	 /* pages of mappings, dirty pages, pages in flight */
	KT_DRIVER_INODES_KIB,	 /* KiB of all reclaimable caches of inodes and dentries */
	KT_NR_DRIVERS,
};

/** Things that happen and are only counted; growth per event names the culprit's trigger. */
enum kt_event {
	KT_EVENT_FORKS,
	KT_EVENT_PACKETS_IN,
	KT_EVENT_PACKETS_OUT,
	KT_EVENT_CONNECTIONS, /* TCP connections accepted and opened */
	KT_EVENT_READS,	      /* requests to block devices */
	KT_EVENT_WRITES,
	KT_EVENT_FAULTS, /* page faults */
	KT_EVENT_CONTEXT_SWITCHES,
	KT_EVENT_INTERRUPTS,
	KT_EVENT_CGROUPS_MADE,
	KT_NR_EVENTS,
};

/** All is about the growth that the verdict is about; NAN and negative times: unknown. */
struct kt_judged {
	enum kt_verdict verdict;
	enum kt_veto veto;
	int level;	     /* length of the blocks that decided: 0 is the shortest; -1: none */
	int64_t since_ms;    /* when the growth began, since 1970; -1: no growth */
	int64_t decided_ms;  /* when the verdict was first reached */
	int64_t now_bytes;   /* the newest floor */
	int64_t rise_bytes;  /* of the floor, since `since_ms` */
	double noise_bytes;  /* standard deviation of the floors without the growth */
	double score;	     /* log Bayes factor of a line over fills, steps and rest */
	double confidence;   /* 0 to 1, that the verdict is right */
	double hourly_bytes; /* growth */
	double hourly_low_bytes, hourly_high_bytes; /* 90 % of the rates to come are between */
	double ceiling_bytes;  /* where a fill would end at least; of fills: where it ends */
	enum kt_driver driver; /* KT_NR_DRIVERS: none */
	double per_unit_bytes; /* growth for each unit of the driver */
	enum kt_event event;   /* KT_NR_EVENTS: none */
	double per_event_bytes;
	double event_share; /* 0 to 1: how much of the growth the event explains */
	size_t sister;	    /* first series that grows in step with it; itself if none */
};

const char *kt_verdict_name(enum kt_verdict verdict); /* "leak", "filling", "saw-tooth" */
const char *kt_veto_name(enum kt_veto veto);	      /* "too short a history before it" */
const char *kt_driver_name(enum kt_driver driver);    /* "socket", singular */
const char *kt_event_name(enum kt_event event);	      /* "accepted connection", singular */

#endif
