// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_SOURCE_H
#define KT_SOURCE_SOURCE_H

#include "base/buf.h"
#include "model/snapshot.h"
#include "root/root.h"

/**
 * A source knows where its numbers lie, what they cost to read and what their lack
 * costs, and nothing about what they are used for. One file here is one source, one
 * line in sources.def registers it.
 */

/** What reading costs the machine, shown by "doctor" before anybody asks for it. */
enum kt_cost {
	KT_COST_CHEAP, /* microseconds */
	KT_COST_WALK,  /* walks a list; grows with its length */
	KT_COST_STOPS, /* walks lists with interrupts off, or wakes every CPU */
	KT_COST_SCAN,  /* looks at every page of the machine */
};

const char *kt_cost_name(enum kt_cost cost);

/** What a command needs beyond the account of the whole machine. */
enum kt_want {
	KT_WANT_NODES = 1u << 0,     /* per-node numbers */
	KT_WANT_CHEAP = 1u << 1,     /* nothing dearer than KT_COST_CHEAP */
	KT_WANT_ALL = 1u << 2,	     /* whatever any command could use: capture, doctor */
	KT_WANT_EXPENSIVE = 1u << 3, /* what holds up the rest of the machine too */
	KT_WANT_DETAILS = 1u << 4,   /* what a list shows only where its details are asked for */
	KT_WANT_CGROUPS = 1u << 8,   /* a census: pages of each cgroup */
	KT_WANT_PAGE_MAP = 1u << 9,  /* a census: what a picture of it needs */
};

struct kt_collect_opts;

#define KT_SOURCE_PATHS	  18
#define KT_SOURCE_METRICS 24

struct kt_source {
	const char *name, *summary;
	/**
	 * Relative to the root; a component may hold one `*`. Sources with a `read` of their
	 * own may have one component `**`, which stands for any number of them.
	 */
	const char *paths[KT_SOURCE_PATHS];
	/** The first path that is there is the one; otherwise all are read. */
	bool alternatives;
	/** The first of the alternatives is for the running machine, the rest for captures. */
	bool first_is_live;
	enum kt_cost cost;
	/** Not part of the account: read where a command names it, and for KT_WANT_ALL. */
	bool extra;
	const char *lack;  /* what its lack costs, one sentence */
	const char *gives; /* what would provide it */
	/** Metrics that nothing else gives; their reason when the source is missing. */
	enum kt_metric provides[KT_SOURCE_METRICS];
	size_t nr_provides;
	const char *unwanted; /* why it is not read where `wanted` says no */
	/** NULL: always. Asked after the sources before it were read. */
	bool (*wanted)(const struct kt_snapshot *snap, unsigned want);
	/** Takes out of a file what names a person, a host or a place; NULL: nothing to take. */
	void (*scrub)(const struct kt_text *text, struct kt_buf *ret_text);
	/** What a recording keeps of a file whose text moves or is long; NULL: all of it. */
	void (*condense)(const struct kt_text *text, struct kt_buf *ret_text);
	/** Adds one file to the snapshot. An error makes the source bad; what was added stays. */
	struct kt_err *(*parse)(struct kt_snapshot *snap, const struct kt_text *text);
	/** Instead of paths and parse, where a source is more than its files. */
	struct kt_err *(*read)(struct kt_root *root, struct kt_snapshot *snap);
	/** The same, where it takes long and there is something to choose. */
	struct kt_err *(*scan)(
		struct kt_root *root, struct kt_snapshot *snap, const struct kt_collect_opts *opts);
};

#define SOURCE(name) extern const struct kt_source kt_source_##name;
#include "source/sources.def"
#undef SOURCE

extern const struct kt_source *const kt_sources[];
extern const size_t kt_nr_sources;

/** NULL where there is none of that name. */
const struct kt_source *kt_source_find(const char *name);
/** The source that reads this file, or NULL. */
const struct kt_source *kt_source_of(const char *path);
/** The files of a source that are there. */
struct kt_err *kt_source_files(struct kt_root *root, const struct kt_source *source,
	struct kt_arena *arena, kt_names *ret_paths) KT_MUST_CHECK;
/** How a bundle or recording calls a file: the kernel log is a device while it runs. */
const char *kt_source_bundle_name(const char *path);
/** Could a source want this file? For unpacking bundles. */
bool kt_source_wants_path(const char *path);
/**
 * Does `path` match `pattern`, component by component, `*` standing for any run of
 * characters, one component `**` for any run of components?
 */
bool kt_path_match(const char *pattern, const char *path);

/** The snapshot's own facts that no file holds: set by the session before collecting. */
struct kt_collect_opts {
	unsigned want;
	/** Names between blanks: only these; "+" before them: these beside the account's. */
	const char *sources;	   /* NULL: those of the account */
	int64_t (*clock_ns)(void); /* NULL: costs are not measured */
	/** Told now and then by sources that take long; NULL: nobody wants to know. */
	void (*progress)(void *arg, int64_t done, int64_t all);
	void *progress_arg;
};

/** Reads every wanted source. Fails only when memory runs out; what is missing is in the snapshot.
 */
struct kt_err *kt_collect(struct kt_root *root, const struct kt_collect_opts *opts,
	struct kt_snapshot *snap) KT_MUST_CHECK;

#endif
