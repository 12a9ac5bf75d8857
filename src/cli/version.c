// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cmd.h"

static const struct kt_column field_columns[] = {
	{ .key = "version", .flags = KT_COL_SET, .pattern = "^[0-9]+\\.[0-9]+\\.[0-9]+$" },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/version/1",
	.parts = KT_PARTS(&fields_part),
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	(void)call;
	kt_report_begin(report, &shape);
	kt_report_field(report, NULL, "version", KT_CELL_TEXT, kt_cell_text(KTALLY_VERSION));
	kt_report_headline(report, "ktally %s", KTALLY_VERSION);
	return NULL;
}

static const struct kt_option as_option = { 'V', "version", NULL, "print the version" };

static const struct kt_example examples[] = {
	{ "ktally version", "also 'ktally --version'" },
};

const struct kt_cmd kt_cmd_version = {
	.name = "version",
	.summary = "the version",
	.help = "Prints the version.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.alone = true,
	.as_option = &as_option,
	.web = KT_WEB_PLAIN,
	.shape = &shape,
	.run = run,
};
