// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_SNAPSHOT_H
#define KT_MODEL_SNAPSHOT_H

#include "base/arena.h"
#include "base/err.h"
#include "model/area.h"
#include "model/cache.h"
#include "model/census.h"
#include "model/cgroup.h"
#include "model/dcache.h"
#include "model/holding.h"
#include "model/memreport.h"
#include "model/metric.h"
#include "model/percpu.h"
#include "model/records.h"
#include "model/task.h"
#include "model/unknown.h"
#include "model/val.h"
#include "model/zone.h"

/**
 * One machine at one time: the data that the sources read, before anything is derived. Live
 * machines, captured trees, recordings and dumps all fill this type. Sources add to it; the account
 * and later stages only read it.
 */

#define KT_NO_NODE (-1) /* the whole machine */

/**
 * One number from one file. Several files may have the same quantity: the readable entry with the
 * lowest rank is used, the other entries serve as cross-checks.
 */
struct kt_entry {
	enum kt_metric metric;
	int node; /* NUMA node or KT_NO_NODE */
	enum kt_unit unit;
	enum kt_state state;
	enum kt_quality quality;
	uint8_t rank;
	bool none;	   /* state is KT_ABSENT because the machine has zero of it */
	int64_t raw;	   /* in `unit` */
	const char *path;  /* path of its file, for "explain" */
	const char *field; /* its name in the file; if state is not KT_OK: the reason */
	uint32_t next;	   /* private to snapshot.c: the next entry of the metric, plus one */
};

/** A computed metric and a metric that was read for it; KT_METRIC_NONE: it is computed at all. */
struct kt_input {
	enum kt_metric of, input;
	bool presence; /* only whether there is a value was looked at */
};

/** Ranks: if several files have the same quantity, the file with the lowest rank is used. */
enum kt_rank {
	KT_RANK_FIRST,
	KT_RANK_VMSTAT,
	KT_RANK_MEMINFO,
	KT_RANK_ZONEINFO,
	KT_RANK_NODE,
	KT_RANK_TOOL,	 /* output of a tool */
	KT_RANK_ROUNDED, /* the same, rounded */
};

struct kt_source_state {
	const char *name;
	enum kt_state state;
	bool wanted;
	bool core; /* the account depends on it */
	const char *why;
	int64_t nr_files, nr_bytes, cost_ns;
	bool chosen; /* result of the source's wanted(), if it has one */
	/* ranges in the snapshot's lists that the source added */
	size_t first_entry, nr_entries, first_zone, nr_zones, nr_notes, nr_events;
};

enum kt_machine_kind { KT_MACHINE_UNKNOWN, KT_MACHINE_PHYSICAL, KT_MACHINE_VIRTUAL };

/** How a dumped kernel was started and how it ended; NULL or KT_UNKNOWN where not known. */
struct kt_crash {
	const char *message;	  /* of the panic */
	const char *task;	  /* that the CPU ran which panicked */
	const char *taints;	  /* letters; "": not tainted */
	const char *command_line; /* of the kernel */
	int64_t cpu, pid;
};

struct kt_host {
	const char *name, *release, *machine; /* NULL where unknown */
	const char *hypervisor, *container;   /* NULL: none detected */
	enum kt_machine_kind kind;
	/* each may be KT_UNKNOWN but is never 0 */
	int64_t nr_cpus, nr_nodes, nr_cpus_possible, page_bytes;
	int64_t nr_cpus_present; /* plugged in, online or not; may be KT_UNKNOWN, never 0 */
	int64_t uptime_s;	 /* since boot; may be KT_UNKNOWN */
	int64_t taken_s;	 /* seconds since 1970; may be KT_UNKNOWN */
	const char *zone;	 /* of its clock at that time, such as "CET"; NULL: not known */
	int zone_minutes;	 /* east of UTC */
	bool live, privileged, isolated_cpus;
	bool at_rest;		/* a dump: nothing moved while it was read */
	bool hypervisor_by_log; /* only the kernel log names it */
	struct kt_crash crash;
};

/**
 * Every list of the snapshot, except lists inside a record and `memreports`: LIST(type, member).
 * Headers of records name the lists of their own.
 */
