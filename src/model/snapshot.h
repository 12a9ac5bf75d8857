// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_SNAPSHOT_H
#define KT_MODEL_SNAPSHOT_H

#include "base/arena.h"
#include "base/err.h"
#include "model/area.h"
#include "model/boot_event.h"
#include "model/cache.h"
#include "model/census.h"
#include "model/cgroup.h"
#include "model/dcache.h"
#include "model/event.h"
#include "model/free_area.h"
#include "model/mapping.h"
#include "model/memreport.h"
#include "model/metric.h"
#include "model/module.h"
#include "model/percpu.h"
#include "model/setting.h"
#include "model/task.h"

/**
 * One machine at one moment: what the sources read, before anything is concluded.
 * Live machines, captured trees and (later) recordings and dumps all give this type.
 * Sources add to it; from the account on it is read only.
 */

#define KT_NO_NODE (-1) /* the whole machine */

/**
 * One number as one file has it. Several files may have the same quantity: the
 * lowest rank that is readable is used, the others serve as cross-checks.
 */
struct kt_entry {
	enum kt_metric metric;
	int node; /* NUMA node or KT_NO_NODE */
	enum kt_unit unit;
	enum kt_state state;
	enum kt_quality quality;
	uint8_t rank;
	int64_t raw;	   /* in `unit` */
	const char *path;  /* file it came from, for "explain" */
	const char *field; /* its name there; or, where state is not OK, why */
	uint32_t next;	   /* private to snapshot.c: the next entry of the metric, plus one */
};

/** Ranks: who is believed first where several files have the same quantity. */
enum kt_rank { KT_RANK_FIRST, KT_RANK_VMSTAT, KT_RANK_MEMINFO, KT_RANK_ZONEINFO, KT_RANK_NODE };

/** A value that knows whether it exists. `entry` says where it came from, or is NULL. */
struct kt_val {
	int64_t value; /* bytes, or a plain number for a KT_COUNT; 0 unless state is KT_OK */
	enum kt_state state;
	enum kt_quality quality;
	const char *reason; /* where state is not KT_OK: what is missing; never NULL then */
	const struct kt_entry *entry;
};

#define KT_ZONES_MAX 8 /* of one node; 6 are the most that a kernel has */

struct kt_zone {
	int node;
	const char *name;
	int64_t present, managed, free, pcp, cma_free, unaccepted; /* pages */
	int64_t threshold; /* pages by which a CPU's counters may lag */
	int64_t nr_cpus;
	int64_t start_pfn, spanned; /* where it lies, in page frames; -1: not known */
	bool has_managed;
	/* watermarks; min, low and high have the boost in them. -1: the kernel has none */
	int64_t min, low, high, promo, boost;
	/* pages kept from allocations that could use a higher zone, by the zone they may use */
	int64_t reserve[KT_ZONES_MAX];
	int nr_reserve;
};

struct kt_hugepool {
	int node;
	int64_t page_bytes;
	int64_t total, free, reserved, surplus; /* pages; -1 where the file is missing */
};

enum kt_hash_place { KT_HASH_RESERVED, KT_HASH_DIRECT, KT_HASH_VMALLOC };

struct kt_hash {
	const char *name;
	int64_t entries, size_bytes;
	enum kt_hash_place place;
	bool has_kind; /* the kernel said how it was allocated */
	int order;
};

/** A range of physical addresses; `end` is exclusive. */
struct kt_region {
	uint64_t start, end;
	const char *type;
};

struct kt_unknown {
	const char *path, *field, *value;
};

struct kt_source_state {
	const char *name;
	enum kt_state state;
	bool wanted;
	const char *why;
	int64_t nr_files, nr_bytes, cost_ns;
};

enum kt_machine_kind { KT_MACHINE_UNKNOWN, KT_MACHINE_PHYSICAL, KT_MACHINE_VIRTUAL };

struct kt_host {
	const char *name, *release, *machine; /* NULL where unknown */
	const char *hypervisor, *container;   /* NULL: none seen */
	enum kt_machine_kind kind;
	int64_t nr_cpus, nr_nodes, nr_cpus_possible; /* 0: unknown */
	int64_t uptime_s;			     /* -1: unknown */
	int64_t taken_s;			     /* seconds since 1970; 0: unknown */
	int64_t page_bytes;			     /* 0: unknown */
	bool live, privileged, isolated_cpus;
};

