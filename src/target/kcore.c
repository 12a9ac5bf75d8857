// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads kernel memory from /proc/kcore, an ELF file whose segments are ranges of kernel addresses.
// The kernel translates addresses itself, so no page table is walked here. Each range of RAM adds
// segments, so their number comes from the header.

#include "target/live.h"

#include "base/attr.h"
#include "base/kernel_files.h"
#include "base/open.h"
#include "target/segments.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH	     "/" KT_FILE_KCORE
#define SEGMENTS_MAX 65535u

struct kcore_target {
	struct kt_target base;
	int fd;
	struct kt_segment *segments;
	size_t nr_segments, last; /* `last`: of the latest read, tried first */
};

static bool holds(const struct kt_segment *segment, uint64_t address, size_t size)
{
	uint64_t at = address - segment->address;

	return address >= segment->address && at <= segment->size && segment->size - at >= size;
}

static bool read_memory(struct kt_target *base, uint64_t address, void *to, size_t size)
{
	struct kcore_target *target = (struct kcore_target *)base;
	const struct kt_segment *segment;

	if (!holds(&target->segments[target->last], address, size)) {
		size_t i = 0;

		while (i < target->nr_segments && !holds(&target->segments[i], address, size))
			i++;
		if (i == target->nr_segments)
			return false;
		target->last = i;
	}
	segment = &target->segments[target->last];
	for (size_t done = 0; done < size;) {
		ssize_t got = pread(target->fd, (char *)to + done, size - done,
			(off_t)(segment->place + (address - segment->address) + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

static bool memory_map(struct kt_target *base, uint32_t page_struct_bytes, uint64_t *ret_direct,
	uint64_t *ret_page)
{
	const struct kcore_target *target = (struct kcore_target *)base;

	return kt_segments_map(target->segments, target->nr_segments, base->page_bytes,
		page_struct_bytes, ret_direct, ret_page);
}

static void close_target(struct kt_target *base)
{
	struct kcore_target *target = (struct kcore_target *)base;

	if (target->fd >= 0)
		close(target->fd);
	free(target->segments);
	free(target);
}

static bool read_at(int fd, void *to, size_t size, uint64_t at)
{
	return pread(fd, to, size, (off_t)at) == (ssize_t)size;
}

static struct kt_err *read_segments(struct kcore_target *target)
{
	Elf64_Ehdr header;

	if (!read_at(target->fd, &header, sizeof(header), 0) ||
		memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
		header.e_ident[EI_CLASS] != ELFCLASS64 ||
		header.e_phentsize != sizeof(Elf64_Phdr) || !header.e_phnum)
		return kt_err_new(
			KT_ERR_PARSE, PATH ": does not start like an ELF file of 64 bits");
	target->segments = calloc(header.e_phnum, sizeof(*target->segments));
	if (!target->segments)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		if (!read_at(target->fd, &segment, sizeof(segment),
			    header.e_phoff + i * sizeof(segment)))
			return kt_err_new(KT_ERR_PARSE, PATH ": its program headers are cut off");
		if (segment.p_type == PT_LOAD)
			target->segments[target->nr_segments++] =
				(struct kt_segment){ segment.p_vaddr, segment.p_memsz,
					segment.p_offset, segment.p_paddr };
	}
	return target->nr_segments ? NULL
				   : kt_err_new(KT_ERR_PARSE, PATH ": has no range of memory");
}

static struct kt_err *cannot_open(int errnum)
{
	switch (errnum) {
	case ENOENT: return kt_err_new(KT_ERR_ABSENT, PATH " does not exist (CONFIG_PROC_KCORE)");
	case EACCES: return kt_err_new(KT_ERR_DENIED, PATH ": permission denied (root can)");
	case EPERM:
		return kt_err_new(KT_ERR_DENIED,
			PATH ": not permitted (needs CAP_SYS_RAWIO; lockdown=confidentiality "
			     "forbids it)");
	default: return kt_err_os(errnum, PATH);
	}
}

struct kt_err *kt_target_kcore(struct kt_target **ret_target)
{
	static const struct kt_target_ops ops = {
		.read = read_memory, .memory_map = memory_map, .close = close_target
	};
	struct kcore_target *target = calloc(1, sizeof(*target));
	struct kt_err *err;

	if (!target)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	target->base = (struct kt_target){ .ops = &ops, .name = PATH };
	target->fd = open(PATH, O_RDONLY | O_CLOEXEC);
	err = target->fd < 0 ? cannot_open(errno) : read_segments(target);
	if (err) {
		close_target(&target->base);
		return err;
	}
	*ret_target = &target->base;
	return NULL;
}
