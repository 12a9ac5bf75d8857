// SPDX-License-Identifier: GPL-2.0-or-later
//
// A bundle from a stranger, through the whole way: unpacking, every source, the account.

#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

static void read_some(struct kt_root *root)
{
	static const char *const paths[] = { "", "proc", "proc/meminfo", "sys/firmware/memmap",
		"../etc/passwd" };

	for (size_t i = 0; i < KT_LEN(paths); i++) {
		KT_CLEANUP(text) struct kt_text text = { 0 }, part = { 0 };
		struct kt_arena arena = { 0 };
		kt_names names = { 0 };

		kt_err_free(kt_root_read(root, paths[i], &text));
		kt_err_free(kt_root_read_at(root, paths[i], 3, 5, &part));
		kt_err_free(kt_root_list(root, paths[i], &arena, &names));
		if (part.size > 5 || (kt_root_has(root, paths[i]) && i == KT_LEN(paths) - 1))
			abort();
		kt_arena_fini(&arena);
	}
}

static void account_of(struct kt_root *root)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_collect_opts opts = { .want = KT_WANT_ALL };

	if (!snap)
		abort();
	kt_err_free(kt_collect(root, &opts, snap));
	kt_derive(snap);
	kt_derive_node(snap, 0);
	fuzz_account(snap, KT_NO_NODE);
	fuzz_account(snap, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(root) struct kt_root *root = NULL;
	static int fd = -1; /* one file for all: creating it costs more than the rest */
	char path[64];

	if (fd < 0)
		fd = memfd_create("bundle", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	kt_err_free(kt_root_open(path, kt_source_inside, &root));
	if (!root)
		return 0;
	read_some(root);
	account_of(root);
	return 0;
}
