// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel's type data, asked for the sizes of the structs that each memory cgroup has
// once for every CPU, and once for every CPU and node. Format: Documentation/bpf/btf.rst.

#include "source/source.h"

#include <string.h>

#define PATH	    "sys/kernel/btf/vmlinux"
#define MAGIC	    0xeb9fu
#define SECTION_MAX (64u << 20)
#define KIND_STRUCT 4u
#define STRUCT_MAX  (1 << 20) /* bytes */

struct header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, type_off, type_len, str_off, str_len;
};

struct type {
	uint32_t name, info, size;
};

/* What stands behind a type of each kind: for itself, and for each of its members. */
static const struct {
	uint8_t fixed, each;
} tails[] = { { 0, 0 }, { 4, 0 }, { 0, 0 }, { 12, 0 }, { 0, 12 }, { 0, 12 }, { 0, 8 }, { 0, 0 },
	{ 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 8 }, { 4, 0 }, { 0, 12 }, { 0, 0 },
	{ 4, 0 }, { 0, 0 }, { 0, 12 } };

static void take_struct(struct kt_percpu *percpu, struct kt_span name, int64_t size)
{
	if (kt_span_eq(name, "memcg_vmstats_percpu"))
		percpu->cgroup_bytes = size;
	else if (kt_span_eq(name, "lruvec_stats_percpu"))
		percpu->cgroup_node_bytes = size;
}

static struct kt_span string_at(struct kt_span strings, uint32_t offset)
{
	struct kt_span name = kt_span_from(strings, offset);
	const char *end = name.n ? memchr(name.p, '\0', name.n) : NULL;

	name.n = end ? (size_t)(end - name.p) : 0;
	return name;
}

/* Ends at a kind that is not known, because its length is not either. */
static void walk(struct kt_percpu *percpu, struct kt_span types, struct kt_span strings)
{
	struct type type;

	while (types.n >= sizeof(type)) {
		uint32_t kind, nr_members;

		memcpy(&type, types.p, sizeof(type));
		kind = type.info >> 24 & 0x1f;
		nr_members = type.info & 0xffff;
		if (kind >= KT_LEN(tails))
			return;
		if (kind == KIND_STRUCT && type.size < STRUCT_MAX)
			take_struct(percpu, string_at(strings, type.name), type.size);
		types = kt_span_from(types,
			sizeof(type) + tails[kind].fixed + (size_t)tails[kind].each * nr_members);
	}
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span all = kt_text_span(text), types, strings;
	struct header header;

	if (all.n < sizeof(header))
		return kt_err_new(KT_ERR_PARSE, PATH ": too short");
	memcpy(&header, all.p, sizeof(header));
	if (header.magic != MAGIC || header.type_len > SECTION_MAX || header.str_len > SECTION_MAX)
		return kt_err_new(KT_ERR_PARSE, PATH ": not type data of this machine");
	types = kt_span_from(all, (size_t)header.hdr_len + header.type_off);
	strings = kt_span_from(all, (size_t)header.hdr_len + header.str_off);
	if (types.n < header.type_len || strings.n < header.str_len)
		return kt_err_new(KT_ERR_PARSE, PATH ": cut off");
	types.n = header.type_len;
	strings.n = header.str_len;
	walk(&snap->percpu, types, strings);
	return NULL;
}

/* Not by kt_root_read(), whose texts a capture packs: they are megabytes. */
static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = kt_root_read_at(root, PATH, 0, KT_ROOT_FILE_MAX, &text);

	return err ? err : parse(snap, &text);
}

const struct kt_source kt_source_btf_sizes = {
	.name = "btf_sizes",
	.summary = "type data of the kernel: what a memory cgroup has for each CPU",
	.paths = { PATH },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "what memory cgroups take of per-CPU memory is not estimated",
	.gives = "CONFIG_DEBUG_INFO_BTF",
	.parse = parse,
	.read = read_it,
};
