// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REPORT_FAMILY_H
#define KT_REPORT_FAMILY_H

#include <stdbool.h>

/** A metric family of OpenMetrics: the name of an amount in monitoring systems. */
enum kt_family_kind { KT_FAMILY_GAUGE, KT_FAMILY_COUNTER };
enum kt_family_unit { KT_FAMILY_NONE, KT_FAMILY_BYTES, KT_FAMILY_SECONDS, KT_FAMILY_RATIO };

struct kt_family {
	const char *name; /* without the suffix "_total" of a counter's samples */
	enum kt_family_kind kind;
	enum kt_family_unit unit; /* suffix of the name */
	const char *labels;	  /* keys separated by blanks; "": none */
	const char *help;
};

enum kt_family_id {
#define FAMILY(id, name, kind, unit, labels, help) KT_FAMILY_ID_##id,
#include "report/family.def"
#undef FAMILY
	KT_NR_FAMILIES,
};

extern const struct kt_family kt_families[KT_NR_FAMILIES];

/** Family of an id: `.metric = KT_FAMILY(SLAB_CACHE_BYTES)`. */
#define KT_FAMILY(id) (&kt_families[KT_FAMILY_ID_##id])

/** Text of `# UNIT`, such as "bytes"; NULL: none. */
const char *kt_family_unit_name(const struct kt_family *family);

#endif
