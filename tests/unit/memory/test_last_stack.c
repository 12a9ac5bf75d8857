// SPDX-License-Identifier: GPL-2.0-or-later
//
// The stack of a kernel that crashed and was made by hand.

#include "ended_bytes.h"
#include "random.h"
#include "test.h"

/* Checks frames by the places in the code; a guess has 1 added. */
static void check_frames(struct ended_bytes *ended, const uint32_t *wanted, size_t count)
{
	struct kt_frame frames[KT_FRAMES_MAX];
	size_t found = kt_last_stack(ended->state.target, &ended->moment, frames);

	CHECK_INT(found, count);
	for (size_t i = 0; i < found && i < count; i++)
		CHECK_INT(frames[i].address + frames[i].is_guess, ENDED_CODE + wanted[i]);
}

TEST(tables_lead_from_a_stack_of_interrupts_to_the_stack_of_the_task)
{
	static const uint32_t wanted[] = { 0x150, 0x250, 0x350, 0x420, 0x550 };

	for (unsigned form = ENDED_OLD; form <= ENDED_RENUMBERED; form++) {
		struct kt_frame frames[KT_FRAMES_MAX];
		struct ended_bytes ended;

		ended_init(&ended, form);
		ended_interrupt(&ended);
		check_frames(&ended, wanted, KT_LEN(wanted));
		CHECK_INT(kt_last_stack(ended.state.target, &ended.moment, frames), 5);
		CHECK(!frames[0].is_return && frames[1].is_return && !frames[3].is_return);
		ended_fini(&ended);
	}
}

TEST(a_module_has_tables_of_its_own)
{
	struct kt_frame frames[KT_FRAMES_MAX];
	struct ended_bytes ended;
	uint64_t module;

	ended_init(&ended, ENDED_NEW);
	ended_interrupt(&ended);
	module = state_module(&ended.state, "driver", ENDED_MODULE, "f");
	/* its table is the sixth entry */
	state_set(&ended.state, module + MODULE_ORC, ENDED_CODE + ENDED_TABLE + 5 * 4, 8);
	state_set(&ended.state, module + MODULE_ORC + 8,
		ENDED_CODE + ENDED_ENTRIES + 5 * ENDED_ENTRY, 8);
	state_set(&ended.state, module + MODULE_ORC + 16, 1, 4);
	ended_entry(&ended, ENDED_MODULE, 32, KT_ORC_SP, 0, KT_ORC_UNDEFINED, KT_ORC_CALL);
	ended_word(&ended, ended.other_stack + 8, ENDED_MODULE + 0x10);
	ended_word(&ended, ended.other_stack + 16 + 24, ENDED_CODE + 0x550);
	CHECK_INT(kt_last_stack(ended.state.target, &ended.moment, frames), 3);
	CHECK_INT(frames[1].address, ENDED_MODULE + 0x10);
	CHECK_INT(frames[2].address, ENDED_CODE + 0x550);
	ended_fini(&ended);
}

/* The saved place in the function is one where its frame is smaller. */
TEST(a_caller_is_found_by_its_call)
{
	static const uint32_t wanted[] = { 0x1f0, 0x250, 0x350, 0x420, 0x550 };
	struct ended_bytes ended;
	uint64_t other;

	ended_init(&ended, ENDED_NEW);
	ended_interrupt(&ended);
	other = ended.other_stack;
	/* its entry says that the return address is at the top; it is 0x20 bytes further */
	ended_regs(
		&ended, ended_saved(&ended), ENDED_CODE + 0x1f0, other - 0x20, other + 0x80, false);
	ended_call_of(&ended, 0x250, 0x100);
	check_frames(&ended, wanted, KT_LEN(wanted));
	ended_fini(&ended);
}

TEST(frame_pointers_lead_where_no_table_does)
{
	static const uint32_t wanted[] = { 0x150, 0x250, 0x350, 0x450 };

	for (unsigned form = ENDED_PLAIN; form <= ENDED_ARM64; form++) {
		struct ended_bytes ended;

		ended_init(&ended, form);
		ended_records(&ended);
		check_frames(&ended, wanted, form == ENDED_ARM64 ? 4 : 3);
		ended_fini(&ended);
	}
}

