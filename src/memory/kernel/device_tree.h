// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_KERNEL_DEVICE_TREE_H
#define KT_MEMORY_KERNEL_DEVICE_TREE_H

#include "base/buf.h"
#include "kernel/target.h"

/**
 * Writes the value of a property of the device tree's node "chosen", bytes as in its file in
 * /sys/firmware/devicetree/base/chosen. ABSENT: the kernel was started without a device tree, does
 * not name it, or the node has no such property. PARSE: the list of properties is damaged.
 */
struct kt_err *kt_file_chosen(
	struct kt_target *target, const char *name, struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
