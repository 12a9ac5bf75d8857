// SPDX-License-Identifier: GPL-2.0-or-later
//
// Frames of zstd as a static ktally reads them, into a buffer that is too small for some.

#include "fuzz_record.h"

#include "record/zstd_plain.h"

#include <stdlib.h>

#define ROOM 5000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kt_zstd *plain = kt_zstd_plain();
	char *room = malloc(ROOM);
	size_t n = room ? plain->decompress(room, ROOM, data, size) : 0;

	fuzz_must(plain->isError(n) || n <= ROOM, "more bytes than there is room for");
	plain->getFrameContentSize(data, size);
	free(room);
	return 0;
}
