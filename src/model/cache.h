// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_CACHE_H
#define KT_MODEL_CACHE_H

#include "base/arena.h"
#include "model/unknown.h"

/**
 * One slab cache, as listed by /proc/slabinfo or by an OOM report ("Unreclaimable slab info").
 * Several caches may have the same name. Each number may be KT_UNKNOWN.
 */
struct kt_cache {
	const char *name; /* safe to print */
	int64_t active_objs, nr_objs;
	int64_t slot_bytes; /* distance between two objects, metadata included */
	int64_t slot_error; /* bytes by which slot_bytes may be off, where a tool rounded it; else 0
			     */
	int64_t objs_per_slab, pages_per_slab;
	int64_t nr_slabs;
	int64_t slab_bytes; /* of one slab; KT_UNKNOWN: only its pages are counted */
	/* without slab counts: (active_objs, nr_objs) x slot_bytes, rounded */
	int64_t used_bytes, total_bytes;
	int reclaimable; /* 0, 1 or KT_UNKNOWN */
};

/**
 * One directory of /sys/kernel/slab. The kernel merges similar caches when they are created:
 * slabinfo shows only the name of the first cache, but each cache has a symbolic link to the
 * directory.
 */
struct kt_cache_folder {
	const char *name;	     /* ":aA-0000192", or the name of its only cache */
	const char *path;	     /* the same name as on disk; not printable */
	KT_LIST(const char *) names; /* names of the links to it */
	/* KT_UNKNOWN: the kernel has no such file, or it was not read */
#define FIELD(member, ...) int64_t member;
#include "model/cache.def"
#undef FIELD
	const char *ctor; /* symbol, "init_once+0x0/0x10 [ext4]"; NULL: none or unknown */
};

enum kt_cache_read { KT_CACHE_READ_LIST, KT_CACHE_READ_SLABINFO, KT_CACHE_READ_PAGE };
enum kt_cache_kind { KT_CACHE_BYTES, KT_CACHE_COUNT, KT_CACHE_FLAG, KT_CACHE_DEBUG };
enum kt_cache_shown {
	KT_CACHE_SHOWN_NOWHERE,
	KT_CACHE_SHOWN_PAGE,
	KT_CACHE_SHOWN_LIST,
	KT_CACHE_SHOWN_BOTH
};

/** An entry of cache.def, which explains the members. */
struct kt_cache_field {
	const char *file;
	size_t offset; /* in struct kt_cache_folder */
	enum kt_cache_read read;
	enum kt_cache_kind kind;
	enum kt_cache_shown shown;
	const char *key, *title, *line, *phrase;
};

enum kt_cache_field_id {
#define FIELD(member, ...) KT_CACHE_FIELD_##member,
#include "model/cache.def"
#undef FIELD
	KT_CACHE_FIELDS
};

extern const struct kt_cache_field kt_cache_fields[KT_CACHE_FIELDS];

/** Returns the place of a field in a directory, for the source that sets it. */
int64_t *kt_cache_field_at(struct kt_cache_folder *folder, const struct kt_cache_field *field);
/** Returns the value of a field; KT_UNKNOWN without a directory. */
int64_t kt_cache_field_of(const struct kt_cache_folder *folder, const struct kt_cache_field *field);

/**
 * Returns the bytes that a cache has at least: its objects, and a page for each slab, as far as its
 * slabs have room. KT_UNKNOWN: the numbers are impossible.
 */
int64_t kt_cache_least_bytes(const struct kt_cache *cache, int64_t page_bytes);

static inline struct kt_cache kt_cache_unknown(const char *name)
{
	return (struct kt_cache){ .name = name,
		.active_objs = KT_UNKNOWN,
		.nr_objs = KT_UNKNOWN,
		.slot_bytes = KT_UNKNOWN,
		.objs_per_slab = KT_UNKNOWN,
		.pages_per_slab = KT_UNKNOWN,
		.nr_slabs = KT_UNKNOWN,
		.slab_bytes = KT_UNKNOWN,
		.used_bytes = KT_UNKNOWN,
		.total_bytes = KT_UNKNOWN,
		.reclaimable = KT_UNKNOWN };
}

static inline struct kt_cache_folder kt_cache_folder_unknown(const char *name, const char *path)
{
	return (struct kt_cache_folder){
		.name = name,
		.path = path,
#define FIELD(member, ...) .member = KT_UNKNOWN,
#include "model/cache.def"
#undef FIELD
	};
}

/**
 * One slab cache as the kernel's memory shows it. Objects in use + cached + waiting for RCU + free
 * = all objects. Each number may be KT_UNKNOWN.
 */
