// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct kt_output *const kt_outputs[] = {
#define OUTPUT(name) &kt_output_##name,
#include "output/outputs.def"
#undef OUTPUT
};

const size_t kt_nr_outputs = KT_LEN(kt_outputs);

const struct kt_output *kt_output_find(const char *name)
{
	for (size_t i = 0; i < kt_nr_outputs; i++) {
		if (strcmp(kt_outputs[i]->name, name) == 0)
			return kt_outputs[i];
	}
	return NULL;
}
