// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_RECORDS_H
#define KT_MODEL_RECORDS_H

/**
 * Small records of the snapshot's lists. Each header of records names the lists of its records in a
 * macro, LIST(type of an element, member of the snapshot): a new list is one entry next to its
 * record, and snapshot.h has the macros. kt_snapshot_rewind() rewinds every list. Records that the
 * snapshot has once are named likewise, RECORD(type, member).
 */

#include "model/page_class.h"
#include "model/unknown.h"

#include <stdbool.h>
#include <stdint.h>

/** Kinds of lines of the kernel log about memory at boot. */
enum kt_boot_what {
	KT_BOOT_IS_IMAGE, /* the kernel's first line */
	KT_BOOT_IS_FIRMWARE,
	KT_BOOT_IS_BSS,
	KT_BOOT_IS_GAP, /* any other part of the kernel image that was given back */
	KT_BOOT_IS_PERCPU,
	KT_BOOT_IS_INITRD,
	KT_BOOT_IS_SWIOTLB,
	KT_BOOT_IS_GRAPHICS,
	KT_BOOT_IS_MEMMAP,
	KT_BOOT_IS_MEMMAP_LATE,
	KT_BOOT_IS_NODE_DATA,
	KT_BOOT_IS_CRASHKERNEL,
	KT_BOOT_IS_CMA,
	KT_BOOT_IS_LOG_BUFFER,
	KT_BOOT_IS_FTRACE,
	KT_BOOT_IS_HASH
};

/** Memory that was allocated or given back during boot, by the kernel log. */
struct kt_boot_event {
	enum kt_boot_what what;
	const char *name; /* displayed name; NULL: the title of the account's row */
	int64_t time_us;  /* since the kernel started; KT_UNKNOWN: no timestamps in the log */
	int64_t bytes;	  /* KT_UNKNOWN: the line has no size */
	bool freed;
};

/** Count of an event since boot, under the kernel's name (/proc/vmstat). */
struct kt_vm_event {
	const char *name;
	int64_t count;
};

/** A file that at least one process maps. */
struct kt_mapped_file {
	const char *path; /* path as seen by the first process that maps it */
	uint64_t device, inode;
};

/** A range of a process's addresses that maps a file. */
struct kt_mapping {
	uint64_t start, end; /* addresses; `end` is exclusive */
	uint64_t offset;     /* offset of `start` in the file */
	uint32_t file;	     /* index in the snapshot's mapped_files */
	uint32_t pid;
	bool shared, write, exec; /* `shared`: MAP_SHARED */
};

/** One loaded module of /proc/modules. */
struct kt_module {
	const char *name;
	int64_t image_bytes; /* code and data; includes init code until it has run */
	int64_t nr_refs;     /* KT_UNKNOWN: this kernel cannot unload modules */
	const char *users;   /* comma-separated module names; NULL: none */
	const char *state;   /* "Live", "Loading", "Unloading"; NULL: unknown (before 2.6) */
	const char *taints;  /* letters such as "POE"; NULL: none */
};

/** One number below /proc/sys; `name`: the file's name, unique among the files read. */
struct kt_setting {
	const char *name;
	int64_t value;
};

enum kt_hash_place { KT_HASH_RESERVED, KT_HASH_DIRECT, KT_HASH_VMALLOC };

struct kt_hash {
	const char *name;
	int64_t entries, size_bytes;
	enum kt_hash_place place;
	bool has_kind; /* the kernel printed how it was allocated */
	int order;
};

/** The most objects that a hash table had in a recording. */
struct kt_hash_peak {
	const char *name;
	int64_t objects;
};

/** Chains of a hash table, counted in kernel memory. Unread buckets are in `nr_torn` only. */
struct kt_hash_chains {
	const char *name; /* as in the kernel log, or "TABLE, by KEY" for a further table there */
	int64_t nr_buckets, nr_empty;
	int64_t nr_objects; /* in all chains */
	int64_t longest;    /* objects */
	int64_t nr_torn;    /* buckets that changed each time they were read, or were unreadable */
};

