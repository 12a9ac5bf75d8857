// SPDX-License-Identifier: GPL-2.0-or-later
//
// The log, modules, areas of vmalloc and the last moment of a kernel that was made by hand.

#include "random.h"
#include "state_bytes.h"
#include "test.h"

#include "memory/kernel/module_areas.h"

#define CODE 0xffffffff81000000ull

static void check_text(struct kt_buf *text, struct kt_err *err, const char *wanted)
{
	CHECK(!err);
	kt_err_free(err);
	kt_buf_add(text, "", 1);
	CHECK_STR(text->data, wanted);
	kt_buf_cleanup(text);
}

TEST(the_log_has_its_records_in_both_forms)
{
	static const char *const wanted[] = {
		"6,0,0,-;first\n4,1,1500,-;a \\x5c and a \\x09tab\n0,2,3000,-;\n",
		"6,0,0,-,caller=T1;first\n4,1,1500,-,caller=T1;a \\x5c and a \\x09tab\n"
		"0,2,3000,-,caller=T1;\n",
	};

	for (unsigned form = 0; form < STATE_FORMS; form++) {
		struct state_bytes state;
		struct kt_buf text = { 0 };
		struct kt_err *err;

		state_init(&state, form);
		state_log(&state, "first", 6);
		state_log(&state, "a \\ and a \ttab", 4);
		state_log(&state, "", 0);
		err = kt_file_kernel_log(state.target, &text);
		check_text(&text, err, wanted[form]);
		state_fini(&state);
	}
}

/* 8 descriptors and 512 bytes of texts: what is older was overwritten. */
TEST(a_ring_that_went_round_has_its_last_records)
{
	struct kt_buf text = { 0 };
	struct state_bytes state;
	struct kt_err *err;
	unsigned lines = 0;
	char line[101];

	state_init(&state, STATE_NEW);
	memset(line, 'x', 100);
	line[100] = '\0';
	for (unsigned i = 0; i < 20; i++) {
		line[0] = (char)('a' + i);
		state_log(&state, line, 6);
	}
	err = kt_file_kernel_log(state.target, &text);
	CHECK(!err);
	kt_buf_add(&text, "", 1);
	for (const char *p = text.data; (p = strchr(p, '\n')); p++)
		lines++;
	CHECK(lines >= 4 && lines < 8);
	CHECK(strstr(text.data, ";txxx"));
	CHECK(!strstr(text.data, ";gxxx"));
	kt_buf_cleanup(&text);
	state_fini(&state);
}

TEST(a_record_that_is_written_is_left_out)
{
	struct kt_buf text = { 0 };
	struct state_bytes state;
	struct kt_err *err;

	state_init(&state, STATE_NEW);
	state_log(&state, "whole", 6);
	state_log(&state, "half", 6);
	state_set(&state, state.descs + DESC_BYTES, 1, 8); /* reserved */
	err = kt_file_kernel_log(state.target, &text);
	check_text(&text, err, "6,0,0,-,caller=T1;whole\n");
	state_set(&state, state.texts, 9, 8); /* its text is of another record */
	err = kt_file_kernel_log(state.target, &text);
	CHECK_INT(kt_err_code(err), KT_ERR_PARSE);
	kt_err_free(err);
	kt_buf_cleanup(&text);
	state_fini(&state);
}

