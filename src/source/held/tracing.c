// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the sizes of the ring buffers of ftrace from tracefs: its own buffers and the buffers of
// each instance. No counter has their pages.
//
// A CPU's buffer is as many sub-buffers as hold the size, at least two, and one more for the reader
// (kernel/trace/ring_buffer.c: __rb_allocate_pages, rb_allocate_cpu_buffer). A sub-buffer is a
// page, of which a header takes 16 bytes; with buffer_subbuf_size_kb it may be larger
// (2808e31ec12e). The file has the size of the data in KiB, rounded down (kernel/trace/trace.c:
// tracing_entries_read), so it gives the exact number of sub-buffers.
//
// A CPU gets its buffer when it first comes online, and keeps it (trace_rb_cpu_prepare). Where
// snapshots are compiled in, each CPU has a second buffer, of two sub-buffers as long as no
// snapshot was allocated (allocate_trace_buffers). A buffer in memory that was reserved at boot
// takes no pages and has a file last_boot_info (trace.c: trace_array_create_dir).
//
// Reading the file "snapshot" costs a grace period of RCU. It is read only where some buffer has
// been given its size, which the kernel delays until the first trace.

#include "model/holdings.h"
#include "source/source.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define TRACEFS	      "sys/kernel/tracing"
#define DEBUGFS	      "sys/kernel/debug/tracing"
#define HEADER_BYTES  16		  /* offsetof(struct buffer_data_page, data) */
#define INSTANCES_MAX 4096u		  /* instances that are read */
#define CPUS_MAX      8192u		  /* CPUs whose sizes are read */
#define KIB_MAX	      (1ull << 42)	  /* KiB; larger buffers are impossible */
#define FREED	      "Snapshot is freed" /* print_snapshot_help() */
#define PATH_BYTES    512
#define VALUE_BYTES   256u

static struct kt_err *read_text(struct kt_root *root, const char *folder, const char *name,
	char path[PATH_BYTES], struct kt_text *ret_text)
{
	snprintf(path, PATH_BYTES, "%s/%s", folder, name);
	return kt_root_read_head(root, path, VALUE_BYTES, ret_text);
}

/* Reads one number at the beginning of a file; false: none. */
static bool read_number(
	struct kt_root *root, const char *folder, const char *name, uint64_t *ret_number)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	char path[PATH_BYTES];
	KT_CLEANUP(err) struct kt_err *err = read_text(root, folder, name, path, &text);
	struct kt_span rest = kt_text_span(&text), word;

	return !err && kt_span_word(&rest, &word) && kt_span_u64(kt_span_trim(word), ret_number) &&
	       *ret_number <= KIB_MAX;
}

/* Bytes of one CPU's buffer with that many KiB of data, the reader's sub-buffer included. */
static int64_t buffer_bytes(uint64_t kib, int64_t sub_bytes)
{
	int64_t data_bytes = sub_bytes - HEADER_BYTES;
	int64_t count = ((int64_t)kib * 1024 + data_bytes - 1) / data_bytes;

	return ((count < 2 ? 2 : count) + 1) * sub_bytes;
}

struct sizes {
	int64_t low_bytes, high_bytes;
	bool expanded;
};

/* Reads each CPU's own size, because the file for all CPUs has "X". */
static struct kt_err *read_each_cpu(struct kt_root *root, struct kt_snapshot *snap,
	const char *folder, int64_t sub_bytes, struct sizes *ret_sizes)
{
	char path[PATH_BYTES];
	kt_names names = { 0 };
	struct kt_err *err;

	snprintf(path, sizeof(path), "%s/per_cpu", folder);
	err = kt_root_list(root, path, &snap->arena, &names);
	for (size_t i = 0; !err && i < names.count && i < CPUS_MAX; i++) {
		char cpu[PATH_BYTES];
		uint64_t kib;

		if (strlen(names.items[i]) > 32)
			continue;
		snprintf(cpu, sizeof(cpu), "per_cpu/%s/buffer_size_kb", names.items[i]);
		if (!read_number(root, folder, cpu, &kib))
			continue;
		ret_sizes->high_bytes += buffer_bytes(kib, sub_bytes);
	}
	/* CPUs that were never online have no buffer, and no file shows which CPUs those are */
	ret_sizes->low_bytes = 0;
	return err;
}

