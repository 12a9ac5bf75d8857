// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_NETDATA_CHARTS_H
#define KT_CMD_NETDATA_CHARTS_H

#include "base/buf.h"
#include "model/report.h"

/**
 * The report "metrics" as charts in the protocol of Netdata's external plugins. What Netdata
 * was told last is kept, so that charts and dimensions are announced once, and dimensions
 * retired when their row is gone.
 */
struct kt_netdata;

struct kt_netdata *kt_netdata_new(int64_t update_every_s); /* NULL when out of memory */
void kt_netdata_free(struct kt_netdata *netdata);

/** Adds what is to be told of a report; `passed_us` since the report before, 0 for the first. */
void kt_netdata_put(struct kt_netdata *netdata, const struct kt_report *report, int64_t passed_us,
	struct kt_buf *ret_text);

/**
 * What Netdata asks: FUNCTION transaction timeout "name parameters", and more behind it in later
 * versions. False where the line is no such request.
 */
bool kt_netdata_request(
	struct kt_span line, struct kt_span *ret_transaction, struct kt_span *ret_function);

/** A word of the protocol: neither quotes, nor blanks, nor anything that ends one. */
const char *kt_netdata_id(struct kt_arena *arena, const char *name);
/** The same for what stands between single quotes, where blanks are blanks. */
const char *kt_netdata_text(struct kt_arena *arena, const char *text);

#endif
