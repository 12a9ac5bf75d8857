// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/given.h"

#include "base/attr.h"

#include <stdlib.h>
#include <string.h>

struct kt_err *kt_given_vmlinux_types(
	struct kt_vmlinux *vmlinux, const char *path, struct kt_target *target)
{
	struct kt_span types = vmlinux->types;
	struct kt_err *err;

	/* the first of its bytes */
	target->file = vmlinux->bytes[0];
	vmlinux->bytes[0] = NULL;
	vmlinux->types = (struct kt_span){ 0 };
	err = kt_types_init(&target->types, types, sizeof(uint64_t));
	return err ? kt_err_prepend(err, "%s: .BTF", path) : NULL;
}

static bool find_slide(
	const struct kt_vmlinux *vmlinux, const struct kt_vmcoreinfo *info, uint64_t *ret_slide)
{
	uint64_t stext, own;
	struct kt_span value;

	if (kt_vmcoreinfo_find(info, "KERNELOFFSET", &value))
		return kt_span_hex(value, ret_slide);
	if (!kt_vmcoreinfo_symbol(info, "_stext", &stext) ||
		!kt_vmlinux_symbol(vmlinux, "_stext", &own))
		return false;
	*ret_slide = stext - own;
	return true;
}

/* Some stable kernels write a build id into VMCOREINFO that is not theirs; memory has the own one.
 */
static bool has_own_notes(
	const struct kt_vmlinux *vmlinux, struct kt_target *target, uint64_t slide, bool *ret_read)
{
	char *notes = malloc(vmlinux->notes_bytes);
	bool same;

	*ret_read = notes &&
		    kt_target_read(target, vmlinux->notes_at + slide, notes, vmlinux->notes_bytes);
	same = *ret_read &&
	       kt_vmlinux_has_notes(vmlinux, (struct kt_span){ notes, vmlinux->notes_bytes });
	free(notes);
	return same;
}

struct kt_err *kt_given_check(const struct kt_vmlinux *vmlinux, const char *path,
	const struct kt_vmcoreinfo *info, struct kt_target *target, uint64_t *ret_slide)
{
	struct kt_span id = { 0 };
	uint64_t stext, own = 0;
	bool was_read = false;

	if (!vmlinux->build_id_bytes)
		return kt_err_new(KT_ERR_PARSE,
			"%s: has no build id, so nothing shows that it is of the dumped kernel",
			path);
	if (!find_slide(vmlinux, info, ret_slide))
		return kt_err_new(KT_ERR_PARSE,
			"%s: VMCOREINFO of the dump does not say where its kernel is "
			"(KERNELOFFSET)",
			path);
	if (kt_vmcoreinfo_symbol(info, "_stext", &stext) &&
		kt_vmlinux_symbol(vmlinux, "_stext", &own) && (own += *ret_slide) != stext)
		return kt_err_new(KT_ERR_PARSE,
			"%s: is of another kernel than the dump: its _stext would be at %llx, not "
			"at %llx",
			path, (unsigned long long)own, (unsigned long long)stext);
	if ((kt_vmcoreinfo_find(info, "BUILD-ID", &id) && kt_vmlinux_has_id(vmlinux, id)) ||
		has_own_notes(vmlinux, target, *ret_slide, &was_read))
		return NULL;
	return kt_err_new(KT_ERR_PARSE,
		id.n || was_read
			? "%s: is of another kernel than the dump: its build id is another one"
			: "%s: the dump has no build id, so nothing shows that it is of this "
			  "kernel",
		path);
}

/* ---- type data alone ---- */

#define NAME_MAX 64u

/* A line of VMCOREINFO about a type: "SIZE(zone)=1536", "OFFSET(zone.vm_stat)=1344". */
struct fact {
	struct kt_span kind, name; /* "OFFSET", "zone.vm_stat" */
	char type[NAME_MAX], member[NAME_MAX];
	uint64_t value;
};

static bool copy_name(struct kt_span name, char to[NAME_MAX])
{
	if (!name.n || name.n >= NAME_MAX)
		return false;
	memcpy(to, name.p, name.n);
	to[name.n] = '\0';
	return true;
}

