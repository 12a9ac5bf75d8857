// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_MONITOR_NETDATA_CHARTS_H
#define KT_CMD_MONITOR_NETDATA_CHARTS_H

#include "base/buf.h"
#include "report/report.h"

/**
 * The report "metrics" as charts in the protocol of Netdata's external plugins. Keeps what was
 * announced, so that charts and dimensions are announced once, and dimensions are retired when
 * their row is gone.
 */
struct kt_netdata;

/**
 * `update_every_s`: seconds between two readings, as the charts announce it. The object belongs to
 * the caller and serves one output.
 */
struct kt_netdata *kt_netdata_new(int64_t update_every_s); /* NULL when out of memory */
void kt_netdata_free(struct kt_netdata *netdata);

/**
 * Appends the values of a report. `passed_us`: since the report before; 0: the first report. Values
 * are bytes with a divisor of 1 MiB. When out of memory, `ret_text` is marked as failed or
 * dimensions are missing from it.
 */
void kt_netdata_put(struct kt_netdata *netdata, const struct kt_report *report, int64_t passed_us,
	struct kt_buf *ret_text);

/**
 * Parses a request of Netdata: FUNCTION transaction timeout "name parameters", with more words in
 * later versions. False: the line is no such request.
 */
bool kt_netdata_request(
	struct kt_span line, struct kt_span *ret_transaction, struct kt_span *ret_function);

#endif
