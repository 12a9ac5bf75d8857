// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_IMPORT_SYSSTAT_H
#define KT_IMPORT_SYSSTAT_H

#include "base/buf.h"
#include "base/span.h"
#include "import/kind.h"

/** Numbers of sysstat about memory, by the names of sar and of sadf -j; private to src/import. */
struct kt_sysstat {
	int64_t kb[24];	     /* kB, by the table of names; -1: missing */
	int64_t used_kb;     /* kB; its meaning depends on the version; -1: missing */
	int64_t used_permyr; /* hundredths of a percent of all memory; -1: missing */
};

void kt_sysstat_init(struct kt_sysstat *values);
/** Takes a number by its name, "kbmemfree" or "memfree"; false: the name is not known. */
bool kt_sysstat_take(struct kt_sysstat *values, struct kt_span name, struct kt_span number);
/**
 * Adds the numbers whose meaning is certain to a sample, as a meminfo; a sample without a number is
 * counted.
 */
struct kt_err *kt_sysstat_put(const struct kt_sysstat *values, struct kt_import *import,
	const struct kt_import_sample *sample, struct kt_sink *sink) KT_MUST_CHECK;

#endif
