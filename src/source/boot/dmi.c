// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads SMBIOS type 17, one record for each memory socket: the only source of the installed memory,
// hidden parts included. Layout: SMBIOS 3.x, "7.18 Memory Device".

#include "source/source.h"

#define OFFSET_SIZE	  0x0c /* word: 0 empty, 0xffff unknown, 0x7fff see extended */
#define OFFSET_EXTENDED	  0x1c /* dword: MiB */
#define OFFSET_TECHNOLOGY 0x28 /* byte: 3 DRAM, 4..7 non-volatile */

static uint64_t little_endian(const struct kt_text *text, size_t offset, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)(unsigned char)text->data[offset + i] << 8 * i;
	return value;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	uint64_t size, bytes, length = text->size < 2 ? 0 : little_endian(text, 1, 1);

	if (length > text->size || length < OFFSET_SIZE + 2)
		return kt_err_new(KT_ERR_PARSE, "%s: not an SMBIOS record", text->path);
	size = little_endian(text, OFFSET_SIZE, 2);
	if (size == 0 || size == 0xffff)
		return NULL;
	if (length > OFFSET_TECHNOLOGY) {
		uint64_t technology = little_endian(text, OFFSET_TECHNOLOGY, 1);

		if (technology >= 4 && technology <= 7)
			return NULL;
	}
	if (size == 0x7fff && length >= OFFSET_EXTENDED + 4)
		bytes = (little_endian(text, OFFSET_EXTENDED, 4) & 0x7fffffff) << 20;
	else
		bytes = size & 0x8000 ? (size & 0x7fff) << 10 : size << 20;
	kt_snapshot_add(snap, (struct kt_entry){ .metric = KT_DIMMS,
				      .node = KT_NO_NODE,
				      .unit = KT_BYTES,
				      .raw = (int64_t)bytes,
				      .path = KT_DIR_DMI "entries/17-*/raw",
				      .field = "sizes of the memory devices" });
	return NULL;
}

const struct kt_source kt_source_dmi = {
	.name = "dmi",
	.summary = "memory modules by SMBIOS",
	.paths = { KT_DIR_DMI "entries/17-*/raw" },
	.still_paths = true, /* an empty listing, as without the module dmi-sysfs, is not kept */
	.cost = KT_COST_CHEAP,
	.lack = "memory that the firmware hides (MMIO hole, graphics) is unknown",
	.gives = "root, SMBIOS and the dmi-sysfs module",
	.provides = { KT_DIMMS },
	.nr_provides = 1,
	.parse = parse,
};
