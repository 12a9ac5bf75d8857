// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/family.h"

#include <stddef.h>

const struct kt_family kt_families[KT_NR_FAMILIES] = {
#define FAMILY(id, name, kind, unit, labels, help) \
	[KT_FAMILY_ID_##id] = { name, KT_FAMILY_##kind, KT_FAMILY_##unit, labels, help },
#include "report/family.def"
#undef FAMILY
};

const char *kt_family_unit_name(const struct kt_family *family)
{
	static const char *const names[] = { [KT_FAMILY_BYTES] = "bytes",
		[KT_FAMILY_SECONDS] = "seconds",
		[KT_FAMILY_RATIO] = "ratio" };

	return names[family->unit];
}
