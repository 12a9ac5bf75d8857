// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DIAGNOSE_HOLDER_H
#define KT_DIAGNOSE_HOLDER_H

#include "report/findings.h"

#include <math.h>

/**
 * Holders of growing memory: their names, the state that growth has with them, and remedies. A
 * function that holds memory makes growth a leak, a function of the kernel itself only growth of
 * hours. A process, a directory of cgroups or a setting is
 * visible, and growth follows it.
 */

enum kt_holder_kind {
	KT_HOLDER_FUNCTION,    /* code of the kernel or of a module */
	KT_HOLDER_PROCESS,     /* its threads, descriptors or mappings hold it */
	KT_HOLDER_CGROUPS,     /* cgroups that exist, below a directory */
	KT_HOLDER_DYING,       /* removed cgroups below a directory */
	KT_HOLDER_HUGE_PAGES,  /* the pool of huge pages, a setting */
	KT_HOLDER_OTHER_ROW,   /* bookkeeping of another row of the account, which grows */
	KT_HOLDER_RECLAIMABLE, /* a cache that the kernel can empty */
};

/** A holder. Counts: KT_UNKNOWN where they do not apply or are not known. */
struct kt_holder {
	enum kt_holder_kind kind;
	const char *name;      /* function, process, path of a cgroup, row */
	const char *hierarchy; /* of cgroups, below their mounts: "/memory"; NULL: the only one */
	const char *module;    /* of a function; NULL: the kernel itself, or not known */
	const char *module_users; /* modules that use it, with commas between; NULL: none */
	bool is_loaded;		  /* `module` is in the list of modules */
	int64_t module_refs;	  /* uses of the module; KT_UNKNOWN: the kernel cannot unload it */
	bool refs_unread;	  /* a dump does not say who uses a module */
	int64_t pid;		  /* of a process */
	int64_t count;		  /* cgroups, or free huge pages */
	int64_t kept;		  /* huge pages in use */
	double share;		  /* part that it holds, 0 to 1; NAN: unknown */
	const char *share_of;	  /* "all threads"; NULL: the memory of the finding */
	const char *next;	  /* a command that shows what it holds; NULL: none is known */
	const char *source;	  /* how it is known, for the user */
	bool survived;		  /* its allocations were seen to outlive a watch */
};

/** A holder of which only kind and name are known. */
static inline struct kt_holder kt_holder_of(enum kt_holder_kind kind, const char *name)
{
	return (struct kt_holder){ .kind = kind,
		.name = name,
		.module_refs = KT_UNKNOWN,
		.pid = KT_UNKNOWN,
		.count = KT_UNKNOWN,
		.kept = KT_UNKNOWN,
		.share = (double)NAN };
}

/**
 * Gives its holder to a finding: culprit, remedy, costs and next command, and growth its state.
 * Growth with the shape of a leak whose holder is a function becomes a leak, also without a day of
 * history: the holder is found in what did not come back.
 */
void kt_holder_put(
	struct kt_report *report, struct kt_finding *finding, const struct kt_holder *holder);
/** Fills in remedy and costs of a finding whose memory `holder` holds. */
void kt_remedy_put(
	struct kt_report *report, struct kt_finding *finding, const struct kt_holder *holder);

#endif
