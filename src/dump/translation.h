// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_TRANSLATION_H
#define KT_DUMP_TRANSLATION_H

#include "dump/vmcoreinfo.h"
#include "kernel/page_form.h"

#define KT_TRANSLATION_KEPT 1024u

/** Addresses that follow each other in memory as the kernel sees it, and in physical memory. */
struct kt_extent {
	uint64_t address, physical, bytes; /* bytes 0: unused */
};

/**
 * Translates addresses of a dumped kernel into physical ones, by the kernel's own page table. So
 * one way serves for the direct map, the kernel's image, vmalloc, the memory map and modules.
 */
struct kt_translation {
	struct kt_physical *memory;
	const struct kt_page_form *form;
	uint64_t root;	   /* physical address of the table of the highest level */
	uint64_t sme_mask; /* bits of an entry that mark encrypted memory */
	struct kt_extent kept[KT_TRANSLATION_KEPT];
};

/**
 * Finds the page table. Each form of the machine is tried on addresses whose physical one follows
 * from VMCOREINFO. PARSE: VMCOREINFO says too little, or no form agrees with it.
 */
struct kt_err *kt_translation_find(struct kt_physical *memory, const struct kt_vmcoreinfo *info,
	struct kt_translation *ret_translation) KT_MUST_CHECK;
/** `ret_bytes`: bytes from there on that follow each other in physical memory too. */
bool kt_translate(struct kt_translation *translation, uint64_t address, uint64_t *ret_physical,
	uint64_t *ret_bytes);
/** Copies memory by the kernel's address; false: at least one byte is not mapped or absent. */
bool kt_translation_read(
	struct kt_translation *translation, uint64_t address, void *to, size_t size);
/**
 * Finds the address at which the kernel sees physical address 0: the lowest map that has all ranges
 * of the dump at their places. False: there is none.
 */
bool kt_translation_direct(const struct kt_translation *translation, uint64_t *ret_direct);

#endif
