// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/elf_core.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PHYSICAL_MAX (1ull << 52) /* bytes; no machine has addresses after it */

bool kt_elf_core_is(struct kt_span head)
{
	Elf64_Half type;

	if (head.n < EI_NIDENT + sizeof(type) || memcmp(head.p, ELFMAG, SELFMAG) != 0)
		return false;
	memcpy(&type, head.p + EI_NIDENT, sizeof(type));
	return type == ET_CORE ||
	       (head.p[EI_DATA] == ELFDATA2MSB && __builtin_bswap16(type) == ET_CORE);
}

/* Copies from the file; false: it is too short. */
static bool file_at(const struct kt_elf_core *core, uint64_t at, void *to, size_t size)
{
	if (at > core->size || core->size - at < size)
		return false;
	memcpy(to, core->bytes + at, size);
	return true;
}

static struct kt_err *check_header(struct kt_elf_core *core)
{
	Elf64_Ehdr header;
	Elf64_Shdr section;

	if (!file_at(core, 0, &header, sizeof(header)) ||
		!kt_elf_core_is((struct kt_span){ core->bytes, core->size }))
		return kt_err_new(KT_ERR_PARSE, "does not start like an ELF core");
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
		(header.e_machine != EM_X86_64 && header.e_machine != EM_AARCH64))
		return kt_err_new(KT_ERR_PARSE, "a dump of a machine that is neither x86-64 nor "
						"arm64 (little endian) cannot be read");
	if (header.e_phentsize != sizeof(Elf64_Phdr))
		return kt_err_new(KT_ERR_PARSE, "its program headers have an unknown size");
	core->machine = header.e_machine;
	core->headers_at = header.e_phoff;
	core->nr_headers = header.e_phnum;
	/* more than 65,534 segments: the number is in the first section header (elf(5)) */
	if (header.e_phnum == PN_XNUM) {
		if (!file_at(core, header.e_shoff, &section, sizeof(section)))
			return kt_err_new(KT_ERR_PARSE, "its section header is cut off");
		core->nr_headers = section.sh_info;
	}
	if (core->headers_at > core->size ||
		(core->size - core->headers_at) / sizeof(Elf64_Phdr) < core->nr_headers)
		return kt_err_new(KT_ERR_PARSE, "its program headers are cut off");
	return NULL;
}

static void header_at(const struct kt_elf_core *core, uint64_t index, Elf64_Phdr *ret_header)
{
	memcpy(ret_header, core->bytes + core->headers_at + index * sizeof(*ret_header),
		sizeof(*ret_header));
}

/* Adds the part of a segment that the file has. */
static void add_range(struct kt_elf_core *core, const Elf64_Phdr *header)
{
	uint64_t in_file = header->p_filesz, has = 0;

	if (header->p_paddr >= PHYSICAL_MAX || header->p_memsz > PHYSICAL_MAX - header->p_paddr)
		return;
	if (in_file > header->p_memsz)
		in_file = header->p_memsz;
	if (header->p_offset < core->size)
		has = core->size - header->p_offset;
	if (has > in_file)
		has = in_file;
	core->cut_bytes += in_file - has;
	core->left_out_bytes += header->p_memsz - in_file;
	if (has)
		core->ranges[core->nr_ranges++] =
			(struct kt_elf_range){ header->p_paddr, has, header->p_offset };
}

