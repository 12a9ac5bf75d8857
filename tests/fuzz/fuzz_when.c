// SPDX-License-Identifier: GPL-2.0-or-later
//
// A moment as people write it; the first eight bytes are the one that it is relative to.

#include "fuzz_record.h"

#include "base/when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_span text, copy;
	int64_t now_ms, ms, again_ms;
	uint64_t raw;
	char told[32], local[KT_WHEN_ROOM];

	text = (struct kt_span){ (const char *)data, size };
	if (!kt_take_u64(&text, &raw))
		return 0;
	now_ms = (int64_t)(raw % (1ull << 53)); /* clocks of recordings are in this range */
	kt_duration(text, &ms);
	if (!kt_when(text, KT_WHEN_LOCAL, now_ms, &ms))
		return 0;
	fuzz_must(*kt_when_local(ms, local), "a time has no local text");
	fuzz_must(kt_when(text, KT_WHEN_UTC, now_ms, &ms), "a time is local only");
	copy = kt_span_str(kt_when_text(ms, told));
	fuzz_must(copy.n > 0 && copy.n < sizeof(told), "a moment has no text");
	/* dates of four digits are read as they are written, to the second */
	if (ms >= 0 && ms < 253402300800000)
		fuzz_must(kt_when(copy, KT_WHEN_LOCAL, now_ms, &again_ms) &&
				  again_ms == ms / 1000 * 1000,
			"a moment is not read as it is written");
	return 0;
}
