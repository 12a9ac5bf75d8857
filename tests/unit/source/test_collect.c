// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "root/root_ops.h"

TEST(a_star_stands_for_any_run_within_one_component)
{
	static const struct {
		const char *pattern, *path;
		bool match;
	} cases[] = {
		{ "proc/meminfo", "proc/meminfo", true },
		{ "proc/meminfo", "proc/meminfo2", false },
		{ "proc/meminfo", "proc", false },
		{ "proc/meminfo", "proc/meminfo/x", false },
		{ "proc/meminfo", "/proc/meminfo", false },
		{ "a/*/c", "a/b/c", true },
		{ "a/*/c", "a/b/b/c", false },
		{ "a/*/c", "a/c", false },
		{ "a/17-*/raw", "a/17-0/raw", true },
		{ "a/17-*/raw", "a/17-/raw", true },
		{ "a/17-*/raw", "a/17/raw", false },
		{ "a/17-*/raw", "a/170/raw", false },
		{ "x*y", "xy", true },
		{ "x*x", "x", false }, /* the two ends may not share a letter */
		{ "x*y", "xyz", false },
		{ "", "", true },
		{ "*", "", false },
		{ "a/**/x", "a/x", true },
		{ "a/**/x", "a/b/c/d/x", true },
		{ "a/**/x", "a/b/c/d/y", false },
		{ "a/**/x", "b/x", false },
		{ "a/**/x", "a/x/y", false },
		{ "a/b/**/x", "a/x", false },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		if (!CHECK_INT(kt_path_match(cases[i].pattern, cases[i].path), cases[i].match))
			printf("  %s for %s\n", cases[i].pattern, cases[i].path);
	}
}

TEST(every_file_of_a_source_is_wanted_from_a_bundle_and_others_are_not)
{
	CHECK(kt_source_wants_path("proc/meminfo"));
	CHECK(kt_source_wants_path("sys/devices/system/node/node3/meminfo"));
	CHECK(kt_source_wants_path("sys/firmware/memmap/12/start"));
	CHECK(kt_source_wants_path("ktally/vmstat.after"));
	CHECK(!kt_source_wants_path("etc/passwd"));
	CHECK(!kt_source_wants_path("proc/1/environ"));
	CHECK(!kt_source_wants_path("sys/devices/system/node/node3/"));
}

static struct kt_root *memory_root(void)
{
	struct kt_root *root = NULL;

	kt_err_free(kt_root_memory_new(KT_ROOT_BUNDLE, &root));
	return root;
}

static void add(struct kt_root *root, const char *path, const char *text)
{
	kt_err_free(kt_root_memory_add(root, path, strdup(text), strlen(text)));
}

static struct kt_snapshot *collected(struct kt_root *root, unsigned want)
{
	struct kt_snapshot *snap = machine(4096);
	struct kt_collect_opts opts = { .want = want };
	KT_CLEANUP(err) struct kt_err *err = kt_collect(root, &opts, snap);

	CHECK(!err);
	return snap;
}

static const struct kt_source_state *state_of(const struct kt_snapshot *snap, const char *name)
{
	static const struct kt_source_state none = { .name = "none", .state = KT_BAD };

	for (size_t i = 0; i < snap->sources.count; i++) {
		if (strcmp(snap->sources.items[i].name, name) == 0)
			return &snap->sources.items[i];
	}
	return &none;
}

TEST(each_source_says_whether_it_was_there_and_none_stops_another)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "proc/meminfo", "garbage\n");
	add(root, "proc/vmstat", "nr_free_pages 5\n");
	add(root, "proc/iomem", "00000000-00000000 : System RAM\n");
	snap = collected(root, KT_WANT_ALL);
	CHECK_INT(snap->sources.count, kt_nr_sources);
	CHECK_INT(state_of(snap, "meminfo")->state, KT_BAD);
	CHECK_INT(state_of(snap, "vmstat")->state, KT_OK);
	CHECK_INT(state_of(snap, "vmstat")->nr_files, 1);
	CHECK_INT(state_of(snap, "iomem")->state, KT_DENIED);
	CHECK_INT(state_of(snap, "zoneinfo")->state, KT_ABSENT);
	CHECK_VALUE(snap, NR_FREE, 5 * 4096);
	/* the reason of the source becomes the reason of what only it has */
	CHECK_STATE(snap, SYSTEM_RAM, KT_DENIED);
	CHECK_STATE(snap, PRESENT, KT_ABSENT);
}

TEST(what_a_capture_was_not_allowed_to_read_is_denied_and_not_absent)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "ktally/meta", "denied=proc/slabinfo\n");
	add(root, "proc/vmstat", "nr_free_pages 5\n");
	snap = collected(root, KT_WANT_ALL);
	CHECK_INT(state_of(snap, "slabinfo")->state, KT_DENIED);
	CHECK_INT(state_of(snap, "vmallocinfo")->state, KT_ABSENT);
	CHECK_STATE(snap, SLABINFO, KT_DENIED);
}

TEST(a_damaged_file_is_told_and_the_others_of_its_source_still_count)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "3\n");
	add(root, "sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "x\n");
	snap = collected(root, 0);
	/* one damaged file of a source is told, and the others still count */
	CHECK_INT(state_of(snap, "hugepages")->state, KT_BAD);
	CHECK_INT(snap->hugepools.count, 1);
}

