// SPDX-License-Identifier: GPL-2.0-or-later
//
// A recording from a stranger through the commands that read it. The first two bytes say
// where the data is cut into two blocks; each gets a header that fits.

#include "fuzz_record.h"

#include "cmd/cmd.h"
#include "record/frame.h"
#include "record/zstd.h"

#include <sys/mman.h>
#include <unistd.h>

static void add_block(struct kt_buf *file, const uint8_t *data, size_t size, uint64_t sequence)
{
	struct kt_block block;
	struct kt_err *err = kt_block_decode((struct kt_span){ (const char *)data, size }, &block);

	if (!err && block.nr_samples)
		err = kt_frame_write(&block, sequence, file);
	if (block.arena.chunks)
		kt_block_cleanup(&block);
	kt_err_free(err);
}

static bool swallow(const char *data, size_t size)
{
	(void)data;
	(void)size;
	return true;
}

static void run(const char *command, const char *path, bool series)
{
	static const char *const outputs[] = { "csv", "json", "openmetrics" };
	static unsigned turn;
	const struct kt_cmd *cmd = kt_cmd_find(command);
	struct kt_options options = { .source = path,
		.series = series,
		.write = swallow,
		.output = outputs[turn++ % KT_LEN(outputs)] };
	struct kt_report report = { 0 };

	fuzz_must(cmd != NULL, "no such command");
	kt_err_free(cmd->run(&options, &report));
	kt_report_cleanup(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1; /* one file for all: creating it costs more than the rest */
	KT_CLEANUP(buf) struct kt_buf file = { 0 };
	char path[64];
	size_t cut;

	if (size < 2)
		return 0;
	if (fd < 0)
		fd = memfd_create("recording", MFD_CLOEXEC);
	cut = data[0] | (size_t)data[1] << 8;
	data += 2;
	size -= 2;
	cut = cut < size ? cut : size;
	add_block(&file, data, cut, 0);
	add_block(&file, data + cut, size - cut, 100000);
	if (!file.size)
		return 0;
	if (fd < 0 || ftruncate(fd, 0) < 0 ||
		pwrite(fd, file.data, file.size, 0) != (ssize_t)file.size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	run("account", path, false);
	run("report", path, false);
	run("report", path, true);
	run("plot", path, false);
	run("export", path, false);
	return 0;
}
