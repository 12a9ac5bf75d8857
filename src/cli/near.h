// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CLI_NEAR_H
#define KT_CLI_NEAR_H

#include <stddef.h>

/** The name that a mistyped word was meant as: the nearest of the names that were offered. */
struct kt_near {
	const char *word;
	const char *name; /* NULL: none is near enough */
	size_t far;	  /* characters to add, remove or replace */
};

/** Offers a name; `near` begins with the word only. Two wrong characters of three are too far. */
void kt_near_offer(struct kt_near *near, const char *name);

#endif
