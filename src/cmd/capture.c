// SPDX-License-Identifier: GPL-2.0-or-later
//
// Writes what the sources read, while they read it: a watch on the root keeps every text,
// so that a bundle can neither miss a file that a source needs nor hold one it does not.

#include "base/buf.h"
#include "cmd/cmd.h"
#include "cmd/session.h"
#include "root/archive_write.h"
#include "source/meta.h"

#include <string.h>

#define REREAD_MAX 256u /* files back in which a second reading is looked for */

struct member {
	const char *path;
	struct kt_buf data; /* of a link its target */
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

/* Names of cgroups are those of users, services and containers. The root has none. */
static bool is_below_root_cgroup(const char *path)
{
	if (strncmp(path, "sys/fs/cgroup/", 14) != 0)
		return false;
	path += 14;
	if (strncmp(path, "memory/", 7) == 0)
		path += 7;
	return strchr(path, '/') != NULL;
}

/* Names a person, a host or a place in its whole. */
static bool is_private(const char *path)
{
	return is_below_root_cgroup(path) || strcmp(path, "proc/sys/kernel/hostname") == 0 ||
	       strncmp(path, "sys/class/dmi/id/", 17) == 0 ||
	       strncmp(path, "sys/firmware/dmi/", 17) == 0 || strcmp(path, "proc/1/cgroup") == 0;
}

/* Where the counters are read again, because the machine moved, the last reading counts. */
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
	if (capture->scrub && is_private(path))
		return;
	if (text->link) {
		add_link(capture, text);
		return;
	}
	if (capture->scrub && source && source->scrub) {
		KT_CLEANUP(buf) struct kt_buf clean = { 0 };

		source->scrub(text, &clean);
		add(capture, kt_source_bundle_name(path), clean.data ? clean.data : "", clean.size);
		return;
	}
	add(capture, kt_source_bundle_name(path), text->data, text->size);
}

static struct kt_err *write_all(
	struct kt_session *session, const struct kt_options *options, struct capture *capture)
{
	KT_CLEANUP(buf) struct kt_buf meta = { 0 };
	struct kt_err *err;

	kt_root_set_watch(session->root, on_read, capture);
	err = kt_session_collect(session, options, KT_WANT_ALL, NULL);
	kt_root_set_watch(session->root, NULL, NULL);
	if (!err && session->snap->memreports.count)
		err = kt_err_new(KT_ERR_REFUSED,
			"%s: a kernel log with memory reports in it is one file already",
			options->source);
	if (err)
		return err;
	kt_meta_write(session->snap, &meta);
	kt_buf_add(&meta, capture->denied.data, capture->denied.size);
	add(capture, "ktally/meta", meta.data ? meta.data : "", meta.size);
	return write_members(capture);
}

static void put_report(
	struct kt_report *report, const struct kt_options *options, const struct capture *capture)
{
	kt_report_init(report, "ktally/capture/1");
	kt_report_field(report, NULL, "file", KT_CELL_TEXT, kt_cell_text(options->operands[0]));
	kt_report_field(report, NULL, "files", KT_CELL_COUNT, kt_cell_number(capture->nr_files));
	kt_report_field(report, NULL, "bytes", KT_CELL_BYTES, kt_cell_number(capture->nr_bytes));
	kt_report_headline(report, "%s: %lld files, %lld KiB. Look at it with: ktally -s %s",
		options->operands[0], (long long)capture->nr_files,
		(long long)(capture->nr_bytes / 1024), options->operands[0]);
	if (!options->scrub)
		kt_report_note(report,
			"it holds what the files say, the host name and the kernel log "
			"too; --scrub leaves out what names people, hosts and processes");
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct capture capture = { .scrub = options->scrub };
	struct kt_err *err;

	err = kt_session_open(options, &session);
	if (!err)
		err = kt_archive_create(options->operands[0], options->force, &capture.writer);
	if (err)
		return err;
	capture.snap = session.snap;
	err = write_all(&session, options, &capture);
	capture_fini(&capture);
	if (err) {
		kt_archive_abandon(capture.writer);
		return err;
	}
	err = kt_archive_close(capture.writer);
	if (!err)
		put_report(report, options, &capture);
	return err;
}

const struct kt_cmd kt_cmd_capture = {
	.name = "capture",
	.summary = "pack what is read into a bundle, to look at elsewhere",
	.operands = "FILE.tar.zst",
	.nr_operands_min = 1,
	.nr_operands_max = 1,
	.help = "Writes exactly the files that ktally's sources read, and the kernel log of "
		"the boot, to a bundle: 'ktally -s FILE.tar.zst' shows this machine on another "
		"one. --scrub leaves out the host name, addresses, process names and every "
		"line of the kernel log that ktally does not read. An existing file is kept "
		"unless --force is given.",
	.run = run,
};
