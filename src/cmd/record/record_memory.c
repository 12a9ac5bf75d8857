// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record/record_memory.h"

#include "base/memory.h"
#include "machine/clock.h"
#include "source/source.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A reading takes no more than a part of the time: the next one waits so many times as long. */
#define REST 20

static const struct kt_source *const sources[KT_RECORD_MEMORY_FILES] = { &kt_source_slub,
	&kt_source_direct_pages };

static const struct kt_needs needs = {
	.only = KT_SOURCES(&kt_source_host, &kt_source_meta, &kt_source_zoneinfo,
		&kt_source_meminfo, &kt_source_iomem, &kt_source_kmsg, &kt_source_slub,
		&kt_source_direct_pages),
};

/* ---- a reading ---- */

struct reading {
	struct kt_record_memory_file files[KT_RECORD_MEMORY_FILES];
	int64_t begin_ms; /* since 1970 */
	int64_t took_ms;
	bool failed; /* memory ran out */
};

static void reading_fini(struct reading *reading)
{
	for (size_t i = 0; i < KT_RECORD_MEMORY_FILES; i++)
		kt_buf_cleanup(&reading->files[i].text);
}

/* Keeps the text, in the form that a recording has, below the time of the reading. */
static void on_read(
	void *arg, const char *path, const struct kt_text *text, const struct kt_err *err)
{
	struct reading *reading = arg;

	for (size_t i = 0; i < KT_RECORD_MEMORY_FILES && !err; i++) {
		struct kt_buf *kept = &reading->files[i].text;

		if (strcmp(path, sources[i]->paths[0]) != 0)
			continue;
		kept->size = 0;
		kt_buf_printf(kept, KT_MEMORY_TIME "%lld\n", (long long)(reading->begin_ms / 1000));
		sources[i]->condense(text, kept);
		reading->failed |= kept->failed;
	}
}

static void fail(struct kt_record_memory_file *file, enum kt_state state, const char *why)
{
	file->text.size = 0;
	file->state = state;
	snprintf(file->why, sizeof(file->why), "%s", why);
}

/* A text that was read is kept only if its source is whole. */
static void settle(struct reading *reading, const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < KT_RECORD_MEMORY_FILES; i++) {
		const struct kt_source_state *state = kt_source_outcome(snap, sources[i]);
		struct kt_record_memory_file *file = &reading->files[i];

		if (!state || !state->wanted)
			fail(file, KT_ABSENT, state ? state->why : "it was not read");
		else if (state->state != KT_OK || !file->text.size)
			fail(file, state->state, state->why ? state->why : "it was not read");
	}
}

static void read_all(
	struct reading *reading, const struct kt_machine_opts *opts, struct kt_root *root)
{
	struct kt_machine machine = { .root = root, .snap = kt_snapshot_new(), .opts = *opts };
	int64_t begin_ns = kt_clock_ns();
	struct kt_err *err = NULL;

	reading->failed = !machine.snap;
	if (!machine.snap)
		return;
	kt_root_set_watch(root, on_read, reading);
	err = kt_machine_collect(&machine, 0, &needs);
	kt_root_set_watch(root, NULL, NULL);
	reading->failed |= err != NULL; /* only when memory is out */
	kt_err_free(err);
	settle(reading, machine.snap);
	kt_snapshot_free(machine.snap);
	kt_memory_give_back();
	reading->took_ms = (kt_clock_ns() - begin_ns) / 1000000;
}

/* The reading is over: the next one is due. */
static struct kt_err *take(
	struct kt_record_memory *memory, struct reading *reading, int64_t boot_ms)
{
	int64_t rest_ms = reading->took_ms * REST;

	memory->next_ms = boot_ms + (memory->every_ms > rest_ms ? memory->every_ms : rest_ms);
	memory->ended = true;
	for (size_t i = 0; i < KT_RECORD_MEMORY_FILES; i++) {
		kt_buf_cleanup(&memory->files[i].text);
		memory->files[i] = reading->files[i];
	}
	return reading->failed ? kt_err_new(KT_ERR_NOMEM, "out of memory while reading "
							  "kernel memory")
			       : NULL;
}

/* ---- a process of its own ---- */

/* In front of each text, or of the reason why there is none. */
struct head {
	int64_t took_ms;
	int32_t state; /* enum kt_state; of a text: KT_OK */
	uint32_t size; /* bytes that follow */
};

static bool write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static bool write_reading(int fd, const struct reading *reading)
{
	bool good = !reading->failed;

	for (size_t i = 0; i < KT_RECORD_MEMORY_FILES && good; i++) {
		const struct kt_record_memory_file *file = &reading->files[i];
		bool is_text = file->text.size > 0;
		struct head head = { reading->took_ms, is_text ? KT_OK : (int32_t)file->state,
			(uint32_t)(is_text ? file->text.size : strlen(file->why)) };

		good = write_all(fd, &head, sizeof(head)) &&
		       write_all(fd, is_text ? file->text.data : file->why, head.size);
	}
	return good;
}

