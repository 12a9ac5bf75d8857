// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/raw.h"

#include "base/attr.h"
#include "dump/tables.h"

#include <elf.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE	       4096ull
#define CANDIDATES_MAX 16u	     /* texts that look like VMCOREINFO */
#define EXTENTS_MAX    65536u	     /* of a sparse file; the rest is one extent */
#define HIGH	       (1ull << 32)  /* where memory goes on after the hole of a PC */
#define LOW_MIN	       (1ull << 30)  /* bytes below the hole: no machine has it earlier */
#define LOW_STEP       (64ull << 20) /* hypervisors begin the hole at a multiple of it */
#define ENTRIES_MAX    (16u << 20)   /* of page tables, for all guesses together */
#define RANGE_BYTES    (128ull << 20)
#define RANGES_MAX     4096u

/* How memory is in the file. */
struct layout {
	uint64_t first; /* address of the first byte */
	uint64_t low;	/* bytes before the hole that the file does not have; 0: it has all */
};

struct raw {
	struct kt_physical base;
	struct kt_dump_file file;
	struct layout layout;
	uint64_t end; /* of the machine's memory, as far as known; 0: not */
	struct kt_vmcoreinfo info;
	struct kt_translation translation; /* of a guess */
	uint32_t budget;		   /* entries of page tables that may be looked at */
};

/* ---- the file ---- */

static bool is_archive(struct kt_span head)
{
	static const char *const signs[] = { "PK", "7z\xbc\xaf", "07070", "!<arch>", "Rar!" };

	for (size_t i = 0; i < KT_LEN(signs); i++) {
		if (kt_span_starts(head, signs[i]))
			return true;
	}
	return kt_span_starts(kt_span_from(head, 257), "ustar");
}

static void forget_ranges(struct raw *raw)
{
	free(raw->base.ranges);
	raw->base.ranges = NULL;
	raw->base.nr_ranges = 0;
}

/* The parts of a sparse file that are stored: a hole of terabytes has no text. */
static bool take_extents(struct raw *raw)
{
	uint64_t size = raw->file.size, at = 0;

	forget_ranges(raw);
	raw->layout = (struct layout){ 0 };
	while (at < size) {
		off_t from = lseek(raw->file.fd, (off_t)at, SEEK_DATA);
		off_t to = from < 0 ? from : lseek(raw->file.fd, from, SEEK_HOLE);

		/* without data from here on, or on a file system that does not know */
		if (from < 0 && at)
			break;
		if (to < 0 || raw->base.nr_ranges == EXTENTS_MAX) {
			from = (off_t)at;
			to = (off_t)size;
		}
		if ((uint64_t)to > size)
			to = (off_t)size;
		if (to <= from || !kt_physical_add(&raw->base, (uint64_t)from,
					  (uint64_t)(to - from), (uint64_t)(to - from)))
			break;
		at = (uint64_t)to;
	}
	return raw->base.nr_ranges > 0;
}

/* ---- memory ---- */

static enum kt_physical_state find_place(
	const struct raw *raw, uint64_t at, uint64_t *ret_place, uint64_t *ret_bytes)
{
	const struct layout *layout = &raw->layout;
	uint64_t place = at - layout->first;

	if (at < layout->first)
		return KT_PHYSICAL_NONE;
	*ret_bytes = UINT64_MAX;
	if (layout->low && at >= HIGH)
		place = at - HIGH + layout->low;
	else if (layout->low) {
		if (at >= layout->low)
			return KT_PHYSICAL_NONE;
		*ret_bytes = layout->low - at;
	}
	if (place >= raw->file.size)
		return at < raw->end ? KT_PHYSICAL_CUT : KT_PHYSICAL_NONE;
	if (*ret_bytes > raw->file.size - place)
		*ret_bytes = raw->file.size - place;
	*ret_place = place;
	return KT_PHYSICAL_READ;
}

static enum kt_physical_state read_raw(
	struct kt_physical *physical, uint64_t at, void *to, size_t size)
{
	struct raw *raw = (struct raw *)physical;

	while (size) {
		uint64_t place = 0, bytes = 0;
		enum kt_physical_state state = find_place(raw, at, &place, &bytes);

		if (state != KT_PHYSICAL_READ)
			return state;
		if (bytes > size)
			bytes = size;
		if (!kt_dump_file_read(&raw->file, place, to, (size_t)bytes))
			return KT_PHYSICAL_CUT;
		to = (char *)to + bytes;
		at += bytes;
		size -= (size_t)bytes;
	}
	return KT_PHYSICAL_READ;
}

static enum kt_physical_state state_at(struct kt_physical *physical, uint64_t at)
{
	uint64_t place, bytes;

