// SPDX-License-Identifier: GPL-2.0-or-later
//
// A recording, behind three bytes that say how old its blocks may become. What is written of it
// can be opened, has no damage but that of blocks that were copied, and no later samples.

#include "fuzz_record.h"

#include "record/keep.h"
#include "record/recording.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define SAMPLES_IN 4096u /* of all blocks */

static const char *path_of(int fd, char path[64])
{
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return path;
}

/* An empty file of this process, which stays for the next input. */
static int empty_file(int which)
{
	static int fds[2] = { -1, -1 };

	if (fds[which] < 0)
		fds[which] = memfd_create("keep", MFD_CLOEXEC);
	fuzz_must(fds[which] >= 0 && ftruncate(fds[which], 0) == 0 &&
			  lseek(fds[which], 0, SEEK_SET) == 0,
		"no file in memory");
	return fds[which];
}

/* Samples, and the time of the last block; 0 where it cannot be opened. */
static uint64_t measure(int fd, int64_t *ret_last_ms, bool *ret_opened)
{
	struct kt_recording *recording;
	struct kt_err *err;
	uint64_t count = 0;
	char path[64];

	err = kt_recording_open(path_of(fd, path), &recording);
	*ret_opened = !err;
	*ret_last_ms = 0;
	kt_err_free(err);
	for (size_t i = 0; *ret_opened && i < kt_recording_nr_blocks(recording); i++) {
		const struct kt_frame *frame = kt_recording_frame(recording, i);

		count += frame->nr_samples;
		if (frame->last_ms > *ret_last_ms)
			*ret_last_ms = frame->last_ms;
	}
	if (*ret_opened)
		kt_recording_free(recording);
	return count;
}

static struct kt_err *rewrite(int from, int to, const struct kt_keep *keep)
{
	struct kt_rewrite *rewrite;
	char path[64];
	struct kt_err *err = kt_rewrite_begin(path_of(from, path), to, keep, &rewrite);
	bool done = false;

	while (!err && !done)
		err = kt_rewrite_step(rewrite, &done);
	kt_rewrite_free(rewrite);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_keep keep;
	int64_t last_ms, new_last_ms;
	uint64_t count, new_count;
	bool opened;
	int from, to;

	if (size < 3)
		return 0;
	keep = (struct kt_keep){ .fine_ms = data[0] * 1000ll - 100000,
		.minute_ms = data[1] * 2000ll - 100000,
		.days_ms = data[2] * 4000ll,
		.size_max = data[2] % 7 ? 1 << 20 : 600 };
	from = empty_file(0);
	to = empty_file(1);
	fuzz_must(write(from, data + 3, size - 3) == (ssize_t)(size - 3), "no room");
	count = measure(from, &last_ms, &opened);
	if (!opened || count > SAMPLES_IN)
		return 0;
	kt_err_free(rewrite(from, to, &keep));
	new_count = measure(to, &new_last_ms, &opened);
	fuzz_must(opened, "what was written cannot be opened");
	fuzz_must(new_count <= count && new_last_ms <= last_ms, "samples were made");
	return 0;
}
