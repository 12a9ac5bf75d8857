// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/vmlinux.h"

#include "base/attr.h"
#include "base/open.h"
#include "dump/stored.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTIONS_MAX 65536u
#define SECTION_MAX  (64u << 20) /* bytes */
#define NAMES_MAX    (1u << 20)	 /* bytes of the names of sections */
#define NOTES_MAX    65536u	 /* bytes */

struct reading {
	int fd;
	const char *path;
	Elf64_Shdr *sections;
	size_t nr_sections;
	char *names; /* of sections; ends with a NUL */
	size_t names_bytes;
};

/* ---- other files ---- */

/* Documentation/arch/x86/boot.rst, Documentation/arch/arm64/booting.rst */
static bool is_image(int fd)
{
	static const struct {
		uint64_t at;
		const char *sign;
	} signs[] = { { 0x202, "HdrS" }, { 56, "ARM\x64" }, { 0, "\x1f\x8b\x08" }, { 0, "MZ" } };
	char bytes[4];

	for (size_t i = 0; i < KT_LEN(signs); i++) {
		size_t n = strlen(signs[i].sign);

		if (kt_stored_read(fd, signs[i].at, bytes, n) == n &&
			memcmp(bytes, signs[i].sign, n) == 0)
			return true;
	}
	return false;
}

static struct kt_err *refuse(const struct reading *reading)
{
	if (is_image(reading->fd))
		return kt_err_new(KT_ERR_PARSE,
			"%s: a kernel's boot image (vmlinuz), not the ELF file vmlinux that it was "
			"made of: the kernel's debug package has that, and its script "
			"extract-vmlinux makes one without symbols",
			reading->path);
	return kt_err_new(KT_ERR_PARSE, "%s: no vmlinux, the ELF file of an x86-64 or arm64 kernel",
		reading->path);
}

/* ---- sections ---- */

static struct kt_err *check_header(struct reading *reading, Elf64_Ehdr *ret_header)
{
	Elf64_Ehdr *header = ret_header;

	if (kt_stored_read(reading->fd, 0, header, sizeof(*header)) != sizeof(*header) ||
		memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
		header->e_ident[EI_CLASS] != ELFCLASS64 ||
		header->e_ident[EI_DATA] != ELFDATA2LSB ||
		(header->e_type != ET_EXEC && header->e_type != ET_DYN) ||
		(header->e_machine != EM_X86_64 && header->e_machine != EM_AARCH64))
		return refuse(reading);
	if (!header->e_shnum || header->e_shentsize != sizeof(Elf64_Shdr))
		return kt_err_new(KT_ERR_PARSE, "%s: has no sections", reading->path);
	return NULL;
}

static struct kt_err *read_bytes(
	const struct reading *reading, const Elf64_Shdr *section, size_t limit, char **ret_bytes)
{
	char *bytes;

	*ret_bytes = NULL;
	if (section->sh_size > limit)
		return kt_err_new(KT_ERR_LIMIT, "%s: a section has more than %zu MiB",
			reading->path, limit >> 20);
	bytes = malloc(section->sh_size + 1);
	if (!bytes)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (kt_stored_read(reading->fd, section->sh_offset, bytes, section->sh_size) !=
		section->sh_size) {
		free(bytes);
		return kt_err_new(KT_ERR_PARSE, "%s: is cut off", reading->path);
	}
	bytes[section->sh_size] = '\0';
	*ret_bytes = bytes;
	return NULL;
}

static struct kt_err *read_sections(struct reading *reading)
{
	Elf64_Ehdr header;
	struct kt_err *err = check_header(reading, &header);
	size_t bytes;

	if (err)
		return err;
	bytes = (size_t)header.e_shnum * sizeof(Elf64_Shdr);
	reading->nr_sections = header.e_shnum;
	reading->sections = calloc(header.e_shnum, sizeof(Elf64_Shdr));
	if (!reading->sections)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (kt_stored_read(reading->fd, header.e_shoff, reading->sections, bytes) != bytes ||
		header.e_shstrndx >= header.e_shnum)
		return kt_err_new(KT_ERR_PARSE, "%s: is cut off", reading->path);
	reading->names_bytes = reading->sections[header.e_shstrndx].sh_size;
	return read_bytes(
		reading, &reading->sections[header.e_shstrndx], NAMES_MAX, &reading->names);
}

static const Elf64_Shdr *find_section(const struct reading *reading, const char *name)
{
	for (size_t i = 0; reading->names && i < reading->nr_sections; i++) {
		const Elf64_Shdr *section = &reading->sections[i];

		if (section->sh_name < reading->names_bytes && section->sh_type != SHT_NOBITS &&
			strcmp(reading->names + section->sh_name, name) == 0)
			return section;
	}
	return NULL;
}

/* ---- notes ---- */

/* Finds the build id among ELF notes; empty: there is none. */
static struct kt_span find_id(struct kt_span notes)
{
	Elf64_Nhdr note;

	while (notes.n >= sizeof(note)) {
		size_t name, id;

		memcpy(&note, notes.p, sizeof(note));
		notes = kt_span_from(notes, sizeof(note));
		name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
		id = ((size_t)note.n_descsz + 3) & ~(size_t)3;
		if (name > notes.n || note.n_descsz > notes.n - name)
			break;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
			memcmp(notes.p, "GNU", sizeof("GNU")) == 0)
			return (struct kt_span){ notes.p + name, note.n_descsz };
		notes = kt_span_from(notes, name + id < notes.n ? name + id : notes.n);
	}
	return (struct kt_span){ 0 };
}

static struct kt_err *read_notes(const struct reading *reading, struct kt_vmlinux *vmlinux)
{
	const Elf64_Shdr *section = find_section(reading, ".notes");
	struct kt_err *err;
	struct kt_span id;
	char *bytes;

