// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cmd.h"

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	(void)options;
	kt_report_init(report, "ktally/version/1");
	kt_report_field(report, NULL, "version", KT_CELL_TEXT, kt_cell_text(KTALLY_VERSION));
	kt_report_headline(report, "ktally %s", KTALLY_VERSION);
	return NULL;
}

const struct kt_cmd kt_cmd_version = {
	.name = "version",
	.summary = "the version",
	.help = "Prints the version.",
	.run = run,
};
