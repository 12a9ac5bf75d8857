// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_PHYSICAL_H
#define KT_DUMP_PHYSICAL_H

#include "base/buf.h"
#include "dump/dump_file.h"

/**
 * A machine's physical memory in a dump of any format. Memory that the dump does not have is
 * unreadable, never zero, and counted by the reason.
 */
struct kt_physical;

/** Reasons why a byte of memory is not in a dump. */
enum kt_physical_state {
	KT_PHYSICAL_READ,
	KT_PHYSICAL_NONE,     /* the machine has no memory there, or the dump does not say so */
	KT_PHYSICAL_LEFT_OUT, /* a filter left it out */
	KT_PHYSICAL_CUT,      /* the file ends before it, or the dump was never completed */
	KT_PHYSICAL_DAMAGED,  /* the file has something else there */
	KT_PHYSICAL_STATES
};

/** A format. */
struct kt_physical_ops {
	/** Copies memory; otherwise returns why the first absent byte is absent. */
	enum kt_physical_state (*read)(
		struct kt_physical *physical, uint64_t at, void *to, size_t size);
	/** Says where a byte is, without reading it: in a cut stream it may be missing after all.
	 */
	enum kt_physical_state (*state)(struct kt_physical *physical, uint64_t at);
	/**
	 * Returns the first address from `at` on whose byte may be other than 0, in the same range
	 * or at its end. NULL: any byte may be.
	 */
	uint64_t (*skip_zeros)(struct kt_physical *physical, uint64_t at);
	/** Reads the note VMCOREINFO; false: the dump has none. */
	bool (*info)(struct kt_physical *physical, struct kt_buf *ret_text);
	/** Reads the note NT_PRSTATUS with this number, from 0; false: the dump has none. */
	bool (*status)(struct kt_physical *physical, uint32_t index, struct kt_buf *ret_bytes);
	void (*close)(struct kt_physical *physical);
};

/** A range of the machine's physical memory. */
struct kt_physical_range {
	uint64_t first, bytes;
	uint64_t here; /* bytes from its beginning after which nothing is in the dump */
};

/** The part that all formats have; their own state comes after it. */
struct kt_physical {
	const struct kt_physical_ops *ops;
	uint16_t machine;		  /* EM_X86_64, EM_AARCH64; 0: by the kernel in it */
	struct kt_physical_range *ranges; /* memory in the dump: sorted, without overlaps */
	size_t nr_ranges;
	uint64_t bytes[KT_PHYSICAL_STATES]; /* of the machine's memory, known at the start */
	bool unbounded;			    /* the ranges have more than memory in them */
	bool promised;			    /* they are whole, also where the file was cut off */
	bool more_damaged;		    /* `bytes` of cut and damaged memory is a lower bound */
	uint32_t level; /* of makedumpfile(8), -d; 0: unknown, or nothing was left out */
	uint64_t nr_absent[KT_PHYSICAL_STATES]; /* failed reads by reason */
};

#define KT_PHYSICAL_MAX (1ull << 52) /* bytes; no machine has addresses after it */

/** NULL is allowed. */
void kt_physical_close(struct kt_physical *physical);

/** Copies physical memory of any range of addresses; false: at least one byte is absent. */
bool kt_physical_read(struct kt_physical *physical, uint64_t at, void *to, size_t size);

/** Says where a byte is; see kt_physical_ops. */
enum kt_physical_state kt_physical_state(struct kt_physical *physical, uint64_t at);
/** Skips memory that is known to be 0 without being read; see kt_physical_ops. */
uint64_t kt_physical_skip_zeros(struct kt_physical *physical, uint64_t at);
/** Number of reads so far that found no memory. */
uint64_t kt_physical_nr_without(const struct kt_physical *physical);

/** Adds a range, for formats; false: out of memory or more than 2^20 of them. */
bool kt_physical_add(struct kt_physical *physical, uint64_t first, uint64_t bytes, uint64_t here);

#endif
