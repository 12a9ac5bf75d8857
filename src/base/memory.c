// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/memory.h"

#include <link.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAPPED_BYTES (64 << 10)

void kt_memory_keep_small(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
#endif
}

/* Drops only pages that are never written: the file does not contain relocations. */
static int drop_pages(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = (uintptr_t)info->dlpi_addr + (uintptr_t)segment->p_vaddr;
		uintptr_t end = (start + segment->p_memsz) & ~(page - 1);

		start = (start + page - 1) & ~(page - 1);
		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W) && start < end)
			madvise((void *)start, end - start, MADV_DONTNEED); // NOLINT
	}
	return 0;
}

void kt_memory_give_back(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
	dl_iterate_phdr(drop_pages, NULL);
}