	return find_place((struct raw *)physical, at, &place, &bytes);
}

static bool raw_info(struct kt_physical *physical, struct kt_buf *ret_text)
{
	const struct raw *raw = (struct raw *)physical;

	kt_buf_add(ret_text, raw->info.text.p, raw->info.text.n);
	return !ret_text->failed;
}

static void close_raw(struct kt_physical *physical)
{
	struct raw *raw = (struct raw *)physical;

	kt_vmcoreinfo_cleanup(&raw->info);
	kt_dump_file_fini(&raw->file);
	free(raw);
}

/* ---- guesses ---- */

/* In pieces, so that some of them are memory whatever holes the file has. */
static bool add_ranges(struct raw *raw, uint64_t first, uint64_t bytes)
{
	uint64_t step = bytes / RANGES_MAX + 1;

	step = step > RANGE_BYTES ? step : RANGE_BYTES;
	for (uint64_t at = 0; at < bytes; at += step) {
		uint64_t here = bytes - at < step ? bytes - at : step;

		if (!kt_physical_add(&raw->base, first + at, here, here))
			return false;
	}
	return true;
}

static bool use_layout(struct raw *raw, struct layout layout)
{
	uint64_t size = raw->file.size;

	forget_ranges(raw);
	raw->layout = layout;
	raw->end = 0;
	if (!layout.low)
		return add_ranges(raw, layout.first, size);
	return add_ranges(raw, 0, layout.low) && add_ranges(raw, HIGH, size - layout.low);
}

/* Whether the page table leads to the kernel, if memory is where a guess has it. */
static bool fits(struct raw *raw, struct layout layout)
{
	struct kt_err *err;

	if (!use_layout(raw, layout))
		return false;
	err = kt_translation_find(&raw->base, &raw->info, &raw->translation);
	kt_err_free(err);
	return !err;
}

/* Same, with a look at the tables of the direct map. */
static bool check(struct raw *raw, struct layout layout, struct kt_tables *ret_tables)
{
	uint64_t direct, size = raw->file.size;

	*ret_tables = (struct kt_tables){ 0 };
	if (!fits(raw, layout) || !kt_translation_direct(&raw->translation, &direct))
		return false;
	kt_tables_check(&raw->translation, direct, HIGH,
		layout.low ? HIGH + size - layout.low : size, &raw->budget, ret_tables);
	return ret_tables->is_whole;
}

/* Memory above 4 GiB is proven by tables that are there. */
static bool is_proven(const struct kt_tables *tables)
{
	return tables->is_whole && (tables->end <= HIGH || (tables->nr_good && !tables->nr_bad));
}

/* Finds how much is before the hole, if the file has no hole and memory ends at `end`. */
static uint64_t low_of(const struct raw *raw, uint64_t end)
{
	uint64_t high = end > HIGH ? end - HIGH : 0, low = raw->file.size - high;

	return high && high < raw->file.size && low < HIGH && low % PAGE == 0 ? low : 0;
}

static bool try_low(struct raw *raw, uint64_t low, struct kt_tables *tables)
{
	return low && check(raw, (struct layout){ .low = low }, tables) && is_proven(tables) &&
	       low_of(raw, tables->end) == low;
}

/* `plain`: the tables as they are in a file that has the hole, or has nothing above it. */
static bool find_low(struct raw *raw, const struct kt_tables *plain, struct kt_tables *tables)
{
	if (raw->file.size <= LOW_MIN)
		return false;
	if (try_low(raw, low_of(raw, plain->end), tables))
		return true;
	for (uint64_t low = LOW_MIN; low < HIGH && low < raw->file.size; low += LOW_STEP) {
		if (try_low(raw, low, tables))
			return true;
	}
	return false;
}

static struct kt_err *take_pc(struct raw *raw)
{
	struct kt_tables plain, tables;
	bool is_plain, has_low;

	check(raw, (struct layout){ 0 }, &plain);
	is_plain =
		is_proven(&plain) || (raw->file.size <= LOW_MIN && fits(raw, (struct layout){ 0 }));
	has_low = find_low(raw, &plain, &tables);
	if (is_plain == has_low)
		return kt_err_new(KT_ERR_PARSE,
			is_plain || fits(raw, (struct layout){ 0 })
				? "a raw image of memory, but where it has the memory above 4 GiB "
				  "cannot be found out, or it is cut off; qemu's "
				  "dump-guest-memory writes a dump that says it"
				: "a raw image of memory, but its page table does not lead to the "
				  "kernel: the image is cut off, or does not begin at address 0");
	if (has_low)
		return NULL; /* its layout is the latest one */
	if (!use_layout(raw, (struct layout){ 0 }))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	raw->end = plain.end;
	raw->base.bytes[KT_PHYSICAL_CUT] = plain.after;
	raw->base.more_damaged = !plain.is_whole;
	return NULL;
}

