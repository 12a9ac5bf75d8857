// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_BOOT_FIRMWARE_H
#define KT_SOURCE_BOOT_FIRMWARE_H

#include "model/snapshot.h"

/** Adds a range of the firmware map; `end` is exclusive. */
void kt_firmware_add(struct kt_snapshot *snap, uint64_t start, uint64_t end, struct kt_span type);

#endif
