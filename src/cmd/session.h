// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_SESSION_H
#define KT_CMD_SESSION_H

#include "cmd/cmd.h"
#include "model/snapshot.h"
#include "root/root.h"
#include "source/source.h"

/**
 * A machine under examination: where its files are, and what was read from them. This is
 * where clock, user and terminal of the process enter; nothing below asks for them.
 */
struct kt_session {
	struct kt_root *root;
	struct kt_snapshot *snap;
};

/** The source that lists the reports in a log, for commands that need none of them. */
#define KT_SESSION_LOG "memreport"

/** Opens the source that the options name, and nothing else. */
struct kt_err *kt_session_open(
	const struct kt_options *options, struct kt_session *ret_session) KT_MUST_CHECK;
/**
 * Reads sources and works out what follows from them. `want`: enum kt_want. `sources` names
 * the ones that the command needs, between blanks; NULL: those of the account.
 */
struct kt_err *kt_session_collect(struct kt_session *session, const struct kt_options *options,
	unsigned want, const char *sources) KT_MUST_CHECK;
/** How reading a source went; NULL where it was not asked for. */
const struct kt_source_state *kt_session_source(const struct kt_session *session, const char *name);
/** Names the source that an error is about; gives `err` back, NULL included. */
struct kt_err *kt_session_blame(const struct kt_options *options, struct kt_err *err);
/** Why a source could not be read, as a part of a sentence. */
const char *kt_session_why(const struct kt_session *session, const char *source);
void kt_session_cleanup(struct kt_session *session);

/** Host, kernel, hypervisor, time: fields "host" and headlines of a report. */
void kt_session_describe(const struct kt_session *session, const struct kt_options *options,
	struct kt_report *report);

/** A note that must not be missed: where the output shows no notes it goes beside it. */
void kt_report_tell(struct kt_report *report, const struct kt_options *options, const char *text);

/** A clock that only runs forward. */
int64_t kt_session_clock_ns(void);
/** The time of day: milliseconds since 1970. */
int64_t kt_session_time_ms(void);
void kt_session_sleep_until(int64_t clock_ns);
/** The time of day, UTC: "2026-01-31T23:59:59Z". Gives `ret` back. */
const char *kt_session_clock_text(char ret[32]);

#endif
