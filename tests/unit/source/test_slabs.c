// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "root/root_ops.h"
#include "test.h"

#define SLAB "sys/kernel/slab/"

static struct kt_root *root_of(const char *const files[][2], size_t count)
{
	struct kt_root *root = NULL;

	kt_err_free(kt_root_memory_new(KT_ROOT_BUNDLE, &root));
	for (size_t i = 0; i < count; i++)
		kt_err_free(kt_root_memory_add(
			root, files[i][0], strdup(files[i][1]), strlen(files[i][1])));
	return root;
}

static int read_slabs(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(err) struct kt_err *err = kt_source_slabs.read(root, snap);

	if (!err)
		err = kt_source_slab_details.read(root, snap);
	return err ? (int)kt_err_code(err) : NO_ERROR;
}

TEST(links_name_the_caches_that_are_merged)
{
	static const char *const files[][2] = { { SLAB ":a-0000192/object_size", "184\n" },
		{ SLAB ":a-0000192/cpu_slabs", "46 N0=40 N1=6\n" },
		{ SLAB ":a-0000192/ctor", "init_once+0x0/0x80 [ext4]\n" },
		{ SLAB "dentry/object_size", "192\n" }, { SLAB "dentry/ctor", "" },
		{ SLAB "dentry/align", "8\n" }, { SLAB "dentry/reclaim_account", "1\n" } };
	KT_CLEANUP(root) struct kt_root *root = root_of(files, KT_LEN(files));
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const struct kt_cache_folder *folder;

	kt_err_free(kt_root_memory_link(root, SLAB "cred_jar", ":a-0000192"));
	kt_err_free(kt_root_memory_link(root, SLAB "pid", "../slab/:a-0000192"));
	CHECK_INT(read_slabs(root, snap), NO_ERROR);
	if (!CHECK(snap->cache_folders.count == 2))
		return;
	folder = &snap->cache_folders.items[0];
	CHECK_STR(folder->name, ":a-0000192");
	CHECK_INT(folder->object_bytes, 184);
	CHECK_INT(folder->nr_cpu_slabs, 46);
	CHECK_INT(folder->nr_partial, -1);
	CHECK_STR(folder->ctor, "init_once+0x0/0x80 [ext4]");
	if (CHECK(folder->names.count == 2)) {
		CHECK_STR(folder->names.items[0], "cred_jar");
		CHECK_STR(folder->names.items[1], "pid");
	}
	folder = &snap->cache_folders.items[1];
	CHECK_STR(folder->name, "dentry");
	CHECK_STR(folder->ctor, NULL);
	CHECK_INT(folder->reclaimable, 1);
	CHECK_INT(folder->align_bytes, 8);
}

TEST(links_that_lead_elsewhere_name_nothing)
{
	static const char *const files[][2] = { { SLAB "dentry/object_size", "192\n" } };
	static const char *const targets[] = { "..", ".", "", "/etc/passwd", "dentry/", "nobody",
		"a-link", "../../../proc" };
	KT_CLEANUP(root) struct kt_root *root = root_of(files, KT_LEN(files));
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	for (size_t i = 0; i < KT_LEN(targets); i++) {
		char name[64];

		snprintf(name, sizeof(name), SLAB "%s%zu", "link", i);
		kt_err_free(kt_root_memory_link(root, name, targets[i]));
	}
	kt_err_free(kt_root_memory_link(root, SLAB "a-link", "a-link"));
	CHECK_INT(read_slabs(root, snap), NO_ERROR);
	if (CHECK(snap->cache_folders.count == 1))
		CHECK_INT(snap->cache_folders.items[0].names.count, 0);
}

TEST(attributes_that_are_no_number_are_not_known)
{
	static const char *const files[][2] = { { SLAB "a/object_size", "-1\n" },
		{ SLAB "b/object_size", "18446744073709551615\n" }, { SLAB "c/object_size", "" },
		{ SLAB "d/object_size", "x" }, { SLAB "e/object_size", "9007199254740993\n" } };
	KT_CLEANUP(root) struct kt_root *root = root_of(files, KT_LEN(files));
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(read_slabs(root, snap), NO_ERROR);
	CHECK_INT(snap->cache_folders.count, 5);
	for (size_t i = 0; i < snap->cache_folders.count; i++)
		CHECK_INT(snap->cache_folders.items[i].object_bytes, -1);
}

