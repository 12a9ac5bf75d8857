// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/vmcoreinfo.h"

#include <stdio.h>

#define FIRST	 "OSRELEASE="
#define TEXT_MAX 65536u /* bytes; the kernel keeps a page for it */
#define STEP	 4096u	/* bytes; the smallest page */

bool kt_vmcoreinfo_take(struct kt_span bytes, struct kt_vmcoreinfo *ret_info)
{
	struct kt_span text = bytes;
	const char *end;

	if (text.n > TEXT_MAX)
		text.n = TEXT_MAX;
	if (!kt_span_starts(text, FIRST))
		return false;
	end = memchr(text.p, '\0', text.n);
	if (end)
		text.n = (size_t)(end - text.p);
	ret_info->text = text;
	return true;
}

bool kt_vmcoreinfo_of_note(const struct kt_elf_core *core, struct kt_vmcoreinfo *ret_info)
{
	struct kt_span note;

	return kt_elf_core_note(core, "VMCOREINFO", &note) && kt_vmcoreinfo_take(note, ret_info);
}

bool kt_vmcoreinfo_scan(struct kt_elf_core *core, uint64_t *at, struct kt_vmcoreinfo *ret_info)
{
	for (size_t i = 0; i < core->nr_ranges; i++) {
		const struct kt_elf_range *range = &core->ranges[i];
		uint64_t end = range->first + range->bytes;
		uint64_t page = range->first > *at ? range->first : *at;

		for (page = (page + STEP - 1) & ~(uint64_t)(STEP - 1); page < end; page += STEP) {
			struct kt_span rest = { core->bytes + range->place + (page - range->first),
				end - page };

			if (!kt_vmcoreinfo_take(rest, ret_info))
				continue;
			*at = page + STEP;
			return true;
		}
	}
	return false;
}

bool kt_vmcoreinfo_find(
	const struct kt_vmcoreinfo *info, const char *key, struct kt_span *ret_value)
{
	struct kt_span rest = info->text, line, name;

	while (kt_span_line(&rest, &line)) {
		if (!kt_span_until(&line, '=', &name) || !kt_span_eq(name, key))
			continue;
		*ret_value = line;
		return true;
	}
	return false;
}

static bool find_in(const struct kt_vmcoreinfo *info, const char *kind, const char *name,
	struct kt_span *ret_value)
{
	char key[128];
	int n = snprintf(key, sizeof(key), "%s(%s)", kind, name);

	return n > 0 && (size_t)n < sizeof(key) && kt_vmcoreinfo_find(info, key, ret_value);
}

bool kt_vmcoreinfo_symbol(const struct kt_vmcoreinfo *info, const char *name, uint64_t *ret_value)
{
	struct kt_span value;

	return find_in(info, "SYMBOL", name, &value) && kt_span_hex(value, ret_value) && *ret_value;
}

bool kt_vmcoreinfo_number(const struct kt_vmcoreinfo *info, const char *name, uint64_t *ret_value)
{
	struct kt_span value;
	int64_t number;

	if (!find_in(info, "NUMBER", name, &value))
		return false;
	if (kt_span_starts(value, "0x"))
		return kt_span_hex(value, ret_value);
	if (kt_span_starts(value, "-")) {
		if (!kt_span_i64(value, &number))
			return false;
		*ret_value = (uint64_t)number;
		return true;
	}
	return kt_span_u64(value, ret_value);
}
