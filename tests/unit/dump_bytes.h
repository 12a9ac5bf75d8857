// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_DUMP_BYTES_H
#define KT_TEST_DUMP_BYTES_H

/**
 * A dump of a small machine, made by hand: two ranges of memory with a page table, the kernel's
 * tables of symbols, type data and a map of physical addresses in them.
 */

#include "kernel_bytes.h"

#include "dump/kallsyms.h"

#include <elf.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define DUMP_FIRST    0x100000ull /* physical address of the first range; the kernel is in it */
#define DUMP_PAGES    48u	  /* of the first range */
#define DUMP_SECOND   0x400000ull
#define DUMP_PAGES_2  4u
#define DUMP_PLACE    4096u /* of the first range in the file */
#define DUMP_FILE     (DUMP_PLACE + (DUMP_PAGES + DUMP_PAGES_2) * 4096u)
#define DUMP_STEXT    0xffffffff9a000000ull
#define DUMP_DIRECT   0xffff8a0000000000ull
#define DUMP_DIRECT_5 0xff1a000000000000ull
#define DUMP_HOLE     (DUMP_STEXT + 47 * 4096ull) /* an address that is not mapped */
/* pages of the kernel's image */
#define DUMP_DATA     1u
#define DUMP_NAMES    8u
#define DUMP_TYPES    16u
#define DUMP_INFO     24u /* VMCOREINFO */
#define DUMP_TABLE    25u /* page tables from here on */
#define DUMP_SYMBOLS  300u
#define DUMP_RAW      0x600000u /* bytes of a raw image: all that the direct map has */
#define DUMP_SLIDE    0x19000000ull
#define DUMP_BUILD_ID "0102030405060708090a0b0c0d0e0f1011121314"

struct dump_opts {
	bool arm64, five_levels, in_note, long_name;
	bool unlisted;	   /* VMCOREINFO does not say where the symbols are */
	bool unnamed;	   /* no symbols say where the type data is */
	bool nameless;	   /* there are no symbols */
	bool untyped;	   /* there is no type data */
	bool sections;	   /* it says where sections of memory and nodes are, not the memory map */
	const char *facts; /* more lines of VMCOREINFO */
	enum kt_kallsyms_form form;
};

struct dump_bytes {
	struct dump_opts opts;
	char *file;
	size_t size;
	unsigned nr_tables;
	uint64_t tokens, token_index, names, num_syms, offsets, base, resources, zones;
	size_t types_bytes;
};

static inline uint64_t dump_address(unsigned page)
{
	return DUMP_STEXT + page * 4096ull;
}

/** Bytes of physical memory. */
static inline char *dump_at(struct dump_bytes *dump, uint64_t physical)
{
	if (physical >= DUMP_SECOND)
		return dump->file + DUMP_PLACE + DUMP_PAGES * 4096ull + (physical - DUMP_SECOND);
	return dump->file + DUMP_PLACE + (physical - DUMP_FIRST);
}

/** Bytes at an address of the kernel's image. */
static inline char *dump_image(struct dump_bytes *dump, uint64_t address)
{
	return dump_at(dump, DUMP_FIRST + (address - DUMP_STEXT));
}

static inline void dump_put(struct dump_bytes *dump, uint64_t address, uint64_t value, size_t size)
{
	memcpy(dump_image(dump, address), &value, size);
}

/** Maps an address: a page, or with `level` 1 the 2 MiB of an entry. */
static inline void dump_map(
	struct dump_bytes *dump, uint64_t address, uint64_t physical, unsigned level)
{
	unsigned levels = dump->opts.five_levels ? 5 : 4;
	uint64_t table = DUMP_FIRST + DUMP_TABLE * 4096ull, entry;
	char *at;

	for (unsigned i = levels; i-- > level;) {
		at = dump_at(dump, table) + (address >> (12 + 9 * i) & 511) * 8;
		memcpy(&entry, at, sizeof(entry));
		if (i == level)
			break;
		if (!entry) {
			entry = (DUMP_FIRST + (DUMP_TABLE + dump->nr_tables++) * 4096ull) | 3;
			memcpy(at, &entry, sizeof(entry));
		}
		table = entry & ~4095ull;
	}
	entry = physical | (dump->opts.arm64 && level ? 1 : 3) |
		(!dump->opts.arm64 && level ? 1 << 7 : 0);
	memcpy(at, &entry, sizeof(entry));
}

