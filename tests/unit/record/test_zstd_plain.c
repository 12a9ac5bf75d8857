// SPDX-License-Identifier: GPL-2.0-or-later
//
// Frames that are written without libzstd, as libzstd reads them, and the other way round.

#include "record/zstd_plain.h"

#include "record/zstd.h"

#include "base/buf.h"
#include "base/err.h"
#include "record/pack.h"
#include "test.h"

#include <stdlib.h>
#include <zstd_errors.h>

#define LARGE ((1u << 20) + 77)

static const struct kt_zstd *library(void)
{
	const struct kt_zstd *zstd = NULL;
	struct kt_err *err = kt_zstd(&zstd);

	kt_err_free(err);
	return err ? NULL : zstd;
}

static char *some(size_t size)
{
	char *data = malloc(size + 1);

	for (size_t i = 0; data && i < size; i++)
		data[i] = (char)(i * 2654435761u >> 13);
	return data;
}

/* Packs with one, unpacks with the other; returns what unpacking returned. */
static size_t there_and_back(
	const struct kt_zstd *pack, const struct kt_zstd *unpack, const char *data, size_t size)
{
	size_t room = pack->compressBound(size), n, back = SIZE_MAX;
	char *stored = malloc(room), *raw = malloc(size + 1);
	ZSTD_CCtx *context = pack->createCCtx();

	if (CHECK(stored && raw && context)) {
		n = pack->compress2(context, stored, room, data, size);
		CHECK(!pack->isError(n));
		CHECK_INT((int64_t)unpack->getFrameContentSize(stored, n), (int64_t)size);
		back = unpack->decompress(raw, size, stored, n);
		if (!unpack->isError(back))
			CHECK(back == size && memcmp(raw, data, size) == 0);
	}
	pack->freeCCtx(context);
	free(stored);
	free(raw);
	return back;
}

TEST(frames_without_libzstd_are_read_by_libzstd)
{
	static const size_t sizes[] = { 0, 1, 255, 256, 128 << 10, (128 << 10) + 1, LARGE };
	const struct kt_zstd *zstd = library(), *plain = kt_zstd_plain();
	char *data = some(LARGE);

	for (size_t i = 0; data && i < KT_LEN(sizes); i++) {
		CHECK_INT((int64_t)there_and_back(plain, plain, data, sizes[i]), (int64_t)sizes[i]);
		if (zstd)
			CHECK_INT((int64_t)there_and_back(plain, zstd, data, sizes[i]),
				(int64_t)sizes[i]);
	}
	free(data);
}

TEST(frames_of_libzstd_are_read_if_nothing_in_them_is_compressed)
{
	const struct kt_zstd *zstd = library(), *plain = kt_zstd_plain();
	char *data = some(LARGE);
	size_t unsupported = (size_t)-ZSTD_error_frameParameter_unsupported;

	if (!data || !zstd) {
		free(data);
		return;
	}
	CHECK_INT((int64_t)there_and_back(zstd, plain, "ab", 2), 2);
	memset(data, 'x', 5000);
	for (size_t i = 0; i < 5000; i += 3)
		data[i] = (char)i;
	CHECK(there_and_back(zstd, plain, data, 5000) == unsupported);
	CHECK_STR(plain->getErrorName(unsupported), "a compressed block");
	free(data);
}

TEST(a_run_of_one_byte_is_read)
{
	static const char frame[] = "\x28\xb5\x2f\xfd\x20\x0a\x53\x00\x00z";
	char raw[10];

	CHECK_INT((int64_t)kt_zstd_plain()->decompress(raw, sizeof(raw), frame, sizeof(frame) - 1),
		10);
	CHECK(memcmp(raw, "zzzzzzzzzz", 10) == 0);
}

TEST(a_damaged_frame_is_refused)
{
	const struct kt_zstd *plain = kt_zstd_plain();
	char stored[64], raw[16];
	size_t n = plain->compress2(plain->createCCtx(), stored, sizeof(stored), "some bytes", 10);

	CHECK_INT((int64_t)n, 9 + 3 + 10);
	for (size_t cut = 0; cut < n; cut++)
		CHECK(plain->isError(plain->decompress(raw, sizeof(raw), stored, cut)));
	CHECK(plain->isError(plain->decompress(raw, 9, stored, n)));
	CHECK(plain->isError(plain->decompress(raw, sizeof(raw), stored, n + 1)));
	stored[5] = 11; /* the size that the frame states */
	CHECK(plain->isError(plain->decompress(raw, sizeof(raw), stored, n)));
	CHECK(plain->isError(plain->compress2(plain->createCCtx(), stored, 21, "some bytes", 10)));
}
