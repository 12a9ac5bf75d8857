// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECOGNISE_FORM_H
#define KT_RECOGNISE_FORM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

#include <stdint.h>

/** The forms of the kernel's files, line by line; private to src/recognise. */

#define KT_FORM_KEYS 1024u /* slots for the keys of a run, a power of two */

/** Relation of a line to the run of lines before it. */
enum kt_form_step {
	KT_STEP_FOREIGN, /* belongs to no such file */
	KT_STEP_LINE,	 /* belongs to the run */
	KT_STEP_HEAD,	 /* belongs to the run, as a heading that no run needs */
	KT_STEP_PART,	 /* may be the first part of a line that was broken */
	KT_STEP_AGAIN,	 /* begins a second file of the same kind */
};

/** The state of one run of lines. Zeroed by kt_form_begin() except for the slots. */
struct kt_form_run {
	uint64_t nr_lines, nr_data;
	uint64_t nr_marks; /* lines or fields that only this kind of file has */
	unsigned seen;	   /* bits of each form's own */
	unsigned mends;	   /* enum kt_mend */
	uint64_t section;  /* hash of the zone or node that the lines are of */
	int node;	   /* number of the node or process whose file it is; -1: none */
	/* fields of meminfo that are not written yet, because their unit shows at the end */
	size_t nr_with_unit, nr_without_unit;
	size_t last_length, longest; /* of its lines */
	bool open_end;		     /* the text ends with the run, without a newline */
	char carry[256];	     /* the start of a field whose end is on the next line */
	size_t carry_size;
	struct kt_buf *text; /* NULL: only the form is wanted */
	/* keys that were in the run; a slot counts only with the run's own number */
	struct {
		uint64_t hash;
		uint32_t run;
	} slots[KT_FORM_KEYS];
	uint32_t number;
	uint32_t nr_keys;
};

struct kt_form {
	const char *name, *path; /* path in a root; NULL: `path_of`, or none */
	/** Takes a line, and writes it into the run's text unless it is foreign. */
	enum kt_form_step (*step)(struct kt_form_run *run, struct kt_span line);
	/** Finishes the text; false: the run is no such file. NULL: always true. */
	bool (*end)(struct kt_form_run *run);
	bool (*whole)(const struct kt_form_run *run); /* NULL: always */
	unsigned gap;	    /* foreign lines in a row that may be inside a run */
	const char *starts; /* characters with which its first line may begin; NULL: any */
	/** Path that a run names itself; NULL, or a NULL function: `path`. */
	const char *(*path_of)(const struct kt_form_run *run, struct kt_arena *arena);
	/** Such a file may have gigabytes: see kt_recogniser_endless(). */
	bool endless;
};

extern const struct kt_form kt_forms[];
extern const size_t kt_nr_forms;

void kt_form_begin(struct kt_form_run *run, struct kt_buf *text);
/** True if the key is new to the run; false also where a run has too many keys. */
bool kt_form_key(struct kt_form_run *run, uint64_t hash);
bool kt_form_has_key(const struct kt_form_run *run, uint64_t hash);
void kt_form_write(struct kt_form_run *run, struct kt_span line);
/** Writes a line that has data, or that is a heading. */
enum kt_form_step kt_form_put(struct kt_form_run *run, struct kt_span line);
enum kt_form_step kt_form_put_head(struct kt_form_run *run, struct kt_span line);
/** Appends the rest of a line that was broken to the last line. */
enum kt_form_step kt_form_append(struct kt_form_run *run, struct kt_span line);
/** Keeps the start of a line that was broken in `carry`; FOREIGN: it is too long. */
enum kt_form_step kt_form_keep(struct kt_form_run *run, struct kt_span line);
/** True if a word is in a list, or a line begins with an entry of it. */
bool kt_form_is_in(struct kt_span word, const char *const list[], size_t count);
bool kt_form_starts(struct kt_span line, const char *const list[], size_t count);

/** Fields of meminfo, in form_meminfo.c. */
enum kt_form_step kt_form_meminfo(struct kt_form_run *run, struct kt_span line);
bool kt_form_meminfo_end(struct kt_form_run *run);
bool kt_form_meminfo_whole(const struct kt_form_run *run);

/** Forms of the output of tools, in form_tools.c and form_tool_lists.c. */
#define KT_DIGITS "0123456789"
#define KT_TOOL_FORMS(FORM)                                          \
	FORM(free, "free", kt_form_free_end, NULL)                   \
	FORM(top, "top", kt_form_has_data, "KMGTPS")                 \
	FORM(htop, "htop", kt_form_has_data, "M")                    \
	FORM(vmstat_s, "vmstat -s", kt_form_vmstat_s_end, KT_DIGITS) \
	FORM(smem, "smem -w", kt_form_smem_end, "Afku")              \
	FORM(numastat, "numastat -m", kt_form_numastat_end, "PN")    \
	FORM(dumpsys, "dumpsys meminfo", kt_form_has_data, "T")      \
	FORM(xsos, "xsos", kt_form_has_data, KT_DIGITS)              \
	FORM(crash_i, "crash kmem -i", kt_form_crash_i_end, "PT")    \
	FORM(crash_v, "crash kmem -V", kt_form_crash_v_end, "VN")    \
	FORM(crash_s, "crash kmem -s", kt_form_has_data, "C")        \
	FORM(slabtop, "slabtop", kt_form_has_data, "AMO" KT_DIGITS)  \
	FORM(vmstat_m, "vmstat -m", kt_form_has_data, "C")

#define FORM(id, name, end, first)                                                    \
	enum kt_form_step kt_form_##id(struct kt_form_run *run, struct kt_span line); \
	bool end(struct kt_form_run *run);
KT_TOOL_FORMS(FORM)
#undef FORM

/** Files with names of their own before each number, in form_stats.c. */
enum kt_form_step kt_form_percpu(struct kt_form_run *run, struct kt_span line);
bool kt_form_percpu_end(struct kt_form_run *run);
enum kt_form_step kt_form_sockets(struct kt_form_run *run, struct kt_span line);
enum kt_form_step kt_form_sockets6(struct kt_form_run *run, struct kt_span line);
bool kt_form_sockets_end(struct kt_form_run *run);
enum kt_form_step kt_form_iomem(struct kt_form_run *run, struct kt_span line);
bool kt_form_iomem_end(struct kt_form_run *run);
enum kt_form_step kt_form_status(struct kt_form_run *run, struct kt_span line);
bool kt_form_status_end(struct kt_form_run *run);
const char *kt_form_status_path(const struct kt_form_run *run, struct kt_arena *arena);

/** Files that say who allocated memory, in form_attribution.c. */
enum kt_form_step kt_form_allocinfo(struct kt_form_run *run, struct kt_span line);
enum kt_form_step kt_form_slab_traces(struct kt_form_run *run, struct kt_span line);
const char *kt_form_slab_traces_path(const struct kt_form_run *run, struct kt_arena *arena);
enum kt_form_step kt_form_page_owner(struct kt_form_run *run, struct kt_span line);
bool kt_form_page_owner_end(struct kt_form_run *run);
enum kt_form_step kt_form_page_stacks(struct kt_form_run *run, struct kt_span line);
enum kt_form_step kt_form_kmemleak(struct kt_form_run *run, struct kt_span line);
/** True if the run has a line that only this file has. */
bool kt_form_marked_end(struct kt_form_run *run);

#endif