static inline void dump_page_table(struct dump_bytes *dump)
{
	uint64_t direct = dump->opts.five_levels ? DUMP_DIRECT_5 : DUMP_DIRECT;

	dump->nr_tables = 1;
	for (unsigned i = 0; i < DUMP_PAGES - 1; i++)
		dump_map(dump, dump_address(i), DUMP_FIRST + i * 4096ull, 0);
	for (uint64_t at = 0; at < DUMP_SECOND + 0x200000; at += 0x200000)
		dump_map(dump, direct + at, at, 1);
}

struct dump_symbol {
	const char *name; /* with its type */
	uint64_t address;
};

/* Character i is token i; token 1 is longer. */
static inline uint64_t dump_tokens(struct dump_bytes *dump, uint64_t at)
{
	uint16_t index[256];

	dump->tokens = at;
	for (unsigned i = 0; i < 256; i++) {
		char token[] = { i > ' ' && i < 127 ? (char)i : 'x', '\0' };
		const char *text = i == 1 ? "_st" : token;

		index[i] = (uint16_t)(at - dump->tokens);
		memcpy(dump_image(dump, at), text, strlen(text) + 1);
		at += strlen(text) + 1;
	}
	dump->token_index = (at + 7) & ~7ull;
	memcpy(dump_image(dump, dump->token_index), index, sizeof(index));
	return dump->token_index + sizeof(index);
}

static inline void dump_offset(struct dump_bytes *dump, unsigned i, uint64_t address)
{
	uint64_t at = dump->offsets + 4ull * i, value;

	switch (dump->opts.form) {
	case KT_KALLSYMS_ABSOLUTE: dump_put(dump, dump->offsets + 8ull * i, address, 8); return;
	case KT_KALLSYMS_RELATIVE: value = address - DUMP_STEXT; break;
	case KT_KALLSYMS_PERCPU: value = DUMP_STEXT - 1 - address; break;
	default: value = address - at; break;
	}
	dump_put(dump, at, value, 4);
}

static inline uint64_t dump_name(struct dump_bytes *dump, uint64_t at, const char *name)
{
	/* "T_stext" has the token that is longer */
	bool shorter = strstr(name, "_st") == name + 1;
	size_t n = strlen(name) - (shorter ? 2 : 0);

	if (n > 127)
		*dump_image(dump, at++) = (char)((n & 127) | 128);
	*dump_image(dump, at++) = (char)(n > 127 ? n >> 7 : n);
	memcpy(dump_image(dump, at), name, n);
	if (shorter) {
		*dump_image(dump, at + 1) = 1;
		memcpy(dump_image(dump, at + 2), name + 4, n - 2);
	}
	return at + n;
}

/* The tables in the order of scripts/kallsyms.c before 6.2, with symbols that fill them up. */
static inline void dump_symbols(
	struct dump_bytes *dump, const struct dump_symbol *symbols, unsigned count)
{
	uint64_t at = dump_address(DUMP_NAMES), marker = 0;

	dump->offsets = at;
	at += (dump->opts.form == KT_KALLSYMS_ABSOLUTE ? 8ull : 4ull) * DUMP_SYMBOLS;
	if (dump->opts.form != KT_KALLSYMS_ABSOLUTE) {
		dump->base = at;
		dump_put(dump, at, DUMP_STEXT, 8);
		at += 8;
	}
	dump->num_syms = at;
	dump_put(dump, at, DUMP_SYMBOLS, 4);
	dump->names = at += 8;
	for (unsigned i = 0; i < DUMP_SYMBOLS; i++) {
		char filler[16];

		if (i == 256)
			marker = at - dump->names;
		snprintf(filler, sizeof(filler), "tfill%u", i);
		at = dump_name(dump, at, i < count ? symbols[i].name : filler);
		dump_offset(
			dump, i, i < count ? symbols[i].address : DUMP_STEXT + 0x20000 + i * 4ull);
	}
	at = (at + 7) & ~7ull;
	dump_put(dump, at, 0, 4);
	dump_put(dump, at + 4, marker, 4);
	dump_tokens(dump, at + 8);
}

