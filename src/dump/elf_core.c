// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/elf_core.h"

#include <elf.h>
#include <stdlib.h>

#define HEADERS_MAX (1u << 20)
#define NOTES_MAX   (1u << 16)
#define INFO_MAX    65536u /* bytes; the kernel keeps a page for VMCOREINFO */

struct segment {
	uint64_t first, bytes; /* in memory */
	uint64_t promised;     /* bytes from its beginning that the header says are in the file */
	uint64_t place;	       /* in the file */
};

struct elf_core {
	struct kt_physical base;
	struct kt_dump_file file;
	uint64_t headers_at, nr_headers;
	struct segment *segments; /* sorted, without overlaps */
	size_t nr_segments, last; /* `last`: of the latest read, tried first */
};

bool kt_elf_core_is(struct kt_span head)
{
	Elf64_Half type;

	if (head.n < EI_NIDENT + sizeof(type) || memcmp(head.p, ELFMAG, SELFMAG) != 0)
		return false;
	memcpy(&type, head.p + EI_NIDENT, sizeof(type));
	return type == ET_CORE ||
	       (head.p[EI_DATA] == ELFDATA2MSB && __builtin_bswap16(type) == ET_CORE);
}

static struct kt_err *check_header(struct elf_core *core)
{
	Elf64_Ehdr header;
	Elf64_Shdr section;
	char first[EI_NIDENT + sizeof(Elf64_Half)];

	if (!kt_dump_file_read(&core->file, 0, first, sizeof(first)) ||
		!kt_elf_core_is((struct kt_span){ first, sizeof(first) }) ||
		!kt_dump_file_read(&core->file, 0, &header, sizeof(header)))
		return kt_err_new(KT_ERR_PARSE, "does not start like an ELF core");
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
		(header.e_machine != EM_X86_64 && header.e_machine != EM_AARCH64))
		return kt_err_new(KT_ERR_PARSE, "a dump of a machine that is neither x86-64 nor "
						"arm64 (little endian) cannot be read");
	if (header.e_phentsize != sizeof(Elf64_Phdr))
		return kt_err_new(KT_ERR_PARSE, "its program headers have an unknown size");
	core->base.machine = header.e_machine;
	core->headers_at = header.e_phoff;
	core->nr_headers = header.e_phnum;
	/* more than 65,534 segments: the number is in the first section header (elf(5)) */
	if (header.e_phnum == PN_XNUM) {
		if (!kt_dump_file_read(&core->file, header.e_shoff, &section, sizeof(section)))
			return kt_err_new(KT_ERR_PARSE, "its section header is cut off");
		core->nr_headers = section.sh_info;
	}
	if (core->headers_at > core->file.size ||
		(core->file.size - core->headers_at) / sizeof(Elf64_Phdr) < core->nr_headers)
		return kt_err_new(KT_ERR_PARSE, "its program headers are cut off");
	if (core->nr_headers > HEADERS_MAX)
		return kt_err_new(KT_ERR_LIMIT, "has more than %u segments", HEADERS_MAX);
	return NULL;
}

static bool header_at(struct elf_core *core, uint64_t index, Elf64_Phdr *ret_header)
{
	return kt_dump_file_read(&core->file, core->headers_at + index * sizeof(*ret_header),
		ret_header, sizeof(*ret_header));
}

/* ---- segments ---- */

static void add_segment(struct elf_core *core, const Elf64_Phdr *header)
{
	uint64_t promised = header->p_filesz;

	if (header->p_paddr >= KT_PHYSICAL_MAX ||
		header->p_memsz > KT_PHYSICAL_MAX - header->p_paddr || !header->p_memsz)
		return;
	if (promised > header->p_memsz)
		promised = header->p_memsz;
	core->segments[core->nr_segments++] =
		(struct segment){ header->p_paddr, header->p_memsz, promised, header->p_offset };
}