/* Parses "1408", or "7 (expanded: 1408)" before the first trace, or "X". */
static struct kt_err *parse_size(struct kt_root *root, struct kt_snapshot *snap, const char *folder,
	const struct kt_text *text, struct sizes *ret_sizes)
{
	int64_t page = snap->host.page_bytes, sub_bytes = page, one;
	int64_t nr_online = snap->host.nr_cpus, nr_all = snap->host.nr_cpus_possible;
	struct kt_span rest = kt_text_span(text), word = { 0 };
	uint64_t kib;

	*ret_sizes = (struct sizes){ .expanded = kt_span_find(rest, "(") == rest.n };
	if (read_number(root, folder, "buffer_subbuf_size_kb", &kib) && kib && kib <= 1 << 20)
		sub_bytes = (int64_t)kib * 1024;
	if (sub_bytes <= HEADER_BYTES || nr_online <= 0 || nr_online > CPUS_MAX)
		return kt_err_new(
			KT_ERR_PARSE, "%s: page size or number of CPUs not known", text->path);
	if (!kt_span_word(&rest, &word))
		return kt_err_new(KT_ERR_PARSE, "%s: no size", text->path);
	if (kt_span_eq(kt_span_trim(word), "X")) {
		struct kt_err *err = read_each_cpu(root, snap, folder, sub_bytes, ret_sizes);

		if (nr_all == nr_online)
			ret_sizes->low_bytes = ret_sizes->high_bytes;
		return err;
	}
	if (!kt_span_u64(kt_span_trim(word), &kib) || kib > KIB_MAX)
		return kt_err_new(KT_ERR_PARSE, "%s: not a size in KiB", text->path);
	one = buffer_bytes(kib, sub_bytes);
	nr_all = nr_all > nr_online && nr_all <= CPUS_MAX ? nr_all : nr_online;
	if (__builtin_mul_overflow(one, nr_all, &ret_sizes->high_bytes))
		return kt_err_new(KT_ERR_PARSE, "%s: not a size in KiB", text->path);
	ret_sizes->low_bytes = one * nr_online;
	return NULL;
}

/* Adds a second buffer: of the same size where a snapshot is allocated, otherwise a small one. */
static void add_snapshot(struct kt_root *root, const struct kt_snapshot *snap, const char *folder,
	struct sizes *sizes)
{
	int64_t small = buffer_bytes(0, snap->host.page_bytes) * snap->host.nr_cpus;
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = NULL;
	struct kt_span head;
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/snapshot", folder);
	if (!kt_root_has(root, path))
		return;
	if (!sizes->expanded) {
		/* a capture must contain the same fact */
		kt_root_tell(root, &(struct kt_text){ (char *)FREED, sizeof(FREED) - 1, path });
		sizes->low_bytes += small;
		sizes->high_bytes += small;
		return;
	}
	err = kt_root_read_head(root, path, (size_t)VALUE_BYTES * 2, &text);
	head = kt_text_span(&text);
	if (err || kt_span_find(head, FREED) < head.n) {
		sizes->low_bytes += small;
		sizes->high_bytes += err ? sizes->high_bytes : small;
	} else {
		sizes->low_bytes *= 2;
		sizes->high_bytes *= 2;
	}
}

/* Whether the buffer is in memory that was reserved at boot. */
static bool is_reserved(struct kt_root *root, const char *folder)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	char path[PATH_BYTES];
	KT_CLEANUP(err) struct kt_err *err = NULL;

	snprintf(path, sizeof(path), "%s/last_boot_info", folder);
	err = kt_root_read_head(root, path, 1, &text);
	return !err;
}