/* Three ranges: RAM with the kernel in it, and RAM. */
static inline void dump_resources(struct dump_bytes *dump)
{
	static const struct {
		uint64_t start, end;
		const char *name;
		unsigned sibling, child;
	} all[] = {
		{ 0, UINT64_MAX, "PCI mem", 0, 1 },
		{ DUMP_FIRST, DUMP_FIRST + DUMP_PAGES * 4096 - 1, "System RAM", 3, 2 },
		{ DUMP_FIRST, DUMP_FIRST + 4095, "Kernel code", 0, 0 },
		{ DUMP_SECOND, DUMP_SECOND + DUMP_PAGES_2 * 4096 - 1, "System RAM", 0, 0 },
	};

	for (unsigned i = 0; i < KT_LEN(all); i++) {
		uint64_t at = dump->resources + 64ull * i, name = dump->resources + 512 + 32ull * i;

		dump_put(dump, at, all[i].start, 8);
		dump_put(dump, at + 8, all[i].end, 8);
		dump_put(dump, at + 16, name, 8);
		dump_put(dump, at + 24,
			all[i].sibling ? dump->resources + 64ull * all[i].sibling : 0, 8);
		dump_put(dump, at + 32, all[i].child ? dump->resources + 64ull * all[i].child : 0,
			8);
		strcpy(dump_image(dump, name), all[i].name);
	}
}

/*
 * A node of two zones, 256 bytes each, of which the second one is empty. Counters of a zone:
 * nr_free_pages, nr_mlock; of a node: nr_anon, nr_shmem_hugepages. Each CPU has differences.
 */
#define DUMP_FREE_PAGES 1000u
#define DUMP_ANON_PAGES 77u

static inline void dump_zone_types(struct made_types *types, uint32_t word, uint32_t pointer)
{
	uint32_t byte = made_int(types, "char", 1), number = made_int(types, "int", 4);
	uint32_t two = made_array(types, word, 2), bytes = made_array(types, byte, 2);
	const struct made_member zone[] = { { "name", pointer, 0, 0 },
		{ "zone_start_pfn", word, 64, 0 }, { "spanned_pages", word, 128, 0 },
		{ "present_pages", word, 192, 0 }, { "managed_pages", word, 256, 0 },
		{ "vm_stat", two, 320, 0 }, { "per_cpu_pageset", pointer, 448, 0 },
		{ "per_cpu_zonestats", pointer, 512, 0 } };
	const struct made_member lists[] = { { "count", number, 0, 0 } };
	const struct made_member zone_diff[] = { { "vm_stat_diff", bytes, 0, 0 } };
	const struct made_member node_diff[] = { { "vm_node_stat_diff", bytes, 0, 0 } };
	const struct made_value items = { "NR_VM_ZONE_STAT_ITEMS", 2 };
	const struct made_value node_items = { "NR_VM_NODE_STAT_ITEMS", 2 };
	uint32_t id = made_struct(types, "zone", 256, zone, KT_LEN(zone));
	const struct made_member node[] = { { "node_zones", made_array(types, id, 2), 0, 0 },
		{ "node_id", number, 4096, 0 }, { "vm_stat", two, 4160, 0 },
		{ "per_cpu_nodestats", pointer, 4288, 0 } };

	made_struct(types, "pglist_data", 600, node, KT_LEN(node));
	made_struct(types, "per_cpu_pages", 4, lists, 1);
	made_struct(types, "per_cpu_zonestat", 2, zone_diff, 1);
	made_struct(types, "per_cpu_nodestat", 2, node_diff, 1);
	made_values(types, "zone_stat_item", &items, 1);
	made_values(types, "node_stat_item", &node_items, 1);
}

static inline void dump_zone(
	struct dump_bytes *dump, uint64_t zone, uint64_t first, uint64_t pages, const char *name)
{
	uint64_t text = dump->zones + 1024 + (zone - dump->zones) / 8;

