// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the addresses of the initial RAM disk that the boot loader passes in a device tree. They
// are the address of its first byte and the address after its last byte, of one or two cells,
// big-endian (Documentation/devicetree/bindings/chosen.txt, drivers/of/fdt.c:
// early_init_dt_check_for_initrd). The kernel log of such machines names no RAMDISK.

#include "base/kernel_files.h"
#include "source/source.h"

#define CELL_SIZE 4 /* bytes of a cell */

static struct kt_err *read_address(struct kt_root *root, const char *path, int64_t *ret_address)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = kt_root_read_head(root, path, 2 * CELL_SIZE + 1, &text);
	uint64_t address = 0;

	if (err)
		return err;
	for (size_t i = 0; i < text.size; i++)
		address = address << 8 | (uint8_t)text.data[i];
	if ((text.size != CELL_SIZE && text.size != (size_t)2 * CELL_SIZE) ||
		address > KT_AMOUNT_MAX)
		return kt_err_new(KT_ERR_PARSE, "%s: not an address of one or two cells", path);
	*ret_address = (int64_t)address;
	return NULL;
}

/* The kernel reserves whole pages (init/initramfs.c: reserve_initrd_mem). */
static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	int64_t start = 0, end = 0, page = snap->host.page_bytes;
	struct kt_err *err = read_address(root, KT_FILE_INITRD_START, &start);

	if (!err)
		err = read_address(root, KT_FILE_INITRD_END, &end);
	if (err)
		return err;
	if (end <= start)
		return kt_err_new(
			KT_ERR_PARSE, KT_FILE_INITRD_END ": not after " KT_FILE_INITRD_START);
	if (page > 0) {
		start -= start % page;
		end += (page - end % page) % page;
	}
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_INITRD,
				      .node = KT_NO_NODE,
				      .unit = KT_BYTES,
				      .raw = end - start,
				      .path = KT_FILE_INITRD_END,
				      .field = "linux,initrd-end - linux,initrd-start" });
	return NULL;
}

const struct kt_source kt_source_device_tree = {
	.name = "device_tree",
	.summary = "the initial RAM disk that the boot loader passed",
	.paths = { KT_FILE_INITRD_START, KT_FILE_INITRD_END },
	.cost = KT_COST_CHEAP,
	.lack = "an initial RAM disk that was not given back is missing, unless the kernel log "
		"names it",
	.gives = "a machine that boots with a device tree",
	.read = read_it,
};