static int by_address(const void *a, const void *b)
{
	const struct kt_elf_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* A dump by the kernel has its image twice, so what a range repeats is taken off it. */
static void remove_overlaps(struct kt_elf_core *core)
{
	size_t kept = 0;
	uint64_t end = 0;

	for (size_t i = 0; i < core->nr_ranges; i++) {
		struct kt_elf_range range = core->ranges[i];
		uint64_t over = end > range.first ? end - range.first : 0;

		if (over >= range.bytes)
			continue;
		range.first += over;
		range.place += over;
		range.bytes -= over;
		end = range.first + range.bytes;
		core->ranges[kept++] = range;
	}
	core->nr_ranges = kept;
}

static struct kt_err *find_ranges(struct kt_elf_core *core)
{
	core->ranges = calloc(core->nr_headers + 1, sizeof(*core->ranges));
	if (!core->ranges)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (uint64_t i = 0; i < core->nr_headers; i++) {
		Elf64_Phdr header;

		header_at(core, i, &header);
		if (header.p_type == PT_LOAD)
			add_range(core, &header);
	}
	if (!core->nr_ranges)
		return kt_err_new(KT_ERR_PARSE, "has no memory");
	qsort(core->ranges, core->nr_ranges, sizeof(*core->ranges), by_address);
	remove_overlaps(core);
	return NULL;
}

struct kt_err *kt_elf_core_of_bytes(struct kt_span file, struct kt_elf_core *ret_core)
{
	struct kt_err *err;

	*ret_core = (struct kt_elf_core){ .bytes = file.p, .size = file.n };
	err = check_header(ret_core);
	if (!err)
		err = find_ranges(ret_core);
	ret_core->bytes = err ? NULL : file.p;
	return err;
}

struct kt_err *kt_elf_core_open(int fd, struct kt_elf_core *ret_core)
{
	struct kt_err *err;
	struct stat st;
	void *bytes;

	*ret_core = (struct kt_elf_core){ 0 };
	if (fstat(fd, &st) < 0)
		return kt_err_os(errno, "cannot be read");
	if (st.st_size <= 0 || (uint64_t)st.st_size > SIZE_MAX)
		return kt_err_new(KT_ERR_PARSE, "is empty");
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return kt_err_os(errno, "cannot be mapped");
	err = kt_elf_core_of_bytes((struct kt_span){ bytes, (size_t)st.st_size }, ret_core);
	ret_core->mapped = true;
	ret_core->bytes = bytes;
	return err;
}

void kt_elf_core_fini(struct kt_elf_core *core)
{
	if (core->mapped)
		munmap((void *)core->bytes, core->size);
	free(core->ranges);
	*core = (struct kt_elf_core){ 0 };
}

/* ---- reading ---- */

static bool holds(const struct kt_elf_range *range, uint64_t physical)
{
	return physical >= range->first && physical - range->first < range->bytes;
}

const char *kt_elf_core_at(struct kt_elf_core *core, uint64_t physical, uint64_t *ret_bytes)
{
	const struct kt_elf_range *range = &core->ranges[core->last];
	size_t low = 0, high = core->nr_ranges;

	if (!holds(range, physical)) {
		/* the first range after the address */
		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (core->ranges[middle].first <= physical)
				low = middle + 1;
			else
				high = middle;
		}
		if (!low || !holds(&core->ranges[low - 1], physical))
			return NULL;
		core->last = low - 1;
		range = &core->ranges[core->last];
	}
	*ret_bytes = range->bytes - (physical - range->first);
	return core->bytes + range->place + (physical - range->first);
}

bool kt_elf_core_read(struct kt_elf_core *core, uint64_t physical, void *to, size_t size)
{
	while (size) {
		uint64_t bytes;
		const char *from = kt_elf_core_at(core, physical, &bytes);

		if (!from)
			return false;
		if (bytes > size)
			bytes = size;
		memcpy(to, from, bytes);
		to = (char *)to + bytes;
		physical += bytes;
		size -= bytes;
	}
	return true;
}

/* ---- notes ---- */

/* Takes the next note, whose name and contents begin at multiples of 4 bytes. */
static bool next_note(struct kt_span *rest, struct kt_span *ret_name, struct kt_span *ret_text)
{
	Elf64_Nhdr note;
	uint64_t name, text;

	if (rest->n < sizeof(note))
		return false;
	memcpy(&note, rest->p, sizeof(note));
	*rest = kt_span_from(*rest, sizeof(note));
	name = ((uint64_t)note.n_namesz + 3) & ~3ull;
	text = ((uint64_t)note.n_descsz + 3) & ~3ull;
	if (name > rest->n || note.n_descsz > rest->n - name)
		return false;
	*ret_name = (struct kt_span){ rest->p, note.n_namesz };
	*ret_text = (struct kt_span){ rest->p + name, note.n_descsz };
	*rest = kt_span_from(*rest, name + text < rest->n ? (size_t)(name + text) : rest->n);
	return true;
}

bool kt_elf_core_note(const struct kt_elf_core *core, const char *name, struct kt_span *ret_text)
{
	for (uint64_t i = 0; i < core->nr_headers; i++) {
		struct kt_span rest, note;
		Elf64_Phdr header;

		header_at(core, i, &header);
		if (header.p_type != PT_NOTE || header.p_offset >= core->size)
			continue;
		rest = (struct kt_span){ core->bytes + header.p_offset,
			core->size - header.p_offset };
		if (rest.n > header.p_filesz)
			rest.n = header.p_filesz;
		while (next_note(&rest, &note, ret_text)) {
			/* the name ends with a NUL, which counts */
			if (note.n == strlen(name) + 1 && memcmp(note.p, name, note.n) == 0)
				return true;
		}
	}
	return false;
}