#define KT_SNAPSHOT_LISTS(LIST)                                                               \
	LIST(struct kt_entry, entries)                                                        \
	LIST(struct kt_input, inputs) /* of the machine's metrics, in the order of reading */ \
	LIST(struct kt_source_state, sources)                                                 \
	LIST(const char *, denied)   /* files that the capture could not read */              \
	LIST(const char *, degraded) /* why the account is coarser than it could be */        \
	LIST(const char *, notes)    /* notes that a reader of the numbers needs */           \
	KT_AREA_LISTS(LIST)                                                                   \
	KT_CACHE_LISTS(LIST)                                                                  \
	KT_DCACHE_LISTS(LIST)                                                                 \
	KT_HOLDING_LISTS(LIST)                                                                \
	KT_MEMREPORT_LISTS(LIST)                                                              \
	KT_PERCPU_LISTS(LIST)                                                                 \
	KT_RECORD_LISTS(LIST)                                                                 \
	KT_TASK_LISTS(LIST)                                                                   \
	KT_ZONE_LISTS(LIST)

/** Records that the snapshot has once, made by TYPE_unknown(): RECORD(type, member). */
#define KT_SNAPSHOT_RECORDS(RECORD) \
	KT_CGROUP_RECORDS(RECORD)   \
	KT_DCACHE_RECORDS(RECORD)   \
	KT_PERCPU_RECORDS(RECORD)   \
	KT_TASK_RECORDS(RECORD)

struct kt_snapshot {
	struct kt_arena arena;
	struct kt_host host;
#define LIST(type, member) KT_LIST(type) member;
	KT_SNAPSHOT_LISTS(LIST)
#undef LIST
#define RECORD(type, member) struct type member;
	KT_SNAPSHOT_RECORDS(RECORD)
#undef RECORD
	uint32_t first[KT_METRIC_COUNT], last[KT_METRIC_COUNT]; /* index plus one; 0: none */
	const char *asked_cache; /* the only cache to read, where a source can; NULL: all */
	bool asked_beyond;	 /* read in kernel memory what belongs to slab and is in no cache */
	unsigned asked_depth;	 /* of directories below a mount, where a source counts them */
	/* files of this kernel that the user gave; NULL: its own are read */
	const char *btf_path, *vmlinux_path;
	const uint64_t *asked_addresses; /* to say what they are */
	size_t nr_asked_addresses;
	bool caches_partial;	      /* some caches are missing, or have no numbers */
	bool areas_partial;	      /* some areas of vmalloc are missing */
	bool modules_partial;	      /* some modules are missing */
	struct kt_region graphics;    /* integrated graphics; empty: none known */
	kt_memreports memreports;     /* last reports of a kernel log */
	size_t nr_memreports_dropped; /* reports before the listed ones */
	const struct kt_memreport *memreport_chosen; /* in use; NULL: none */
	size_t memreport;	     /* 1-based index of the report in use; 0: none */
	int64_t memreport_asked;     /* the report that the user requested; -1: the last; 0: none */
	bool memreports_only_listed; /* the numbers come from files next to the log */
	struct kt_search searches[KT_HELD_KINDS];
	int64_t nr_tasks_left_out; /* processes beyond the limit */
	int64_t tasks_taken_s;	   /* of a recorded list: seconds since 1970; may be KT_UNKNOWN */
	int64_t stack_bytes;	  /* of one thread, as recorded with the tasks; may be KT_UNKNOWN */
	int64_t nr_maps_left_out; /* processes beyond the limit whose mappings were not read */
	struct kt_census *census; /* every page by its use; NULL: not taken */
	/** When kernel memory was counted, in seconds since 1970; may be KT_UNKNOWN: with the rest
	 */
	int64_t memory_taken_s;
	/* pages and slabs that a walk through kernel memory could not read: lists are lower bounds
	 */
	int64_t memory_unread;
	int64_t drift_bytes;  /* change of the counters during the read; may be KT_UNKNOWN */
	int64_t skew_bytes;   /* disagreement between a capture's files; may be KT_UNKNOWN */
	bool folded;	      /* per-CPU counters were folded before reading */
	bool hashdist;	      /* the large hash tables come from vmalloc (CONFIG_NUMA before 5.2) */
	bool log_cut;	      /* the beginning of the kernel log is lost */
	bool zones_doubted;   /* the zones may come from another machine or time */
	const char *log_path; /* path of the kernel log; NULL: none was read */
	bool log_foreign;     /* the kernel log comes from another kernel than the running one */
	bool log_initrd;      /* the kernel log says that there was an initial RAM disk */
	bool log_whole;	      /* the kernel log contains the complete boot */
};

