// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_KERNEL_FUNCTIONS_H
#define KT_KERNEL_FUNCTIONS_H

#include "kernel/types.h"

/**
 * Functions and tracepoints of the kernel by its type data: which exist, and which parameters they
 * have. Kernels differ in both, so a program that is attached to one looks here first.
 */

#define KT_PARAMS_MAX	    12u /* parameters that are kept */
#define KT_PARAM_TYPE_BYTES 40u

struct kt_function {
	uint32_t id;	    /* of its type, for attaching; 0: it does not exist */
	uint32_t nr_params; /* all of them */
	/*
	 * Types as written, without qualifiers: "struct page *", "size_t", "unsigned long", "void
	 * *", "function *"; empty: longer than the room, or unknown
	 */
	char params[KT_PARAMS_MAX][KT_PARAM_TYPE_BYTES];
};

/** Finds the tracepoint "kmalloc"; its parameters are the program's. False: there is none. */
bool kt_types_tracepoint(
	const struct kt_types *types, const char *name, struct kt_function *ret_function);

/** Finds `count` functions by name in one walk; a missing one has id 0. */
void kt_types_functions(const struct kt_types *types, const char *const *names, size_t count,
	struct kt_function *ret_functions);

/** Index of the n-th parameter (from 0) of a type, from `first` on; -1: there is none. */
int kt_function_param(const struct kt_function *function, const char *type, unsigned nth);

#endif
