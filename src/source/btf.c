// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel's type data, asked for one thing without being parsed: whether task_struct
// has a member "stack_vm_area" (CONFIG_VMAP_STACK: task stacks come from vmalloc and are
// counted twice). The name stands in the string table if and only if the member exists.
// Header: Documentation/bpf/btf.rst.

#include "source/source.h"

#include <string.h>

#define PATH	   "sys/kernel/btf/vmlinux"
#define MAGIC	   0xeb9fu
#define CHUNK	   65536u
#define STRING_MAX (64u << 20)

static const char needle[] = "\0stack_vm_area";

struct header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, type_off, type_len, str_off, str_len;
};

static struct kt_err *search(struct kt_root *root, uint64_t from, uint64_t to, bool *ret_found)
{
	for (uint64_t at = from; at < to; at += CHUNK - sizeof(needle)) {
		KT_CLEANUP(text) struct kt_text text = { 0 };
		struct kt_err *err = kt_root_read_at(root, PATH, at, CHUNK, &text);

		if (err)
			return err;
		if (text.size < sizeof(needle))
			break;
		/* sizeof counts the terminating zero, which ends the name in the table too */
		if (memmem(text.data, text.size, needle, sizeof(needle))) {
			*ret_found = true;
			return NULL;
		}
	}
	return NULL;
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = kt_root_read_at(root, PATH, 0, sizeof(struct header), &text);
	struct header header;
	bool found = false;
	uint64_t from;

	if (err)
		return err;
	if (text.size < sizeof(header))
		return kt_err_new(KT_ERR_PARSE, PATH ": too short");
	memcpy(&header, text.data, sizeof(header));
	if (header.magic != MAGIC || header.str_len > STRING_MAX)
		return kt_err_new(KT_ERR_PARSE, PATH ": not type data of this machine");
	from = (uint64_t)header.hdr_len + header.str_off;
	err = search(root, from, from + header.str_len, &found);
	if (!err)
		kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_STACK_VMAPPED,
					      .node = KT_NO_NODE,
					      .unit = KT_COUNT,
					      .raw = found,
					      .path = PATH,
					      .field = "task_struct.stack_vm_area" });
	return err;
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	struct kt_val stacks = kt_snapshot_get(snap, KT_VMALLOC_STACK, KT_NO_NODE);

	return (want & KT_WANT_ALL) || !kt_ok(stacks) || stacks.value == 0;
}

const struct kt_source kt_source_btf = {
	.name = "btf",
	.summary = "type data of the kernel: are task stacks part of vmalloc?",
	.paths = { PATH },
	.cost = KT_COST_CHEAP,
	.lack = "it is assumed that task stacks come from vmalloc, where vmallocinfo is missing "
		"too",
	.gives = "CONFIG_DEBUG_INFO_BTF",
	.unwanted = "proc/vmallocinfo has told already",
	.wanted = wanted,
	.read = read_it,
};
