// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds a time in a line, and in the name of a file.

#include "fuzz_record.h"

#include "base/stamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_span text = { (const char *)data, size };
	struct kt_stamp_gaps gaps = { .year = 2026 };
	struct kt_stamp stamp;
	int64_t ms;

	if (kt_stamp_find(text, &stamp)) {
		fuzz_must(stamp.from < stamp.to && stamp.to <= size, "a time outside of its line");
		if (kt_stamp_ms(&stamp, &gaps, &ms))
			fuzz_must(ms > -86400000ll && ms < 4102531200000ll, "no such year");
	}
	if (kt_stamp_of_name(text, &stamp))
		kt_stamp_ms(&stamp, &gaps, &ms);
	return 0;
}
