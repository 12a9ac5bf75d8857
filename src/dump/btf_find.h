// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_BTF_FIND_H
#define KT_DUMP_BTF_FIND_H

#include "kernel/target.h"

/**
 * Finds the kernel's type data in its image, for kernels whose symbols do not say where it is, as
 * older ones without CONFIG_KALLSYMS_ALL. It is recognised by its header, by types that can all be
 * parsed, and by two structs that every kernel has. `from`: an address of the kernel's code, before
 * the data. ABSENT: there is none. The caller frees the bytes.
 */
struct kt_err *kt_btf_find(
	struct kt_target *target, uint64_t from, char **ret_bytes, size_t *ret_size) KT_MUST_CHECK;

#endif
