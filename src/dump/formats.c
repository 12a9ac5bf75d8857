// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/formats.h"

#include "dump/elf_core.h"
#include "dump/kdump.h"
#include "dump/raw.h"
#include "dump/stored.h"
#include "dump/unpack.h"

#define HEAD_BYTES 64u
#define RAW_BYTES  512u /* in which an image of memory has a zero */

_Static_assert(KT_DUMP_FILES == KT_KDUMP_PARTS, "each file is a part");

bool kt_dump_is(struct kt_span head)
{
	return kt_elf_core_is(head) || kt_kdump_is(head) || kt_dump_file_is_flat(head);
}

bool kt_dump_is_raw(int fd)
{
	char head[RAW_BYTES] = { 0 };

	return kt_raw_is(fd, (struct kt_span){ head, kt_stored_read(fd, 0, head, sizeof(head)) });
}

/* Opens all files; a file that cannot be opened ends it. */
static struct kt_err *open_files(
	const int *fds, size_t nr_files, struct kt_dump_file *files, size_t *ret_opened)
{
	struct kt_err *err = NULL;

	for (*ret_opened = 0; !err && *ret_opened < nr_files; ++*ret_opened)
		err = kt_dump_file_open(fds[*ret_opened], &files[*ret_opened]);
	return err;
}

static struct kt_span head_of(struct kt_dump_file *file, char bytes[HEAD_BYTES])
{
	size_t size = file->size < HEAD_BYTES ? file->size : HEAD_BYTES;

	return (struct kt_span){ bytes, kt_dump_file_read(file, 0, bytes, size) ? size : 0 };
}

struct kt_err *kt_dump_open(const int *fds, size_t nr_files, struct kt_physical **ret_physical)
{
	struct kt_dump_file files[KT_DUMP_FILES];
	char bytes[HEAD_BYTES];
	size_t nr_opened = 0;
	struct kt_err *err;

	if (!nr_files || nr_files > KT_DUMP_FILES)
		return kt_err_new(
			KT_ERR_LIMIT, "a split dump of more than %u files", KT_DUMP_FILES);
	err = open_files(fds, nr_files, files, &nr_opened);
	if (!err && kt_kdump_is(head_of(&files[0], bytes)))
		/* takes the files over, in any case */
		return kt_kdump_open(files, nr_files, ret_physical);
	if (!err && nr_files > 1)
		err = kt_err_new(KT_ERR_PARSE, "not the parts of one dump (makedumpfile --split)");
	if (!err && (kt_elf_core_is(head_of(&files[0], bytes)) || kt_flat_is_open(&files[0].flat)))
		return kt_elf_core_open(&files[0], ret_physical);
	if (!err)
		return kt_raw_open(&files[0], ret_physical);
	for (size_t i = 0; i < nr_opened; i++)
		kt_dump_file_fini(&files[i]);
	return err;
}

void kt_dump_prepare(struct kt_span head)
{
	if (kt_dump_is(head) && !kt_elf_core_is(head))
		kt_unpack_prepare();
}
