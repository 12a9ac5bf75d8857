// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_VMLINUX_BYTES_H
#define KT_TEST_VMLINUX_BYTES_H

/** The ELF file of the kernel in dump_bytes.h. */

#include "dump_bytes.h"

struct vmlinux_opts {
	bool types, symbols;
	bool other_id, no_id, other_stext;
	bool notes_in_memory; /* the dump has the notes of the file, so they are not those of it */
	bool image;	      /* a boot image instead */
	bool cut;
};

struct vmlinux_file {
	struct kt_buf bytes;
	int fd;
	char path[64];
};

#define VMLINUX_SECTIONS 6u /* none, .BTF, .notes, .symtab, .strtab, .shstrtab */

static inline void vmlinux_section(struct vmlinux_file *file, Elf64_Shdr *section, uint32_t name,
	const void *bytes, size_t size)
{
	*section = (Elf64_Shdr){ .sh_name = name,
		.sh_type = SHT_PROGBITS,
		.sh_offset = file->bytes.size,
		.sh_size = size };
	kt_buf_add(&file->bytes, bytes, size);
}

static inline void vmlinux_symbols(struct vmlinux_file *file, const struct dump_bytes *dump,
	const struct vmlinux_opts *opts, Elf64_Shdr *sections)
{
	static const char strings[] = "\0_stext\0nr_cpu_ids\0iomem_resource\0$x\0far";
	const struct {
		uint32_t name;
		uint64_t address;
	} all[] = { { 0, 0 }, { 1, DUMP_STEXT + (opts->other_stext ? 4096 : 0) },
		{ 8, dump_address(DUMP_DATA) + 16 }, { 19, dump->resources }, { 34, DUMP_STEXT },
		{ 1u << 30, DUMP_STEXT } };
	Elf64_Sym symbols[KT_LEN(all)] = { 0 };

	for (size_t i = 1; i < KT_LEN(all); i++)
		symbols[i] = (Elf64_Sym){ .st_name = all[i].name,
			.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
			.st_shndx = 1,
			.st_value = all[i].address - DUMP_SLIDE };
	vmlinux_section(file, &sections[3], 13, symbols, sizeof(symbols));
	sections[3].sh_type = SHT_SYMTAB;
	sections[3].sh_entsize = sizeof(Elf64_Sym);
	sections[3].sh_link = 4;
	vmlinux_section(file, &sections[4], 21, strings, sizeof(strings));
}

static inline void vmlinux_notes(struct vmlinux_file *file, struct dump_bytes *dump,
	const struct vmlinux_opts *opts, Elf64_Shdr *section)
{
	const Elf64_Nhdr header = { sizeof("GNU"), 20, NT_GNU_BUILD_ID };
	char notes[sizeof(header) + 4 + 20] = "";

	memcpy(notes, &header, sizeof(header));
	memcpy(notes + sizeof(header), "GNU", sizeof("GNU"));
	for (unsigned i = 0; i < 20; i++)
		notes[sizeof(header) + 4 + i] = (char)(i + (opts->other_id ? 2 : 1));
	vmlinux_section(file, section, 6, notes, sizeof(notes));
	section->sh_type = SHT_NOTE;
	section->sh_addr = dump_address(4) - DUMP_SLIDE;
	if (opts->notes_in_memory)
		memcpy(dump_image(dump, dump_address(4)), notes, sizeof(notes));
}

static inline void vmlinux_types(
	struct vmlinux_file *file, const struct dump_bytes *dump, Elf64_Shdr *section)
{
	struct dump_bytes whole;

	dump_init(&whole, &(struct dump_opts){ .form = dump->opts.form });
	vmlinux_section(
		file, section, 1, dump_image(&whole, dump_address(DUMP_TYPES)), whole.types_bytes);
	dump_fini(&whole);
}

/** Makes the file; `dump` must outlive it no longer than the call. */
static inline void vmlinux_make(
	struct vmlinux_file *file, struct dump_bytes *dump, const struct vmlinux_opts *opts)
{
	static const char names[] = "\0.BTF\0.notes\0.symtab\0.strtab\0.shstrtab";
	Elf64_Shdr sections[VMLINUX_SECTIONS] = { 0 };
	Elf64_Ehdr header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				      ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = dump->opts.arm64 ? EM_AARCH64 : EM_X86_64,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = VMLINUX_SECTIONS,
		.e_shstrndx = 5 };

	*file = (struct vmlinux_file){ 0 };
	kt_buf_add(&file->bytes, (const char *)&header, sizeof(header));
	if (opts->types)
		vmlinux_types(file, dump, &sections[1]);
	if (!opts->no_id)
		vmlinux_notes(file, dump, opts, &sections[2]);
	if (opts->symbols)
		vmlinux_symbols(file, dump, opts, sections);
	vmlinux_section(file, &sections[5], 29, names, sizeof(names));
	header.e_shoff = file->bytes.size;
	kt_buf_add(&file->bytes, (const char *)sections, sizeof(sections));
	memcpy(file->bytes.data, &header, sizeof(header));
	if (opts->image)
		memcpy(file->bytes.data, "MZ", 2);
	file->fd = dump_file(file->bytes.data, file->bytes.size - (opts->cut ? 64 : 0));
	snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
}

static inline void vmlinux_fini(struct vmlinux_file *file)
{
	close(file->fd);
	kt_buf_cleanup(&file->bytes);
}

#endif
