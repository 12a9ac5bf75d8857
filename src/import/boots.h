// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_IMPORT_BOOTS_H
#define KT_IMPORT_BOOTS_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Finds the samples before which the machine was booted. Clues are a restart that an input has, a
 * boot's id, the uptime, the time of the boot, and counters that only a boot sets back. Each clue
 * shows a boot between two samples. Several inputs show the same boot between other samples, so a
 * clue whose earlier sample is from before the last boot shows no other one.
 */

enum kt_boots_counter {
	KT_BOOTS_FAULTS,
	KT_BOOTS_MAJOR_FAULTS,
	KT_BOOTS_FREED,
	KT_BOOTS_READ,
	KT_BOOTS_WRITTEN,
	KT_BOOTS_SWITCHES,
	KT_BOOTS_FORKS,
	KT_BOOTS_COUNTERS
};

struct kt_boots_clue {
	int64_t value, ms; /* value: -1: missing; time of its sample */
	uint64_t sample;
};

struct kt_boots_clues {
	struct kt_boots_clue uptime_ms, start_s, counters[KT_BOOTS_COUNTERS];
	char id[64]; /* "": missing */
	uint64_t id_sample;
};

struct kt_boots {
	uint64_t sample, first; /* number of the current sample; of the boot's first sample */
	int64_t ms;
	bool again; /* an input has a restart before the current sample */
	struct kt_boots_clues now, last;
};

void kt_boots_init(struct kt_boots *boots);
/** Begins a sample; clues of a sample that did not end are dropped, restarts are kept. */
void kt_boots_begin(struct kt_boots *boots, int64_t ms);
/** The machine was booted after the sample of this number and before the current one. */
void kt_boots_since(struct kt_boots *boots, uint64_t sample);
void kt_boots_id(struct kt_boots *boots, struct kt_span id);
void kt_boots_uptime(struct kt_boots *boots, int64_t uptime_ms); /* -1: unknown */
/** Takes the clues of a file that the sample has. */
void kt_boots_file(struct kt_boots *boots, const char *path, struct kt_span text);
/** Takes the clues of a line that need not be of a file: of uptime(1), of /proc/stat. */
void kt_boots_line(struct kt_boots *boots, struct kt_span line);
/** Ends the sample. True: it is the first one of a boot. */
bool kt_boots_end(struct kt_boots *boots);

/** Parses "21:05:01 up 3 days,  4:05, 1 user" to milliseconds; -1: no such line. */
int64_t kt_boots_uptime_of(struct kt_span line);

#endif
