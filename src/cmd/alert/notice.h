// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ALERT_NOTICE_H
#define KT_CMD_ALERT_NOTICE_H

#include "report/findings.h"

/** News of a finding, for the journal and for the command of a user. */
enum kt_notice_event { KT_NOTICE_BEGUN, KT_NOTICE_CHANGED, KT_NOTICE_RESOLVED };

struct kt_notice {
	enum kt_notice_event event;
	const struct kt_finding *finding; /* of a resolved one: as it was last */
};

/** Returns "begun", "changed" or "resolved". */
const char *kt_notice_event_name(enum kt_notice_event event);

/** A field of a notice: "FINDING", "growing". */
struct kt_notice_field {
	const char *name;
	char value[512]; /* one line; cut if it is longer */
};

#define KT_NOTICE_FIELDS 10
/** Writes the fields; those without a value are "". */
void kt_notice_fields(
	const struct kt_notice *notice, struct kt_notice_field ret_fields[KT_NOTICE_FIELDS]);

#endif