static int by_address(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* A dump by the kernel has its image twice, so what a segment repeats is taken off it. */
static void remove_overlaps(struct elf_core *core)
{
	size_t kept = 0;
	uint64_t end = 0;

	for (size_t i = 0; i < core->nr_segments; i++) {
		struct segment segment = core->segments[i];
		uint64_t over = end > segment.first ? end - segment.first : 0;

		if (over >= segment.bytes)
			continue;
		segment.first += over;
		segment.place += over;
		segment.bytes -= over;
		segment.promised = segment.promised > over ? segment.promised - over : 0;
		end = segment.first + segment.bytes;
		core->segments[kept++] = segment;
	}
	core->nr_segments = kept;
}

/* The bytes that the file had when it was opened. */
static struct kt_err *count_segments(struct elf_core *core)
{
	for (size_t i = 0; i < core->nr_segments; i++) {
		const struct segment *segment = &core->segments[i];
		uint64_t *bytes = core->base.bytes, has = 0;

		if (segment->place < core->file.size)
			has = core->file.size - segment->place;
		if (has > segment->promised)
			has = segment->promised;
		bytes[KT_PHYSICAL_READ] += has;
		bytes[KT_PHYSICAL_CUT] += segment->promised - has;
		bytes[KT_PHYSICAL_LEFT_OUT] += segment->bytes - segment->promised;
		if (!kt_physical_add(&core->base, segment->first, segment->bytes, has))
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	core->base.promised = true;
	return core->base.bytes[KT_PHYSICAL_READ] ? NULL
						  : kt_err_new(KT_ERR_PARSE, "has no memory");
}

static struct kt_err *find_segments(struct elf_core *core)
{
	core->segments = calloc(core->nr_headers + 1, sizeof(*core->segments));
	if (!core->segments)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (uint64_t i = 0; i < core->nr_headers; i++) {
		Elf64_Phdr header;

		if (header_at(core, i, &header) && header.p_type == PT_LOAD)
			add_segment(core, &header);
	}
	qsort(core->segments, core->nr_segments, sizeof(*core->segments), by_address);
	remove_overlaps(core);
	return count_segments(core);
}

/* ---- reading ---- */

static bool holds(const struct segment *segment, uint64_t physical)
{
	return physical >= segment->first && physical - segment->first < segment->bytes;
}

static const struct segment *find_segment(struct elf_core *core, uint64_t physical)
{
	size_t low = 0, high = core->nr_segments;

	if (holds(&core->segments[core->last], physical))
		return &core->segments[core->last];
	/* the first segment after the address */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (core->segments[middle].first <= physical)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || !holds(&core->segments[low - 1], physical))
		return NULL;
	core->last = low - 1;
	return &core->segments[core->last];
}

static enum kt_physical_state read_core(
	struct kt_physical *physical, uint64_t at, void *to, size_t size)
{
	struct elf_core *core = (struct elf_core *)physical;

	while (size) {
		const struct segment *segment = find_segment(core, at);
		uint64_t from, bytes;

		if (!segment)
			return KT_PHYSICAL_NONE;
		from = at - segment->first;
		if (from >= segment->promised)
			return KT_PHYSICAL_LEFT_OUT;
		bytes = segment->promised - from;
		if (bytes > size)
			bytes = size;
		if (segment->place > UINT64_MAX - KT_PHYSICAL_MAX ||
			!kt_dump_file_read(&core->file, segment->place + from, to, bytes))
			return KT_PHYSICAL_CUT;
		to = (char *)to + bytes;
		at += bytes;
		size -= bytes;
	}
	return KT_PHYSICAL_READ;
}

static enum kt_physical_state state_at(struct kt_physical *physical, uint64_t at)
{
	struct elf_core *core = (struct elf_core *)physical;
	const struct segment *segment = find_segment(core, at);
	uint64_t from;

	if (!segment)
		return KT_PHYSICAL_NONE;
	from = at - segment->first;
	if (from >= segment->promised)
		return KT_PHYSICAL_LEFT_OUT;
	/* without a read: this is asked of many pages */
	return segment->place < core->file.size && from < core->file.size - segment->place
		       ? KT_PHYSICAL_READ
		       : KT_PHYSICAL_CUT;
}

static uint64_t skip_zeros(struct kt_physical *physical, uint64_t at)
{
	struct elf_core *core = (struct elf_core *)physical;
	const struct segment *segment = find_segment(core, at);
	uint64_t from, place, data;

	if (!segment)
		return at;
	from = at - segment->first;
	if (from >= segment->promised || segment->place > UINT64_MAX - KT_PHYSICAL_MAX)
		return at;
	place = segment->place + from;
	data = kt_dump_file_skip_hole(&core->file, place);
	return data - place < segment->promised - from ? at + (data - place)
						       : segment->first + segment->promised;
}

/* ---- notes ---- */

/* A note that is looked for. */
struct wanted {
	const char *name; /* its NUL counts */
	bool any_type;
	uint32_t type;
	uint32_t nr_before;  /* notes of this kind that come first */
	uint32_t nr_notes;   /* that were looked at */
	struct kt_buf *text; /* receives its contents */
};

static bool is_wanted(
	struct wanted *wanted, struct kt_dump_file *file, uint64_t at, const Elf64_Nhdr *note)
{
	size_t bytes = strlen(wanted->name) + 1;
	char name[16];

	if (note->n_namesz != bytes || bytes > sizeof(name) || note->n_descsz > INFO_MAX ||
		(!wanted->any_type && note->n_type != wanted->type) ||
		!kt_dump_file_read(file, at, name, bytes) || memcmp(name, wanted->name, bytes) != 0)
		return false;
	return !wanted->nr_before || !wanted->nr_before--;
}

static bool take_note(struct wanted *wanted, struct kt_dump_file *file, uint64_t at, uint32_t bytes)
{
	char *to = kt_buf_reserve(wanted->text, bytes);

	if (!to || !kt_dump_file_read(file, at, to, bytes))
		return false;
	wanted->text->size += bytes;
	return true;
}

/* Returns true at the wanted note; `ret_taken`: its contents were read. */
static bool find_note(struct kt_dump_file *file, uint64_t at, uint64_t bytes, struct wanted *wanted,
	bool *ret_taken)
{
	while (++wanted->nr_notes <= NOTES_MAX) {
		Elf64_Nhdr note;
		uint64_t name, text;

		if (bytes < sizeof(note) || !kt_dump_file_read(file, at, &note, sizeof(note)))
			return false;
		at += sizeof(note);
		bytes -= sizeof(note);
		/* name and contents begin at multiples of 4 bytes */
		name = ((uint64_t)note.n_namesz + 3) & ~3ull;
		text = ((uint64_t)note.n_descsz + 3) & ~3ull;
		if (name > bytes || note.n_descsz > bytes - name)
			return false;
		if (is_wanted(wanted, file, at, &note)) {
			*ret_taken = take_note(wanted, file, at + name, note.n_descsz);
			return true;
		}
		if (name + text >= bytes)
			return false;
		at += name + text;
		bytes -= name + text;
	}
	return false;
}

static struct wanted vmcoreinfo(struct kt_buf *text)
{
	return (struct wanted){ .name = "VMCOREINFO", .any_type = true, .text = text };
}

static struct wanted prstatus(uint32_t index, struct kt_buf *bytes)
{
	return (struct wanted){
		.name = "CORE", .type = NT_PRSTATUS, .nr_before = index, .text = bytes
	};
}

bool kt_elf_notes_info(
	struct kt_dump_file *file, uint64_t at, uint64_t bytes, struct kt_buf *ret_text)
{
	struct wanted wanted = vmcoreinfo(ret_text);
	bool taken = false;

	return find_note(file, at, bytes, &wanted, &taken) && taken;
}

bool kt_elf_notes_status(struct kt_dump_file *file, uint64_t at, uint64_t bytes, uint32_t index,
	struct kt_buf *ret_bytes)
{
	struct wanted wanted = prstatus(index, ret_bytes);
	bool taken = false;

	return find_note(file, at, bytes, &wanted, &taken) && taken;
}

static bool find_in_core(struct elf_core *core, struct wanted *wanted)
{
	bool taken = false;

	for (uint64_t i = 0; i < core->nr_headers; i++) {
		Elf64_Phdr header;

		if (header_at(core, i, &header) && header.p_type == PT_NOTE &&
			header.p_offset < core->file.size &&
			find_note(&core->file, header.p_offset, header.p_filesz, wanted, &taken))
			break;
	}
	return taken;
}

static bool core_info(struct kt_physical *physical, struct kt_buf *ret_text)
{
	struct wanted wanted = vmcoreinfo(ret_text);

	return find_in_core((struct elf_core *)physical, &wanted);
}

static bool core_status(struct kt_physical *physical, uint32_t index, struct kt_buf *ret_bytes)
{
	struct wanted wanted = prstatus(index, ret_bytes);

	return find_in_core((struct elf_core *)physical, &wanted);
}

/* ---- opening ---- */

static void close_core(struct kt_physical *physical)
{
	struct elf_core *core = (struct elf_core *)physical;

	kt_dump_file_fini(&core->file);
	free(core->segments);
	free(core);
}

struct kt_err *kt_elf_core_open(struct kt_dump_file *file, struct kt_physical **ret_physical)
{
	static const struct kt_physical_ops ops = { .read = read_core,
		.state = state_at,
		.skip_zeros = skip_zeros,
		.info = core_info,
		.status = core_status,
		.close = close_core };
	struct elf_core *core = calloc(1, sizeof(*core));
	struct kt_err *err;

	if (!core) {
		kt_dump_file_fini(file);
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	core->base.ops = &ops;
	core->file = *file;
	err = check_header(core);
	if (!err)
		err = find_segments(core);
	if (!err && core->file.flat.cut)
		core->base.more_damaged = true;
	if (err) {
		if (core->base.bytes[KT_PHYSICAL_CUT])
			err = kt_err_prepend(err, "the file is cut off");
		kt_physical_close(&core->base);
		return err;
	}
	*ret_physical = &core->base;
	return NULL;
}