TEST(what_is_dear_is_not_read_where_only_cheap_was_asked_for)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "proc/slabinfo", "dentry 1 1 192 21 1 : tunables 0 0 0 : slabdata 5 5 0\n");
	add(root, "proc/vmstat", "nr_free_pages 5\n");
	snap = collected(root, KT_WANT_CHEAP);
	CHECK(!state_of(snap, "slabinfo")->wanted);
	CHECK_STATE(snap, SLABINFO, KT_ABSENT);
	CHECK_VALUE(snap, NR_FREE, 5 * 4096);
}

TEST(of_alternatives_the_first_that_is_there_is_the_one)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "sys/kernel/kexec/crash_size", "2\n");
	add(root, "sys/kernel/kexec_crash_size", "1\n");
	/* a capture's dev/kmsg is no device: the log is elsewhere */
	add(root, "dev/kmsg", "RAMDISK: [mem 0x1000-0x1fff]\n");
	add(root, "dmesg", "RAMDISK: [mem 0x1000-0x2fff]\n");
	snap = collected(root, KT_WANT_ALL);
	CHECK_VALUE(snap, CRASHKERNEL, 1);
	CHECK_INT(state_of(snap, "kexec")->nr_files, 1);
	CHECK_VALUE(snap, INITRD, 0x2000);
}

TEST(starred_paths_are_read_for_every_match)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "sys/devices/system/node/node0/meminfo", "Node 0 AnonPages: 1 kB\n");
	add(root, "sys/devices/system/node/node10/meminfo", "Node 10 AnonPages: 2 kB\n");
	add(root, "sys/devices/system/node/online", "0,10\n");
	snap = collected(root, KT_WANT_NODES);
	CHECK_INT(value_on(snap, KT_ANON, 0).value, KIB);
	CHECK_INT(value_on(snap, KT_ANON, 10).value, 2 * KIB);
	CHECK_INT(state_of(snap, "node")->nr_files, 2);
	CHECK_INT(state_of(snap, "node")->state, KT_OK);
	CHECK_INT(snap->host.nr_nodes, 2);
}

TEST(half_a_firmware_map_is_no_map)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "sys/firmware/memmap/0/start", "0x0\n");
	add(root, "sys/firmware/memmap/0/end", "0x9fbff\n");
	add(root, "sys/firmware/memmap/0/type", "System RAM\n");
	snap = collected(root, 0);
	if (CHECK_INT(snap->firmware.count, 1))
		CHECK_INT(snap->firmware.items[0].end, 0x9fc00);
	kt_snapshot_free(snap);
	add(root, "sys/firmware/memmap/1/start", "0x9fc00\n");
	snap = collected(root, 0);
	CHECK_INT(snap->firmware.count, 0);
}

TEST(memory_blocks_count_by_their_state_in_hexadecimal_sizes)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "sys/devices/system/memory/block_size_bytes", "8000000\n");
	add(root, "sys/devices/system/memory/memory0/state", "online\n");
	add(root, "sys/devices/system/memory/memory1/state", "offline\n");
	add(root, "sys/devices/system/memory/memory2/state", "going-offline\n");
	add(root, "sys/devices/system/memory/memory3/state", "online\n");
	snap = collected(root, 0);
	CHECK_VALUE(snap, BLOCKS_ONLINE, 2 * 128 * MIB);
	CHECK_VALUE(snap, BLOCKS_OFFLINE, 128 * MIB);
}

/* A header of type data with its string table right behind. */
static void add_btf(struct kt_root *root, const char *strings, size_t size)
{
	uint32_t words[] = { 0x0001eb9f, 24, 0, 0, 0, (uint32_t)size };
	char *data = malloc(sizeof(words) + size);

	memcpy(data, words, sizeof(words));
	memcpy(data + sizeof(words), strings, size);
	kt_err_free(kt_root_memory_add(root, "sys/kernel/btf/vmlinux", data, sizeof(words) + size));
}

TEST(a_member_of_the_task_tells_where_stacks_come_from)
{
	static const char with[] = "\0int\0stack_vm_area\0list_head";
	static const char without[] = "\0int\0stack_vm_area_size\0free_stack_vm_area\0x";
	KT_CLEANUP(root) struct kt_root *root = memory_root(), *other = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL, *none = NULL;

	add_btf(root, with, sizeof(with));
	snap = collected(root, KT_WANT_ALL);
	CHECK_VALUE(snap, STACK_VMAPPED, 1);
	add_btf(other, without, sizeof(without));
	none = collected(other, KT_WANT_ALL);
	CHECK_VALUE(none, STACK_VMAPPED, 0);
}

TEST(a_name_that_lies_across_two_pieces_is_found)
{
	for (size_t at = 65500; at < 65560; at += 7) {
		static char strings[140000];
		KT_CLEANUP(root) struct kt_root *one = memory_root();
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

		memset(strings, 'x', sizeof(strings));
		memcpy(strings + at, "\0stack_vm_area", sizeof("\0stack_vm_area"));
		add_btf(one, strings, sizeof(strings));
		snap = collected(one, KT_WANT_ALL);
		CHECK_VALUE(snap, STACK_VMAPPED, 1);
	}
}
