// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_KERNEL_TARGET_H
#define KT_KERNEL_TARGET_H

#include "kernel/symbol_table.h"
#include "kernel/symbols.h"
#include "kernel/types.h"

/**
 * A kernel whose memory can be read by address: of the running machine, of a crash dump, or bytes
 * made by a test. It reads, it knows addresses of symbols and types; it does not know what a slab
 * cache is, and never writes.
 *
 * Memory changes while it is read. So a walk is bounded, and checks a structure before it
 * believes it.
 */
struct kt_target;

struct kt_target_ops {
	/** Copies kernel memory; false: at least one byte cannot be read. */
	bool (*read)(struct kt_target *target, uint64_t address, void *to, size_t size);
	/** Gives what must be added to the address of a per-CPU variable. NULL: symbols tell it. */
	bool (*cpu_offset)(struct kt_target *target, unsigned cpu, uint64_t *ret_offset);
	/** Gives the address of the task that reads. NULL: there is none. */
	bool (*current_task)(struct kt_target *target, uint64_t *ret_address);
	/**
	 * Gives the address at which the kernel sees physical address 0, and the address of the
	 * struct page of page 0. NULL: symbols tell them.
	 */
	bool (*memory_map)(struct kt_target *target, uint32_t page_struct_bytes,
		uint64_t *ret_direct, uint64_t *ret_page);
	/**
	 * Copies the struct elf_prstatus that a dump's file has of a CPU; returns its bytes, at
	 * most `size`; 0: none. NULL: there is no such file.
	 */
	size_t (*status)(struct kt_target *target, unsigned cpu, void *to, size_t size);
	void (*close)(struct kt_target *target);
};

/** The part of a target that every backend has; its own state comes after it. */
struct kt_target {
	const struct kt_target_ops *ops;
	const char *name; /* "/proc/kcore", "BPF" */
	const char *file; /* contents of the type data; freed with free() */
	struct kt_types types;
	struct kt_symbols symbols;
	/* all symbols; empty until they are first asked for (kt_memory_symbols()) */
	struct kt_symbol_table all_symbols;
	/* Memory does not change, as in a dump: a structure that does not hold together is damaged,
	 * or missing in part. */
	bool at_rest;
	uint32_t page_bytes;
	uint32_t nr_cpus;	      /* possible CPUs */
	uint64_t nr_reads, nr_failed; /* calls, failed calls */
	/* results of walks that several users of the target share; freed with free_kept() */
	void *kept;
	void (*free_kept)(void *kept);
};

/** Reads memory; false: it cannot be read, and `to` is undefined. */
bool kt_target_read(struct kt_target *target, uint64_t address, void *to, size_t size);
/** Reads one pointer or number of `size` bytes, 1 to 8. */
bool kt_target_number(
	struct kt_target *target, uint64_t address, uint32_t size, uint64_t *ret_value);
/** Reads a pointer of the kernel's own size. */
bool kt_target_pointer(struct kt_target *target, uint64_t address, uint64_t *ret_value);
/** Whether a value may be a pointer to kernel memory: in the upper half, and aligned. */
static inline bool kt_target_is_pointer(const struct kt_target *target, uint64_t value)
{
	uint32_t bytes = target->types.pointer_bytes;

	return value >> (bytes * 8 - 1) == 1 && value % bytes == 0;
}
/** Reads a name of any bytes up to its NUL, at most `size` - 1 bytes; false: unreadable, or empty.
 */
bool kt_target_name(struct kt_target *target, uint64_t address, char *to, size_t size);
/** Reads a text up to its NUL, at most `size` - 1 bytes; false: unreadable, or not printable. */
bool kt_target_text(struct kt_target *target, uint64_t address, char *to, size_t size);
bool kt_target_cpu_offset(struct kt_target *target, unsigned cpu, uint64_t *ret_offset);
/** NULL is allowed. */
void kt_target_close(struct kt_target *target);
void kt_target_cleanup(struct kt_target **target);

/**
 * A target made of bytes, for tests: `nr_pieces` pieces of memory, each with its own address. The
 * target copies nothing; the caller fills in types and symbols.
 */
struct kt_target_piece {
	uint64_t address;
	const void *bytes;
	size_t size;
};
struct kt_err *kt_target_of_bytes(const struct kt_target_piece *pieces, size_t nr_pieces,
	struct kt_target **ret_target) KT_MUST_CHECK;

#endif
