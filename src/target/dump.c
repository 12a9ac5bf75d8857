// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads kernel memory from a dump of physical memory. Addresses are translated by the kernel's own
// page table, whose place VMCOREINFO gives; with it all symbols can be decoded, and types.

#include "target/dump.h"

#include "base/attr.h"
#include "base/human.h"
#include "dump/btf_find.h"
#include "dump/formats.h"
#include "dump/kallsyms_find.h"
#include "dump/translation.h"
#include "target/live.h"

#include <stdlib.h>
#include <string.h>

#define CANDIDATES_MAX 16u /* texts that look like VMCOREINFO, of which the right one is chosen */
#define CPUS_MAX       8192u
#define TYPES_MAX      (64u << 20) /* bytes */
#define ADDRESSES      512u	   /* that are read at once */
#define CACHES_MAX     4096u
#define GIVEN	       "; --btf FILE or --vmlinux FILE gives it"
#define NODES_MAX      1024u
/* include/linux/mmzone.h: bits of a section's address of its struct pages */
#define SECTION_HAS_MAP 2u
#define SECTION_FLAGS	63u
#define ROOTS_MAX	(1u << 20) /* 2^18 of 52 bits of address */

struct dump_target {
	struct kt_target base;
	struct kt_physical *memory;
	struct kt_vmcoreinfo info;
	struct kt_translation translation;
	struct kt_kallsyms kallsyms;
	struct kt_vmlinux vmlinux; /* that the user gave */
	uint64_t slide;		   /* added to its addresses by KASLR */
	bool mistaken;		   /* the filter left out pages that the kernel uses */
};

static bool read_memory(struct kt_target *base, uint64_t address, void *to, size_t size)
{
	struct dump_target *target = (struct dump_target *)base;

	return kt_translation_read(&target->translation, address, to, size);
}

/* Whether a section of memory has struct pages, and the address that they count from. */
static bool read_section(struct kt_target *base, uint64_t at, uint64_t *ret_page)
{
	uint64_t map;

	if (!kt_target_pointer(base, at, &map) || !(map & SECTION_HAS_MAP))
		return false;
	*ret_page = map & ~(uint64_t)SECTION_FLAGS;
	return kt_target_is_pointer(base, *ret_page);
}

/*
 * mm/sparse.c: each section of memory has the address of its struct pages, less what is before it;
 * with a virtual memory map that is the struct page of page 0. The symbol is the value of the
 * variable since a0b1280368d1 (4.15), a table of pages with sections.
 */
static bool find_page_by_sections(struct dump_target *target, uint64_t *ret_page)
{
	struct kt_target *base = &target->base;
	uint32_t bytes = kt_types_size(&base->types, "mem_section");
	uint64_t table, root, nr_roots;
	struct kt_field map;

	if (!bytes || !kt_types_field(&base->types, "mem_section", "section_mem_map", &map) ||
		!kt_vmcoreinfo_symbol(&target->info, "mem_section", &table) ||
		!kt_vmcoreinfo_length(&target->info, "mem_section", &nr_roots) ||
		nr_roots > ROOTS_MAX)
		return false;
	for (uint64_t i = 0; i < nr_roots; i++) {
		if (!kt_target_pointer(base, table + i * sizeof(root), &root))
			return false;
		for (uint32_t k = 0; root && k < base->page_bytes / bytes; k++) {
			if (read_section(base, root + (uint64_t)k * bytes + map.offset, ret_page))
				return true;
		}
	}
	return false;
}

/* SYMBOL(vmemmap) is its value; before, arm64 gives the start of the range that it counts from. */
static bool find_page(struct dump_target *target, uint32_t page_struct_bytes, uint64_t *ret_page)
{
	uint64_t start, physical;

	if (kt_vmcoreinfo_symbol(&target->info, "vmemmap", ret_page))
		return true;
	if (!kt_vmcoreinfo_number(&target->info, "VMEMMAP_START", &start) ||
		!kt_vmcoreinfo_number(&target->info, "PHYS_OFFSET", &physical))
		return find_page_by_sections(target, ret_page);
	*ret_page = start - physical / target->base.page_bytes * page_struct_bytes;
	return true;
}

static bool memory_map(struct kt_target *base, uint32_t page_struct_bytes, uint64_t *ret_direct,
	uint64_t *ret_page)
{
	struct dump_target *target = (struct dump_target *)base;

	return find_page(target, page_struct_bytes, ret_page) &&
	       kt_translation_direct(&target->translation, ret_direct);
}

