// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_KERNEL_LAST_MOMENT_H
#define KT_MEMORY_KERNEL_LAST_MOMENT_H

#include "kernel/target.h"

/** The facts that a kernel had of itself when its memory was copied; each fact may be missing. */
struct kt_last_moment {
	int64_t taken_s;  /* seconds since 1970, as the kernel last set its clock; KT_UNKNOWN */
	int64_t uptime_s; /* since boot, without suspended time; KT_UNKNOWN */
	int64_t cpu;	  /* that panicked; KT_UNKNOWN: none did */
	int64_t pid;	  /* of the task that this CPU ran; KT_UNKNOWN */
	uint64_t task;	  /* address of this task; 0: unknown */
	bool has_taints;
	uint64_t taints;	 /* a bit for each, as in /proc/sys/kernel/tainted */
	char machine[65];	 /* as uname(2) has it; "": unknown */
	char comm[32];		 /* of the task; "": unknown */
	char command_line[2048]; /* of the kernel; "": unknown */
};

void kt_last_moment_read(struct kt_target *target, struct kt_last_moment *ret_moment);
/** Writes the letters that the kernel shows for taints, such as "OE"; nothing: it is not tainted.
 */
#define KT_TAINT_LETTERS 21
void kt_taint_letters(uint64_t taints, char ret_letters[KT_TAINT_LETTERS]);

#endif
