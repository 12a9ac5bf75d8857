// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_SOURCE_H
#define KT_SOURCE_SOURCE_H

#include "base/buf.h"
#include "base/kernel_files.h"
#include "model/snapshot.h"
#include "root/root.h"
#include "root/stream.h"

/**
 * A source knows which files have its numbers, what reading them costs, and what is missing without
 * them; it does not know what the numbers are used for. One file is one source; one line in
 * sources.def registers it.
 */

/** Cost of a reading to the machine; "doctor" shows it before the first reading. */
enum kt_cost {
	KT_COST_CHEAP, /* microseconds */
	KT_COST_WALK,  /* walks a list; grows with its length */
	KT_COST_STOPS, /* walks lists with interrupts off, or interrupts every CPU */
	KT_COST_SCAN,  /* reads the state of every page of the machine */
};

const char *kt_cost_name(enum kt_cost cost);

/** Numbers that a command needs in addition to the account of the whole machine. */
enum kt_want {
	KT_WANT_NODES = 1u << 0,     /* per-node numbers */
	KT_WANT_CHEAP = 1u << 1,     /* nothing more expensive than KT_COST_CHEAP */
	KT_WANT_ALL = 1u << 2,	     /* everything that any command could use: capture, doctor */
	KT_WANT_EXPENSIVE = 1u << 3, /* also sources that slow down the rest of the machine */
	KT_WANT_DETAILS = 1u << 4,   /* parts of a list that are shown only with details */
	KT_WANT_AREAS = 1u << 5,     /* every vmalloc area, even where a counter would be enough */
	KT_WANT_CGROUPS = 1u << 8,   /* for a census: pages of each cgroup */
	KT_WANT_SLABS = 1u << 10,    /* directories of slab caches, also where the list is enough */
	KT_WANT_PAGE_MAP =
		1u << 9, /* for a census: the map of pages that a picture is drawn from */
};

struct kt_collect_opts;
struct kt_still;

/** Numbers of a line that are an amount of memory, by index; the first number is 0. */
struct kt_line_amount {
	uint32_t number;
	uint32_t times; /* index of a factor, such as pages per slab; or KT_NO_NUMBER */
	uint32_t size;	/* index of the number that separates lines of one name; or KT_NO_NUMBER */
	enum kt_unit unit;
	uint32_t nr_before_name; /* the name goes on after so many numbers; 0: it does not */
	const char *series;	 /* begins the name of the amount; NULL: the source's */
};

#define KT_NO_NUMBER UINT32_MAX

#define KT_SOURCE_PATHS	  24
#define KT_SOURCE_METRICS 24

struct kt_source {
	const char *name, *summary;
	/**
	 * Relative to the root; a component may contain one `*`. Sources with a `read` of their own
	 * may have one component `**`, which matches any number of components.
	 */
	const char *paths[KT_SOURCE_PATHS];
	/** Only the first path that exists is read; otherwise all paths are read. */
	bool alternatives;
	/** The first alternative is for the running machine, the rest for captures. */
	bool first_is_live;
	/** Files of the source come and go only when memory or a node does (source/still.h). */
	bool still_paths;
	enum kt_cost cost;
	/** The account rests on the source: without it the machine's state is degraded. */
	bool core;
	/** Not part of the account: read if a command names the source, and with KT_WANT_ALL. */
	bool extra;
	const char *lack;  /* one sentence; the consequences without the source */
	const char *gives; /* conditions under which the source exists */
	/**
	 * Metrics that no other source provides; its reason is theirs when the source is missing.
	 */
	enum kt_metric provides[KT_SOURCE_METRICS];
	size_t nr_provides;
	const char *unwanted; /* reason where `wanted` is false */
	/**
	 * Whether to read the source; NULL: always. Called after the sources before it were read.
	 */
	bool (*wanted)(const struct kt_snapshot *snap, unsigned want);
	/**
	 * For /dev/kmsg: whether this record comes after everything that the source reads. Called
	 * with each record, in order; `state` has 16 bytes that are 0 at first. NULL: all of a file
	 * is read.
	 */
	bool (*is_behind)(void *state, struct kt_span record);
	/** Removes identifying data of users, hosts and places from a file; NULL: it has none. */
	void (*scrub)(const struct kt_text *text, struct kt_buf *ret_text);
	/**
	 * Writes the part of a file that a recording keeps, for a file that changes all the time or
	 * is long; NULL: all of it.
	 */
	void (*condense)(const struct kt_text *text, struct kt_buf *ret_text);
	/**
	 * Adds one file to the snapshot. After an error the source is bad; values added before it
	 * stay.
	 */
	struct kt_err *(*parse)(struct kt_snapshot *snap, const struct kt_text *text);
	/**
	 * Replaces parse() for files that grow with the machine: takes a file in pieces. After an
	 * error nothing is added.
	 */
	struct kt_err *(*take)(
		struct kt_snapshot *snap, const char *path, struct kt_stream *stream);
	/**
	 * Reads a text that keep() wrote, or, without keep(), that condense() wrote. For sources
	 * that cannot change while the machine runs (source/still.h). NULL: the source is read each
	 * time.
	 */
	struct kt_err *(*recall)(struct kt_snapshot *snap, const struct kt_text *text);
	/**
	 * Writes for recall() what the source added to the snapshot. With take(): writes for a
	 * watch that wants short texts, in the form of condense().
	 */
	void (*keep)(const struct kt_snapshot *snap, struct kt_buf *ret_text);
	/** Prefix of the names of amounts in a recording: "meminfo" of "meminfo:Percpu". */
	const char *series;
	/**
	 * Finds an amount of memory in a line of the source's file, by index from 0. The line has a
	 * name, numbers, and `rest` after the last number; false: it has no more amounts. NULL: no
	 * line has one. An amount with `times` is not known where a number of it is below 0.
	 */
	bool (*amount)(uint32_t index, struct kt_span name, uint32_t nr_numbers,
		struct kt_span rest, struct kt_line_amount *ret_amount);
	/** Finds the name of a line's object, a cache or module; false: the line has no object. */
	bool (*object)(struct kt_span line, struct kt_span *ret_name);
	/** Replaces paths and parse() for a source that does more than parse its files. */
	struct kt_err *(*read)(struct kt_root *root, struct kt_snapshot *snap);
	/** Replaces read() where it takes long and the options choose what is read. */
	struct kt_err *(*scan)(
		struct kt_root *root, struct kt_snapshot *snap, const struct kt_collect_opts *opts);
};

