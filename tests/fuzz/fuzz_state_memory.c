// SPDX-License-Identifier: GPL-2.0-or-later
//
// The log, modules, areas of vmalloc and the last moment of a kernel in damaged memory. The first
// byte chooses the kernel's form, then the input is a list of changes to memory that was made by
// hand: a place and eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/kernel/module_areas.h"
#include "memory/state_bytes.h"

/* All of the memory is one area, which the modules say they have. */
static void search_area(struct state_bytes *state)
{
	struct kt_kernel_area area = {
		.start = STATE_BASE, .end = STATE_BASE + STATE_BYTES, .allocated = true
	};
	const struct kt_areas areas = { .all = { &area, 1, 1 } };
	struct kt_module_areas modules = { 0 };
	static char page[4096];

	kt_err_free(kt_module_areas_find(&modules, state->target, &areas, page));
	kt_module_areas_fini(&modules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_symbol_table table = { 0 };
	struct kt_last_moment moment;
	struct kt_buf text = { 0 };
	struct state_bytes state;

	if (!size)
		return 0;
	state_init(&state, data[0] % STATE_FORMS);
	for (unsigned i = 0; i < 6; i++) {
		state_log(&state, "a line of the log", 6);
		state_area(&state, i, 2, 0xffffffff81000000ull + i);
		state_module(&state, "module", 0xffffffffc0000000ull + i * 65536ull, "f");
	}
	state_property(&state, "last", "value", 6);
	state_property(&state, "first", "value", 6);
	fuzz_damage(state.memory, state.used, STATE_BASE, data + 1, size - 1);
	kt_symbol_table_add(
		&table, 0xffffffff81000000ull, kt_span_str("_stext"), (struct kt_span){ 0 });
	kt_err_free(kt_file_kernel_log(state.target, &text));
	kt_err_free(kt_file_modules(state.target, &text));
	kt_err_free(kt_module_symbols(state.target, &table));
	if (kt_symbol_table_end(&table))
		abort();
	kt_err_free(kt_file_vmallocinfo(state.target, &table, 1, &text));
	kt_last_moment_read(state.target, &moment);
	search_area(&state);
	kt_err_free(kt_file_chosen(state.target, "last", &text));
	if (text.failed || state.target->nr_reads > 100 * STATE_BYTES)
		abort();
	kt_buf_cleanup(&text);
	kt_symbol_table_fini(&table);
	state_fini(&state);
	return 0;
}
