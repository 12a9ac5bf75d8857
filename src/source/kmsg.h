// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_KMSG_H
#define KT_SOURCE_KMSG_H

#include "base/span.h"

/** The message of a log line, without time stamp and prefix. */
struct kt_span kt_kmsg_message(struct kt_span line);
/** Does any parser of ktally use this message? */
bool kt_kmsg_is_used(struct kt_span message);

#endif