#define SOURCE(file, name) extern const struct kt_source kt_source_##name;
#include "source/sources.def"
#undef SOURCE

extern const struct kt_source *const kt_sources[];
extern const size_t kt_nr_sources;

/**
 * First line of a text of kernel memory in a recording, followed by seconds since 1970: when it was
 * counted. Samples until the next reading have the same text.
 */
#define KT_MEMORY_TIME "# counted_s "

/** State of a value after an error of reading: absent, denied, or bad. */
enum kt_state kt_source_state(const struct kt_err *err);
/** Finds a source by name; NULL: none has that name. */
const struct kt_source *kt_source_find(const char *name);
/** Returns how reading the source went; NULL: no command asked for it. */
const struct kt_source_state *kt_source_outcome(
	const struct kt_snapshot *snap, const struct kt_source *source);
/** Finds the source that reads a file; NULL: none. */
const struct kt_source *kt_source_of(const char *path);
/** Lists the existing files of a source. */
struct kt_err *kt_source_files(struct kt_root *root, const struct kt_source *source,
	struct kt_arena *arena, kt_names *ret_paths) KT_MUST_CHECK;
/** Name of a file in a bundle or recording: on a running machine the kernel log is a device. */
const char *kt_source_bundle_name(const char *path);
/** Whether any source may want this file. */
bool kt_source_wants_path(const char *path);
/**
 * Finds the first place in a path where the path of a wanted file begins, for bundles with a
 * directory around the tree. NULL: none. Cost grows with the path's length.
 */
const char *kt_source_inside(const char *path);
/**
 * Whether `path` matches `pattern`, component by component. `*` matches any run of characters, a
 * component `**` any run of components.
 */
bool kt_path_match(const char *pattern, const char *path);
/** Whether one component matches. */
bool kt_path_match_part(struct kt_span pattern, struct kt_span name);
/** Takes the first component off a path; false at its end. */
bool kt_path_next(struct kt_span *rest, struct kt_span *ret_part);

/**
 * Opens the memory of a root of kind KT_ROOT_DUMP, unless that was done, and describes the machine
 * in the snapshot.
 */
struct kt_err *kt_source_open_dump(struct kt_root *root, struct kt_snapshot *snap) KT_MUST_CHECK;

/** Makes a list of sources to point to: a misspelt name does not compile. */
#define KT_SOURCES(...)                   \
	(const struct kt_source *const[]) \
	{                                 \
		__VA_ARGS__, NULL         \
	}

/** Sources that a command needs, as lists that end with NULL; one member is set. */
struct kt_needs {
	const struct kt_source *const *only; /* these sources and no others */
	const struct kt_source *const *also; /* these sources in addition to those in the account */
};

/** Options of a reading. Facts that no file holds must be in the snapshot already. */
struct kt_collect_opts {
	unsigned want;
	const struct kt_needs *needs; /* NULL: the sources of the account */
	int64_t (*clock_ns)(void);    /* NULL: costs are not measured */
	/** Called now and then by slow sources; NULL: progress is not shown. */
	void (*progress)(void *arg, int64_t done, int64_t all);
	void *progress_arg;
	/** Keeps values that cannot change while the machine runs; NULL: everything is read. */
	struct kt_still *still;
};

/**
 * Reads every wanted source. Fails only when memory runs out; the snapshot says what is missing.
 */
struct kt_err *kt_collect(struct kt_root *root, const struct kt_collect_opts *opts,
	struct kt_snapshot *snap) KT_MUST_CHECK;

#endif
