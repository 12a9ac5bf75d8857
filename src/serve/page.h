// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_PAGE_H
#define KT_SERVE_PAGE_H

#include "base/buf.h"
#include "base/span.h"
#include "model/report.h"

/** A file of web/, put into the program when it was built (tools/gen_assets.c). */
struct kt_asset {
	const char *path, *type; /* path: as it is asked for, "/page.js" */
	const char *data;
	size_t size;
};

extern const struct kt_asset kt_assets[];
extern const size_t kt_nr_assets;

/** NULL where there is none. */
const struct kt_asset *kt_asset_find(const char *path);

/**
 * The page: the template with the account in it as a table, which is all that a browser
 * without scripts needs. `report`: NULL where there is none yet, and `why` is shown.
 */
void kt_page_render(struct kt_buf *html, struct kt_span template, const struct kt_report *report,
	const char *why);

#endif
