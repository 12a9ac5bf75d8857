// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MACHINE_MACHINE_H
#define KT_MACHINE_MACHINE_H

#include "model/snapshot.h"
#include "report/report.h"
#include "report/shape.h"
#include "root/root.h"
#include "source/source.h"

/**
 * A machine that is examined: where its files are, and the values read from them. The clock and
 * user of the process are read only in this directory, not in the layers below.
 */

/**
 * Options that say which machine is read and how much of it. Texts must outlive everything opened
 * with them.
 */
struct kt_machine_opts {
	/** Directory, bundle, recording (also FILE@TIME), log (LOG@N) or file; NULL: this machine.
	 */
	const char *source;
	/** The source, opened before, for a command that reads it again; NULL: it is opened. */
	struct kt_root *root;
	/** Milliseconds since 1970; selects a recording's sample at that time; 0: not given. */
	int64_t time_ms;
	/** Number of a log's memory report, from 1, or back from -1; 0: the last complete one. */
	int64_t pick;
	const char *btf;       /* file of type data of this machine's kernel; NULL: its own */
	const char *vmlinux;   /* the ELF file of this machine's kernel; NULL: none */
	bool utc;	       /* times are for a reader in UTC */
	bool cheap, expensive; /* reads less, or more, than usual: enum kt_want */
	/** Called now and then by slow sources; NULL: progress is not shown. */
	void (*progress)(void *arg, int64_t done, int64_t all);
	void *progress_arg;
	/** Keeps values that cannot change between two readings; NULL: everything is read. */
	struct kt_still *still;
};

struct kt_machine {
	struct kt_root *root;
	struct kt_snapshot *snap;
	struct kt_machine_opts opts;
};

/** Needs of commands that list the reports in a kernel log and need none of the numbers. */
extern const struct kt_needs kt_machine_log;

/** Opens the machine that the options name, and reads nothing yet. */
struct kt_err *kt_machine_open(
	const struct kt_machine_opts *opts, struct kt_machine *ret_machine) KT_MUST_CHECK;
/**
 * Reads sources and derives values from them. `want`: enum kt_want. `needs`: NULL for the sources
 * of the account.
 */
struct kt_err *kt_machine_collect(
	struct kt_machine *machine, unsigned want, const struct kt_needs *needs) KT_MUST_CHECK;
/**
 * Opens a machine and reads its sources, as most commands do. The caller cleans up *ret_machine
 * after an error too.
 */
struct kt_err *kt_machine_read(const struct kt_machine_opts *opts, struct kt_machine *ret_machine,
	unsigned want, const struct kt_needs *needs) KT_MUST_CHECK;
/** Adds the name of the machine to an error; returns `err`, which may be NULL. */
struct kt_err *kt_machine_blame(const struct kt_machine_opts *opts, struct kt_err *err);
/** Says why a source could not be read, as a part of a sentence. */
const char *kt_machine_why(const struct kt_machine *machine, const struct kt_source *source);
/**
 * For a command that shows one source: NULL if it was read, else "WHAT: why it could not be read".
 */
struct kt_err *kt_machine_lacks(const struct kt_machine_opts *opts,
	const struct kt_machine *machine, const struct kt_source *source,
	const char *what) KT_MUST_CHECK;
/** Frees root and snapshot; texts from the snapshot are invalid afterwards. */
void kt_machine_cleanup(struct kt_machine *machine);

/** The fields that kt_machine_describe() adds, for the shape of a report. */
extern const struct kt_part kt_host_part;

/** Adds host, kernel, hypervisor and time to a report: as fields "host" and as headlines. */
void kt_machine_describe(const struct kt_machine *machine, struct kt_report *report);
/** Adds the notes of the sources to a report. */
void kt_machine_put_notes(struct kt_report *report, const struct kt_snapshot *snap);

#endif
