// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_BOOT_KMSG_H
#define KT_SOURCE_BOOT_KMSG_H

#include "base/buf.h"
#include "base/span.h"
#include "log/record.h"
#include "root/root.h"

#include <stdbool.h>
#include <stdint.h>

/** Follows a log to the end of the boot, line by line. Starts with all fields 0. */
struct kt_kmsg_end {
	unsigned nr_left; /* lines until the boot is over; 0: not counted yet */
	bool over;
};

/** True for a line after the start of init, and for all that follow. */
bool kt_kmsg_is_behind(struct kt_kmsg_end *end, const struct kt_log_record *line);
/** The same for a record of /dev/kmsg; `end`: a struct kt_kmsg_end. */
bool kt_kmsg_record_is_behind(void *end, struct kt_span record);

/** Walks the lines that the kernel wrote during the last boot in a log. */
struct kt_kmsg_walk {
	struct kt_log_reader reader;
	size_t nr_left; /* lines that are read at most */
	struct kt_kmsg_end end;
};

void kt_kmsg_walk_boot(struct kt_span text, struct kt_kmsg_walk *ret_walk);
/** False at the end. */
bool kt_kmsg_next(struct kt_kmsg_walk *walk, struct kt_log_record *ret_line);

/** Whether any parser of ktally uses this message. */
bool kt_kmsg_is_used(struct kt_span message);

/** Keeps only the boot's lines that ktally reads, and only words that the vocabulary contains. */
void kt_kmsg_scrub(const struct kt_text *text, struct kt_buf *ret_text);
/** Keeps the boot's lines that ktally reads, unchanged, so that they parse to the same values. */
void kt_kmsg_condense(const struct kt_text *text, struct kt_buf *ret_text);

#endif