static size_t copy_status(struct kt_target *base, unsigned cpu, void *to, size_t size)
{
	struct kt_physical *memory = ((struct dump_target *)base)->memory;
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };

	if (!memory->ops->status(memory, cpu, &bytes) || bytes.failed || bytes.size > size)
		return 0;
	memcpy(to, bytes.data, bytes.size);
	return bytes.size;
}

static void close_target(struct kt_target *base)
{
	struct dump_target *target = (struct dump_target *)base;

	kt_kallsyms_cleanup(&target->kallsyms);
	kt_vmlinux_cleanup(&target->vmlinux);
	kt_vmcoreinfo_cleanup(&target->info);
	kt_physical_close(target->memory);
	free(target);
}

/* ---- the kernel ---- */

static struct kt_err *find_by_scan(struct dump_target *target)
{
	struct kt_err *err = NULL;
	uint64_t at = 0;

	for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
		if (!kt_vmcoreinfo_scan(target->memory, &at, &target->info))
			break;
		kt_err_free(err);
		err = kt_translation_find(target->memory, &target->info, &target->translation);
		if (!err)
			return NULL;
	}
	return err ? err
		   : kt_err_new(KT_ERR_PARSE,
			     "no kernel is found in it: neither a note nor its memory has "
			     "VMCOREINFO (CONFIG_VMCORE_INFO); is it a dump of a whole machine?");
}

static struct kt_err *find_kernel(struct dump_target *target)
{
	struct kt_err *err;

	if (!kt_vmcoreinfo_of_note(target->memory, &target->info))
		return find_by_scan(target);
	err = kt_translation_find(target->memory, &target->info, &target->translation);
	if (!err)
		return NULL;
	/* a note that a hypervisor was given at boot may be of another kernel */
	if (kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	kt_err_free(err);
	return find_by_scan(target);
}

/* ---- symbols ---- */

static void find_tables(const struct kt_vmcoreinfo *info, struct kt_kallsyms *kallsyms)
{
	const struct {
		const char *name;
		uint64_t *address;
	} tables[] = {
		{ "kallsyms_names", &kallsyms->names },
		{ "kallsyms_num_syms", &kallsyms->num_syms },
		{ "kallsyms_token_table", &kallsyms->token_table },
		{ "kallsyms_token_index", &kallsyms->token_index },
		{ "kallsyms_offsets", &kallsyms->offsets },
		{ "kallsyms_relative_base", &kallsyms->relative_base },
		{ "kallsyms_addresses", &kallsyms->addresses },
	};

	for (size_t i = 0; i < KT_LEN(tables); i++) {
		if (!kt_vmcoreinfo_symbol(info, tables[i].name, tables[i].address))
			*tables[i].address = 0;
	}
}

static bool take_wanted(void *arg, uint32_t index, char type, struct kt_span name)
{
	struct dump_target *target = arg;
	uint64_t address;

	(void)type;
	if (kt_symbols_wanted(&target->base.symbols, name) &&
		kt_kallsyms_addresses(&target->kallsyms, index, 1, &address) && address)
		kt_symbols_add(&target->base.symbols, name, address);
	return true;
}

static struct kt_err *read_vmlinux(struct dump_target *target, const char *path)
{
	struct kt_err *err = kt_vmlinux_open(path, &target->vmlinux);

	return err ? err
		   : kt_given_check(
			     &target->vmlinux, path, &target->info, &target->base, &target->slide);
}

/* Symbols of memory come first: the first one of a name counts. */
static void take_given(void *arg, struct kt_span name, uint64_t address)
{
	struct dump_target *target = arg;

	address = kt_given_address(address, target->slide);
	if (kt_symbols_wanted(&target->base.symbols, name) && address)
		kt_symbols_add(&target->base.symbols, name, address);
}

/* A kernel without CONFIG_KALLSYMS_ALL names no variable, but VMCOREINFO has addresses of some. */
static void take_told(struct dump_target *target)
{
	struct kt_span rest = target->info.text, line, name;
	uint64_t address;

	while (kt_span_line(&rest, &line)) {
		if (kt_span_skip(&line, "SYMBOL(") && kt_span_until(&line, ')', &name) &&
			kt_span_skip(&line, "=") && kt_span_hex(line, &address) && address &&
			kt_symbols_wanted(&target->base.symbols, name))
			kt_symbols_add(&target->base.symbols, name, address);
	}
}

static struct kt_err *read_kallsyms(struct dump_target *target)
{
	uint64_t stext;
	struct kt_err *err;

