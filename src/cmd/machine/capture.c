// SPDX-License-Identifier: GPL-2.0-or-later
//
// Writes what the sources read, while they read it: a watch on the root keeps every text. So a
// bundle has every file that a source needs, and no other file.
//
// A list of files to pack would go out of date with each new source, and a bundle without one of
// them would give a coarser account than the machine itself. The watch makes the two equal by
// construction.
//
// Each text is kept as the source saw it, not read a second time: two readings of a counter differ,
// and the account of the bundle would not be the account that the machine showed. A file that this
// user may not read is listed in ktally/meta. So the account of the bundle can say "denied", which
// is something else than a kernel without the file.

#include "base/buf.h"
#include "base/kernel_files.h"
#include "cli/cmd.h"
#include "machine/machine.h"
#include "root/archive_write.h"
#include "source/meta.h"

#include <string.h>

#define REREAD_MAX 256u /* number of earlier files in which a second reading is searched */

/*
 * A file of the bundle: its path, and its content or the target of a link. The path belongs to the
 * arena of the capture.
 */
struct member {
	const char *path;
	struct kt_buf data; /* target of a link */
	bool link;
};

struct capture {
	struct kt_arena arena;
	KT_LIST(struct member) members;
	struct kt_archive_writer *writer;
	struct kt_snapshot *snap;
	struct kt_buf denied; /* lines for ktally/meta */
	bool scrub;
	int64_t nr_files, nr_bytes;
};

static bool starts(const char *path, const char *with)
{
	return strncmp(path, with, strlen(with)) == 0;
}

/*
 * Names of cgroups are names of users, services and containers. The root has no name. The root's
 * own files have totals of the machine and no name in their path, so they stay.
 */
static bool is_below_root_cgroup(const char *path)
{
	if (!starts(path, KT_DIR_CGROUP))
		return false;
	path += strlen(KT_DIR_CGROUP);
	if (strncmp(path, "memory/", 7) == 0)
		path += 7;
	return strchr(path, '/') != NULL;
}

/*
 * Every line names a user, a host or a place. Such files are left out whole, although some have
 * numbers too: a bundle then has no cgroups and no sizes of memory modules.
 */
static bool is_private(const char *path)
{
	return is_below_root_cgroup(path) || strcmp(path, KT_FILE_HOSTNAME) == 0 ||
	       strcmp(path, KT_FILE_INIT_CGROUP) == 0 || starts(path, KT_DIR_DMI_ID) ||
	       starts(path, KT_DIR_DMI);
}

/*
 * Counters that are read again because the machine moved: the last reading counts. Only the last
 * few hundred members are searched. A second reading follows the first one closely, and a search
 * through all members would be quadratic in the number of cgroups.
 */
static struct member *member_for(struct capture *capture, const char *path)
{
	size_t count = capture->members.count, first = count > REREAD_MAX ? count - REREAD_MAX : 0;
	struct member *member;

	for (size_t i = first; i < count; i++) {
		member = &capture->members.items[i];
		if (strcmp(member->path, path) == 0) {
			kt_buf_cleanup(&member->data);
			return member;
		}
	}
	member = kt_list_push(&capture->arena, &capture->members);
	if (member)
		*member = (struct member){ .path = kt_arena_printf(&capture->arena, "%s", path) };
	return member;
}

static struct member *add(struct capture *capture, const char *path, const char *data, size_t size)
{
	struct member *member = member_for(capture, path);

	if (member)
		kt_buf_add(&member->data, data, size);
	if (!member || member->data.failed)
		capture->arena.failed = true;
	return member;
}

static void add_link(struct capture *capture, const struct kt_text *target)
{
	struct member *member = add(capture, target->path, target->data, target->size);

	if (!member)
		return;
	kt_buf_add(&member->data, "", 1); /* libarchive takes a string */
	member->link = true;
}