enum kt_mempool_kind { KT_MEMPOOL_SLAB, KT_MEMPOOL_KMALLOC, KT_MEMPOOL_KVMALLOC, KT_MEMPOOL_PAGES };

/** A reserve of objects that a driver keeps for times when memory is short, by kernel memory. */
struct kt_mempool {
	uint64_t address;
	enum kt_mempool_kind kind;
	const char *element;	/* slab cache of the elements; NULL: kmalloc, or pages */
	int64_t element_bytes;	/* size of one element */
	int64_t min_objs, objs; /* elements to keep; elements that are kept */
	const char *place;	/* slab cache that has the pool's struct; NULL: the kernel's data */
	int64_t place_offset;	/* bytes from the start of the object there; KT_UNKNOWN: none */
};

/** A contiguous area (CMA). Each number may be KT_UNKNOWN. */
struct kt_cma_area {
	const char *name; /* safe to print */
	int64_t total_pages;
	int64_t used_pages, available_pages; /* allocated as contiguous blocks; all others */
};

/** A range of physical addresses; `end` is exclusive. */
struct kt_region {
	uint64_t start, end;
	const char *type;
};

/** A field of a file that ktally does not know, of a newer kernel. */
struct kt_unknown {
	const char *path, *field, *value;
};

/**
 * Users of kernel memory: call sites and stacks that allocated it, by the files in which the kernel
 * itself keeps them. The same memory may be in several files, so amounts of different files are
 * never added up.
 */

/** Files, or parts of one, that list users. */
enum kt_user_file {
	KT_USERS_SITES,	      /* /proc/allocinfo: every call site */
	KT_USERS_REPORT,      /* the largest call sites in a memory report */
	KT_USERS_PAGES,	      /* page_owner: a record for each allocation of pages */
	KT_USERS_PAGE_STACKS, /* page_owner_stacks: pages of each stack */
	KT_USERS_HANDLES,     /* page_owner_stacks: stacks of handles, without amounts */
	KT_USERS_OBJECTS,     /* alloc_traces, alloc_calls: objects in use, by cache */
	KT_USERS_FREED,	      /* free_traces, free_calls: where objects were last freed */
	KT_USERS_LEAKS,	      /* kmemleak: objects to which no pointer was found */
	KT_USER_FILES,
};

#define KT_USER_FRAMES 16u /* frames of a stack that the kernel saves, and that are kept */

/** Objects of a user that were requested with one size. */
struct kt_user_size {
	const struct kt_user_size *next;
	int64_t nr;
	int64_t waste_bytes; /* of each: it is larger than requested by so much */
};

/** One call site or stack of one file. Texts are printable; unknown numbers are KT_UNKNOWN. */
struct kt_user {
	enum kt_user_file file;
	const char *cache;    /* slab cache of the objects; NULL: none, or not named */
	const char *function; /* of a call site; NULL: the user is a stack */
	const char *place;    /* of a call site, "mm/slub.c:2305" */
	const char *module;   /* of a call site; NULL: the kernel itself */
	/* "foo+0x1/0x20 [module]", innermost first; NULL: no stack */
	const char *const *frames;
	uint32_t nr_frames;
	int64_t handle; /* number that stands for a stack */
	int64_t nr;	/* allocations or objects */
	/* without sentinel: below 0 where frees were counted and their allocations were not */
	int64_t bytes;
	bool has_bytes;
	int64_t nr_pages;    /* base pages, in files that count pages */
	int64_t waste_bytes; /* objects that are larger than requested */
	/* the same for each line of the file, in no order; sizes differ at one call site */
	const struct kt_user_size *sizes;
	int64_t nr_unsized;	  /* objects that are in none of them */
	int64_t age_min, age_max; /* jiffies of the kernel, not of user space */
	int64_t pid_min, pid_max;
	bool inexact; /* the file says that the numbers are too small */
	bool rounded; /* the file has a rounded size */
};