	target->kallsyms.target = &target->base;
	find_tables(&target->info, &target->kallsyms);
	if (!kt_vmcoreinfo_symbol(&target->info, "_stext", &stext))
		return kt_err_new(
			KT_ERR_PARSE, "its VMCOREINFO does not have the address of _stext");
	err = target->kallsyms.names ? kt_kallsyms_open(&target->kallsyms, stext)
				     : kt_kallsyms_find(&target->kallsyms, stext, stext);
	return err ? err : kt_kallsyms_each(&target->kallsyms, take_wanted, target);
}

/* With a vmlinux that has symbols, a kernel without its own is no error. */
static struct kt_err *read_symbols(struct dump_target *target)
{
	struct kt_symbols *symbols = &target->base.symbols;
	struct kt_err *err;

	err = read_kallsyms(target);
	if (err && kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	if (err && !target->vmlinux.symbols.n)
		return kt_err_prepend(err, "symbols cannot be read (--vmlinux FILE may give them)");
	kt_err_free(err);
	take_told(target);
	kt_vmlinux_each(&target->vmlinux, take_given, target);
	return kt_symbols_failed(symbols) ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

/* Symbols whose addresses are read together. */
struct naming {
	struct dump_target *target;
	struct kt_symbol_table *table;
	uint64_t addresses[ADDRESSES];
	uint32_t first, count; /* of `addresses` */
};

static bool take_all(void *arg, uint32_t index, char type, struct kt_span name)
{
	struct naming *naming = arg;
	struct kt_kallsyms *kallsyms = &naming->target->kallsyms;

	(void)type;
	if (index - naming->first >= naming->count) {
		naming->first = index;
		naming->count = kallsyms->count - index;
		if (naming->count > ADDRESSES)
			naming->count = ADDRESSES;
		if (!kt_kallsyms_addresses(
			    kallsyms, naming->first, naming->count, naming->addresses))
			naming->count = 0;
	}
	if (index - naming->first < naming->count)
		kt_symbol_table_add(naming->table, naming->addresses[index - naming->first], name,
			(struct kt_span){ 0 });
	return true;
}

static void take_any(void *arg, struct kt_span name, uint64_t address)
{
	struct naming *naming = arg;

	address = kt_given_address(address, naming->target->slide);
	kt_symbol_table_add(naming->table, address, name, (struct kt_span){ 0 });
}

struct kt_err *kt_target_dump_symbol_table(
	struct kt_target *target, struct kt_symbol_table *ret_table)
{
	struct naming naming = { .target = (struct dump_target *)target, .table = ret_table };
	struct kt_err *err;

	*ret_table = (struct kt_symbol_table){ 0 };
	if (naming.target->vmlinux.symbols.n) {
		kt_vmlinux_each(&naming.target->vmlinux, take_any, &naming);
		return kt_symbol_table_end(ret_table);
	}
	err = kt_kallsyms_each(&naming.target->kallsyms, take_all, &naming);
	return err ? err : kt_symbol_table_end(ret_table);
}

/* ---- types ---- */

/* Symbols say where they are. */
static struct kt_err *read_named_types(
	struct kt_target *target, uint64_t start, uint64_t end, char **ret_bytes)
{
	char *bytes = malloc(end - start);

	if (!bytes)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!kt_target_read(target, start, bytes, end - start)) {
		free(bytes);
		return kt_err_new(KT_ERR_ABSENT, "the kernel's type data is not in the dump" GIVEN);
	}
	*ret_bytes = bytes;
	return NULL;
}

static struct kt_err *search_types(struct dump_target *target, char **ret_bytes, size_t *ret_size)
{
	uint64_t stext;
	struct kt_err *err;

	if (!kt_vmcoreinfo_symbol(&target->info, "_stext", &stext))
		return kt_err_new(KT_ERR_ABSENT, "the dumped kernel has no type data" GIVEN);
	err = kt_btf_find(&target->base, stext, ret_bytes, ret_size);
	if (!err || kt_err_code(err) != KT_ERR_ABSENT)
		return err;
	kt_err_free(err);
	return kt_err_new(
		KT_ERR_ABSENT, "the dumped kernel has no type data (CONFIG_DEBUG_INFO_BTF)" GIVEN);
}

static struct kt_err *read_types(struct dump_target *target)
{
	struct kt_target *base = &target->base;
	size_t size = 0;
	uint64_t start, end;
	struct kt_err *err;
	char *bytes = NULL;

