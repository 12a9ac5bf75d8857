// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/given.h"

#include <stdlib.h>

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