	strcpy(dump_image(dump, text), name);
	dump_put(dump, zone, text, 8);
	dump_put(dump, zone + 8, first, 8);
	dump_put(dump, zone + 16, pages, 8);
	dump_put(dump, zone + 24, pages, 8);
	dump_put(dump, zone + 32, pages, 8);
	dump_put(dump, zone + 40, pages ? DUMP_FREE_PAGES : 0, 8);
	dump_put(dump, zone + 56, dump->zones + 1536, 8); /* 3 lists of CPUs, 16 bytes apart */
	dump_put(dump, zone + 64, pages ? dump->zones + 1544 : 0, 8);
}

static inline void dump_zones(struct dump_bytes *dump)
{
	static const char *const names[] = { "nr_free_pages", "nr_mlock", "nr_anon",
		"nr_shmem_hugepages" };
	uint64_t node = dump->zones, offsets = node + 1792, table = node + 1856;

	dump_zone(dump, node, 256, 4096, "Normal");
	dump_zone(dump, node + 256, 0, 0, "Movable");
	dump_put(dump, node + 520, DUMP_ANON_PAGES, 8);
	dump_put(dump, node + 536, node + 1546, 8);
	for (unsigned cpu = 0; cpu < 3; cpu++) {
		dump_put(dump, offsets + 8ull * cpu, 16ull * cpu, 8);
		dump_put(dump, node + 1536 + 16ull * cpu, 10 + cpu, 4);	  /* pages on the list */
		dump_put(dump, node + 1544 + 16ull * cpu, 0xff - cpu, 1); /* -1, -2, -3 */
		dump_put(dump, node + 1546 + 16ull * cpu, cpu, 1);
	}
	for (unsigned i = 0; i < KT_LEN(names); i++) {
		uint64_t text = table + 32 + 24ull * i;

		dump_put(dump, table + 8ull * i, text, 8);
		strcpy(dump_image(dump, text), names[i]);
	}
}

/* Tables of two places each, of which the first one is empty: of sections of memory, of nodes. */
#define DUMP_SECTIONS 512u
#define DUMP_NODES    528u

static inline void dump_sections(struct dump_bytes *dump)
{
	uint64_t data = dump_address(DUMP_DATA), root = data + 544;

	dump_put(dump, data + DUMP_SECTIONS + 8, root, 8);
	dump_put(dump, data + DUMP_NODES + 8, dump->zones, 8);
	dump_put(dump, root + 16, 0xffffea0000000003ull, 8);
}

static inline size_t dump_types(struct dump_bytes *dump)
{
	struct made_types types = { 0 };
	uint32_t word = made_int(&types, "long", 8), pointer = made_pointer(&types, word);
	const struct made_member members[] = { { "start", word, 0, 0 }, { "end", word, 64, 0 },
		{ "name", pointer, 128, 0 }, { "sibling", pointer, 192, 0 },
		{ "child", pointer, 256, 0 } };
	size_t size;
	char *file;

	made_struct(&types, "resource", 64, members, KT_LEN(members));
	made_struct(&types, "mem_section", 16,
		&(const struct made_member){ "section_mem_map", word, 0, 0 }, 1);
	dump_zone_types(&types, word, pointer);
	made_struct(&types, "kmem_cache", 64, members, 2);
	made_struct(&types, "page", 64, members, 2);
	made_values(&types, "pageflags", &(const struct made_value){ "PG_lru", 5 }, 1);
	file = made_file(&types, &size);
	if (!dump->opts.untyped)
		memcpy(dump_image(dump, dump_address(DUMP_TYPES)), file, size);
	free(file);
	made_fini(&types);
	return size;
}

