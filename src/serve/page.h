// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_PAGE_H
#define KT_SERVE_PAGE_H

#include "base/buf.h"
#include "base/span.h"
#include "report/report.h"

/** A file of web/, compiled into the program (tools/gen_assets.c). */
struct kt_asset {
	const char *path, *type; /* path: as in requests, "/page.js" */
	const char *data;
	size_t size;
};

extern const struct kt_asset kt_assets[];
extern const size_t kt_nr_assets;

/** Finds a file of web/; NULL: no such file. */
const struct kt_asset *kt_asset_find(const char *path);

/**
 * Renders the page: the template with the account as a table, which is all that a browser without
 * scripts needs. `report`: NULL: there is none yet, and `why` is shown.
 */
void kt_page_render(struct kt_buf *html, struct kt_span template, const struct kt_report *report,
	const char *why);

#endif
