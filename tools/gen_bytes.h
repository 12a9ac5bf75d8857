// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_GEN_BYTES_H
#define KT_GEN_BYTES_H

#include <stdio.h>

/** Prints the bytes of a file as elements of a C array of char. Returns their number; -1: error. */
static inline int kt_gen_bytes(const char *name)
{
	FILE *file = fopen(name, "rb");
	int c, at = 0;

	if (!file) {
		perror(name);
		return -1;
	}
	while ((c = getc(file)) != EOF)
		printf("%s%d,", at++ % 24 ? "" : "\n\t", c > 127 ? c - 256 : c);
	fclose(file);
	return at;
}

#endif
