// SPDX-License-Identifier: GPL-2.0-or-later
//
// The stream of another machine, with a token that it knows.

#include "fuzz_record.h"

#include "remote/ssh.h"
#include "source/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_root *root = NULL;
	struct kt_err *err = kt_ssh_parse(
		(struct kt_span){ (const char *)data, size }, "0f", kt_source_inside, &root);

	fuzz_must(!err == !!root, "neither a root nor an error");
	kt_err_free(err);
	kt_root_free(root);
	return 0;
}