static bool take_fact(struct kt_span line, struct fact *ret_fact)
{
	struct kt_span member, type;

	if (!kt_span_until(&line, '(', &ret_fact->kind) ||
		!kt_span_until(&line, ')', &ret_fact->name) || !kt_span_skip(&line, "=") ||
		!kt_span_u64(kt_span_trim(line), &ret_fact->value))
		return false;
	member = ret_fact->name;
	*ret_fact->member = '\0';
	return kt_span_until(&member, '.', &type)
		       ? copy_name(type, ret_fact->type) && copy_name(member, ret_fact->member)
		       : copy_name(ret_fact->name, ret_fact->type);
}

/* Finds what the type data says of it; false: nothing. */
static bool find_fact(const struct kt_types *types, const struct fact *fact, uint64_t *ret_value)
{
	struct kt_field field;
	int64_t number;

	if (!*fact->member && kt_span_eq(fact->kind, "SIZE")) {
		*ret_value = kt_types_size(types, fact->type);
		return *ret_value != 0;
	}
	if (!*fact->member && kt_span_eq(fact->kind, "NUMBER")) {
		if (!kt_types_enum(types, "pageflags", fact->type, &number))
			return false;
		*ret_value = (uint64_t)number;
		return true;
	}
	if (!*fact->member || !kt_types_field(types, fact->type, fact->member, &field) ||
		field.bits)
		return false;
	*ret_value = kt_span_eq(fact->kind, "LENGTH") ? field.count : field.offset;
	return kt_span_eq(fact->kind, "OFFSET") || kt_span_eq(fact->kind, "LENGTH");
}

/* Bytes of type data, up to the end of its last section. */
static uint64_t bytes_of(const struct kt_target *target)
{
	const struct kt_btf *btf = &target->types.btf;
	const struct kt_span *const sections[] = { &btf->types, &btf->strings, &btf->layout };
	uint64_t bytes = 0;

	for (size_t i = 0; i < KT_LEN(sections); i++) {
		if (sections[i]->n &&
			(uint64_t)(sections[i]->p + sections[i]->n - target->file) > bytes)
			bytes = (uint64_t)(sections[i]->p + sections[i]->n - target->file);
	}
	return bytes;
}

/* The kernel's image has type data of its own, be its pages in the dump or not. */
static struct kt_err *check_bytes(const char *path, const struct kt_target *target)
{
	uint64_t start, end, bytes = bytes_of(target);

	if (!kt_symbols_find(&target->symbols, "__start_BTF", &start) ||
		!kt_symbols_find(&target->symbols, "__stop_BTF", &end) || end <= start ||
		end - start == bytes)
		return NULL;
	return kt_err_new(KT_ERR_PARSE,
		"%s: is of another kernel than the dump: it has %llu bytes of type data, the "
		"dumped "
		"kernel %llu; /sys/kernel/btf/vmlinux of the same kernel, or its --vmlinux, is "
		"needed",
		path, (unsigned long long)bytes, (unsigned long long)(end - start));
}

struct kt_err *kt_given_check_types(
	const char *path, const struct kt_vmcoreinfo *info, struct kt_target *target)
{
	struct kt_span rest = info->text, line;
	size_t nr_facts = 0, nr_known = 0;
	struct fact fact;
	uint64_t own;

	while (kt_span_line(&rest, &line)) {
		if (!take_fact(line, &fact))
			continue;
		nr_facts += kt_span_eq(fact.kind, "SIZE") || *fact.member;
		if (!find_fact(&target->types, &fact, &own))
			continue;
		nr_known++;
		if (own != fact.value)
			return kt_err_new(KT_ERR_PARSE,
				"%s: is of another kernel than the dump: %.*s(%.*s) is %llu by its "
				"types, %llu in the dump's VMCOREINFO",
				path, (int)fact.kind.n, fact.kind.p, (int)fact.name.n, fact.name.p,
				(unsigned long long)own, (unsigned long long)fact.value);
	}
	if (nr_facts && !nr_known)
		return kt_err_new(KT_ERR_PARSE,
			"%s: has none of the types in the dump's VMCOREINFO, so it is no type data "
			"of a whole kernel",
			path);
	return check_bytes(path, target);
}
