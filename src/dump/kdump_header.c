// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump_header.h"

#include "base/attr.h"

#include <elf.h>

#define NAME_BYTES 65u		/* of a part of utsname */
#define FRAMES_MAX (1ull << 34) /* 64 TiB of pages of 4 KiB */

/* struct disk_dump_header of 64-bit machines, with its padding */
struct main_header {
	char signature[8];
	int32_t version;
	char names[6][NAME_BYTES]; /* [4]: of the machine */
	char padding[6];
	int64_t time[2];
	uint32_t status;
	int32_t block_bytes, sub_blocks;
	uint32_t bitmap_blocks, nr_frames, total, device, written, cpu;
	int32_t nr_cpus;
};
_Static_assert(sizeof(struct main_header) == 464, "as in a file");

/* struct kdump_sub_header; earlier versions have fewer members */
struct sub_header {
	uint64_t phys_base;
	int32_t level, split;		/* since 1, 2 */
	uint64_t first, end;		/* since 2 */
	uint64_t info_at, info_bytes;	/* since 3 */
	uint64_t notes_at, notes_bytes; /* since 4 */
	uint64_t erased_at, erased_bytes;
	uint64_t first_64, end_64, nr_frames_64; /* since 6 */
};
_Static_assert(sizeof(struct sub_header) == 104, "as in a file");

/* qemu has no name for arm64 there: the kernel in the dump says what it is. */
static bool find_machine(const char name[NAME_BYTES], uint16_t *ret_machine)
{
	static const struct {
		const char *name;
		uint16_t machine;
	} machines[] = { { "x86_64", EM_X86_64 }, { "aarch64", EM_AARCH64 }, { "Unknown", 0 } };

	for (size_t i = 0; i < KT_LEN(machines); i++) {
		*ret_machine = machines[i].machine;
		if (strncmp(name, machines[i].name, NAME_BYTES) == 0)
			return true;
	}
	return false;
}

static struct kt_err *check_main(const struct main_header *main, struct kt_kdump_header *header)
{
	if (!find_machine(main->names[4], &header->machine))
		return kt_err_new(KT_ERR_PARSE, "a dump of a machine that is neither x86-64 nor "
						"arm64 (little endian) cannot be read");
	if (main->block_bytes != 4096 && main->block_bytes != 16384 && main->block_bytes != 65536)
		return kt_err_new(KT_ERR_PARSE, "its pages have an unknown size");
	if (main->version < 1 || main->sub_blocks < 1 || !main->bitmap_blocks)
		return kt_err_new(KT_ERR_PARSE, "its header is damaged");
	header->version = (uint32_t)main->version;
	header->status = main->status;
	header->block_bytes = (uint32_t)main->block_bytes;
	header->sub_blocks = (uint64_t)main->sub_blocks;
	header->bitmap_blocks = main->bitmap_blocks;
	header->nr_frames = main->nr_frames;
	return NULL;
}

static void take_sub(const struct sub_header *sub, struct kt_kdump_header *header)
{
	header->level = (uint32_t)sub->level;
	if (header->version >= 2 && sub->split) {
		header->split = true;
		header->first = header->version >= 6 ? sub->first_64 : sub->first;
		header->end = header->version >= 6 ? sub->end_64 : sub->end;
	}
	if (header->version >= 3) {
		header->info_at = sub->info_at;
		header->info_bytes = sub->info_bytes;
	}
	if (header->version >= 4) {
		header->notes_at = sub->notes_at;
		header->notes_bytes = sub->notes_bytes;
	}
	if (header->version >= 6)
		header->nr_frames = sub->nr_frames_64;
}

struct kt_err *kt_kdump_header(struct kt_dump_file *file, struct kt_kdump_header *ret_header)
{
	struct sub_header sub = { 0 };
	struct main_header main;
	struct kt_err *err;
	uint64_t bits;

	*ret_header = (struct kt_kdump_header){ 0 };
	if (!kt_dump_file_read(file, 0, &main, sizeof(main)))
		return kt_err_new(KT_ERR_PARSE, "its header is cut off");
	err = check_main(&main, ret_header);
	if (err)
		return err;
	if (!kt_dump_file_read(file, ret_header->block_bytes, &sub, sizeof(sub)))
		return kt_err_new(KT_ERR_PARSE, "its second header is cut off");
	take_sub(&sub, ret_header);
	bits = ret_header->bitmap_blocks * ret_header->block_bytes * 8;
	if (!ret_header->nr_frames || ret_header->nr_frames > bits)
		return kt_err_new(KT_ERR_PARSE, "its header is damaged: its bitmaps are too short");
	if (ret_header->nr_frames > FRAMES_MAX)
		return kt_err_new(KT_ERR_LIMIT, "has more than %llu page frames", FRAMES_MAX);
	if (!ret_header->split)
		ret_header->end = ret_header->nr_frames;
	if (ret_header->end > ret_header->nr_frames)
		ret_header->end = ret_header->nr_frames;
	/* a part of a split dump may have none */
	if (ret_header->first > ret_header->end)
		return kt_err_new(KT_ERR_PARSE, "its header is damaged: its pages have no range");
	return NULL;
}