/** One file of users that was read. */
struct kt_user_list {
	enum kt_user_file file;
	const char *path;
	int64_t nr_records; /* lines or records with a user */
	int64_t nr_unread;  /* lines that should have had one */
	/* beyond the limit of stacks: they are in one user without a name */
	int64_t nr_folded;
	bool headless; /* a call site list without its first line: it may be a part */
};

static inline struct kt_user kt_user_unknown(enum kt_user_file file)
{
	return (struct kt_user){ .file = file,
		.handle = KT_UNKNOWN,
		.nr = KT_UNKNOWN,
		.nr_pages = KT_UNKNOWN,
		.waste_bytes = KT_UNKNOWN,
		.age_min = KT_UNKNOWN,
		.age_max = KT_UNKNOWN,
		.pid_min = KT_UNKNOWN,
		.pid_max = KT_UNKNOWN };
}

/**
 * Allocations that were seen while they were watched for some time. Sums are of a sample: each
 * sampled allocation stands for 1/p, where p is the probability that it was drawn.
 */

/* Lifetimes by powers of two of milliseconds: 0: below 1 ms, 1: below 2 ms ... */
#define KT_WATCHED_AGES 32u

/** A sum of a sample: its estimate, and what its error follows from. */
struct kt_sampled_sum {
	int64_t nr;	   /* samples in it */
	double seen_bytes; /* of the samples themselves */
	double objects;	   /* sum of 1/p */
	double bytes;	   /* sum of bytes/p */
	/* estimated: sums of (1-p)/p^2, and of bytes^2 * (1-p)/p^2 */
	double objects_variance, bytes_variance;
};

/** On whose behalf memory was allocated, as far as the stack shows it. */
enum kt_watched_by {
	KT_BY_TASK,	 /* the task that ran asked for it */
	KT_BY_INTERRUPT, /* in an interrupt: the task that ran has nothing to do with it */
	KT_BY_WORK,	 /* a kernel thread, for a work item */
};

/** Allocations with one stack. */
struct kt_watched {
	uint32_t watch;		   /* its number in snap->watches */
	const char *const *frames; /* "foo+0x1/0x20 [module]", innermost first */
	uint32_t nr_frames;
	enum kt_watched_by by;
	const char *work; /* function of the work item; NULL: none */
	const char *comm; /* name of the task with most samples; NULL: none */
	int64_t pid;
	bool others;		    /* samples of other tasks are here too */
	int64_t cgroup;		    /* id, of most samples; KT_UNKNOWN: none */
	const char *path;	    /* of the cgroup; NULL: unknown */
	struct kt_sampled_sum all;  /* allocated while it was watched */
	struct kt_sampled_sum held; /* of these, still allocated at the end */
	struct kt_sampled_sum
		requested; /* of held: bytes that were asked for, where they are known */
	int64_t nr_other;  /* samples that belong to something else */
	/* weights of objects: of freed ones by their age then, of the rest by their age at the end
	 */
	double ended[KT_WATCHED_AGES], lasting[KT_WATCHED_AGES];
};

/** Why a number is not known, or a place was not watched. */
struct kt_watched_gap {
	const char *what; /* "frees by kfree_rcu()" */
	const char *why;  /* sentence without a full stop */
};

#define KT_WATCH_GAPS 16u

