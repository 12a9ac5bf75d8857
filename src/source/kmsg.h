// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_KMSG_H
#define KT_SOURCE_KMSG_H

#include "base/buf.h"
#include "base/span.h"
#include "root/root.h"

#include <stdint.h>

/** The message of a log line, without time stamp and prefix. */
struct kt_span kt_kmsg_message(struct kt_span line);
/** Its time stamp since the kernel started, or -1. */
int64_t kt_kmsg_time_us(struct kt_span line);
/** Does any parser of ktally use this message? */
bool kt_kmsg_is_used(struct kt_span message);

/** Leaves only lines that ktally reads, and of these only words that it knows. */
void kt_kmsg_scrub(const struct kt_text *text, struct kt_buf *ret_text);

#endif
