// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_STORED_H
#define KT_DUMP_STORED_H

#include <stddef.h>
#include <stdint.h>

/** Reads bytes of a file; returns how many it has there, up to `size`. */
size_t kt_stored_read(int fd, uint64_t at, void *to, size_t size);

#endif