/* Memory of an arm64 machine begins where the kernel says; an image may begin there too. */
static struct kt_err *take_arm64(struct raw *raw)
{
	uint64_t first;

	if (fits(raw, (struct layout){ 0 }))
		return NULL;
	if (kt_vmcoreinfo_number(&raw->info, "PHYS_OFFSET", &first) && first % PAGE == 0 &&
		first < KT_PHYSICAL_MAX && raw->file.size < KT_PHYSICAL_MAX - first &&
		fits(raw, (struct layout){ .first = first }))
		return NULL;
	return kt_err_new(KT_ERR_PARSE,
		"a raw image of memory, but its page table does not lead to the kernel: the image "
		"is cut off, or begins neither at address 0 nor with the machine's memory");
}

static struct kt_err *take_kernel(struct raw *raw)
{
	raw->base.machine = kt_vmcoreinfo_machine(&raw->info);
	switch (raw->base.machine) {
	case EM_X86_64: return take_pc(raw);
	case EM_AARCH64: return take_arm64(raw);
	default:
		return kt_err_new(KT_ERR_PARSE,
			"a raw image of the memory of a machine that is neither x86-64 nor arm64");
	}
}

/* ---- opening ---- */

/* A text that cannot be of another file: its first line, its addresses, no more than lines. */
static bool is_info(const struct kt_vmcoreinfo *info)
{
	struct kt_span value;
	uint64_t address;

	return kt_vmcoreinfo_find(info, "PAGESIZE", &value) &&
	       kt_vmcoreinfo_symbol(info, "_stext", &address) &&
	       kt_vmcoreinfo_symbol(info, "swapper_pg_dir", &address);
}

/* Finds the next text from `at` on. */
static bool find_info(struct raw *raw, uint64_t *at)
{
	if (!take_extents(raw))
		return false;
	while (kt_vmcoreinfo_scan(&raw->base, at, &raw->info)) {
		if (is_info(&raw->info))
			return true;
	}
	return false;
}

static const struct kt_physical_ops ops = {
	.read = read_raw, .state = state_at, .info = raw_info, .close = close_raw
};

/* Takes the file over; NULL: out of memory. */
static struct raw *new_raw(struct kt_dump_file *file)
{
	struct raw *raw = calloc(1, sizeof(*raw));

	if (!raw) {
		kt_dump_file_fini(file);
		return NULL;
	}
	raw->base.ops = &ops;
	raw->base.unbounded = true;
	raw->file = *file;
	raw->budget = ENTRIES_MAX;
	return raw;
}

bool kt_raw_is(int fd, struct kt_span head)
{
	struct kt_dump_file file;
	struct raw *raw;
	uint64_t at = 0;
	bool found;
	struct kt_err *err;

	if (!memchr(head.p, '\0', head.n) || is_archive(head))
		return false;
	err = kt_dump_file_open(fd, &file);
	if (err || file.size % PAGE || file.size >= KT_PHYSICAL_MAX) {
		kt_err_free(err);
		kt_dump_file_fini(&file);
		return false;
	}
	raw = new_raw(&file);
	found = raw && find_info(raw, &at);
	kt_physical_close(raw ? &raw->base : NULL);
	/* its copies share their offset with it */
	return lseek(fd, 0, SEEK_SET) == 0 && found;
}

struct kt_err *kt_raw_open(struct kt_dump_file *file, struct kt_physical **ret_physical)
{
	struct kt_err *err = NULL, *latest = NULL;
	struct raw *raw = new_raw(file);
	uint64_t at = 0;

	if (!raw)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (raw->file.size >= KT_PHYSICAL_MAX)
		err = kt_err_new(KT_ERR_PARSE, "too large for an image of memory");
	for (unsigned i = 0; !err && i < CANDIDATES_MAX && find_info(raw, &at); i++) {
		kt_err_free(latest);
		latest = take_kernel(raw);
		if (!latest) {
			raw->base.bytes[KT_PHYSICAL_READ] = raw->file.size;
			*ret_physical = &raw->base;
			return NULL;
		}
	}
	if (err)
		kt_err_free(latest);
	else if (latest)
		err = latest;
	else
		err = kt_err_new(KT_ERR_PARSE,
			"no dump of memory: it has neither a known header nor, as raw images of "
			"memory have, a page with a kernel's VMCOREINFO");
	kt_physical_close(&raw->base);
	return err;
}
