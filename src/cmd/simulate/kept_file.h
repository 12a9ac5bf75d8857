// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_KEPT_FILE_H
#define KT_CMD_KEPT_FILE_H

#include "report/report.h"
#include "report/shape.h"
#include "simulate/kept.h"
#include "simulate/simulate.h"

/** A file that `trace` made, for `simulate`: opened, and what only such a file has, as a report. */

extern const struct kt_part kt_kept_part_real;

struct kt_kept_file {
	int fd;
	struct kt_sim_kept *kept;
};
#define KT_KEPT_FILE_NONE ((struct kt_kept_file){ .fd = -1 })

/** `ret_file->kept` stays NULL if the file is something else. The caller closes it always. */
struct kt_err *kt_kept_file_open(const char *path, struct kt_kept_file *ret_file) KT_MUST_CHECK;
void kt_kept_file_close(struct kt_kept_file *file);

/** The model of the allocator that the traced kernel has. */
const char *kt_kept_own_model(const struct kt_sim_kept *kept);
/** Adds what the kernel held, next to what `own` (figures of its model) would hold; -1: not run. */
void kt_kept_put_real(struct kt_report *report, struct kt_sim_kept *kept,
	const struct kt_sim_result *result, int own);
void kt_kept_note(struct kt_report *report, const struct kt_sim_kept *kept);

#endif
