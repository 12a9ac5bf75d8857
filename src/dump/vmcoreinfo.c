// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/vmcoreinfo.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST	 "OSRELEASE="
#define TEXT_MAX 65536u	    /* bytes; the kernel keeps a page for it */
#define STEP	 4096ul	    /* bytes; the smallest page */
#define STEPS	 64u	    /* that are read at once */
#define HOLES	 (1u << 20) /* pages without contents after which no more are looked at */

/* Takes the bytes that were read; false: they are no VMCOREINFO. */
static bool take(struct kt_vmcoreinfo *info)
{
	struct kt_span text = { info->bytes.data, info->bytes.size };
	const char *end;

	if (info->bytes.failed || !kt_span_starts(text, FIRST))
		return false;
	end = memchr(text.p, '\0', text.n);
	if (end)
		text.n = (size_t)(end - text.p);
	info->text = text;
	return true;
}

bool kt_vmcoreinfo_of_note(struct kt_physical *physical, struct kt_vmcoreinfo *ret_info)
{
	ret_info->bytes.size = 0;
	return physical->ops->info(physical, &ret_info->bytes) && take(ret_info);
}

/* Reads the text at an address, up to its NUL or the end of what is readable. */
static bool take_at(struct kt_physical *physical, uint64_t at, struct kt_vmcoreinfo *info)
{
	info->bytes.size = 0;
	while (info->bytes.size < TEXT_MAX) {
		char *to = kt_buf_reserve(&info->bytes, STEP);

		if (!to || !kt_physical_read(physical, at + info->bytes.size, to, STEP))
			break;
		info->bytes.size += STEP;
		if (memchr(to, '\0', STEP))
			break;
	}
	return take(info);
}

/* Finds the first page of some that begins like the text; returns its number, or `count`. */
static size_t look(struct kt_physical *physical, uint64_t at, char *block, size_t count)
{
	size_t bytes = sizeof(FIRST) - 1, i = 0;

	if (count == STEPS && kt_physical_read(physical, at, block, STEPS * STEP)) {
		while (i < count && memcmp(block + i * STEP, FIRST, bytes) != 0)
			i++;
		return i;
	}
	/* with a hole between them */
	while (i < count && !(kt_physical_read(physical, at + i * STEP, block, bytes) &&
				    memcmp(block, FIRST, bytes) == 0))
		i++;
	return i;
}

bool kt_vmcoreinfo_scan(struct kt_physical *physical, uint64_t *at, struct kt_vmcoreinfo *ret_info)
{
	char *block = malloc(STEPS * STEP);
	uint64_t most = kt_physical_nr_without(physical) + HOLES;
	bool found = false;

	for (size_t i = 0; block && !found && i < physical->nr_ranges; i++) {
		const struct kt_physical_range *range = &physical->ranges[i];
		uint64_t end = range->first + range->here;
		uint64_t page = range->first > *at ? range->first : *at;

		page = (page + STEP - 1) & ~(uint64_t)(STEP - 1);
		while (!found && page < end && kt_physical_nr_without(physical) < most) {
			uint64_t filled = kt_physical_skip_zeros(physical, page) & ~(STEP - 1);
			size_t count, which;

			if (filled > page) {
				page = filled;
				continue;
			}
			count = (end - page + STEP - 1) / STEP;
			if (count > STEPS)
				count = STEPS;
			which = look(physical, page, block, count);
			page += (which < count ? which + 1 : count) * STEP;
			found = which < count && take_at(physical, page - STEP, ret_info);
			*at = page;
		}
	}
	free(block);
	return found;
}

void kt_vmcoreinfo_cleanup(struct kt_vmcoreinfo *info)
{
	kt_buf_cleanup(&info->bytes);
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

/* arch/x86/kernel/vmcore_info_64.c, arch/arm64/kernel/vmcore_info.c */
uint16_t kt_vmcoreinfo_machine(const struct kt_vmcoreinfo *info)
{
	uint64_t number;

	return kt_vmcoreinfo_number(info, "phys_base", &number)	       ? EM_X86_64
	       : kt_vmcoreinfo_number(info, "kimage_voffset", &number) ? EM_AARCH64
								       : 0;
}

bool kt_vmcoreinfo_length(const struct kt_vmcoreinfo *info, const char *name, uint64_t *ret_value)
{
	struct kt_span value;

	return find_in(info, "LENGTH", name, &value) && kt_span_u64(value, ret_value);
}