	if (kt_symbols_find(&base->symbols, "__start_BTF", &start) &&
		kt_symbols_find(&base->symbols, "__stop_BTF", &end) && end > start &&
		end - start <= TYPES_MAX) {
		size = end - start;
		err = read_named_types(base, start, end, &bytes);
	} else
		err = search_types(target, &bytes, &size);
	if (err)
		return err;
	base->file = bytes;
	err = kt_types_init(&base->types, (struct kt_span){ bytes, size }, sizeof(uint64_t));
	return err ? kt_err_prepend(err, "type data of the dumped kernel") : NULL;
}

static struct kt_err *find_types(struct dump_target *target, const struct kt_target_given *given)
{
	struct kt_err *err;

	if (given->btf) {
		err = kt_target_given_types(given->btf, &target->base);
		return err ? err : kt_given_check_types(given->btf, &target->info, &target->base);
	}
	if (target->vmlinux.types.n)
		return kt_given_vmlinux_types(&target->vmlinux, given->vmlinux, &target->base);
	return read_types(target);
}

/* ---- what the filter understood ---- */

/* Whether memory was left out by the filter. */
static bool is_left_out(struct dump_target *target, uint64_t address)
{
	uint64_t physical, bytes;

	return kt_translate(&target->translation, address, &physical, &bytes) &&
	       kt_physical_state(target->memory, physical) == KT_PHYSICAL_LEFT_OUT;
}

/* Whether what a member of a slab cache points to was left out. */
static bool lacks(struct dump_target *target, uint64_t cache, const char *member)
{
	struct kt_field field;
	uint64_t at;

	return kt_types_field(&target->base.types, "kmem_cache", member, &field) &&
	       kt_target_pointer(&target->base, cache + field.offset, &at) && at &&
	       is_left_out(target, at);
}

/*
 * Whether the slab caches with their names and nodes, which no filter leaves out, are in the dump.
 * A makedumpfile that is older than the kernel may take slab pages for other ones: 1.7.2 does since
 * Linux 6.10 (46df8e73a4a3), where they lost their flag.
 */
static bool has_caches(struct dump_target *target)
{
	struct kt_target *base = &target->base;
	struct kt_field list;
	uint64_t head, at;

	if (!kt_symbols_find(&base->symbols, "slab_caches", &head) ||
		!kt_types_field(&base->types, "kmem_cache", "list", &list))
		return true;
	at = head;
	for (unsigned i = 0; i < CACHES_MAX; i++) {
		if (is_left_out(target, at) || !kt_target_pointer(base, at, &at))
			return false;
		if (at == head)
			return true;
		if (lacks(target, at - list.offset, "name") ||
			lacks(target, at - list.offset, "node"))
			return false;
	}
	return true;
}

/* ---- opening ---- */

static void find_cpus(struct kt_target *target)
{
	uint64_t at, count;

	target->nr_cpus = 1;
	if (kt_symbols_find(&target->symbols, "nr_cpu_ids", &at) &&
		kt_target_number(target, at, sizeof(uint32_t), &count) && count &&
		count <= CPUS_MAX)
		target->nr_cpus = (uint32_t)count;
}

static struct kt_err *open_kernel(struct dump_target *target, const struct kt_target_given *given)
{
	struct kt_err *err = find_kernel(target);

	if (err)
		return err;
	target->base.page_bytes = 1u << target->translation.form->page_shift;
	target->base.types.pointer_bytes = sizeof(uint64_t);
	if (given->vmlinux)
		err = read_vmlinux(target, given->vmlinux);
	if (!err)
		err = read_symbols(target);
	return err ? err : find_types(target, given);
}

struct kt_err *kt_target_dump(const int *files, size_t nr_files,
	const struct kt_target_given *given, struct kt_target **ret_target)
{
	static const struct kt_target_ops ops = { .read = read_memory,
		.memory_map = memory_map,
		.status = copy_status,
		.close = close_target };
	static const struct kt_target_given none;
	struct dump_target *target = calloc(1, sizeof(*target));
	struct kt_err *err;

	if (!target)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	target->base = (struct kt_target){ .ops = &ops, .name = "the dump", .at_rest = true };
	err = kt_dump_open(files, nr_files, &target->memory);
	if (!err)
		err = open_kernel(target, given ? given : &none);
	if (err) {
		if (target->memory && target->memory->bytes[KT_PHYSICAL_CUT])
			err = kt_err_prepend(err, "the file is cut off");
		kt_target_close(&target->base);
		return err;
	}
	find_cpus(&target->base);
	target->mistaken = target->memory->bytes[KT_PHYSICAL_LEFT_OUT] && !has_caches(target);
	*ret_target = &target->base;
	return NULL;
}

struct kt_span kt_target_dump_release(const struct kt_target *base)
{
	const struct dump_target *target = (const struct dump_target *)base;
	struct kt_span release = { 0 };

