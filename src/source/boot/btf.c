// SPDX-License-Identifier: GPL-2.0-or-later
//
// Searches the kernel's type data for one name without parsing it: whether task_struct has a member
// "stack_vm_area" (CONFIG_VMAP_STACK: task stacks come from vmalloc and are counted twice). The
// name is in the string table if and only if the member exists. Header: Documentation/bpf/btf.rst.

#include "kernel/btf.h"
#include "source/source.h"

#include <string.h>

#define PATH  KT_FILE_BTF
#define CHUNK 65536u /* bytes of one read */

static const char needle[] = "\0stack_vm_area";

static struct kt_err *search(struct kt_root *root, uint64_t from, uint64_t to, bool *ret_found)
{
	for (uint64_t at = from; at < to; at += CHUNK - sizeof(needle)) {
		KT_CLEANUP(text) struct kt_text text = { 0 };
		struct kt_err *err = kt_root_read_at(root, PATH, at, CHUNK, &text);

		if (err)
			return err;
		if (text.size < sizeof(needle))
			break;
		/* sizeof includes the terminating zero, which ends the name in the table too */
		if (memmem(text.data, text.size, needle, sizeof(needle))) {
			*ret_found = true;
			return NULL;
		}
	}
	return NULL;
}

static void put(struct kt_snapshot *snap, bool found)
{
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_STACK_VMAPPED,
				      .node = KT_NO_NODE,
				      .unit = KT_COUNT,
				      .raw = found,
				      .path = PATH,
				      .field = "task_struct.stack_vm_area" });
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = kt_root_read_at(root, PATH, 0, KT_BTF_HEADER_BYTES, &text);
	struct kt_btf_header header;
	bool found = false;

	if (err)
		return err;
	err = kt_btf_parse_header(kt_text_span(&text), &header);
	if (err)
		return kt_err_prepend(err, PATH);
	err = search(root, header.strings_at, header.strings_at + header.strings_bytes, &found);
	if (!err)
		put(snap, found);
	return err;
}

static void keep(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	struct kt_val found = kt_snapshot_get(snap, KT_STACK_VMAPPED, KT_NO_NODE);

	if (kt_ok(found))
		kt_buf_puts(ret_text, found.value ? "1" : "0");
}

static struct kt_err *recall(struct kt_snapshot *snap, const struct kt_text *text)
{
	put(snap, kt_span_eq(kt_text_span(text), "1"));
	return NULL;
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	return (want & KT_WANT_ALL) || !kt_ok(kt_snapshot_get(snap, KT_STACK_VMAPPED, KT_NO_NODE));
}

const struct kt_source kt_source_btf = {
	.name = "btf",
	.summary = "type data of the kernel: whether task stacks are part of vmalloc",
	.paths = { PATH },
	.cost = KT_COST_CHEAP,
	.lack = "only the list of all vmalloc areas shows whether task stacks come from vmalloc; "
		"without the list, it is assumed that they do",
	.gives = "CONFIG_DEBUG_INFO_BTF",
	.unwanted = "the capture contains the answer",
	.wanted = wanted,
	.recall = recall,
	.keep = keep,
	.read = read_it,
};