struct kt_snapshot {
	struct kt_arena arena;
	struct kt_host host;
	KT_LIST(struct kt_entry) entries;
	uint32_t first[KT_METRIC_COUNT], last[KT_METRIC_COUNT]; /* index plus one; 0: none */
	KT_LIST(struct kt_zone) zones;
	KT_LIST(struct kt_hugepool) hugepools;
	KT_LIST(struct kt_hash) hashes;
	KT_LIST(struct kt_boot_event) boot_events; /* in the order of the kernel log */
	KT_LIST(struct kt_free_area) free_areas;   /* free blocks of each zone */
	KT_LIST(struct kt_free_area) mobilities;   /* the same by mobility */
	KT_LIST(struct kt_event) events;	   /* of the page allocator, since boot */
	KT_LIST(struct kt_setting) settings;
	KT_LIST(struct kt_mount_type) mount_types;
	struct kt_dcache dcache;
	struct kt_sockets sockets;
	KT_LIST(struct kt_cache) caches;
	KT_LIST(struct kt_cache_folder) cache_folders;
	const char *asked_cache; /* the user's: a source that can reads no other; NULL: all */
	bool caches_partial;	 /* only the unreclaimable ones that an OOM report names */
	KT_LIST(struct kt_area) areas;
	KT_LIST(struct kt_module) modules;
	KT_LIST(struct kt_module_alloc) module_allocs;
	KT_LIST(struct kt_region) firmware; /* the firmware map */
	KT_LIST(struct kt_region) iomem;    /* System RAM and what ktally knows inside it */
	struct kt_region graphics;	    /* integrated graphics; empty where none is known */
	struct kt_cgroups cgroups;
	struct kt_percpu percpu;
	KT_LIST(struct kt_task) tasks;
	KT_LIST(struct kt_mapped_file) mapped_files;
	KT_LIST(struct kt_mapping) mappings;		   /* of files only */
	KT_LIST(struct kt_unknown) unknown;		   /* fields of a newer kernel */
	kt_memreports memreports;			   /* of a kernel log */
	KT_LIST(struct kt_memreport_stat) memreport_stats; /* of the cgroup of the one chosen */
	size_t memreport; /* which of them the numbers are of, from 1; 0: none. Set before: asked
			     for */
	KT_LIST(struct kt_source_state) sources;
	KT_LIST(const char *) denied; /* files that a capture was not allowed to read */
	KT_LIST(const char *) notes;  /* what a reader of the numbers has to know */
	int64_t nr_tasks_left_out;    /* processes beyond what is read */
	int64_t tasks_taken_s;	      /* since 1970, where it is told; otherwise 0 */
	int64_t stack_bytes;	      /* of one thread, as it was found with them; 0: not told */
	int64_t nr_maps_left_out;     /* processes whose mappings were not read, being too many */
	struct kt_census *census;     /* every page by its use; NULL where none was taken */
	int64_t drift_bytes;	      /* change of the counters while they were read; -1: unknown */
	int64_t skew_bytes;	      /* disagreement of a capture's files; -1: unknown */
	bool folded;		      /* per-CPU counters were folded before reading */
	bool hashdist;	    /* the large hash tables come from vmalloc (CONFIG_NUMA before 5.2) */
	bool has_allocinfo; /* what modules allocated is known */
	bool log_cut;	    /* the kernel log has lost its beginning */
};

struct kt_snapshot *kt_snapshot_new(void); /* NULL when out of memory */
void kt_snapshot_free(struct kt_snapshot *snap);
void kt_snapshot_cleanup(struct kt_snapshot **snap);

/** Keeps a copy of `entry`; `path` and `field` must live as long as the snapshot. */
void kt_snapshot_put(struct kt_snapshot *snap, struct kt_entry entry);
/** Keeps a computed value, in bytes. */
void kt_snapshot_derive(struct kt_snapshot *snap, enum kt_metric metric, int node, int64_t bytes,
	enum kt_quality quality, const char *how);
/** Keeps the reason why a value cannot be given. */
void kt_snapshot_lack(struct kt_snapshot *snap, enum kt_metric metric, int node,
	enum kt_state state, const char *why);
/** Adds `raw` to the entry of the same metric, node and path, or makes one. */
void kt_snapshot_add(struct kt_snapshot *snap, struct kt_entry entry);
void kt_snapshot_note(struct kt_snapshot *snap, const char *fmt, ...) KT_PRINTF(2, 3);

/**
 * The value of a metric for the machine (KT_NO_NODE) or a node. For the machine,
 * values that exist only per node are added up over the nodes.
 */
struct kt_val kt_snapshot_get(const struct kt_snapshot *snap, enum kt_metric metric, int node);
/**
 * Physical memory that shares are of: what is present to the kernel, MemTotal where nothing
 * tells; 0: not known.
 */
int64_t kt_snapshot_memory(const struct kt_snapshot *snap);
/** The value as one particular rank has it, for cross-checks. */
struct kt_val kt_snapshot_get_rank(
	const struct kt_snapshot *snap, enum kt_metric metric, int node, enum kt_rank rank);

/** The sum over the nodes as one rank has it. */
struct kt_val kt_snapshot_sum_rank(
	const struct kt_snapshot *snap, enum kt_metric metric, enum kt_rank rank);

/** A place to go back to when a reading has to be thrown away. */
struct kt_snapshot_mark {
	size_t nr_entries, nr_zones, nr_unknown, nr_sources, nr_notes;
};

struct kt_snapshot_mark kt_snapshot_mark(const struct kt_snapshot *snap);
void kt_snapshot_rewind(struct kt_snapshot *snap, const struct kt_snapshot_mark *mark);

static inline bool kt_ok(struct kt_val val)
{
	return val.state == KT_OK;
}

#endif