static inline void dump_tables(struct dump_bytes *dump, struct kt_buf *text)
{
	bool absolute = dump->opts.form == KT_KALLSYMS_ABSOLUTE;

	kt_buf_printf(text, "SYMBOL(kallsyms_names)=%llx\n", (unsigned long long)dump->names);
	kt_buf_printf(text, "SYMBOL(kallsyms_num_syms)=%llx\n", (unsigned long long)dump->num_syms);
	kt_buf_printf(text,
		"SYMBOL(kallsyms_token_table)=%llx\nSYMBOL(kallsyms_token_index)=%llx\n",
		(unsigned long long)dump->tokens, (unsigned long long)dump->token_index);
	kt_buf_printf(text, "SYMBOL(kallsyms_%s)=%llx\n", absolute ? "addresses" : "offsets",
		(unsigned long long)dump->offsets);
	if (dump->opts.form == KT_KALLSYMS_RELATIVE || dump->opts.form == KT_KALLSYMS_PERCPU)
		kt_buf_printf(text, "SYMBOL(kallsyms_relative_base)=%llx\n",
			(unsigned long long)dump->base);
}

static inline void dump_info(struct dump_bytes *dump, struct kt_buf *text)
{
	kt_buf_printf(text, "OSRELEASE=6.99.0-made\nPAGESIZE=4096\nSYMBOL(_stext)=%llx\n",
		(unsigned long long)DUMP_STEXT);
	kt_buf_printf(text, "SYMBOL(swapper_pg_dir)=%llx\n",
		(unsigned long long)dump_address(DUMP_TABLE));
	if (!dump->opts.unlisted)
		dump_tables(dump, text);
	kt_buf_printf(text, "BUILD-ID=" DUMP_BUILD_ID "\nKERNELOFFSET=%llx\n",
		(unsigned long long)DUMP_SLIDE);
	if (dump->opts.arm64)
		kt_buf_printf(text,
			"NUMBER(kimage_voffset)=0x%llx\nNUMBER(VA_BITS)=48\n"
			"NUMBER(PHYS_OFFSET)=0x%llx\n",
			(unsigned long long)(DUMP_STEXT - DUMP_FIRST), DUMP_FIRST);
	else
		kt_buf_printf(text, "NUMBER(phys_base)=%lld\nNUMBER(pgtable_l5_enabled)=%d\n",
			(long long)(DUMP_FIRST - (DUMP_STEXT - 0xffffffff80000000ull)),
			dump->opts.five_levels);
	if (dump->opts.sections)
		kt_buf_printf(text,
			"SYMBOL(mem_section)=%llx\nLENGTH(mem_section)=2\n"
			"SYMBOL(node_data)=%llx\nLENGTH(node_data)=2\nSYMBOL(prb)=%llx\n",
			(unsigned long long)dump_address(DUMP_DATA) + DUMP_SECTIONS,
			(unsigned long long)dump_address(DUMP_DATA) + DUMP_NODES,
			(unsigned long long)dump_address(DUMP_DATA));
	else
		kt_buf_printf(text, "SYMBOL(vmemmap)=ffffea0000000000\n");
	if (dump->opts.facts)
		kt_buf_puts(text, dump->opts.facts);
}

#define DUMP_CPUS 2u

/* What the file has of a CPU: a note, whose contents would be a struct elf_prstatus. */
struct dump_cpu {
	Elf64_Nhdr head;
	char name[8];
	uint32_t status[4];
};

static inline void dump_headers(struct dump_bytes *dump, const struct kt_buf *info)
{
	Elf64_Ehdr header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				      ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = dump->opts.arm64 ? EM_AARCH64 : EM_X86_64,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3 };
	const uint64_t note_at = sizeof(header) + 3 * sizeof(Elf64_Phdr);
	const Elf64_Nhdr note = { sizeof("VMCOREINFO"), (uint32_t)info->size, 0 };
	struct dump_cpu cpus[DUMP_CPUS];
	char *to = dump->file + note_at + sizeof(cpus);
	const Elf64_Phdr segments[] = {
		{ .p_type = PT_NOTE,
			.p_offset = note_at,
			.p_filesz = DUMP_CPUS * sizeof(cpus[0]) + 24 + info->size },
		/* out of order, as hypervisors may have them */
		{ .p_type = PT_LOAD,
			.p_offset = DUMP_PLACE + DUMP_PAGES * 4096,
			.p_paddr = DUMP_SECOND,
			.p_filesz = DUMP_PAGES_2 * 4096,
			.p_memsz = DUMP_PAGES_2 * 4096 },
		{ .p_type = PT_LOAD,
			.p_offset = DUMP_PLACE,
			.p_paddr = DUMP_FIRST,
			.p_filesz = DUMP_PAGES * 4096,
			.p_memsz = DUMP_PAGES * 4096 },
	};

	memcpy(dump->file, &header, sizeof(header));
	memcpy(dump->file + sizeof(header), segments, sizeof(segments));
	if (!dump->opts.in_note)
		return;
	for (uint32_t i = 0; i < DUMP_CPUS; i++)
		cpus[i] =
			(struct dump_cpu){ { sizeof("CORE"), sizeof(cpus[i].status), NT_PRSTATUS },
				"CORE", { i + 1 } };
	memcpy(dump->file + note_at, cpus, sizeof(cpus));
	memcpy(to, &note, sizeof(note));
	memcpy(to + sizeof(note), "VMCOREINFO", sizeof("VMCOREINFO"));
	memcpy(to + 24, info->data, info->size);
}