	if (!section || section->sh_size > NOTES_MAX)
		return NULL;
	err = read_bytes(reading, section, NOTES_MAX, &bytes);
	if (err)
		return err;
	id = find_id((struct kt_span){ bytes, bytes ? section->sh_size : 0 });
	if (id.n && id.n <= KT_BUILD_ID_MAX) {
		memcpy(vmlinux->build_id, id.p, id.n);
		vmlinux->build_id_bytes = id.n;
		vmlinux->notes_at = section->sh_addr;
		vmlinux->notes_bytes = section->sh_size;
	}
	free(bytes);
	return NULL;
}

bool kt_vmlinux_has_notes(const struct kt_vmlinux *vmlinux, struct kt_span notes)
{
	struct kt_span id = find_id(notes);

	return id.n && id.n == vmlinux->build_id_bytes &&
	       memcmp(id.p, vmlinux->build_id, id.n) == 0;
}

bool kt_vmlinux_has_id(const struct kt_vmlinux *vmlinux, struct kt_span digits)
{
	static const char hex[] = "0123456789abcdef";

	if (!digits.n || digits.n != vmlinux->build_id_bytes * 2)
		return false;
	for (size_t i = 0; i < vmlinux->build_id_bytes; i++) {
		if (digits.p[2 * i] != hex[vmlinux->build_id[i] >> 4] ||
			digits.p[2 * i + 1] != hex[vmlinux->build_id[i] & 15])
			return false;
	}
	return true;
}

/* ---- symbols ---- */

static struct kt_err *take_section(const struct reading *reading, const Elf64_Shdr *section,
	char **ret_bytes, struct kt_span *ret_span)
{
	struct kt_err *err = read_bytes(reading, section, SECTION_MAX, ret_bytes);

	if (!err)
		*ret_span = (struct kt_span){ *ret_bytes, section->sh_size };
	return err;
}

static struct kt_err *read_contents(const struct reading *reading, struct kt_vmlinux *vmlinux)
{
	const Elf64_Shdr *types = find_section(reading, ".BTF");
	const Elf64_Shdr *symbols = find_section(reading, ".symtab");
	struct kt_err *err = read_notes(reading, vmlinux);

	if (!err && types)
		err = take_section(reading, types, &vmlinux->bytes[0], &vmlinux->types);
	if (err || !symbols || symbols->sh_link >= reading->nr_sections ||
		symbols->sh_entsize != sizeof(Elf64_Sym))
		return err;
	err = take_section(reading, symbols, &vmlinux->bytes[1], &vmlinux->symbols);
	if (err)
		return err;
	return take_section(reading, &reading->sections[symbols->sh_link], &vmlinux->bytes[2],
		&vmlinux->strings);
}

/* Symbols that kallsyms has too: no sections, no files, no marks of the assembler. */
static bool take_symbol(
	const struct kt_vmlinux *vmlinux, size_t index, struct kt_span *ret_name, uint64_t *ret_at)
{
	struct kt_span rest;
	Elf64_Sym symbol;
	unsigned type;

	memcpy(&symbol, vmlinux->symbols.p + index * sizeof(symbol), sizeof(symbol));
	type = ELF64_ST_TYPE(symbol.st_info);
	if (symbol.st_shndx == SHN_UNDEF || type == STT_SECTION || type == STT_FILE ||
		symbol.st_name >= vmlinux->strings.n)
		return false;
	rest = kt_span_from(vmlinux->strings, symbol.st_name);
	*ret_name = (struct kt_span){ rest.p, strlen(rest.p) };
	*ret_at = symbol.st_value;
	return ret_name->n && *ret_name->p != '$' && !kt_span_starts(*ret_name, ".L");
}

void kt_vmlinux_each(const struct kt_vmlinux *vmlinux, kt_vmlinux_fn fn, void *arg)
{
	for (size_t i = 0; i < vmlinux->symbols.n / sizeof(Elf64_Sym); i++) {
		struct kt_span name;
		uint64_t address;

		if (take_symbol(vmlinux, i, &name, &address))
			fn(arg, name, address);
	}
}

bool kt_vmlinux_symbol(const struct kt_vmlinux *vmlinux, const char *name, uint64_t *ret_address)
{
	for (size_t i = 0; i < vmlinux->symbols.n / sizeof(Elf64_Sym); i++) {
		struct kt_span is;

		if (take_symbol(vmlinux, i, &is, ret_address) && kt_span_eq(is, name))
			return true;
	}
	return false;
}

/* ---- opening ---- */

struct kt_err *kt_vmlinux_open(const char *path, struct kt_vmlinux *ret_vmlinux)
{
	struct reading reading = { .path = path,
		.fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE, O_RDONLY | O_CLOEXEC) };
	struct kt_err *err;

	*ret_vmlinux = (struct kt_vmlinux){ 0 };
	if (reading.fd < 0)
		return kt_err_os(errno, "%s", path);
	err = read_sections(&reading);
	if (!err)
		err = read_contents(&reading, ret_vmlinux);
	if (!err && !ret_vmlinux->types.n && !ret_vmlinux->symbols.n)
		err = kt_err_new(KT_ERR_ABSENT,
			"%s: has neither types (.BTF, CONFIG_DEBUG_INFO_BTF) nor symbols (.symtab)",
			path);
	free(reading.sections);
	free(reading.names);
	close(reading.fd);
	return err;
}

void kt_vmlinux_cleanup(struct kt_vmlinux *vmlinux)
{
	for (size_t i = 0; i < KT_LEN(vmlinux->bytes); i++)
		free(vmlinux->bytes[i]);
	*vmlinux = (struct kt_vmlinux){ 0 };
}
