// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /sys/firmware/memmap: the firmware's own memory map (x86 e820, before the kernel edits it),
// one directory an entry. The kernel log has the same map; kmsg reads it if this directory is
// missing.

#include "source/boot/firmware.h"
#include "source/source.h"

#define REGIONS_MAX 4096u /* ranges of a map */

void kt_firmware_add(struct kt_snapshot *snap, uint64_t start, uint64_t end, struct kt_span type)
{
	struct kt_region *slot;

	if (end <= start || end > UINT64_MAX >> 1 || snap->firmware.count >= REGIONS_MAX)
		return;
	slot = kt_list_push(&snap->arena, &snap->firmware);
	if (slot)
		*slot = (struct kt_region){ start, end, kt_arena_name(&snap->arena, type) };
}

static struct kt_err *read_field(struct kt_root *root, struct kt_snapshot *snap, const char *entry,
	const char *field, struct kt_text *ret_text)
{
	const char *path = kt_arena_printf(&snap->arena, "sys/firmware/memmap/%s/%s", entry, field);

	return kt_root_read_head(root, path, 256, ret_text);
}

static struct kt_err *read_entry(struct kt_root *root, struct kt_snapshot *snap, const char *entry)
{
	KT_CLEANUP(text) struct kt_text start = { 0 };
	KT_CLEANUP(text) struct kt_text end = { 0 };
	KT_CLEANUP(text) struct kt_text type = { 0 };
	uint64_t first, last;
	struct kt_err *err;

	err = read_field(root, snap, entry, "start", &start);
	if (!err)
		err = read_field(root, snap, entry, "end", &end);
	if (!err)
		err = read_field(root, snap, entry, "type", &type);
	if (err)
		return err;
	if (!kt_span_hex(kt_span_trim(kt_text_span(&start)), &first) ||
		!kt_span_hex(kt_span_trim(kt_text_span(&end)), &last))
		return kt_err_new(KT_ERR_PARSE, "%s: not an address", start.path);
	kt_firmware_add(snap, first, last + 1, kt_span_trim(kt_text_span(&type)));
	return NULL;
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	kt_names names = { 0 };
	struct kt_err *err = kt_root_list(root, "sys/firmware/memmap", &snap->arena, &names);

	for (size_t i = 0; !err && i < names.count && i < REGIONS_MAX; i++)
		err = read_entry(root, snap, names.items[i]);
	if (err)
		snap->firmware.count = 0; /* an incomplete map would be a wrong map */
	return err;
}

/* Writes lines such as "0 9fbff System RAM". */
static void keep(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	for (size_t i = 0; i < snap->firmware.count; i++)
		kt_buf_printf(ret_text, "%llx %llx %s\n",
			(unsigned long long)snap->firmware.items[i].start,
			(unsigned long long)snap->firmware.items[i].end,
			snap->firmware.items[i].type);
}

static struct kt_err *recall(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, start, end;
	uint64_t from, to;

	while (kt_span_line(&rest, &line)) {
		if (kt_span_word(&line, &start) && kt_span_word(&line, &end) &&
			kt_span_hex(start, &from) && kt_span_hex(end, &to))
			kt_firmware_add(snap, from, to, kt_span_trim(line));
	}
	return NULL;
}

const struct kt_source kt_source_firmware = {
	.name = "firmware",
	.summary = "the firmware's memory map",
	.paths = { "sys/firmware/memmap/*/start", "sys/firmware/memmap/*/end",
		"sys/firmware/memmap/*/type" },
	.cost = KT_COST_CHEAP,
	.lack = "the memory that the firmware keeps is taken from the kernel log, if the log still "
		"has its beginning",
	.gives = "x86 and CONFIG_FIRMWARE_MEMMAP",
	.provides = { KT_FW_USABLE },
	.nr_provides = 0,
	.recall = recall,
	.keep = keep,
	.read = read_it,
};
