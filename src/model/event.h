// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_EVENT_H
#define KT_MODEL_EVENT_H

#include <stdint.h>

/** How often something happened since boot, by the kernel's name for it (/proc/vmstat). */
struct kt_event {
	const char *name;
	int64_t count;
};

#endif
