// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/alert/notice.h"

#include <stdio.h>

const char *kt_notice_event_name(enum kt_notice_event event)
{
	static const char *const names[] = { "begun", "changed", "resolved" };

	return names[event];
}

static void put_text(struct kt_notice_field *field, const char *name, const char *text)
{
	field->name = name;
	snprintf(field->value, sizeof(field->value), "%s", text ? text : "");
	for (char *p = field->value; *p; p++) {
		if ((unsigned char)*p < ' ')
			*p = ' ';
	}
}

static void put_number(struct kt_notice_field *field, const char *name, int64_t number)
{
	field->name = name;
	field->value[0] = '\0';
	if (kt_known(number))
		snprintf(field->value, sizeof(field->value), "%lld", (long long)number);
}

void kt_notice_fields(
	const struct kt_notice *notice, struct kt_notice_field ret_fields[KT_NOTICE_FIELDS])
{
	const struct kt_finding *finding = notice->finding;

	put_text(&ret_fields[0], "EVENT", kt_notice_event_name(notice->event));
	put_text(&ret_fields[1], "FINDING", finding->id);
	put_text(&ret_fields[2], "SEVERITY", kt_severity_name(finding->severity));
	put_text(&ret_fields[3], "STATE", finding->state);
	put_text(&ret_fields[4], "SUBJECT", finding->subject);
	put_text(&ret_fields[5], "TITLE", finding->title);
	put_number(&ret_fields[6], "BYTES", finding->bytes);
	put_number(&ret_fields[7], "HOURLY_BYTES", finding->hourly_bytes);
	put_number(&ret_fields[8], "SHORT_S", finding->short_low_s);
	put_text(&ret_fields[9], "NEXT", finding->next);
}
