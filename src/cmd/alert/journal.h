// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ALERT_JOURNAL_H
#define KT_CMD_ALERT_JOURNAL_H

#include "base/buf.h"
#include "cmd/alert/notice.h"

/**
 * One entry of the systemd journal for a notice, in the journal's native protocol
 * (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): a datagram of lines NAME=VALUE.
 */
void kt_journal_entry(const struct kt_notice *notice, struct kt_buf *ret_entry);
/** Sends an entry; false: the journal cannot be reached. Never waits. */
bool kt_journal_send(const struct kt_buf *entry);

#endif
