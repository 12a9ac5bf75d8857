// SPDX-License-Identifier: GPL-2.0-or-later
//
// Raw images of memory, made by hand, with damage at places that the input names. Any file is an
// input of fuzz_dump.

#include "fuzz.h"

#include "dump_bytes.h"

#include "dump/formats.h"
#include "target/dump.h"

/* Writes 8 bytes at the place in the image that the 4 bytes before say. */
static void damage(char *image, const uint8_t *data, size_t size)
{
	for (; size >= 12; data += 12, size -= 12) {
		uint32_t at;

		memcpy(&at, data, sizeof(at));
		memcpy(image + at % (DUMP_RAW - 8), data + 4, 8);
	}
}

static void use(int fd)
{
	struct kt_target *target = NULL;
	struct kt_err *err = kt_target_dump(&fd, 1, NULL, &target);
	uint64_t direct, page;
	char bytes[8192];

	if (!err && target->ops->memory_map(target, 64, &direct, &page))
		kt_target_read(target, direct + DUMP_FIRST - 1, bytes, sizeof(bytes));
	if (!err)
		kt_target_close(target);
	kt_err_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t stored[] = { DUMP_RAW, DUMP_RAW - 4096, 2ull << 30, 6ull << 30 };
	struct dump_bytes dump;
	char *image;
	int fd;

	if (!size)
		return 0;
	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE,
				 .arm64 = data[0] & 1,
				 .five_levels = (data[0] & 3) == 2,
				 .unnamed = data[0] & 4 });
	image = dump_raw(&dump);
	damage(image, data + 1, size - 1);
	fd = dump_file(image, DUMP_RAW);
	if (ftruncate(fd, (off_t)stored[data[0] >> 6]) < 0)
		abort();
	kt_dump_is_raw(fd);
	use(fd);
	close(fd);
	free(image);
	dump_fini(&dump);
	return 0;
}
