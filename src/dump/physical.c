// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/physical.h"

#include "dump/elf_core.h"
#include "dump/kdump.h"
#include "dump/unpack.h"

#include <stdlib.h>

#define RANGES_MAX (1u << 20)
#define HEAD_BYTES 64u

bool kt_physical_is(struct kt_span head)
{
	return kt_elf_core_is(head) || kt_kdump_is(head) || kt_dump_file_is_flat(head);
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

struct kt_err *kt_physical_open(const int *fds, size_t nr_files, struct kt_physical **ret_physical)
{
	struct kt_dump_file files[KT_PHYSICAL_FILES];
	char bytes[HEAD_BYTES];
	size_t nr_opened = 0;
	struct kt_err *err;

	if (!nr_files || nr_files > KT_PHYSICAL_FILES)
		return kt_err_new(
			KT_ERR_LIMIT, "a split dump of more than %u files", KT_PHYSICAL_FILES);
	err = open_files(fds, nr_files, files, &nr_opened);
	if (!err && kt_kdump_is(head_of(&files[0], bytes)))
		/* takes the files over, in any case */
		return kt_kdump_open(files, nr_files, ret_physical);
	if (!err && nr_files > 1)
		err = kt_err_new(KT_ERR_PARSE, "not the parts of one dump (makedumpfile --split)");
	if (!err)
		return kt_elf_core_open(&files[0], ret_physical);
	for (size_t i = 0; i < nr_opened; i++)
		kt_dump_file_fini(&files[i]);
	return err;
}

void kt_physical_prepare(struct kt_span head)
{
	if (kt_physical_is(head) && !kt_elf_core_is(head))
		kt_unpack_prepare();
}

void kt_physical_close(struct kt_physical *physical)
{
	if (!physical)
		return;
	free(physical->ranges);
	physical->ops->close(physical);
}

bool kt_physical_read(struct kt_physical *physical, uint64_t at, void *to, size_t size)
{
	enum kt_physical_state state = KT_PHYSICAL_NONE;

	if (at < KT_PHYSICAL_MAX && size <= KT_PHYSICAL_MAX - at)
		state = physical->ops->read(physical, at, to, size);
	physical->nr_absent[state] += state != KT_PHYSICAL_READ;
	return state == KT_PHYSICAL_READ;
}

enum kt_physical_state kt_physical_state(struct kt_physical *physical, uint64_t at)
{
	return at < KT_PHYSICAL_MAX ? physical->ops->state(physical, at) : KT_PHYSICAL_NONE;
}

uint64_t kt_physical_nr_without(const struct kt_physical *physical)
{
	uint64_t count = 0;

	for (unsigned i = KT_PHYSICAL_READ + 1; i < KT_PHYSICAL_STATES; i++)
		count += physical->nr_absent[i];
	return count;
}

bool kt_physical_add(struct kt_physical *physical, uint64_t first, uint64_t bytes)
{
	size_t count = physical->nr_ranges;

	/* room for a power of two */
	if (!(count & (count - 1))) {
		size_t room = count ? count * 2 : 1;
		void *grown = count < RANGES_MAX
				      ? realloc(physical->ranges, room * sizeof(*physical->ranges))
				      : NULL;

		if (!grown)
			return false;
		physical->ranges = grown;
	}
	physical->ranges[physical->nr_ranges++] = (struct kt_physical_range){ first, bytes };
	return true;
}