static bool read_exactly(int fd, void *data, size_t size)
{
	return read(fd, data, size) == (ssize_t)size;
}

/* The file is this program's own, and was written whole: the process ended well. */
static bool read_reading(int fd, struct reading *reading)
{
	bool good = lseek(fd, 0, SEEK_SET) == 0;

	for (size_t i = 0; i < KT_RECORD_MEMORY_FILES && good; i++) {
		struct kt_record_memory_file *file = &reading->files[i];
		struct head head;
		char *to;

		if (!read_exactly(fd, &head, sizeof(head)))
			return false;
		reading->took_ms = head.took_ms;
		file->state = (enum kt_state)head.state;
		if (head.state == KT_OK) {
			to = kt_buf_reserve(&file->text, head.size);
			good = to && read_exactly(fd, to, head.size);
			file->text.size = good ? head.size : 0;
			continue;
		}
		good = head.size < sizeof(file->why) && read_exactly(fd, file->why, head.size);
		file->why[good ? head.size : 0] = '\0';
	}
	return good;
}

/*
 * The child has a copy of the recorder's memory, and writes only to `fd`: it must not outlive the
 * recorder, since it holds the recording's lock, too. False: no process can be made.
 */
static bool start(struct kt_record_memory *memory, const struct kt_machine_opts *opts,
	struct kt_root *root, int64_t real_ms)
{
	struct reading reading = { .begin_ms = real_ms };
	pid_t parent = getpid();

	memory->fd = memfd_create("ktally", MFD_CLOEXEC);
	if (memory->fd < 0)
		return false;
	memory->child = fork();
	if (memory->child == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
			_exit(1);
		read_all(&reading, opts, root);
		_exit(!write_reading(memory->fd, &reading));
	}
	if (memory->child > 0)
		return true;
	memory->child = 0;
	close(memory->fd);
	return false;
}

/* False: it goes on. */
static bool end(struct kt_record_memory *memory, bool wait, struct reading *reading)
{
	int status = 0;
	pid_t pid;

	do
		pid = waitpid(memory->child, &status, wait ? 0 : WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (!pid)
		return false;
	if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
		!read_reading(memory->fd, reading)) {
		for (size_t i = 0; i < KT_RECORD_MEMORY_FILES; i++)
			fail(&reading->files[i], KT_BAD,
				"the process that reads kernel memory did not end well; memory may "
				"be short");
	}
	memory->child = 0;
	close(memory->fd);
	return true;
}

/* ---- samples ---- */

struct kt_err *kt_record_memory_step(struct kt_record_memory *memory,
	const struct kt_machine_opts *opts, struct kt_root *root, int64_t real_ms, int64_t boot_ms,
	bool whole)
{
	struct reading reading = { .begin_ms = real_ms };
	struct kt_err *err = NULL;

	if (!memory->every_ms || (!memory->child && boot_ms < memory->next_ms))
		return NULL;
	/* about files of another machine it is confined, and may make no process */
	if (!memory->child && (opts->source || !start(memory, opts, root, real_ms))) {
		read_all(&reading, opts, root);
		return take(memory, &reading, boot_ms);
	}
	if (end(memory, whole && !memory->ended, &reading))
		err = take(memory, &reading, boot_ms);
	else
		reading_fini(&reading);
	return err;
}

void kt_record_memory_put(
	const struct kt_record_memory *memory, struct kt_sampler *sampler, struct kt_draft *draft)
{
	for (size_t i = 0; i < KT_RECORD_MEMORY_FILES && memory->ended; i++) {
		const char *path = sources[i]->paths[0];
		const struct kt_record_memory_file *file = &memory->files[i];

		if (file->text.size)
			kt_sampler_text(sampler, draft, path,
				(struct kt_span){ file->text.data, file->text.size });
		else
			kt_sampler_unread(sampler, draft, path,
				file->state == KT_DENIED ? KT_MARK_DENIED : KT_MARK_UNREAD,
				file->why);
	}
}

const char *kt_record_memory_why(const struct kt_record_memory *memory)
{
	for (size_t i = 0; i < KT_RECORD_MEMORY_FILES && memory->ended; i++) {
		if (!memory->files[i].text.size)
			return memory->files[i].why;
	}
	return NULL;
}

void kt_record_memory_fini(struct kt_record_memory *memory)
{
	if (memory->child) {
		kill(memory->child, SIGKILL);
		waitpid(memory->child, NULL, 0);
		close(memory->fd);
	}
	for (size_t i = 0; i < KT_RECORD_MEMORY_FILES; i++)
		kt_buf_cleanup(&memory->files[i].text);
	*memory = (struct kt_record_memory){ 0 };
}
