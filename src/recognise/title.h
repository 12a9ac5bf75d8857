// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECOGNISE_TITLE_H
#define KT_RECOGNISE_TITLE_H

#include "base/span.h"

/**
 * Lines that name a file of /proc or /sys: as the title of the lines after them, or before a value.
 * Private to src/recognise.
 */
#define KT_TITLE_PATH 256u /* bytes; a longer path is no title */

enum kt_title {
	KT_TITLE_NONE,
	KT_TITLE_FILE,	/* "==> /proc/iomem <==", "$ cat /proc/iomem", "/proc/iomem:" */
	KT_TITLE_VALUE, /* "/proc/sys/vm/nr_hugepages:7" of grep, "vm.nr_hugepages = 7" of sysctl */
};

/** Writes the path of the file, without its first slash. A value is returned in `ret_value`. */
enum kt_title kt_title_of(
	struct kt_span line, char ret_path[KT_TITLE_PATH], struct kt_span *ret_value);
/** Path of a file that keeps the path in its name, such as "cat_.proc.iomem"; false: it does not.
 */
bool kt_title_of_name(struct kt_span name, char ret_path[KT_TITLE_PATH]);

#endif
