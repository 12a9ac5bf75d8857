// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_IMPORT_IMPORT_H
#define KT_IMPORT_IMPORT_H

#include "import/found.h"

/**
 * Makes a recording of what was saved over time: texts with dates, directories of texts, captures,
 * kernel logs with memory reports, the output of sar, sadf and node_exporter.
 *
 * Each input is walked twice: once to find the samples and their times, and once, in the order of
 * time, to read them. So the order of day and month, a missing year and a missing day are decided
 * over all lines of an input, and memory does not grow with the texts.
 */

/**
 * Imports `inputs` into a new recording at `path`. Without an error `import` has what was found.
 * Call kt_import_fini() in any case.
 */
struct kt_err *kt_import_run(struct kt_import *import, const char *const inputs[], int nr_inputs,
	const char *path) KT_MUST_CHECK;
void kt_import_fini(struct kt_import *import);

#endif
