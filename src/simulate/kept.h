// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_KEPT_H
#define KT_SIMULATE_KEPT_H

#include "base/span.h"
#include "simulate/event.h"

/**
 * A file of events, as events/events.h describes it, whose content is not trusted. It is read
 * twice: once for caches, start and marks, once for the events.
 */
struct kt_sim_kept;

/** Reads bytes of the file; false: it does not have them. */
typedef bool (*kt_sim_kept_read)(void *arg, uint64_t at, void *to, size_t size);

/** Whether bytes, of at least sizeof(KT_EVENTS_MAGIC) - 1, begin such a file. */
bool kt_sim_is_kept(const char *bytes, size_t size);
/** Reads all but the events. PARSE: the file is damaged. The caller frees it after an error too. */
struct kt_err *kt_sim_kept_open(kt_sim_kept_read read, void *arg, uint64_t file_bytes,
	struct kt_sim_kept **ret_kept) KT_MUST_CHECK;
void kt_sim_kept_free(struct kt_sim_kept *kept); /* NULL is allowed */

/** Machine, caches, phases, start and events. */
struct kt_sim_stream kt_sim_kept_stream(struct kt_sim_kept *kept);

struct kt_sim_kept_facts {
	struct kt_events_head head;
	struct kt_events_end end;
	const char *why, *unwatched; /* "": nothing */
	uint64_t old_objs;	     /* from before the start */
};
const struct kt_sim_kept_facts *kt_sim_kept_facts(const struct kt_sim_kept *kept);
/**
 * Slabs that the kernel had at the end of a phase, for each cache; KT_EVENTS_UNKNOWN: unknown.
 */
const uint32_t *kt_sim_kept_real(const struct kt_sim_kept *kept, size_t phase);

#endif
