// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MEMORY_SEEN_MOUNTS_H
#define KT_SOURCE_MEMORY_SEEN_MOUNTS_H

#include "source/source.h"

/** Takes the numbers of a device, "254:1"; false: it is none. */
bool kt_device_take(struct kt_span word, uint32_t *ret_major, uint32_t *ret_minor);
/** Reads the mounts that this process sees into snap->mounts; without the file there are none. */
void kt_seen_mounts_read(struct kt_root *root, struct kt_snapshot *snap);

#endif
