// SPDX-License-Identifier: GPL-2.0-or-later
//
// Compressed dumps: a dump made by hand, as the first byte of the input says, with damage at places
// that the rest names. Any file of this format is an input of fuzz_dump.

#include "fuzz.h"

#include "kdump_bytes.h"

#include "target/dump.h"

static void use(struct kt_target *target)
{
	KT_CLEANUP(buf) struct kt_buf note = { 0 };
	char page[4096];

	for (unsigned i = 0; i < KDUMP_FRAMES; i++)
		kt_target_read(target, DUMP_DIRECT + i * 4096ull, page, sizeof(page));
	kt_target_dump_note(target, &note);
	if (note.size > 1024)
		abort();
}

/* Writes 8 bytes at the place in the file that the 4 bytes before say. */
static void damage(struct kdump_file *file, const uint8_t *data, size_t size)
{
	for (; size >= 12; data += 12, size -= 12) {
		uint32_t at;

		memcpy(&at, data, sizeof(at));
		memcpy(file->bytes + at % (file->size - 8), data + 4, 8);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned packings[] = { 0, KT_PACKING_ZLIB, KT_PACKING_LZO, KT_PACKING_SNAPPY,
		KT_PACKING_ZSTD };
	struct kt_target *target = NULL;
	struct kdump_file file;
	struct dump_bytes dump;
	struct kt_err *err;
	int fd;

	if (!size)
		return 0;
	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE });
	file = kdump_file(&dump, &(struct kdump_opts){ .packing = packings[data[0] % 8 % 5],
					 .flat = data[0] & 8,
					 .old_bitmap = data[0] & 16,
					 .end = data[0] & 32 ? KDUMP_FRAMES - 1 : 0 });
	damage(&file, data + 1, size - 1);
	fd = dump_file(file.bytes, file.size);
	err = kt_target_dump(&fd, 1, NULL, &target);
	close(fd);
	if (!err)
		use(target);
	kt_target_close(target);
	kt_err_free(err);
	free(file.bytes);
	dump_fini(&dump);
	return 0;
}
