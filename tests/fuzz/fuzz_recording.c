// SPDX-License-Identifier: GPL-2.0-or-later
//
// A recording from a stranger through one of the commands that read it. The first two bytes say
// where the data is cut into two blocks, and which command it is: all of them would take five
// times as long for each input. Each block gets a header that fits.

#include "fuzz_record.h"

#include "commands.h"
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

static void run(const struct kt_cmd *cmd, const char *path, bool series, size_t turn)
{
	static const struct kt_output *const outputs[] = { &kt_output_csv, &kt_output_json,
		&kt_output_openmetrics };
	static const struct kt_console console = { .write = swallow };
	struct kt_call call = { .machine.source = path,
		.show.output = outputs[turn % KT_LEN(outputs)],
		.console = &console,
		.own_of = cmd,
		.cmds = &kt_commands };
	struct kt_report report = { 0 };

	if (series)
		kt_err_free(kt_option_set(kt_cmd_option(cmd, "series"), &call.own, NULL));
	kt_err_free(kt_cmd_run(cmd, &call, &report));
	kt_report_cleanup(&report);
}

static const struct {
	const struct kt_cmd *cmd;
	bool series;
} runs[] = { { &kt_cmd_account, false }, { &kt_cmd_report, false }, { &kt_cmd_report, true },
	{ &kt_cmd_plot, false }, { &kt_cmd_export, false } };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1; /* one file for all: creating it costs more than the rest */
	KT_CLEANUP(buf) struct kt_buf file = { 0 };
	char path[64];
	size_t cut, turn;

	if (size < 2)
		return 0;
	if (fd < 0)
		fd = memfd_create("recording", MFD_CLOEXEC);
	turn = cut = data[0] | (size_t)data[1] << 8;
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
	run(runs[turn % KT_LEN(runs)].cmd, path, runs[turn % KT_LEN(runs)].series,
		turn / KT_LEN(runs));
	return 0;
}