TEST(areas_have_their_callers_and_pages)
{
	for (unsigned form = 0; form < STATE_FORMS; form++) {
		struct kt_symbol_table table = { 0 };
		struct kt_buf text = { 0 };
		struct state_bytes state;
		struct kt_err *err;
		uint64_t vm;

		state_init(&state, form);
		state_module(&state, "driver", 0xffffffffc0000000ull, "driver_start");
		kt_symbols_add(&state.target->symbols, kt_span_str("_stext"), CODE);
		kt_symbols_add(&state.target->symbols, kt_span_str("_end"), CODE + 0x10000);
		kt_symbol_table_add(&table, CODE, kt_span_str("_stext"), (struct kt_span){ 0 });
		kt_symbol_table_add(
			&table, CODE + 0x100, kt_span_str("made"), (struct kt_span){ 0 });
		kt_symbol_table_add(
			&table, CODE + 0x180, kt_span_str("next"), (struct kt_span){ 0 });
		CHECK(!kt_module_symbols(state.target, &table));
		CHECK(!kt_symbol_table_end(&table));
		state_area(&state, 4, 2, CODE + 0x110);
		vm = state_area(&state, 1, 1, 0xffffffffc0000020ull);
		state_set(&state, vm + 48, 0xfebfc000, 8);
		state_area(&state, 2, 4, 0xffffffffb0000000ull); /* between image and modules */
		state_area(&state, 1, 0, 0);
		err = kt_file_vmallocinfo(state.target, &table, 1, &text);
		check_text(&text, err,
			"0xffffc90000000000-0xffffc90000005000   20480 made+0x10/0x80 pages=4 "
			"vmalloc N0=4\n"
			"0xffffc90000006000-0xffffc90000008000    8192 driver_start+0x20/0x21 "
			"[driver] phys=0x00000000febfc000 ioremap\n"
			"0xffffc90000009000-0xffffc9000000c000   12288 0xffffffffb0000000 vmap\n"
			"0xffffc9000000d000-0xffffc9000000f000    8192 vm_map_ram\n");
		kt_symbol_table_fini(&table);
		state_fini(&state);
	}
}

#define LOST "# not whole: %s were found; others are damaged or not in the dump\n"

/* The text has so many lines, and the last one says what was found. */
static void check_cut(struct kt_buf *text, struct kt_err *err, unsigned nr_lines, const char *found)
{
	char wanted[128];
	unsigned count = 0;

	snprintf(wanted, sizeof(wanted), LOST, found);
	kt_buf_add(text, "", 1);
	if (CHECK(!err && !text->failed)) {
		for (const char *at = text->data; (at = strchr(at, '\n')); at++)
			count++;
		CHECK_INT(count, nr_lines + 1);
		CHECK(strstr(text->data, wanted) != NULL);
	}
	kt_err_free(err);
	text->size = 0;
}

/* Elements before it are found from the list's head on, the ones after it from its end. */
TEST(a_list_with_a_damaged_element_has_the_others)
{
	struct kt_symbol_table table = { 0 };
	struct kt_buf text = { 0 };
	struct state_bytes state;
	uint64_t vms[5], modules[4];

	state_init(&state, STATE_NEW);
	kt_symbol_table_add(&table, CODE, kt_span_str("_stext"), (struct kt_span){ 0 });
	CHECK(!kt_symbol_table_end(&table));
	for (unsigned i = 0; i < KT_LEN(vms); i++)
		vms[i] = state_area(&state, 4, 2, CODE);
	for (unsigned i = 0; i < KT_LEN(modules); i++) {
		const char name[] = { (char)('a' + i), '\0' };

		modules[i] = state_module(&state, name, 0xffffffffc0000000ull + i * 65536, "f");
	}
	state_set(&state, vms[1] + 8, STATE_ADDRESSES - 4096, 8);
	check_cut(&text, kt_file_vmallocinfo(state.target, &table, 1, &text), 4, "4 vmalloc areas");
	state_set(&state, modules[2] + MODULE_LIST, 0x10, 8); /* to the next one */
	check_cut(&text, kt_file_modules(state.target, &text), 4, "4 modules");
	state_set(&state, modules[2] + MODULE_LIST + 8, 0x10, 8);
	check_cut(&text, kt_file_modules(state.target, &text), 3, "3 modules");
	/* it goes round without the last two: no element comes twice */
	state_set(&state, modules[2] + MODULE_LIST, modules[0] + MODULE_LIST, 8);
	state_set(&state, modules[2] + MODULE_LIST + 8, modules[1] + MODULE_LIST, 8);
	check_cut(&text, kt_file_modules(state.target, &text), 4, "4 modules");
	kt_buf_cleanup(&text);
	kt_symbol_table_fini(&table);
	state_fini(&state);
}

