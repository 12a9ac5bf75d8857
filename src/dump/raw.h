// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_RAW_H
#define KT_DUMP_RAW_H

#include "dump/physical.h"

/**
 * A raw image of a virtual machine's memory: the bytes of physical memory, one after the other,
 * without a header (qemu's pmemsave and memory-backend-file, snapshots of Firecracker). The file
 * may lack what no memory has: the addresses before the first memory of an arm64 machine, and the
 * hole below 4 GiB where a PC has its devices. Where memory is follows from the kernel in it.
 */

/**
 * Whether a file is such an image: whole pages, one of which begins with a kernel's VMCOREINFO.
 * `head`: its first bytes. Looks at the first bytes of each page, so it takes as long as reading
 * the file, for a file that has a zero in its head.
 */
bool kt_raw_is(int fd, struct kt_span head);
/**
 * Opens a file, which it takes over, even after an error. PARSE: no kernel is in it, or where the
 * file has the memory above 4 GiB cannot be found out.
 */
struct kt_err *kt_raw_open(
	struct kt_dump_file *file, struct kt_physical **ret_physical) KT_MUST_CHECK;

#endif
