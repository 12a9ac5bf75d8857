// SPDX-License-Identifier: GPL-2.0-or-later
//
// Type data of any kind: every struct that is read in kernel memory is looked up in it.

#include "fuzz.h"

#include "kernel/functions.h"
#include "memory/slub_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct kt_slub_layout layout;
	struct kt_types types;
	static const char *const names[] = { "vfree", "kmem_cache_free_bulk" };
	struct kt_function functions[KT_LEN(names)];
	struct kt_field field;
	bool words[64] = { false };
	int64_t value;
	struct kt_err *err;

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	err = kt_types_init(&types, (struct kt_span){ copy, size }, 8);
	if (!err) {
		kt_err_free(kt_slub_layout(&types, &layout));
		kt_types_field(&types, "outer", "items.b", &field);
		if (field.exists)
			kt_field_get(&field, copy, size);
		kt_types_enum(&types, "pageflags", "PG_slab", &value);
		kt_types_tracepoint(&types, "kmalloc", &functions[0]);
		kt_types_functions(&types, names, KT_LEN(names), functions);
		kt_types_pointers(&types, "outer", words, KT_LEN(words));
		kt_types_pointers(&types, "kmem_cache", words, KT_LEN(words));
	}
	kt_err_free(err);
	kt_types_fini(&types);
	free(copy);
	return 0;
}
