// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CASES_BUILTIN_H
#define KT_CASES_BUILTIN_H

#include <stddef.h>

/** The files of share/cases, put into the program by tools/gen_cases.c. */
struct kt_case_text {
	const char *id, *text;
	size_t size;
};

extern const struct kt_case_text kt_case_texts[];
extern const size_t kt_nr_case_texts;

#endif