struct kt_snapshot *kt_snapshot_new(void); /* NULL when out of memory */
void kt_snapshot_free(struct kt_snapshot *snap);
void kt_snapshot_cleanup(struct kt_snapshot **snap);

/** Stores a copy of `entry`; `path` and `field` must live as long as the snapshot. */
void kt_snapshot_put(struct kt_snapshot *snap, struct kt_entry entry);
/** Stores a derived value in bytes. */
void kt_snapshot_derive(struct kt_snapshot *snap, enum kt_metric metric, int node, int64_t bytes,
	enum kt_quality quality, const char *how);
/** Stores a derived value, or the state and reason of a missing value. */
void kt_snapshot_derive_val(struct kt_snapshot *snap, enum kt_metric metric, int node,
	struct kt_val val, const char *how);
/** Stores the reason why a value is missing. */
void kt_snapshot_lack(struct kt_snapshot *snap, enum kt_metric metric, int node,
	enum kt_state state, const char *why);
/** Stores that the machine has zero of a quantity, and the evidence for it. */
void kt_snapshot_none(struct kt_snapshot *snap, enum kt_metric metric, int node, const char *why);
/**
 * Adds `raw` to the entry with the same metric, node and path, or makes the entry. If a part is
 * missing, the sum is missing with the state of this part.
 */
void kt_snapshot_add(struct kt_snapshot *snap, struct kt_entry entry);
/** Removes the entries of `path`; they are missing with the reason `why`. */
void kt_snapshot_forget(struct kt_snapshot *snap, const char *path, const char *why);
void kt_snapshot_note(struct kt_snapshot *snap, const char *fmt, ...) KT_PRINTF(2, 3);

/**
 * Returns the value of a metric for the machine (KT_NO_NODE) or a node. For the machine, values
 * that exist only per node are summed over the nodes.
 */
struct kt_val kt_snapshot_get(const struct kt_snapshot *snap, enum kt_metric metric, int node);
/** Seconds by which the counts of kernel memory are older than the rest; 0: they are not. */
int64_t kt_snapshot_memory_age_s(const struct kt_snapshot *snap);
/**
 * Base of percentages: physical memory present to the kernel; else MemTotal; else KT_UNKNOWN. Never
 * 0.
 */
int64_t kt_snapshot_memory(const struct kt_snapshot *snap);
/** Returns the value of one rank, for cross-checks. */
struct kt_val kt_snapshot_get_rank(
	const struct kt_snapshot *snap, enum kt_metric metric, int node, enum kt_rank rank);

/** Returns the sum over the nodes of one rank. */
struct kt_val kt_snapshot_sum_rank(
	const struct kt_snapshot *snap, enum kt_metric metric, enum kt_rank rank);

/** Finds the first list of users of a kind that was read; NULL: none. */
const struct kt_user_list *kt_snapshot_users(
	const struct kt_snapshot *snap, enum kt_user_file file);

/**
 * A mark for discarding what is read after it: a copy of the snapshot without its arena. Rewinding
 * discards every list item and number added later, also from other sources. It does not undo
 * changes inside elements that existed before the mark: see sources.def.
 */
struct kt_snapshot_mark {
	struct kt_snapshot then;
};

struct kt_snapshot_mark kt_snapshot_mark(const struct kt_snapshot *snap);
/** Discards everything added after the mark; the memory stays in the arena. */
void kt_snapshot_rewind(struct kt_snapshot *snap, const struct kt_snapshot_mark *mark);

#endif