/** The watch as a whole. Unknown numbers are KT_UNKNOWN. */
struct kt_watched_whole {
	const char *topic; /* name of the cache, or "pages", "percpu", "vmalloc", "slab" */
	int64_t begun_s;   /* since 1970; KT_UNKNOWN: just now */
	const char *says;  /* the result in some words; NULL: the watch was not recorded */
	bool is_cache;
	int64_t alloc_ms, watch_ms; /* allocations were seen so long, frees so long */
	/* exact counts of the cache's objects in memory: at the start, when allocations were no
	 * longer seen, and at the end */
	int64_t objs_before, objs_middle, objs_after;
	/* events of the watched memory in the first part; KT_UNKNOWN: events do not name the cache
	 */
	int64_t nr_allocs, nr_frees;
	/*
	 * of vmalloc and per-CPU memory, in the first part: exact counts in bytes, allocations by
	 * events, at most, and the frees among them that are certain
	 */
	int64_t bytes_before, bytes_middle, bytes_allocated, bytes_freed;
	int64_t nr_samples, nr_freed;		 /* samples; of them, seen to be freed */
	int64_t nr_unseen;			 /* freed, but not seen */
	bool verified;				 /* the rest was looked up in memory */
	int64_t nr_lost, nr_no_stack, nr_nested; /* no room, no stack, not seen by a program */
	int64_t cpu_ns, kernel_bytes;		 /* that the watch itself took */
	int64_t unlisted_bytes; /* of a stack that may have no sample, in one of 100 cases */
	bool removed;		/* the cache, while it was watched */
	bool over_budget;	/* it ended early */
	struct kt_watched_gap gaps[KT_WATCH_GAPS];
	uint32_t nr_gaps;
	const char *closed; /* places beyond tracepoints that were watched; NULL: none */
};

/** Meaning of an address of the kernel. */
enum kt_kernel_address_kind {
	KT_PLACE_UNKNOWN,   /* nothing is there, or nothing that ktally knows */
	KT_PLACE_SYMBOL,    /* code or data of the kernel or a module */
	KT_PLACE_MEMORY,    /* in the kernel's map of all memory */
	KT_PLACE_PAGE,	    /* the number of a page */
	KT_PLACE_PAGE_INFO, /* struct page of a page */
	KT_PLACE_MAPPED,    /* mapped elsewhere: vmalloc, a stack, a module */
};

enum kt_object_state {
	KT_OBJECT_UNKNOWN, /* the slab changed meanwhile, or it is no object */
	KT_OBJECT_ALLOCATED,
	KT_OBJECT_FREE,
	KT_OBJECT_OUTSIDE, /* between objects: padding, or the end of the slab */
};

struct kt_kernel_address {
	uint64_t asked;
	enum kt_kernel_address_kind kind;
	const char *symbol;    /* "name" or "name [module]"; NULL: none */
	int64_t symbol_offset; /* bytes from it; KT_UNKNOWN: none */
	/* in an area of vmalloc: the function that made it, NULL: unknown; KT_UNKNOWN: in none */
	const char *area_caller;
	int64_t area_offset, area_bytes;
	/* of the page; KT_UNKNOWN where there is none */
	int64_t pfn, head_pfn, nr_refs;
	enum kt_page_class class;
	/* in a slab */
	const char *cache; /* NULL: in none */
	uint64_t object;   /* address of the object */
	int64_t object_bytes, object_offset;
	enum kt_object_state state;
};

/** How the owner of pages was found: pages that no counter of the kernel names. */
enum kt_page_owner_kind {
	/* allocated straight from the page allocator */
	KT_OWNER_DATA,	     /* the kernel's own data, or a module's, points to them */
	KT_OWNER_OBJECT,     /* objects of a slab cache, or of large kmalloc, point to them */
	KT_OWNER_MAPPED,     /* a function mapped them at further addresses (vmap) */
	KT_OWNER_TABLE,	     /* page tables of the kernel */
	KT_OWNER_USER_TABLE, /* page tables of processes that no counter has */
	KT_OWNER_MEMMAP,     /* memory map that was added after the boot */
	KT_OWNER_POOL,	     /* page pool of a network device: they are marked */
	KT_OWNER_HASH,	     /* hash tables of the boot */
	KT_OWNER_NAMELESS,   /* only objects without a name point to them */
	KT_OWNER_NOBODY,     /* nothing points to them */
	/* not direct: other rows of the account have these */
	KT_OWNER_VMALLOC,
	KT_OWNER_STACK,
	KT_OWNER_PERCPU,
	KT_OWNER_KMALLOC,  /* large kmalloc, where it is marked: else it is among direct pages */
	KT_OWNER_CPU_FREE, /* free, and kept by a CPU */
	KT_OWNER_CHANGED,  /* freed, or given to a process, meanwhile */
	KT_OWNER_KINDS,
};

