// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BPF_BPF_H
#define KT_BPF_BPF_H

#include "base/err.h"

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/** The bpf() system call, as far as ktally uses it. Everything is gone when its fd is closed. */

/** Calls bpf(); below 0: errno says why. */
int kt_bpf(int command, union bpf_attr *attr);

/** A map; `name`: at most 15 bytes. */
struct kt_bpf_map_opts {
	uint32_t type, key_bytes, value_bytes, nr_entries, flags;
	const char *name;
};
int kt_bpf_map(const struct kt_bpf_map_opts *opts);

/** A program; `attach_id`: id of the type or function that it is for, 0: none. */
struct kt_bpf_program_opts {
	uint32_t type, attach_type, attach_id, flags;
	const struct bpf_insn *insns;
	uint32_t nr_insns;
	const char *name;
	char *log; /* text of the kernel's verifier; NULL: not wanted */
	uint32_t log_bytes;
};
int kt_bpf_program(const struct kt_bpf_program_opts *opts);

/**
 * Says in a sentence why the kernel refused a map or a program. lockdown=confidentiality refuses a
 * program that reads kernel memory with EINVAL.
 */
struct kt_err *kt_bpf_refused(int errnum) KT_MUST_CHECK;

#endif
