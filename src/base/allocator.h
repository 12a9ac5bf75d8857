// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_ALLOCATOR_H
#define KT_BASE_ALLOCATOR_H

#include "base/span.h"

/** Functions of the kernel that only allocate memory for their callers. */
bool kt_is_allocator(struct kt_span function);
/** Compares names; a `name` that ends with '*' stands for all functions that begin so. */
bool kt_function_is(struct kt_span function, const char *name);

#endif