static struct kt_err *write_member(struct capture *capture, const struct member *member)
{
	int64_t time_s = capture->snap->host.taken_s;

	if (member->link)
		return kt_archive_add_link(
			capture->writer, member->path, member->data.data, time_s);
	return kt_archive_add(capture->writer, member->path,
		member->data.data ? member->data.data : "", member->data.size, time_s);
}

/*
 * Writes only after everything was read: compressing between two counters would put time between
 * them, and so widen the error bound.
 */
static struct kt_err *write_members(struct capture *capture)
{
	struct kt_err *err = NULL;

	if (capture->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < capture->members.count && !err; i++) {
		const struct member *member = &capture->members.items[i];

		err = write_member(capture, member);
		capture->nr_files += !member->link;
		capture->nr_bytes += member->link ? 0 : (int64_t)member->data.size;
	}
	return err;
}

static void capture_fini(struct capture *capture)
{
	for (size_t i = 0; i < capture->members.count; i++)
		kt_buf_cleanup(&capture->members.items[i].data);
	kt_arena_fini(&capture->arena);
	kt_buf_cleanup(&capture->denied);
}

/*
 * Called for each file that a source reads or fails to read. With --scrub the names of denied
 * cgroups are left out of ktally/meta too, because a path is a name. A source that can strip names
 * from its text does so here, and its text stays useful.
 */
static void on_read(
	void *arg, const char *path, const struct kt_text *text, const struct kt_err *err)
{
	struct capture *capture = arg;
	const struct kt_source *source = kt_source_of(path);

	if (err) {
		if (kt_err_code(err) == KT_ERR_DENIED &&
			!(capture->scrub && is_below_root_cgroup(path)))
			kt_buf_printf(&capture->denied, "denied=%s\n", kt_source_bundle_name(path));
		return;
	}
	/* a dump's log twice, for its reports: its lines are in the other one */
	if (strcmp(path, KT_ROOT_MEMORY_LOG) == 0)
		return;
	if (capture->scrub && is_private(path))
		return;
	if (text->link) {
		add_link(capture, text);
		return;
	}
	if (capture->scrub && source && source->scrub) {
		KT_CLEANUP(buf) struct kt_buf clean = { 0 };

		source->scrub(text, &clean);
		capture->arena.failed |= clean.failed;
		add(capture, kt_source_bundle_name(path), clean.data ? clean.data : "", clean.size);
		return;
	}
	add(capture, kt_source_bundle_name(path), text->data, text->size);
}

/* Walks that disturb a machine which runs: of a dump a bundle has what they count. */
static const struct kt_needs needs_of_dump = {
	.also = KT_SOURCES(&kt_source_superblocks, &kt_source_mempools, &kt_source_slab_cgroups,
		&kt_source_stack_depth, &kt_source_percpu_chunks, &kt_source_hash_chains)
};

/*
 * The member ktally/meta is not a file of the machine and is added last: only then are all denied
 * files known. A log with memory reports is refused: it has no files of a machine, and a copy of it
 * is a better bundle.
 */
static struct kt_err *write_all(
	struct kt_machine *machine, const struct kt_call *call, struct capture *capture)
{
	KT_CLEANUP(buf) struct kt_buf meta = { 0 };
	bool dump = kt_root_kind(machine->root) == KT_ROOT_DUMP;
	struct kt_err *err;

	kt_root_set_watch(machine->root, on_read, capture);
	err = kt_machine_collect(machine, KT_WANT_ALL, dump ? &needs_of_dump : NULL);
	kt_root_set_watch(machine->root, NULL, NULL);
	if (!err && kt_root_is_log(machine->root))
		err = kt_err_new(KT_ERR_REFUSED,
			"%s: a kernel log with memory reports is a single file already; copy it",
			call->machine.source);
	if (err)
		return err;
	kt_meta_write(machine->snap, &meta);
	kt_meta_write_zone(machine->snap, &meta);
	kt_buf_add(&meta, capture->denied.data, capture->denied.size);
	capture->arena.failed |= meta.failed || capture->denied.failed;
	add(capture, "ktally/meta", meta.data ? meta.data : "", meta.size);
	return write_members(capture);
}

