// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_KERNEL_KERNEL_LOG_H
#define KT_MEMORY_KERNEL_KERNEL_LOG_H

#include "base/buf.h"
#include "kernel/target.h"

/**
 * Writes the kernel log in the form of /dev/kmsg, a record a line, oldest first. The log is a ring
 * of descriptors, before 5.10 a ring of records; whether there are descriptors decides. Records
 * that were being written are left out. ABSENT: the kernel does not name its log. PARSE: no record
 * of it can be read.
 */
struct kt_err *kt_file_kernel_log(struct kt_target *target, struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
