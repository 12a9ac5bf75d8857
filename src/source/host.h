// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_HOST_H
#define KT_SOURCE_HOST_H

#include "model/snapshot.h"

/** Sets the hypervisor where `text` (a DMI name, a line of the kernel log) names one. */
void kt_host_hypervisor(struct kt_snapshot *snap, struct kt_span text);

#endif
