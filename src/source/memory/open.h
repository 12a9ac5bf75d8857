// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MEMORY_OPEN_H
#define KT_SOURCE_MEMORY_OPEN_H

#include "kernel/symbol_table.h"
#include "memory/memmap.h"
#include "memory/slub.h"
#include "source/source.h"

/** Kernel memory, of the running machine or of a dump, opened for a source, with the addresses
 * where its walk starts. */
struct kt_memory {
	struct kt_root *root;
	struct kt_target *target;
	bool borrowed; /* the root owns the target */
	struct kt_slub_opts slub;
	struct kt_page_sample page; /* both 0: unknown */
	struct kt_arena arena;
	KT_LIST(struct kt_pfn_range) ranges; /* System RAM, by the snapshot's iomem */
};

/** Opens it. ABSENT: the root has none. The caller cleans up. */
struct kt_err *kt_memory_open(
	struct kt_root *root, struct kt_snapshot *snap, struct kt_memory *ret_memory) KT_MUST_CHECK;
void kt_memory_cleanup(struct kt_memory *memory);
/** Finds the memory map, for walks that need it and know where memory is. */
struct kt_err *kt_memory_map(struct kt_memory *memory, struct kt_memmap *ret_memmap) KT_MUST_CHECK;

/**
 * Gives all symbols, for walks that name what is at an address. They are read once and belong to
 * the target.
 */
struct kt_err *kt_memory_symbols(
	const struct kt_memory *memory, const struct kt_symbol_table **ret_table) KT_MUST_CHECK;
/** Same of a dump's memory, without a root. */
struct kt_err *kt_memory_dump_symbols(
	struct kt_target *target, const struct kt_symbol_table **ret_table) KT_MUST_CHECK;
/** Adds the texts that are made of a dump's memory to its root. NOMEM */
struct kt_err *kt_memory_dump_texts(struct kt_root *root, struct kt_target *target) KT_MUST_CHECK;
/** Number of nodes that a dumped machine could have, up to the highest; 1: without NUMA. */
uint32_t kt_memory_dump_nodes(struct kt_target *target);

typedef struct kt_err *(*kt_memory_walk)(struct kt_memory *memory, struct kt_snapshot *snap);
typedef void (*kt_memory_write)(const struct kt_snapshot *snap, struct kt_buf *ret_text);

/**
 * Notes that a walk could not read so many pages and slabs, whose content its list lacks. Files of
 * captures keep it.
 */
void kt_memory_unread(struct kt_snapshot *snap, uint64_t nr_unread);

/** For kt_source.gives */
#define KT_MEMORY_GIVES "root, CONFIG_DEBUG_INFO_BTF, and /proc/kcore or CONFIG_BPF_SYSCALL"

/**
 * Reads a source of kernel memory. On a running machine it walks, and `write` makes the result a
 * file of a capture or recording, at the source's path; elsewhere the source parses that file.
 */
struct kt_err *kt_memory_read(struct kt_root *root, struct kt_snapshot *snap,
	const struct kt_source *source, kt_memory_walk walk, kt_memory_write write) KT_MUST_CHECK;

/** Adds what a line says to the snapshot; false: it is no line of this text. */
typedef bool (*kt_memory_line)(struct kt_snapshot *snap, struct kt_span line);
/**
 * Takes the lines of such a file, without empty ones and those with "#". `of`: "a slab cache", for
 * the error, which has the number of the line.
 */
struct kt_err *kt_memory_lines(struct kt_snapshot *snap, const struct kt_text *text,
	kt_memory_line take, const char *of) KT_MUST_CHECK;

#endif
