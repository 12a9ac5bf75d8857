// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_WHATIF_SLAB_RECLAIM_H
#define KT_WHATIF_SLAB_RECLAIM_H

/** Names in the result of `slab-reclaim` that others look for. */

/* choices of its points */
#define KT_RECLAIM_RANDOM_LEAST "random order, at least"
#define KT_RECLAIM_EMPTIEST	"emptiest slab first"
/* an input: a count */
#define KT_RECLAIM_USED_OBJS "objects in use"

#endif
