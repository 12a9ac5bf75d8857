// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_SLAB_H
#define KT_CMD_SLAB_H

#include "analysis/slab.h"
#include "analysis/slab_layout.h"
#include "cmd/cmd.h"

/** The report of one cache, "ktally slab CACHE"; `name` is the one that was asked for. */
struct kt_err *kt_slab_cache_report(const struct kt_options *options,
	const struct kt_snapshot *snap, const struct kt_slab_uses *uses, const char *name,
	struct kt_report *report) KT_MUST_CHECK;

/** The list "caches" of a report. */
void kt_slab_put_caches(const struct kt_options *options, struct kt_report *report,
	const struct kt_snapshot *snap, const struct kt_slab_uses *uses);

/** A slab and one of its slots, drawn to scale, as text; the slot's pieces as a table. */
void kt_slab_picture(struct kt_report *report, const struct kt_slab_use *use);

/** Who makes a cache: the module of its constructor, else what its name tells; or nothing. */
struct kt_cell kt_slab_maker(struct kt_report *report, const struct kt_slab_use *use);

#endif
