// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_KMSG_LOG_H
#define KT_TEST_KMSG_LOG_H

/** A kernel log as a captured tree has it, and its lines. */

#include "feed.h"
#include "test.h"

#include "source/boot/kmsg.h"

#define PATH "ktally/dmesg"
#define BOOT "[    0.000000] Linux version 6.1.0-18-amd64 (builder@host) #1 SMP\n"

static inline struct kt_snapshot *parsed(const char *text)
{
	struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, kmsg, PATH, text), NO_ERROR);
	return snap;
}

static inline struct kt_span message_of(struct kt_span text)
{
	struct kt_log_record line;

	kt_log_parse(text, &line);
	return line.message;
}

static inline const struct kt_boot_event *event_of(
	const struct kt_snapshot *snap, enum kt_boot_what what)
{
	for (size_t i = 0; i < snap->boot_events.count; i++) {
		if (snap->boot_events.items[i].what == what)
			return &snap->boot_events.items[i];
	}
	return NULL;
}

#endif
