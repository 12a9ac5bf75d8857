// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_WHATIF_WHATIF_H
#define KT_WHATIF_WHATIF_H

#include "model/snapshot.h"
#include "source/source.h"

/**
 * A what-if is another size, order, table or setting. An exact algorithm over a snapshot computes
 * its savings. One file is one what-if; one entry of kt_whatifs registers it.
 *
 * Only whole free pages count as saved. A saving that lacks an input is not known, with the reason;
 * it is never 0.
 */

/** A number that the algorithm used: bytes or a count, the other one is KT_UNKNOWN. */
struct kt_whatif_input {
	const char *name;
	int64_t bytes, count;
	const char *from; /* file or walk that has it */
};

/** One choice of a curve, such as a number of classes. Each number may be KT_UNKNOWN. */
struct kt_whatif_point {
	const char *choice;
	int64_t count; /* things that `counted` names */
	int64_t bytes; /* that would be taken */
	int64_t saves_bytes;
};

/** A part of the result: one table, pool, cache or program. Each number may be KT_UNKNOWN. */
struct kt_whatif_part {
	const char *name;
	int64_t count; /* things that `parts_counted` names */
	int64_t now_bytes, then_bytes, saves_bytes;
	const char *how; /* parameter or setting; NULL: none */
};

struct kt_whatif_result {
	/* not KT_OK: not known, because of `lacks`, or else because of `why` */
	enum kt_state state;
	const struct kt_source *lacks;
	const char *why;
	/* bytes in whole pages; with KT_ESTIMATE the true value is from low_bytes to high_bytes */
	enum kt_quality quality;
	int64_t saves_bytes, low_bytes, high_bytes;
	int64_t now_bytes; /* taken today; may be KT_UNKNOWN */
	KT_LIST(struct kt_whatif_input) inputs;
	KT_LIST(struct kt_whatif_point) points;
	KT_LIST(struct kt_whatif_part) parts;
	KT_LIST(const char *) notes;
};

/** The least effort: a setting while the machine runs, another boot, another kernel. */
enum kt_whatif_needs { KT_WHATIF_SETTING, KT_WHATIF_REBOOT, KT_WHATIF_KERNEL };

struct kt_whatif {
	const char *name, *title;
	enum kt_whatif_needs needs;
	const char *how;		     /* sentence: how to get it */
	const char *algorithm;		     /* sentences: how the numbers are computed */
	const char *counted, *parts_counted; /* things in counts of points and parts; NULL: none */
	/* end with NULL; sources of `exact` are read only with --exact */
	const struct kt_source *const *sources, *const *exact;
	/** Computes the result; its texts are in the arena or in the snapshot. */
	void (*compute)(struct kt_arena *arena, const struct kt_snapshot *snap,
		struct kt_whatif_result *ret);
};

extern const struct kt_whatif *const kt_whatifs[];
extern const size_t kt_nr_whatifs;

/** Finds a what-if by its name; NULL: none has it. */
const struct kt_whatif *kt_whatif_find(const char *name);
/** Computes a what-if. False when out of memory. */
bool kt_whatif_compute(const struct kt_whatif *whatif, struct kt_arena *arena,
	const struct kt_snapshot *snap, struct kt_whatif_result *ret);

/* ---- for the files of the what-ifs ---- */

#define KT_WHATIF_PARTS 20u /* rows of a table */

/** Says that the result is not known, because a source has nothing. */
void kt_whatif_lacks(struct kt_whatif_result *ret, const struct kt_source *source);
/** Says that the result is not known; `why` begins no sentence and has no full stop. */
void kt_whatif_unknown(struct kt_whatif_result *ret, const char *why);
/** Says what is saved: rounded down to whole pages. `page_bytes` must be known and not 0. */
void kt_whatif_saves(
	struct kt_whatif_result *ret, int64_t bytes, enum kt_quality quality, int64_t page_bytes);
/** Says that an estimate is at least and at most so much. */
void kt_whatif_interval(
	struct kt_whatif_result *ret, int64_t low_bytes, int64_t high_bytes, int64_t page_bytes);
void kt_whatif_input_bytes(struct kt_arena *arena, struct kt_whatif_result *ret, const char *name,
	int64_t bytes, const char *from);
void kt_whatif_input_count(struct kt_arena *arena, struct kt_whatif_result *ret, const char *name,
	int64_t count, const char *from);
void kt_whatif_part(
	struct kt_arena *arena, struct kt_whatif_result *ret, struct kt_whatif_part part);
/** Sorts the parts by their savings, the largest first. */
void kt_whatif_sort(struct kt_whatif_result *ret);
/** Sorts the parts and keeps the first KT_WHATIF_PARTS; a note says how many `counted` there are.
 */
void kt_whatif_cut(struct kt_arena *arena, struct kt_whatif_result *ret, const char *counted);
void kt_whatif_point(
	struct kt_arena *arena, struct kt_whatif_result *ret, struct kt_whatif_point point);
void kt_whatif_note(struct kt_arena *arena, struct kt_whatif_result *ret, const char *fmt, ...)
	KT_PRINTF(3, 4);

/**
 * Checks what every what-if needs, the size of a page. False: the result says that it is not known.
 */
bool kt_whatif_has_pages(const struct kt_snapshot *snap, struct kt_whatif_result *ret);

extern const struct kt_whatif kt_whatif_hash, kt_whatif_hvo, kt_whatif_struct_page;
extern const struct kt_whatif kt_whatif_percpu, kt_whatif_crashkernel, kt_whatif_hugetlb;
extern const struct kt_whatif kt_whatif_swiotlb, kt_whatif_stacks, kt_whatif_page_tables;
extern const struct kt_whatif kt_whatif_slab_packing, kt_whatif_slab_reclaim, kt_whatif_kmalloc;
extern const struct kt_whatif kt_whatif_fragmentation, kt_whatif_shared_tables;
extern const struct kt_whatif kt_whatif_mempools, kt_whatif_cma, kt_whatif_slab_orders;
extern const struct kt_whatif kt_whatif_kmalloc_families, kt_whatif_slab_merging;
extern const struct kt_whatif kt_whatif_rounding, kt_whatif_sheaves;

#endif
