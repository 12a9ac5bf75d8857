// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bytes of a block, uncompressed. What is taken for one can be looked at, and written
// again.

#include "fuzz_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_block block;
	struct kt_err *err = kt_block_decode((struct kt_span){ (const char *)data, size }, &block);

	if (!err) {
		for (uint32_t i = 0; i < block.nr_samples; i += block.nr_samples / 8 + 1)
			fuzz_must(kt_block_sample_at(&block, kt_block_real_ms(&block, i)) <
					  block.nr_samples,
				"a sample is not in its block");
		kt_block_file(&block, "proc/meminfo");
		kt_block_fact(&block, "boot_id");
		fuzz_block_again(&block);
		kt_block_cleanup(&block);
	}
	kt_err_free(err);
	return 0;
}
