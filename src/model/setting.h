// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_SETTING_H
#define KT_MODEL_SETTING_H

#include <stdint.h>

/** One number below /proc/sys; `name` is the file's, which is unique among those read. */
struct kt_setting {
	const char *name;
	int64_t value;
};

#endif