struct kt_cache_memory {
	const char *name; /* safe to print */
	uint64_t address; /* of its struct kmem_cache */
	int64_t slot_bytes, object_bytes, objs_per_slab, pages_per_slab;
	int64_t nr_slabs, nr_objs;
	int64_t used_objs;
	int64_t free_objs;   /* in slabs that no CPU has */
	int64_t cached_objs; /* free, kept for each CPU: slabs, sheaves, and the nodes' full sheaves
			      */
	int64_t rcu_objs;    /* freed, in sheaves that wait for a grace period */
	/* objects that may be in any of these: they moved while they were counted; 0: exact */
	int64_t uncertain_objs;
	int64_t reclaimable; /* 0, 1 or KT_UNKNOWN */
};

/**
 * Allocated objects of the cache that the user named: of one kind, by the rule for its type, or
 * alike in what they point to.
 */
struct kt_object_group {
	const char *kind;   /* "ext4 on /var"; NULL: no rule says what they are */
	const char *holds;  /* "+16 ext4_file_operations, +40 ..."; NULL: nothing that has a name */
	const char *sample; /* name of one of them; NULL: they have none */
	int64_t nr_objs;
	/* seconds since their creation, if they have its time; KT_UNKNOWN: none has */
	int64_t age_median_s, age_oldest_s;
	int64_t nr_aged; /* objects that have a time */
};

/** Objects of the cache that the user named, which point to nothing with a name, by their holder.
 */
struct kt_object_holder {
	bool is_known;	  /* false: no pointer to them was found, except from one to another */
	const char *name; /* "first [module]", a slab cache; NULL: the kernel's own data */
	int64_t nr_objs;
};

/* Slabs without an object in use, ten classes by share of their slots, and full slabs. */
#define KT_OCCUPANCY_CLASSES 12

/** Slabs of the cache that the user named, by the share of their slots that is in use. */
struct kt_slab_occupancy {
	struct kt_occupancy_class {
		int64_t nr_slabs, nr_pages, nr_slots, used_objs;
	} classes[KT_OCCUPANCY_CLASSES];
	int64_t nr_single;    /* slabs with one object in use */
	int64_t packed_pages; /* pages that would be enough for all objects in use */
	int64_t nr_unread;    /* slabs and pages that could not be read */
	int64_t nr_torn;      /* slabs that changed while they were read: they count as full */
};

/** State of a slab, as the allocator sees it. */
enum kt_slab_state {
	KT_SLAB_CPU,	 /* a CPU allocates from it */
	KT_SLAB_WAITING, /* it waits for a CPU to allocate from it */
	KT_SLAB_PARTIAL, /* its own list has free objects */
	KT_SLAB_FULL,	 /* its own list has none */
	KT_SLAB_EMPTY,	 /* its own list has all objects */
};

/** Where an object of a slab is: a letter each, in kt_drawn_slab.map. */
#define KT_SLOT_USED	 'U'
#define KT_SLOT_FREE	 'F' /* on its slab's list */
#define KT_SLOT_CPU	 'C' /* on a CPU's list */
#define KT_SLOT_SHEAF	 'S' /* in a sheaf of a CPU */
#define KT_SLOT_NODE	 'N' /* in a full sheaf of a node */
#define KT_SLOT_RCU	 'R' /* in a sheaf that waits for a grace period */
#define KT_SLOT_MAGAZINE 'M' /* in a magazine: only of a model */

/** Why a slab was chosen to be drawn. */
enum kt_drawn_role {
	KT_DRAWN_FULLEST,
	KT_DRAWN_FULLER, /* between the median and the fullest */
	KT_DRAWN_MEDIAN,
	KT_DRAWN_EMPTIER, /* between the median and the emptiest */
	KT_DRAWN_EMPTIEST,
	KT_DRAWN_OF_CPU,
	KT_DRAWN_ALL, /* there are few slabs, and all are drawn */
};

/** One slab of the cache that the user named, as it was when it was read. */
struct kt_drawn_slab {
	uint64_t address; /* of its first byte, in the direct map */
	int64_t pfn;
	enum kt_slab_state state;
	int64_t cpu; /* the CPU that has it, or will; KT_UNKNOWN: none */
	enum kt_drawn_role role;
	int64_t nr_alike; /* slabs with as many objects in use, itself included; KT_UNKNOWN */
	int64_t nr_objs;  /* slots: fewer than planned if memory was short */
	int64_t used_objs;
	int64_t start;	      /* byte of the first slot: a model may colour slabs */
	bool torn;	      /* it changed while it was read: free slots may count as in use */
	const char *map;      /* nr_objs letters */
	const uint16_t *rank; /* place of each object in its list, from 1; 0: in use */
};

