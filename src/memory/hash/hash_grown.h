// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_HASH_GROWN_H
#define KT_MEMORY_HASH_GROWN_H

#include "kernel/target.h"
#include "model/snapshot.h"

/**
 * Counts the objects in each bucket of tables that grow with their objects: neighbours of IPv4 and
 * IPv6, and the sockets of netlink, all protocols together. Appends each table that the kernel
 * names to snap->hash_chains. NOMEM.
 */
struct kt_err *kt_hash_grown_walk(struct kt_target *target, struct kt_snapshot *snap) KT_MUST_CHECK;

#endif