TEST(a_list_without_an_element_that_holds_together_is_no_list)
{
	struct kt_symbol_table table = { 0 };
	struct kt_buf text = { 0 };
	struct state_bytes state;
	struct kt_err *err;
	uint64_t vm;

	state_init(&state, STATE_NEW);
	kt_symbol_table_add(&table, CODE, kt_span_str("_stext"), (struct kt_span){ 0 });
	CHECK(!kt_symbol_table_end(&table));
	vm = state_area(&state, 4, 2, CODE);
	state_set(&state, vm + 8, STATE_ADDRESSES - 4096, 8); /* of another one */
	err = kt_file_vmallocinfo(state.target, &table, 1, &text);
	CHECK_INT(kt_err_code(err), KT_ERR_PARSE);
	CHECK_INT(text.size, 0);
	kt_err_free(err);
	kt_buf_cleanup(&text);
	kt_symbol_table_fini(&table);
	state_fini(&state);
}

TEST(modules_have_the_bytes_that_stay)
{
	static const char *const wanted[] = {
		"one 4096 - - Live 0xffffffffc0000000\ntwo 4096 - - Loading 0xffffffffc0100000\n",
		"one 16384 - - Live 0xffffffffc0000000\ntwo 16384 - - Loading 0xffffffffc0100000\n",
	};

	for (unsigned form = 0; form < STATE_FORMS; form++) {
		struct kt_buf text = { 0 };
		struct state_bytes state;
		struct kt_err *err;
		uint64_t two;

		state_init(&state, form);
		state_module(&state, "one", 0xffffffffc0000000ull, "f");
		two = state_module(&state, "two", 0xffffffffc0100000ull, "g");
		state_set(&state, two, 1, 4);
		err = kt_file_modules(state.target, &text);
		check_text(&text, err, wanted[form]);
		text.size = 0;
		state_set(&state, two + MODULE_LIST + 8, two, 8);
		check_cut(&text, kt_file_modules(state.target, &text), 2, "2 modules");
		kt_buf_cleanup(&text);
		state_fini(&state);
	}
}

TEST(areas_of_modules_are_found_by_the_struct_of_a_module_in_one_of_them)
{
	static char page[4096];

	for (enum state_form form = 0; form < STATE_FORMS; form++) {
		struct kt_kernel_area areas[] = {
			{ .start = STATE_BASE, .end = STATE_BASE + STATE_BYTES, .allocated = true },
			{ .start = STATE_BASE + STATE_BYTES,
				.end = STATE_BASE + STATE_BYTES + 8192,
				.allocated = true }
		};
		const struct kt_areas all = { .all = { areas, 2, 2 } };
		struct kt_module_areas modules = { 0 };
		struct state_bytes state;
		uint64_t module;

		state_init(&state, form);
		state.used += -state.used % 64;
		/* a module of another area */
		state_module(&state, "other", 0xffffffffc0000000ull, "f");
		state.used += -state.used % 64;
		module = state_module(&state, "driver", STATE_BASE, "f");
		CHECK(!kt_module_areas_find(&modules, state.target, &all, page));
		CHECK_STR(kt_module_areas_name(&modules, STATE_BASE), "[driver]");
		CHECK_STR(kt_module_areas_name(&modules, STATE_BASE + 3 * 4096),
			form == STATE_NEW ? "[driver]" : NULL);
		CHECK_STR(kt_module_areas_name(&modules, 0xffffffffc0000000ull), NULL);
		kt_module_areas_fini(&modules);
		/* damaged: no state has this number */
		modules = (struct kt_module_areas){ 0 };
		state_set(&state, module, 77, 4);
		CHECK(!kt_module_areas_find(&modules, state.target, &all, page));
		CHECK_INT(modules.all.count, 0);
		kt_module_areas_fini(&modules);
		state_fini(&state);
	}
}

TEST(a_panic_has_its_task)
{
	for (unsigned form = 0; form < STATE_FORMS; form++) {
		char letters[KT_TAINT_LETTERS];
		struct kt_last_moment moment;
		struct state_bytes state;
		uint64_t at;

		state_init(&state, form);
		kt_last_moment_read(state.target, &moment);
		CHECK_INT(moment.taken_s, 1700000000);
		CHECK_INT(moment.uptime_s, 4242);
		CHECK_INT(moment.cpu, 0);
		CHECK_INT(moment.pid, 77);
		CHECK_STR(moment.comm, "worker");
		CHECK_STR(moment.command_line, "root=/dev/vda quiet");
		CHECK(moment.has_taints);
		kt_taint_letters(moment.taints, letters);
		CHECK_STR(letters, "OE");
		CHECK(kt_symbols_find(&state.target->symbols, "panic_cpu", &at));
		state_set(&state, at, 0xffffffff, 4);
		kt_last_moment_read(state.target, &moment);
		CHECK_INT(moment.cpu, -1);
		CHECK_STR(moment.comm, "");
		kt_symbols_fini(&state.target->symbols);
		kt_last_moment_read(state.target, &moment);
		CHECK_INT(moment.taken_s, -1);
		CHECK(!moment.has_taints);
		state_fini(&state);
	}
}

