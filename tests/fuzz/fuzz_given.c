// SPDX-License-Identifier: GPL-2.0-or-later
//
// What VMCOREINFO says of types, against type data that the user gave.

#include "fuzz.h"

#include "dump_bytes.h"

#include "target/given.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kt_vmcoreinfo info = { .text = { (const char *)data, size } };
	struct kt_target target = { .page_bytes = 4096 };
	struct dump_bytes dump;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE });
	target.file = dump_image(&dump, dump_address(DUMP_TYPES));
	kt_err_free(kt_types_init(&target.types, (struct kt_span){ target.file, dump.types_bytes },
		sizeof(uint64_t)));
	kt_err_free(kt_given_check_types("types.btf", &info, &target));
	kt_types_fini(&target.types);
	dump_fini(&dump);
	return 0;
}