static const struct kt_column field_columns[] = {
	{ .key = "file", .flags = KT_COL_SET, .help = "As it was named on the command line." },
	{ .key = "files",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.min = 1,
		.help = "Files in the bundle." },
	{ .key = "bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SET,
		.help = "Their size, unpacked." },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/capture/1",
	.parts = KT_PARTS(&fields_part),
};

static void put_report(
	struct kt_report *report, const struct kt_call *call, const struct capture *capture)
{
	kt_report_begin(report, &shape);
	kt_report_field(report, NULL, "file", KT_CELL_TEXT, kt_cell_text(call->operands[0]));
	kt_report_field(report, NULL, "files", KT_CELL_COUNT, kt_cell_number(capture->nr_files));
	kt_report_field(report, NULL, "bytes", KT_CELL_BYTES, kt_cell_number(capture->nr_bytes));
	kt_report_headline(report, "%s: %lld files, %lld KiB. Look at it with: ktally -s %s",
		call->operands[0], (long long)capture->nr_files,
		(long long)(capture->nr_bytes / 1024), call->operands[0]);
	if (!capture->scrub)
		kt_report_note(report,
			"it contains the host name and the kernel log; --scrub leaves "
			"out names of users, hosts and processes");
}

struct capture_args {
	bool scrub, force;
};

/*
 * The file is created before anything is read. So a path that cannot be written fails at once, and
 * not after all the work. After an error the unfinished file is removed.
 */
static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	const struct capture_args *args = kt_call_own(call);
	struct capture capture = { .scrub = args->scrub };
	struct kt_err *err;

	err = kt_machine_open(&call->machine, &machine);
	if (!err)
		err = kt_archive_create(call->operands[0], args->force, &capture.writer);
	if (err)
		return err;
	capture.snap = machine.snap;
	err = write_all(&machine, call, &capture);
	capture_fini(&capture);
	if (err) {
		kt_archive_abandon(capture.writer);
		return err;
	}
	err = kt_archive_close(capture.writer);
	if (!err)
		put_report(report, call, &capture);
	return err;
}

/* A tar that is not packed needs no library; any other name has the library's error later. */
static struct kt_err *prepare(void)
{
	kt_err_free(kt_root_prepare_bundle());
	return NULL;
}

static const struct kt_operand operands[] = { { "FILE.tar.zst", KT_ARG_NEW_FILE,
	.prepare = prepare } };

static const struct kt_option options[] = {
	{ 0, "scrub", NULL,
		"leave out host names, addresses, process names and most of the kernel log",
		.kind = KT_ARG_FLAG, KT_AT(struct capture_args, scrub) },
	{ 0, "force", NULL, "overwrite the file", .kind = KT_ARG_FLAG,
		KT_AT(struct capture_args, force) },
};

static const struct kt_example examples[] = {
	{ "ktally capture bad.tar.zst",
		"before a reboot: the evidence, for 'ktally -s bad.tar.zst'" },
	{ "ktally capture --scrub public.tar.zst", "for a bug report that others can read" },
};

const struct kt_cmd kt_cmd_capture = {
	.name = "capture",
	.summary = "packs what ktally reads into a bundle",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Writes exactly the files that ktally's sources read, and the kernel log of "
		"the boot, to a bundle. 'ktally -s FILE.tar.zst' shows this machine on "
		"another one. Of a dump of memory, given with -s, it has what the account and the "
		"lists show. --scrub leaves out the host name, addresses, process names and "
		"every line of the kernel log that ktally does not read. An existing file is "
		"kept unless --force is given. FILE.tar is not packed, and needs no library.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct capture_args),
	.shape = &shape,
	.run = run,
};
