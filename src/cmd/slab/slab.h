// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_LIST_SLAB_H
#define KT_CMD_LIST_SLAB_H

#include "analysis/slab.h"
#include "analysis/slab_layout.h"
#include "cli/cmd.h"

extern const struct kt_cmd kt_cmd_slab;

/* For columns made of model/cache.def: keeps what belongs to a field that the list shows. */
#define KT_SLAB_IN_NOWHERE(...)
#define KT_SLAB_IN_PAGE(...)
#define KT_SLAB_IN_LIST(...) __VA_ARGS__
#define KT_SLAB_IN_BOTH(...) __VA_ARGS__

/* The type of a cell by the kind of the field. */
#define KT_SLAB_CELL_BYTES KT_CELL_BYTES
#define KT_SLAB_CELL_COUNT KT_CELL_COUNT
#define KT_SLAB_CELL_FLAG  KT_CELL_BOOL
#define KT_SLAB_CELL_DEBUG KT_CELL_BOOL

enum { KT_SLAB_BY_CACHE, KT_SLAB_BY_CGROUP }; /* in the order of the option's words */

/**
 * Options of the command: one row for each family of kmalloc caches; columns from /sys/kernel/slab;
 * numbers from kernel memory; rows for caches, or for caches and cgroups. `view`: no option, for
 * views of the list, which show what there is: numbers from kernel memory also where a capture or
 * recording happens to have them, and of a running machine nothing that is not in the list.
 */
struct kt_slab_args {
	bool families, details, exact, objects, draw, view;
	int by;
};

/** The key of the slab object that says whose numbers they are: "exact" or "estimate". */
#define KT_SLAB_COUNTS "counts"
/** When they were counted in kernel memory; missing for an estimate. */
#define KT_SLAB_COUNTED "counted"

/** Parts of reports; the list in the report "metrics". */
extern const struct kt_part kt_slab_whole_part, kt_slab_slot_part;
extern const struct kt_part kt_slab_occupancy_part, kt_slab_drawn_part;
extern const struct kt_part kt_slab_rcu_part, kt_slab_large_part, kt_slab_large_sum_part;
extern const struct kt_part kt_slab_caches_part, kt_slab_metrics_part;
extern const struct kt_shape kt_slab_cache_shape;

/** The report of one cache, "ktally slab CACHE"; `name` is the one that was asked for. */
struct kt_err *kt_slab_cache_report(const struct kt_snapshot *snap, const struct kt_slab_uses *uses,
	const char *name, const struct kt_slab_args *args, struct kt_report *report) KT_MUST_CHECK;

/**
 * Returns whether the requested columns or the sort column need /sys/kernel/slab. Six more files
 * for each cache cost more than the whole list, so they are read on request only.
 */
bool kt_slab_needs_details(const struct kt_call *call);
/** Shortens a list of names: "eventpoll_epi, kioctx and 5 more". */
const char *kt_slab_shortened(struct kt_report *report, const char *names);

/** Adds the list "caches" to a report. */
void kt_slab_put_caches(const struct kt_call *call, const struct kt_slab_args *args,
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_slab_uses *uses);

/** Adds the object "slab" to a report, and its first lines in text. */
void kt_slab_put_whole(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_slab_uses *uses);

/** Adds the blocks of large kmalloc by order, or a note why they are not known. */
void kt_slab_put_large(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_slab_uses *uses);

/** Adds the objects that wait for RCU outside of caches, or a note why they are not known. */
void kt_slab_put_rcu(struct kt_report *report, const struct kt_snapshot *snap);

/** Draws a slab and one of its slots to scale, as text; adds the slot's pieces as a table. */
void kt_slab_picture(struct kt_report *report, const struct kt_slab_use *use);

/** Names the maker of a cache: the module of its constructor, or what its name shows, if any. */
struct kt_cell kt_slab_maker(struct kt_report *report, const struct kt_slab_use *use);

/** Adds the list "occupancy" to a report: the slabs of one cache by the share that is in use. */
void kt_slab_put_occupancy(struct kt_report *report, const struct kt_slab_occupancy *occupancy,
	const struct kt_slab_uses *uses);

/** Draws slabs of one cache, which the snapshot has; adds them as the table "drawn". */
void kt_slab_put_drawing(struct kt_report *report, const struct kt_snapshot *snap);
/**
 * Adds a drawing of slabs of `of`; NULL: the report has the name. `snap`: NULL if its slabs are a
 * model's, which are on no node.
 */
void kt_slab_put_drawn(struct kt_report *report, const struct kt_slab_drawing *drawing,
	const char *of, const struct kt_snapshot *snap);

/**
 * Adds the pieces of a slot as a table, and as a strip in text. `pointer_at`: as in
 * kt_slab_lay_out().
 */
void kt_slab_put_slot(struct kt_report *report, const struct kt_slab_use *use, int64_t pointer_at);

#endif
