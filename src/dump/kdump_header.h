// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_KDUMP_HEADER_H
#define KT_DUMP_KDUMP_HEADER_H

#include "dump/dump_file.h"

/** The two headers of a dump in the format kdump-compressed. */

/** Bits of `status`, next to enum kt_packing. */
enum kt_kdump_status { KT_KDUMP_INCOMPLETE = 0x8, KT_KDUMP_NO_MEMORY_MAP = 0x10 };

/** Headers, as far as they are used. */
struct kt_kdump_header {
	uint32_t version, status, block_bytes;
	uint64_t sub_blocks, bitmap_blocks, nr_frames;
	uint32_t level;
	bool split;
	uint64_t first, end;				     /* of a split dump */
	uint64_t info_at, info_bytes, notes_at, notes_bytes; /* 0: none */
	uint16_t machine; /* EM_X86_64, EM_AARCH64; 0: not said */
};
/** Reads and checks them. PARSE: damaged, cut off, or of another machine. LIMIT: too large. */
struct kt_err *kt_kdump_header(
	struct kt_dump_file *file, struct kt_kdump_header *ret_header) KT_MUST_CHECK;

#endif