TEST(names_are_safe_to_print)
{
	static const char *const files[][2] = { { SLAB "a\033[31m\xff\n/object_size", "8\n" } };
	KT_CLEANUP(root) struct kt_root *root = root_of(files, KT_LEN(files));
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	kt_err_free(kt_root_memory_link(root, SLAB "b\033", "a\033[31m\xff\n"));
	CHECK_INT(read_slabs(root, snap), NO_ERROR);
	if (!CHECK(snap->cache_folders.count == 1))
		return;
	CHECK_STR(snap->cache_folders.items[0].name, "a?[31m??");
	CHECK_INT(snap->cache_folders.items[0].object_bytes, 8);
	CHECK_STR(snap->cache_folders.items[0].names.items[0], "b?");
}

TEST(of_the_others_only_the_names_are_read_where_one_is_asked_for)
{
	static const char *const files[][2] = { { SLAB ":0000064/object_size", "60\n" },
		{ SLAB "dentry/object_size", "192\n" } };
	KT_CLEANUP(root) struct kt_root *root = root_of(files, KT_LEN(files));
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	kt_err_free(kt_root_memory_link(root, SLAB "pid", ":0000064"));
	snap->asked_cache = "pid";
	CHECK_INT(read_slabs(root, snap), NO_ERROR);
	CHECK_INT(snap->cache_folders.items[0].object_bytes, 60);
	CHECK_INT(snap->cache_folders.items[1].object_bytes, -1);
}

TEST(no_source_reads_what_walks_lists)
{
	static const char *const never[] = { "objects", "objects_partial", "shrink", "validate",
		"alloc_calls", "free_calls", "trace", "slabs_cpu_partial" };
	const struct kt_source *const sources[] = { &kt_source_slabs, &kt_source_slab_details };

	for (size_t i = 0; i < KT_LEN(sources); i++) {
		for (size_t k = 0; k < KT_SOURCE_PATHS && sources[i]->paths[k]; k++) {
			const char *last = strrchr(sources[i]->paths[k], '/') + 1;

			for (size_t n = 0; n < KT_LEN(never); n++)
				CHECK(strcmp(last, never[n]) != 0);
		}
	}
}

TEST(names_are_read_without_attributes_where_the_list_is_short)
{
	static const char *const files[][2] = { { SLAB ":a-0000192/object_size", "184\n" } };
	KT_CLEANUP(root) struct kt_root *root = root_of(files, KT_LEN(files));
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK(!kt_source_slab_names.wanted(snap, 0)); /* without a list there is nothing to name */
	CHECK_INT(FEED(snap, slabinfo, "proc/slabinfo",
			  "slabinfo - version: 2.1\n# name <active_objs> <num_objs> <objsize> "
			  "<objperslab> <pagesperslab>\n"
			  "pid 10 21 192 21 1 : tunables 0 0 0 : slabdata 1 1 0\n"),
		NO_ERROR);
	CHECK(kt_source_slab_names.wanted(snap, 0));
	CHECK(!kt_source_slab_names.wanted(snap, KT_WANT_ALL));
	kt_err_free(kt_root_memory_link(root, SLAB "eventpoll_epi", ":a-0000192"));
	kt_err_free(kt_root_memory_link(root, SLAB "pid", ":a-0000192"));
	kt_err_free(kt_source_slab_names.read(root, snap));
	if (!CHECK_INT(snap->cache_folders.count, 1))
		return;
	CHECK_INT(snap->cache_folders.items[0].names.count, 2);
	CHECK_INT(snap->cache_folders.items[0].object_bytes, KT_UNKNOWN);
	CHECK(!kt_source_slab_names.wanted(snap, 0));
}
