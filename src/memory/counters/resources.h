// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_COUNTERS_RESOURCES_H
#define KT_MEMORY_COUNTERS_RESOURCES_H

#include "kernel/target.h"

/** A range of physical addresses, as in /proc/iomem. */
struct kt_resource {
	uint64_t start, end; /* `end`: the last address */
	const char *name;    /* printable; "<BAD>": the kernel has none */
	unsigned depth;	     /* 0: in no other range */
};

typedef void (*kt_resource_fn)(void *arg, const struct kt_resource *resource);

/**
 * Walks the kernel's tree of physical addresses (kernel/resource.c), in the order of /proc/iomem.
 * ABSENT: the kernel does not name it. PARSE: it is damaged; ranges before were passed on.
 */
struct kt_err *kt_resources_each(
	struct kt_target *target, kt_resource_fn fn, void *arg) KT_MUST_CHECK;

#endif