/** Pages with one owner. */
struct kt_page_owner {
	enum kt_page_owner_kind kind;
	/* a symbol, "CACHE: SYMBOL", a function, a hash table; NULL: the kind says it all */
	const char *name;
	int64_t nr_pages, nr_blocks; /* a block was allocated at once */
};

/** Whether pages of this kind were allocated straight from the page allocator. */
static inline int kt_page_owner_is_direct(enum kt_page_owner_kind kind)
{
	return kind < KT_OWNER_VMALLOC;
}

/** A function that had not returned when the kernel crashed. */
struct kt_crash_frame {
	const char *text; /* "foo+0x1/0x20 [module]" */
	bool is_guess;	  /* a word of the stack that follows a call; it may be left over */
};

#define KT_FRAGMENT_STEPS 10 /* up to 1, 2, 4, ... 512 pages */
#define KT_FRAGMENT_FEW	  8  /* pages that keep a block and whose owners are named */

/**
 * Blocks of memory of the size of a huge page, by what keeps them from being free. A page is fixed
 * if the kernel cannot move it.
 */
struct kt_fragments {
	int64_t block_pages;
	int64_t nr_blocks;	     /* that are whole; the following are parts of them */
	int64_t nr_free, nr_movable; /* all pages are free; all are free or movable, not all free */
	int64_t nr_huge;	     /* huge pages of a pool */
	int64_t nr_spare_pages;	     /* free pages in blocks that are not free */
	int64_t nr_unread;	     /* pages that could not be read */
	/* blocks with at most 2^i fixed pages, and more than the step before */
	struct {
		int64_t nr_blocks, nr_pages; /* fixed pages in them */
		int64_t nr_clear;	     /* blocks without movable pages */
		int64_t nr_clear_pages;	     /* fixed pages in these */
	} steps[KT_FRAGMENT_STEPS];
};

/** Fixed pages of one owner in blocks that few fixed pages keep. */
struct kt_fragment_pin {
	const char *owner;
	int64_t nr_pages, nr_blocks;
	int64_t nr_alone, nr_alone_pages; /* blocks in which all fixed pages are its */
	int64_t nr_clear, nr_clear_pages; /* of these, blocks without movable pages */
};

#define KT_RECORD_LISTS(LIST)                                                           \
	LIST(struct kt_hash, hashes)                                                    \
	LIST(struct kt_hash_peak, hash_peaks)                                           \
	LIST(struct kt_hash_chains, hash_chains)                                        \
	LIST(struct kt_boot_event, boot_events) /* in the order of the kernel log */    \
	LIST(struct kt_vm_event, events)	/* of the page allocator, since boot */ \
	LIST(struct kt_setting, settings)                                               \
	LIST(struct kt_module, modules)                                                 \
	LIST(struct kt_mempool, mempools)                                               \
	LIST(struct kt_cma_area, cma_areas)                                             \
	LIST(struct kt_mapped_file, mapped_files)                                       \
	LIST(struct kt_mapping, mappings) /* only mappings of files */                  \
	LIST(struct kt_region, firmware)  /* the firmware map */                        \
	LIST(struct kt_region, iomem)	  /* System RAM and known regions in it */      \
	/* RAM that the command line turned into persistent memory, by /proc/iomem */   \
	LIST(struct kt_region, legacy_persistent)                                       \
	LIST(struct kt_user, users)                                                     \
	LIST(struct kt_user_list, user_lists)                                           \
	LIST(struct kt_watched, watched) /* allocations by stack */                     \
	LIST(struct kt_watched_whole, watches)                                          \
	LIST(struct kt_crash_frame, crash_frames) /* innermost first */                 \
	LIST(struct kt_unknown, unknown)                                                \
	LIST(struct kt_page_owner, page_owners)                                         \
	LIST(struct kt_fragments, fragments)                                            \
	LIST(struct kt_fragment_pin, fragment_pins)                                     \
	LIST(struct kt_kernel_address, addresses)

#endif