	kt_vmcoreinfo_find(&target->info, "OSRELEASE", &release);
	return release;
}

bool kt_target_dump_number(const struct kt_target *base, const char *name, uint64_t *ret_value)
{
	return kt_vmcoreinfo_number(&((const struct dump_target *)base)->info, name, ret_value);
}

uint32_t kt_target_dump_nodes(struct kt_target *base)
{
	const struct dump_target *target = (const struct dump_target *)base;
	uint64_t table, length, node;
	uint32_t count = 0;

	if (kt_vmcoreinfo_symbol(&target->info, "contig_page_data", &table))
		return 1;
	if (!kt_vmcoreinfo_symbol(&target->info, "node_data", &table) ||
		!kt_vmcoreinfo_length(&target->info, "node_data", &length) || length > NODES_MAX)
		return 0;
	for (uint32_t i = 0; i < length; i++) {
		if (!kt_target_pointer(base, table + (uint64_t)i * sizeof(node), &node))
			return 0;
		if (node)
			count = i + 1;
	}
	return count;
}

bool kt_target_dump_is_filtered(const struct kt_target *base)
{
	return ((const struct dump_target *)base)->memory->bytes[KT_PHYSICAL_LEFT_OUT] != 0;
}

bool kt_target_dump_left_out(const struct kt_target *base, uint64_t physical)
{
	const struct dump_target *target = (const struct dump_target *)base;

	return kt_physical_state(target->memory, physical) == KT_PHYSICAL_LEFT_OUT;
}

void kt_target_dump_blame_filter(struct kt_target *base)
{
	((struct dump_target *)base)->mistaken = true;
}

static void note_left_out(const struct dump_target *target, const char *size, struct kt_buf *note)
{
	kt_buf_join(note, "; ", "filtered: %s of memory were left out", size);
	if (target->memory->level)
		kt_buf_printf(note, " (makedumpfile -d %u)", target->memory->level);
	if (target->mistaken)
		kt_buf_puts(note,
			", with pages of slab caches among them: the makedumpfile that "
			"wrote the dump does not know this kernel; a newer one may. Do not "
			"trust counts of kernel memory");
}

void kt_target_dump_note(const struct kt_target *base, struct kt_buf *ret_note)
{
	const struct dump_target *target = (const struct dump_target *)base;
	const struct kt_physical *memory = target->memory;
	const uint64_t *bytes = memory->bytes;
	const char *least = memory->more_damaged ? "at least " : "";
	char size[24];

	kt_human_bytes((int64_t)bytes[KT_PHYSICAL_CUT], size);
	if (bytes[KT_PHYSICAL_CUT])
		kt_buf_join(ret_note, "; ", "cut off: %s%s of memory are missing", least, size);
	else if (memory->more_damaged)
		kt_buf_join(ret_note, "; ", "incomplete: makedumpfile did not finish it");
	kt_human_bytes((int64_t)bytes[KT_PHYSICAL_LEFT_OUT], size);
	if (bytes[KT_PHYSICAL_LEFT_OUT])
		note_left_out(target, size, ret_note);
}

bool kt_target_dump_has_ranges(const struct kt_target *base)
{
	const struct kt_physical *memory = ((const struct dump_target *)base)->memory;

	return !memory->unbounded && !memory->more_damaged &&
	       !memory->bytes[KT_PHYSICAL_LEFT_OUT] &&
	       (memory->promised || !memory->bytes[KT_PHYSICAL_CUT]);
}

void kt_target_dump_ranges(const struct kt_target *base, kt_target_dump_range fn, void *arg)
{
	const struct kt_physical *memory = ((const struct dump_target *)base)->memory;

	for (size_t i = 0; i < memory->nr_ranges; i++)
		fn(arg, memory->ranges[i].first, memory->ranges[i].bytes);
}
