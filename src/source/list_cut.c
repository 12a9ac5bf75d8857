// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/list_cut.h"

#include "base/kernel_files.h"

bool kt_list_cut(struct kt_snapshot *snap, struct kt_span line, bool *partial)
{
	if (!kt_span_skip(&line, KT_LIST_CUT))
		return false;
	line = kt_span_trim(line);
	if (!*partial && line.n)
		kt_snapshot_note(snap, "%.*s: sums of them are lower bounds",
			(int)(line.n < 200 ? line.n : 200), line.p);
	*partial = true;
	return true;
}