static inline void dump_init(struct dump_bytes *dump, const struct dump_opts *opts)
{
	uint64_t data = dump_address(DUMP_DATA), types = dump_address(DUMP_TYPES);
	const char *start = opts->unnamed ? "Rfirst" : "R__start_BTF";
	static char long_name[400] = "d";
	KT_CLEANUP(buf) struct kt_buf info = { 0 };

	*dump = (struct dump_bytes){ .opts = *opts, .size = DUMP_FILE };
	dump->file = calloc(1, DUMP_FILE);
	if (!dump->file)
		abort();
	dump->resources = data + 1024;
	dump->zones = data + 2048;
	memset(long_name + 1, 'n', 300);
	dump_page_table(dump);
	dump->types_bytes = dump_types(dump);
	dump_resources(dump);
	dump_zones(dump);
	dump_sections(dump);
	dump_put(dump, data + 16, 3, 4);
	dump_symbols(dump,
		(const struct dump_symbol[]){ { "T_stext", DUMP_STEXT },
			{ opts->long_name ? long_name : "dshort", data + 32 },
			{ "Dnr_cpu_ids", data + 16 }, { start, types },
			{ "R__stop_BTF", types + dump->types_bytes },
			{ "diomem_resource", dump->resources },
			{ "dcontig_page_data", dump->zones },
			{ "d__per_cpu_offset", dump->zones + 1792 },
			{ "dvmstat_text", dump->zones + 1856 }, { "T_text", DUMP_STEXT },
			{ "T_etext", DUMP_STEXT + 4096 }, { "D__start_rodata", DUMP_STEXT + 4096 },
			{ "D__end_rodata", DUMP_STEXT + 3 * 4096 },
			{ "D_sdata", DUMP_STEXT + 3 * 4096 }, { "D_edata", DUMP_STEXT + 6 * 4096 },
			{ "B__bss_start", DUMP_STEXT + 6 * 4096 },
			{ "B__bss_stop", DUMP_STEXT + 10 * 4096 } },
		17);
	if (opts->nameless)
		memset(dump_image(dump, dump_address(DUMP_NAMES)), 0,
			(DUMP_TYPES - DUMP_NAMES) * 4096);
	dump_info(dump, &info);
	if (!opts->in_note)
		memcpy(dump_image(dump, dump_address(DUMP_INFO)), info.data, info.size);
	dump_headers(dump, &info);
}

/** A raw image of the same memory, from address 0 on; the caller frees it. */
static inline char *dump_raw(struct dump_bytes *dump)
{
	char *image = calloc(1, DUMP_RAW);

	if (!image)
		abort();
	memcpy(image + DUMP_FIRST, dump_at(dump, DUMP_FIRST), DUMP_PAGES * 4096);
	memcpy(image + DUMP_SECOND, dump_at(dump, DUMP_SECOND), DUMP_PAGES_2 * 4096);
	return image;
}

static inline void dump_fini(struct dump_bytes *dump)
{
	free(dump->file);
}

/** The file as a descriptor, which the caller closes. */
static inline int dump_file(const char *bytes, size_t size)
{
	int fd = memfd_create("dump", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	return fd;
}

#endif