#define KT_DRAWN_SLABS 5u /* by objects in use; with a slab of a CPU, one more */

/** Slabs of the cache that the user named, to be drawn: some of all. */
struct kt_slab_drawing {
	int64_t slot_bytes, object_bytes, objs_per_slab, pages_per_slab, page_bytes;
	int64_t object_at;  /* place of the object in its slot: after a red zone, if there is one */
	int64_t pointer_at; /* place in a free object of the pointer to the next one */
	bool hardened;	    /* these pointers are mixed with a secret */
	int64_t nr_slabs, nr_unread, nr_torn;
	KT_LIST(struct kt_drawn_slab) slabs; /* the fullest first */
};

#define KT_EVICTION_STEPS 10

/**
 * Unused objects of the cache that the user named, and the slabs that evicting them frees. Slabs
 * without objects in use are left out.
 */
struct kt_slab_eviction {
	int64_t nr_slabs, nr_objs, pages_per_slab, objs_per_slab;
	int64_t nr_unused; /* objects that the kernel can evict */
	int64_t nr_named;  /* of them, inodes that only unused dentries hold */
	int64_t nr_freed;  /* slabs in which all objects are unused */
	int64_t nr_loose;  /* objects of unknown turn: their list changed while it was read */
	/* the same number of evictions, in the kernel's order and from the emptiest slabs on */
	struct {
		int64_t nr_evicted, nr_freed, nr_freed_emptiest;
	} steps[KT_EVICTION_STEPS];
};

/** Why an object cannot be evicted. */
enum kt_pin_reason { KT_PIN_USED, KT_PIN_PAGES, KT_PIN_DIRTY, KT_PIN_REASONS };

/** Objects of one file system that keep slabs for one reason. */
struct kt_slab_pin {
	const char *owner; /* NULL: not known */
	enum kt_pin_reason reason;
	int64_t nr_objs, nr_slabs; /* slabs with at least one of them */
	int64_t nr_alone;	   /* slabs that one of them alone keeps */
};

#define KT_KMALLOC_ORDERS 21 /* largest block: 2^20 pages */

/** Blocks of kmalloc that are in no slab cache: 2^order pages each, next to each other. */
struct kt_large_kmalloc {
	const char *why;		      /* they were not counted; NULL: they were */
	int64_t nr_blocks[KT_KMALLOC_ORDERS]; /* by order */
	int64_t nr_torn;		      /* blocks that changed each time: not counted */
	int64_t nr_unread;		      /* pages whose struct page could not be read */
};

/** Objects that were freed and wait for RCU; numbers may be KT_UNKNOWN. */
struct kt_rcu_waiting {
	const char *why; /* they were not counted; NULL: they were */
	int64_t nr_batch_objs,
		nr_batch_pages;		   /* batches of kfree_rcu(); pages of pointers to them */
	int64_t nr_spare_pages;		   /* kept for pointers */
	int64_t nr_sheaves, nr_sheaf_objs; /* full sheaves whose grace period has not ended */
	int64_t nr_torn;		   /* lists that changed each time they were read */
};

/** Objects of one slab cache that are charged to one memory cgroup, by kernel memory. */
struct kt_slab_charge {
	const char *cache;  /* name, as in cache_memories */
	const char *cgroup; /* path below the hierarchy, "/": the root; NULL: it cannot be read */
	bool dying;	    /* the cgroup was removed, and exists until nothing is charged to it */
	int64_t slot_bytes;
	int64_t nr_objs;   /* in use */
	int64_t rcu_objs;  /* freed, charged until a grace period ends */
	int64_t left_objs; /* of both; charged by removed cgroups, whose parent this is */
};

#define KT_CACHE_LISTS(LIST)                          \
	LIST(struct kt_cache, caches)                 \
	LIST(struct kt_cache_folder, cache_folders)   \
	LIST(struct kt_cache_memory, cache_memories)  \
	LIST(struct kt_slab_charge, slab_charges)     \
	LIST(struct kt_slab_occupancy, occupancies)   \
	LIST(struct kt_slab_drawing, slab_drawings)   \
	LIST(struct kt_slab_eviction, slab_evictions) \
	LIST(struct kt_slab_pin, slab_pins)           \
	LIST(struct kt_rcu_waiting, rcu_waitings)     \
	LIST(struct kt_large_kmalloc, large_kmallocs) \
	LIST(struct kt_object_group, object_groups)   \
	LIST(struct kt_object_holder, object_holders)

#endif