TEST(a_device_tree_has_its_properties)
{
	struct kt_buf text = { 0 };
	struct state_bytes state;
	uint64_t property;
	struct kt_err *err;

	state_init(&state, STATE_NEW);
	err = kt_file_chosen(state.target, "linux,initrd-start", &text);
	CHECK(kt_err_code(err) == KT_ERR_ABSENT);
	kt_err_free(err);
	property = state_property(&state, "linux,initrd-start", "\0\0\0\1H\0\0\0", 8);
	state_property(&state, "bootargs", "quiet", 6);
	err = kt_file_chosen(state.target, "linux,initrd-start", &text);
	CHECK(!err);
	CHECK_INT(text.size, 8);
	CHECK(text.size == 8 && memcmp(text.data, "\0\0\0\1H\0\0\0", 8) == 0);
	err = kt_file_chosen(state.target, "linux,initrd-end", &text);
	CHECK(kt_err_code(err) == KT_ERR_ABSENT);
	kt_err_free(err);
	state_set(&state, property + 8, 1u << 30, 4);
	err = kt_file_chosen(state.target, "linux,initrd-start", &text);
	CHECK(kt_err_code(err) == KT_ERR_PARSE);
	kt_err_free(err);
	/* a list without an end */
	state_set(&state, property + 24, property, 8);
	err = kt_file_chosen(state.target, "linux,initrd-end", &text);
	CHECK(kt_err_code(err) == KT_ERR_ABSENT);
	kt_err_free(err);
	kt_buf_cleanup(&text);
	state_fini(&state);
}

static void read_all(struct state_bytes *state)
{
	struct kt_symbol_table table = { 0 };
	struct kt_last_moment moment;
	struct kt_buf text = { 0 };

	state->target->nr_reads = 0;
	kt_symbol_table_add(&table, CODE, kt_span_str("_stext"), (struct kt_span){ 0 });
	kt_err_free(kt_file_kernel_log(state->target, &text));
	kt_err_free(kt_file_modules(state->target, &text));
	kt_err_free(kt_module_symbols(state->target, &table));
	CHECK(!kt_symbol_table_end(&table));
	kt_err_free(kt_file_vmallocinfo(state->target, &table, 1, &text));
	kt_last_moment_read(state->target, &moment);
	kt_err_free(kt_file_chosen(state->target, "last", &text));
	CHECK(!text.failed && state->target->nr_reads < 100 * STATE_BYTES);
	kt_buf_cleanup(&text);
	kt_symbol_table_fini(&table);
}

TEST(damaged_memory_is_read_in_bounded_time)
{
	for (unsigned form = 0; form < STATE_FORMS; form++) {
		struct state_bytes state;

		state_init(&state, form);
		for (unsigned i = 0; i < 6; i++) {
			state_log(&state, "a line of the log", 6);
			state_area(&state, i, 2, CODE + i);
			state_module(&state, "module", 0xffffffffc0000000ull + i * 65536, "f");
		}
		state_property(&state, "last", "value", 6);
		state_property(&state, "first", "value", 6);
		dice_state = 0x9e3779b97f4a7c15u;
		for (unsigned i = 0; i < 3000; i++) {
			uint64_t at = STATE_BASE + 4096 + dice(state.used - 4096 - 8), before;
			uint64_t value = dice(2) ? STATE_BASE + dice(state.used)
						 : dice(1ull << 63) << dice(2) * 16;

			if (dice(2))
				at &= ~7ull;
			before = state_get(&state, at);
			state_set(&state, at, value, 8);
			read_all(&state);
			if (i % 32) /* some damage stays */
				state_set(&state, at, before, 8);
		}
		state_fini(&state);
	}
}
