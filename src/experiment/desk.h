// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_EXPERIMENT_DESK_H
#define KT_EXPERIMENT_DESK_H

#include <stdbool.h>
#include <stdint.h>

#define KT_DESK_PROGRAM_MIB 2 /* memory of one program, with what the kernel takes for it */

/**
 * Starts programs as a desktop has them, and leaves them waiting: each has memory of its own and
 * shared memory, maps a file, and has threads, sockets, pipes, timers and watches of files. They
 * end with the calling process. `count` is how many run; a true `stop` ends the starting.
 */
void kt_desk_start(int64_t most, const volatile bool *stop, volatile int64_t *count);

#endif