static struct kt_err *read_buffer(
	struct kt_root *root, struct kt_snapshot *snap, const char *folder, const char *instance)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	char path[PATH_BYTES];
	struct kt_err *err = read_text(root, folder, "buffer_size_kb", path, &text);
	struct sizes sizes;

	if (err)
		return err;
	if (is_reserved(root, folder))
		return NULL;
	err = parse_size(root, snap, folder, &text, &sizes);
	if (err)
		return err;
	add_snapshot(root, snap, folder, &sizes);
	kt_holding_put(snap, (struct kt_holding){ .kind = KT_HELD_TRACE,
				     .low_bytes = sizes.low_bytes,
				     .high_bytes = sizes.high_bytes,
				     .holder = instance });
	return NULL;
}

static struct kt_err *read_instances(
	struct kt_root *root, struct kt_snapshot *snap, const char *folder)
{
	char path[PATH_BYTES];
	kt_names names = { 0 };
	struct kt_err *err;

	snprintf(path, sizeof(path), "%s/instances", folder);
	err = kt_root_list(root, path, &snap->arena, &names);
	if (err && kt_err_code(err) == KT_ERR_ABSENT) {
		kt_err_free(err);
		return NULL;
	}
	for (size_t i = 0; !err && i < names.count && i < INSTANCES_MAX; i++) {
		if (strlen(names.items[i]) > NAME_MAX)
			continue;
		snprintf(path, sizeof(path), "%s/instances/%s", folder, names.items[i]);
		err = read_buffer(
			root, snap, path, kt_arena_name(&snap->arena, kt_span_str(names.items[i])));
		/* an instance that is removed meanwhile is normal */
		if (err && kt_err_code(err) == KT_ERR_ABSENT) {
			kt_err_free(err);
			err = NULL;
		}
	}
	return err;
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	const char *folder = TRACEFS;
	struct kt_search search = { 0 };
	struct kt_err *err = read_buffer(root, snap, folder, NULL);

	if (err && kt_err_code(err) == KT_ERR_ABSENT) {
		kt_err_free(err);
		folder = DEBUGFS;
		err = read_buffer(root, snap, folder, NULL);
	}
	if (!err)
		err = read_instances(root, snap, folder);
	search.why = err ? kt_arena_name(&snap->arena, kt_span_str(kt_err_text(err)))
			 : "buffer_size_kb of tracefs";
	search.state = err ? kt_source_state(err) : KT_OK;
	kt_holding_searched(snap, KT_HELD_TRACE, search);
	return err;
}

/* Keeps only whether a snapshot is allocated: the rest of the file is trace data. */
static void scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_span all = kt_text_span(text);

	if (!kt_span_ends(kt_span_str(text->path), "/snapshot"))
		kt_buf_add(ret_text, all.p, all.n);
	else if (kt_span_find(all, FREED) < all.n)
		kt_buf_puts(ret_text, FREED "\n");
	else
		kt_buf_puts(ret_text, "Snapshot is allocated\n");
}

#define FILES(folder)                                                                  \
	folder "/buffer_size_kb", folder "/buffer_subbuf_size_kb", folder "/snapshot", \
		folder "/last_boot_info", folder "/per_cpu/*/buffer_size_kb"

const struct kt_source kt_source_tracing = {
	.name = "tracing",
	.summary = "ring buffers of ftrace",
	.paths = { FILES(TRACEFS), FILES(TRACEFS "/instances/*"), FILES(DEBUGFS),
		FILES(DEBUGFS "/instances/*") },
	.cost = KT_COST_CHEAP,
	.lack = "trace buffers are in unattributed",
	.gives = "root and a mounted tracefs",
	.scrub = scrub,
	.condense = scrub,
	.read = read_it,
};