TEST(what_a_scan_finds_is_marked)
{
	static const uint32_t wanted[] = { 0x150, 0x250 + 1, 0x350 + 1 };

	for (unsigned form = 0; form < ENDED_FORMS; form++) {
		struct ended_bytes ended;
		uint64_t stack;

		ended_init(&ended, form);
		stack = ended.stack + 4096;
		ended_regs(&ended, ended_saved(&ended), ENDED_CODE + 0x150, stack, 3, false);
		ended_call(&ended, 0x250);
		ended_call(&ended, 0x350);
		ended_word(&ended, stack + 0x10, ENDED_CODE + 0x250);
		ended_word(&ended, stack + 0x18, ENDED_CODE + 0x280); /* after no call */
		ended_word(&ended, stack + 0x20, ENDED_MODULE);
		ended_word(&ended, stack + 4088, ENDED_CODE + 0x350);
		ended_word(&ended, stack + 4096, ENDED_CODE + 0x250); /* of another stack */
		check_frames(&ended, wanted, KT_LEN(wanted));
		ended_fini(&ended);
	}
}

TEST(a_stack_that_leads_back_ends)
{
	struct kt_frame frames[KT_FRAMES_MAX];
	struct ended_bytes ended;
	uint64_t other;

	ended_init(&ended, ENDED_NEW);
	ended_interrupt(&ended);
	other = ended.other_stack;
	/* the interrupted code is the interrupt itself */
	ended_regs(&ended, other + 0x98, ENDED_CODE + 0x150, other, other + 0x80, false);
	CHECK(kt_last_stack(ended.state.target, &ended.moment, frames) < 10);
	ended_fini(&ended);
	ended_init(&ended, ENDED_ARM64);
	ended_records(&ended);
	ended_word(&ended, ended.stack + 4096 + 0x80, ended.stack + 4096 + 0x20);
	CHECK(kt_last_stack(ended.state.target, &ended.moment, frames) < 10);
	ended_fini(&ended);
}

TEST(without_saved_registers_there_is_no_stack)
{
	struct ended_bytes ended;

	ended_init(&ended, ENDED_NEW);
	ended_interrupt(&ended);
	state_set(&ended.state, ended.notes + 8, 0, 4); /* nothing was saved */
	check_frames(&ended, NULL, 0);
	state_set(&ended.state, ended.notes + 8, 1, 4);
	state_set(&ended.state, ended.notes + 4, 200, 4); /* too short for all registers */
	check_frames(&ended, NULL, 0);
	state_set(&ended.state, ended.notes + 4, 336, 4);
	ended_regs(&ended, ended_saved(&ended), ENDED_CODE + 0x150, 0x7fff0000, 0, true);
	check_frames(&ended, NULL, 0);
	ended_regs(&ended, ended_saved(&ended), 0x1234, ended.stack, 0, false);
	check_frames(&ended, NULL, 0);
	ended.moment.cpu = KT_UNKNOWN;
	check_frames(&ended, NULL, 0);
	ended_fini(&ended);
}

TEST(damaged_stacks_are_walked_in_bounded_time)
{
	dice_state = 0x9e3779b97f4a7c15u;
	for (unsigned i = 0; i < 4000; i++) {
		enum ended_form form = (enum ended_form)(i % ENDED_FORMS);
		struct kt_frame frames[KT_FRAMES_MAX];
		struct ended_bytes ended;

		ended_init(&ended, form);
		if (form < ENDED_PLAIN)
			ended_interrupt(&ended);
		else
			ended_records(&ended);
		for (unsigned k = 0; k < 1 + i % 3; k++) {
			uint64_t at =
				ended.notes + dice(STATE_BASE + ended.state.used - ended.notes - 8);
			uint64_t value = dice(3) ? ENDED_CODE + dice(ENDED_BYTES)
						 : STATE_BASE + dice(STATE_BYTES);

			if (dice(4))
				state_set(&ended.state, dice(4) ? at & ~7ull : at, value, 8);
			else
				ended_code(&ended, (uint32_t)dice(ENDED_BYTES - 8), value, 8);
		}
		CHECK(kt_last_stack(ended.state.target, &ended.moment, frames) <= KT_FRAMES_MAX);
		CHECK(ended.state.target->nr_reads < 40000);
		ended_fini(&ended);
	}
}
