// SPDX-License-Identifier: GPL-2.0-or-later
//
// Texts of strangers, through the whole way: a file or a directory of files (cut at each NUL NUL),
// every source, the account of the files and of the last memory report.

#include "fuzz.h"

#include "machine/machine.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXTS_MAX 4

static char base[64];

/* Parts name texts that exist, and lines in order. */
static void check_parts(const struct kt_root *root)
{
	size_t count;
	const struct kt_root_part *parts = kt_root_parts(root, &count);

	for (size_t i = 0; i < count; i++) {
		if (!parts[i].name || !parts[i].mended || !parts[i].first ||
			(parts[i].last && parts[i].last < parts[i].first))
			abort();
	}
}

static void examine(const char *path, int64_t pick, unsigned want, const struct kt_needs *needs)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_machine_opts opts = { .source = path, .pick = pick };
	KT_CLEANUP(err) struct kt_err *err = kt_machine_read(&opts, &machine, want, needs);

	if (err)
		return;
	check_parts(machine.root);
	fuzz_account(machine.snap, KT_NO_NODE);
}

static void write_text(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static size_t cut(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++) {
		if (!data[i] && !data[i + 1])
			return i;
	}
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[TEXTS_MAX] = { "mail.txt", "cat_.proc.cgroups", "dmesg",
		"z.log" };
	char path[128];
	int nr = 0;

	if (!*base) {
		snprintf(base, sizeof(base), "/dev/shm/ktally-fuzz-XXXXXX");
		if (!mkdtemp(base))
			abort();
	}
	for (size_t n; nr < TEXTS_MAX && size; nr++) {
		n = nr + 1 < TEXTS_MAX ? cut(data, size) : size;
		snprintf(path, sizeof(path), "%s/%s", base, names[nr]);
		write_text(path, data, n);
		n += size - n < 2 ? size - n : 2;
		data += n;
		size -= n;
	}
	if (nr == 1)
		snprintf(path, sizeof(path), "%s/%s", base, names[0]);
	else
		snprintf(path, sizeof(path), "%s", base);
	examine(path, 0, 0, NULL);
	examine(path, 0, KT_WANT_ALL, NULL);
	examine(path, -1, 0, NULL);
	examine(path, 0, 0, &kt_machine_log);
	for (int i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", base, names[i]);
		unlink(path);
	}
	return 0;
}
