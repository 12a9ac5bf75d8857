// SPDX-License-Identifier: GPL-2.0-or-later
//
// The stack of a crashed kernel in damaged memory. The first byte chooses the kernel's form, then
// the input is a list of changes to memory that was made by hand: a place and eight bytes. Every
// second place is in the kernel's image.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/ended_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_frame frames[KT_FRAMES_MAX];
	struct fuzz_change change;
	struct ended_bytes ended;

	if (!size)
		return 0;
	ended_init(&ended, data[0] % ENDED_FORMS);
	if (ended.form < ENDED_PLAIN)
		ended_interrupt(&ended);
	else
		ended_records(&ended);
	state_module(&ended.state, "driver", ENDED_MODULE, "f");
	data++;
	size--;
	while (fuzz_change(&data, &size, &change)) {
		uint64_t place = change.at & 0x0fffffff;

		if (change.at >> 31)
			change.value = ENDED_CODE + change.value % ENDED_BYTES;
		else if (change.at >> 30 & 1)
			change.value = STATE_BASE + change.value % ended.state.used;
		if (change.at >> 29 & 1)
			ended_code(&ended, (uint32_t)(place % (ENDED_BYTES - 8)), change.value, 8);
		else
			state_set(&ended.state, STATE_BASE + place % (ended.state.used - 8),
				change.value, 8);
	}
	if (kt_last_stack(ended.state.target, &ended.moment, frames) > KT_FRAMES_MAX ||
		ended.state.target->nr_reads > 200000)
		abort();
	ended_fini(&ended);
	return 0;
}
