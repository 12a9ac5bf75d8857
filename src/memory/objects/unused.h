// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_OBJECTS_UNUSED_H
#define KT_MEMORY_OBJECTS_UNUSED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Objects of one cache and who refers to them; private to src/memory/objects. */

#define KT_UNUSED_OBJECTS_MAX (1u << 22)

struct kt_unused_object {
	uint64_t address; /* of its dentry or inode */
	uint64_t next;	  /* address of the next dentry or inode in its list; 0: it is in no list */
	uint64_t parent;  /* dentries: of the directory; 0: none */
	uint64_t inode;	  /* dentries: 0: the name does not exist */
	double turn;	  /* the smaller, the sooner it is evicted */
	int32_t left;	  /* references that unused objects do not have */
	uint32_t owner;	  /* place of the file system's name, plus 1 */
	uint32_t slab;	  /* number of its slab */
	bool referenced, has_previous, visited, unused;
	uint8_t pin; /* enum kt_pin_reason */
};

/** In ascending order of addresses, once kt_unused_sort() was called. */
struct kt_unused {
	struct kt_unused_object *items;
	size_t count, room;
	bool too_many, failed;
	int64_t nr_loose; /* objects in lists that changed meanwhile */
};

/** Adds a cleared object; NULL: out of memory, or too many. */
struct kt_unused_object *kt_unused_add(struct kt_unused *unused);
void kt_unused_sort(struct kt_unused *unused);
/** Finds an object by its address; NULL: there is none. */
struct kt_unused_object *kt_unused_find(const struct kt_unused *unused, uint64_t address);
/** Gives each object in a list its turn. */
void kt_unused_order(struct kt_unused *unused);
/** Marks the dentries that are unused, and directories of which nothing else is in use. */
void kt_unused_dentries(struct kt_unused *unused);
void kt_unused_fini(struct kt_unused *unused);

#endif
