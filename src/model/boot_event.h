// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_BOOT_EVENT_H
#define KT_MODEL_BOOT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/** Memory that the kernel log says was taken, or given back, while the kernel booted. */
struct kt_boot_event {
	const char *row;  /* id of the account's row that it is, or what else it is known by */
	const char *name; /* for people; NULL: the title of the row */
	int64_t time_us;  /* since the kernel started; -1: the log has no time stamps */
	int64_t bytes;	  /* -1: the line does not tell */
	bool freed;
};

#endif
