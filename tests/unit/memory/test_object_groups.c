// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the objects of a cache are, in memory that was made by hand, and in damaged memory.

#include "objects_bytes.h"
#include "random.h"
#include "test.h"

static const struct kt_object_group *kind_of(const struct objects_bytes *objects, const char *kind)
{
	for (size_t i = 0; i < objects->snap->object_groups.count; i++) {
		const struct kt_object_group *group = &objects->snap->object_groups.items[i];

		if (kind ? group->kind && strcmp(group->kind, kind) == 0 : !group->kind)
			return group;
	}
	return NULL;
}

static void check_kind(const struct objects_bytes *objects, const char *kind, int64_t nr_objs)
{
	const struct kt_object_group *group = kind_of(objects, kind);

	if (CHECK(group != NULL))
		CHECK_INT(group->nr_objs, nr_objs);
}

/* A top and a directory with names in it: the first of `used` dentries, and their inodes. */
static void fill_files(
	struct objects_bytes *objects, unsigned used, uint64_t *ret_dentries, uint64_t *ret_inodes)
{
	struct files_bytes *files = &objects->files;
	uint64_t dentries = files_slab(files, files->dentries, DENTRY_BYTES, used);
	uint64_t inodes = files_slab(files, files->inodes, INODE_BYTES, used);
	char name[8];

	for (unsigned i = 0; i < used; i++) {
		uint64_t at = dentries + (uint64_t)i * DENTRY_BYTES;
		uint64_t inode = inodes + (uint64_t)i * INODE_BYTES;

		snprintf(name, sizeof(name), "n%u", i);
		files_dentry(files, at, objects->super, 0, 1, false);
		files_name(files, at, dentries + (i > 1 ? DENTRY_BYTES : 0), name);
		files_inode(files, inode, objects->super, 0);
		files_alias(files, at, inode);
	}
	slub_set64(&files->slub, objects->super + SUPER_ROOT, dentries);
	*ret_dentries = dentries;
	*ret_inodes = inodes;
}

TEST(dentries_and_inodes_are_of_a_file_system_where_it_is_mounted)
{
	struct objects_bytes objects;
	uint64_t dentries, inodes;

	objects_init(&objects, objects_types);
	fill_files(&objects, 9, &dentries, &inodes);
	slub_set64(&objects.files.slub, dentries + 8 * DENTRY_BYTES + DENTRY_SB, 0x1234);
	CHECK(!objects_walk(&objects, "dentry"));
	check_kind(&objects, "ext4 on /var", 8);
	check_kind(&objects, NULL, 1); /* no super block */
	CHECK_STR(kind_of(&objects, "ext4 on /var")->sample, "/var");
	objects.snap->object_groups.count = 0;
	/* what does not own its address space is no inode */
	slub_set64(&objects.files.slub, inodes + INODE_HOST, inodes + INODE_BYTES);
	CHECK(!objects_walk(&objects, "inode_cache"));
	check_kind(&objects, "ext4 on /var", 8);
	check_kind(&objects, NULL, 1);
	CHECK_STR(kind_of(&objects, "ext4 on /var")->sample, "/var/n1");
	objects_fini(&objects);
}

TEST(open_files_have_operations_and_a_file_system)
{
	struct objects_bytes objects;
	uint64_t dentries, inodes, file;
	struct slub_bytes *slub;

	objects_init(&objects, objects_types);
	slub = &objects.files.slub;
	fill_files(&objects, 4, &dentries, &inodes);
	file = objects_cache(&objects, "filp", OBJECT_BYTES, 5);
	for (unsigned i = 0; i < 4; i++) {
		slub_set64(slub, file + i * OBJECT_BYTES + FILE_OPS, TEXT_FIRST + 0x20000);
		slub_set64(slub, file + i * OBJECT_BYTES + FILE_INODE, inodes + 3 * INODE_BYTES);
		slub_set64(
			slub, file + i * OBJECT_BYTES + FILE_DENTRY, dentries + 3 * DENTRY_BYTES);
	}
	CHECK(!objects_walk(&objects, "filp"));
	check_kind(&objects, "ext4 on /var, one_fops", 4);
	CHECK_STR(kind_of(&objects, "ext4 on /var, one_fops")->sample, "/var/n1/n3");
	check_kind(&objects, NULL, 1);
	objects_fini(&objects);
}

/* A protocol and a namespace. */
static void fill_protocol(struct objects_bytes *objects, uint64_t *ret_prot, uint64_t *ret_net)
{
	*ret_prot = slub_take(&objects->files.slub, 64);
	*ret_net = slub_take(&objects->files.slub, 64);
	objects_text(objects, *ret_prot, "TCP");
	slub_set(&objects->files.slub, *ret_net, 4026531840u, 4);
}

static void fill_socket(struct objects_bytes *objects, uint64_t at, uint64_t prot, uint64_t net,
	uint32_t state, uint32_t uid)
{
	struct slub_bytes *slub = &objects->files.slub;

	slub_set64(slub, at + SOCK_PROT, prot);
	slub_set64(slub, at + SOCK_NET, net);
	slub_set(slub, at + SOCK_STATE, state, 4);
	slub_set(slub, at + SOCK_UID, uid, 4);
}

TEST(sockets_have_a_protocol_a_state_a_namespace_and_an_owner)
{
	struct objects_bytes objects;
	uint64_t prot, net, sock;

	objects_init(&objects, objects_types);
	fill_protocol(&objects, &prot, &net);
	sock = objects_cache(&objects, "TCP", OBJECT_BYTES, 6);
	for (unsigned i = 0; i < 6; i++)
		fill_socket(&objects, sock + i * OBJECT_BYTES, prot, net, i < 3 ? 1 : 10, 1000);
	fill_socket(&objects, sock + 4 * OBJECT_BYTES, prot, net, 99, 0); /* no such state */
	fill_socket(&objects, sock + 5 * OBJECT_BYTES, 0x99, net, 1, 0);  /* no protocol */
	CHECK(!objects_walk(&objects, "TCP"));
	check_kind(&objects, "TCP established, net 4026531840, uid 1000", 3);
	check_kind(&objects, "TCP listening, net 4026531840, uid 1000", 1);
	check_kind(&objects, NULL, 2);
	CHECK_STR(kind_of(&objects, "TCP listening, net 4026531840, uid 1000")->sample, NULL);
	objects_fini(&objects);
}

/* Newer kernels have more before the socket. */
TEST(the_socket_of_an_inode_is_found_by_the_inode)
{
	struct objects_bytes objects;
	uint64_t prot, net, sock, alloc;
	struct slub_bytes *slub;

	for (unsigned before = 0; before <= 64; before += 64) {
		objects_init(&objects, objects_types);
		slub = &objects.files.slub;
		fill_protocol(&objects, &prot, &net);
		sock = slub_take(slub, 64);
		fill_socket(&objects, sock, prot, net, 1, 5);
		alloc = objects_cache(&objects, "sock_inode_cache", 256, 4);
		for (unsigned i = 0; i < 4; i++) {
			uint64_t at = alloc + i * 256 + before;

			slub_set64(slub, at + ALLOC_SK, i < 2 ? sock : 0);
			/* the last one has no inode */
			files_inode(&objects.files, at + ALLOC_INODE, objects.super, 0);
			if (i == 3)
				slub_set64(slub, at + ALLOC_INODE + INODE_HOST, 0);
		}
		CHECK(!objects_walk(&objects, "sock_inode_cache"));
		check_kind(&objects, "TCP established, net 4026531840, uid 5", 2);
		check_kind(&objects, "closed: no protocol has it", 1);
		check_kind(&objects, NULL, 1);
		objects_fini(&objects);
	}
}

TEST(packets_are_of_a_socket_or_a_device)
{
	struct objects_bytes objects;
	uint64_t prot, net, sock, device, skb, head;
	struct slub_bytes *slub;

	objects_init(&objects, objects_types);
	slub = &objects.files.slub;
	fill_protocol(&objects, &prot, &net);
	sock = slub_take(slub, 64);
	device = slub_take(slub, 64);
	/* one that waits is small: what is behind it is no owner */
	fill_socket(&objects, sock, prot, net, 6, 77);
	objects_text(&objects, device, "eth0");
	slub_set64(slub, device + DEVICE_NET, net);
	skb = objects_cache(&objects, "skbuff_head_cache", OBJECT_BYTES, 6);
	for (unsigned i = 0; i < 6; i++) {
		slub_set64(slub, skb + i * OBJECT_BYTES + SKB_SK, i < 2 ? sock : 0);
		slub_set64(slub, skb + i * OBJECT_BYTES + SKB_DEV, i < 5 ? device : 0);
	}
	/* another packet has the place of the device */
	slub_set64(slub, skb + 4 * OBJECT_BYTES + SKB_DEV, skb);
	CHECK(!objects_walk(&objects, "skbuff_head_cache"));
	check_kind(&objects, "of a socket: TCP time wait, net 4026531840", 2);
	check_kind(&objects, "of device eth0", 2);
	check_kind(&objects, "of no socket and no device", 1);
	check_kind(&objects, NULL, 1);
	/* the data of the first and of the third packet; the last one is of none */
	head = objects_cache(&objects, "skbuff_small_head", OBJECT_BYTES, 3);
	slub_set64(slub, skb + SKB_HEAD, head);
	slub_set64(slub, skb + 2 * OBJECT_BYTES + SKB_HEAD, head + OBJECT_BYTES);
	objects.snap->object_groups.count = 0;
	CHECK(!objects_walk(&objects, "skbuff_small_head"));
	check_kind(&objects, "of a socket: TCP time wait, net 4026531840", 1);
	check_kind(&objects, "of device eth0", 1);
	check_kind(&objects, NULL, 1);
	objects_fini(&objects);
}

TEST(tasks_are_grouped_by_family_and_credentials_by_user)
{
	struct objects_bytes objects;
	uint64_t task, cred, user;
	struct slub_bytes *slub;

	objects_init(&objects, objects_types);
	slub = &objects.files.slub;
	task = objects_cache(&objects, "task_struct", OBJECT_BYTES, 5);
	for (unsigned i = 0; i < 4; i++) {
		slub_set(slub, task + i * OBJECT_BYTES + TASK_FLAGS, i < 2 ? 0x00200000 : 0, 4);
		objects_text(&objects, task + i * OBJECT_BYTES + TASK_COMM,
			i < 2 ? (i ? "kworker/0:1" : "kworker/1:0") : "sh");
	}
	slub_set(slub, task + 3 * OBJECT_BYTES + TASK_EXIT, 32, 4);
	CHECK(!objects_walk(&objects, "task_struct"));
	check_kind(&objects, "kworker (kernel thread)", 2);
	check_kind(&objects, "sh", 1);
	check_kind(&objects, "sh, exited", 1);
	check_kind(&objects, NULL, 1);
	objects.snap->object_groups.count = 0;

	cred = objects_cache(&objects, "cred_jar", OBJECT_BYTES, 3);
	user = slub_take(slub, 64);
	slub_set(slub, user, 1000, 4);
	for (unsigned i = 0; i < 3; i++) {
		slub_set(slub, cred + i * OBJECT_BYTES + CRED_UID, i < 2 ? 1000 : 7, 4);
		slub_set64(slub, cred + i * OBJECT_BYTES + CRED_USER, user);
	}
	CHECK(!objects_walk(&objects, "cred_jar"));
	check_kind(&objects, "uid 1000", 2);
	check_kind(&objects, NULL, 1); /* of another cache that was merged */
	objects_fini(&objects);
}

TEST(tasks_have_the_time_of_their_start)
{
	static const uint64_t starts_s[] = { 1000, 990, 400 };
	const struct kt_object_group *group;
	struct objects_bytes objects;
	uint64_t task;

	objects_init(&objects, objects_types);
	task = objects_cache(&objects, "task_struct", OBJECT_BYTES, 3);
	for (unsigned i = 0; i < KT_LEN(starts_s); i++) {
		objects_text(&objects, task + i * OBJECT_BYTES + TASK_COMM, "sh");
		slub_set64(&objects.files.slub, task + i * OBJECT_BYTES + TASK_START,
			starts_s[i] * 1000000000);
	}
	objects.snap->host.uptime_s = 1010;
	CHECK(!objects_walk(&objects, "task_struct"));
	group = kind_of(&objects, "sh");
	if (CHECK(group != NULL)) {
		CHECK_INT(group->nr_aged, 3);
		CHECK_INT(group->age_median_s, 20);
		CHECK_INT(group->age_oldest_s, 610);
	}
	objects.snap->object_groups.count = 0;
	objects.snap->host.uptime_s = KT_UNKNOWN;
	CHECK(!objects_walk(&objects, "task_struct"));
	group = kind_of(&objects, "sh");
	if (CHECK(group != NULL))
		CHECK_INT(group->age_median_s, KT_UNKNOWN);
	objects_fini(&objects);
}

/* /devices/one/... of sysfs; all nodes but the top have the same name. */
TEST(nodes_of_kernfs_have_a_tree_and_directories)
{
	struct objects_bytes objects;
	uint64_t node, root, info, name;
	struct slub_bytes *slub;

	objects_init(&objects, objects_types);
	slub = &objects.files.slub;
	node = objects_cache(&objects, "kernfs_node_cache", OBJECT_BYTES, 8);
	root = slub_take(slub, 64);
	info = slub_take(slub, 64);
	name = slub_take(slub, 64);
	objects_text(&objects, name, "dir");
	for (unsigned i = 0; i < 8; i++) {
		slub_set64(slub, node + i * OBJECT_BYTES + NODE_PARENT,
			i ? node + (i - 1) * OBJECT_BYTES : 0);
		slub_set64(slub, node + i * OBJECT_BYTES + NODE_ROOT, root);
		slub_set64(slub, node + i * OBJECT_BYTES + NODE_NAME, name);
	}
	/* a circle */
	slub_set64(slub, node + 7 * OBJECT_BYTES + NODE_PARENT, node + 7 * OBJECT_BYTES);
	slub_set64(slub, root + ROOT_TOP, node);
	slub_list(slub, root + ROOT_SUPERS);
	slub_link(slub, root + ROOT_SUPERS, info + INFO_NODE);
	slub_set64(slub, info + INFO_SUPER, objects.super);
	CHECK(!objects_walk(&objects, "kernfs_node_cache"));
	check_kind(&objects, "ext4 on /var: /", 2);
	check_kind(&objects, "ext4 on /var: /dir", 1);
	check_kind(&objects, "ext4 on /var: /dir/dir", 4);
	check_kind(&objects, NULL, 1);
	objects_fini(&objects);
}

TEST(without_the_types_of_a_rule_pointers_tell_objects_apart_and_a_note_says_so)
{
	struct objects_bytes objects;
	uint64_t file;

	objects_init(&objects, files_types); /* without struct file */
	file = objects_cache(&objects, "filp", OBJECT_BYTES, 3);
	for (unsigned i = 0; i < 3; i++)
		slub_set64(&objects.files.slub, file + i * OBJECT_BYTES + 8, TEXT_FIRST + 0x1000);
	CHECK(!objects_walk(&objects, "filp"));
	CHECK_INT(objects.snap->object_groups.count, 1);
	CHECK_STR(objects.snap->object_groups.items[0].holds, "+8 one_read");
	CHECK_INT(objects.snap->object_groups.items[0].nr_objs, 3);
	if (CHECK(objects.snap->notes.count == 1))
		CHECK(strstr(objects.snap->notes.items[0], "file") != NULL);
	objects_fini(&objects);
}

TEST(damaged_memory_ends_the_description_of_objects)
{
	static const char *const names[] = { "dentry", "inode_cache", "filp", "TCP",
		"skbuff_head_cache", "skbuff_small_head", "task_struct", "cred_jar",
		"kernfs_node_cache" };
	struct objects_bytes objects;
	uint64_t dentries, inodes;

	objects_init(&objects, objects_types);
	fill_files(&objects, 6, &dentries, &inodes);
	for (unsigned i = 2; i < KT_LEN(names); i++)
		objects_cache(&objects, names[i], OBJECT_BYTES, 4);
	for (unsigned i = 0; i < 10000; i++) {
		char *memory = objects.files.slub.memory;
		size_t at = dice(5) ? (size_t)FILES_FIRST * 4096 + dice(10 * 4096 - 8)
				    : dice(objects.files.slub.used);
		uint64_t value = dice(3) ? SLUB_BASE + dice(SLUB_BYTES) : dice(UINT64_MAX);
		int64_t nr_objs = 0;

		/* damage adds up; what is free stays so */
		if (at % 4096 < 2048 || at < (size_t)FILES_FIRST * 4096)
			memcpy(memory + at, &value, 1ull << dice(4));
		objects.snap->object_groups.count = 0;
		kt_err_free(objects_walk(&objects, names[dice(KT_LEN(names))]));
		for (size_t k = 0; k < objects.snap->object_groups.count; k++)
			nr_objs += objects.snap->object_groups.items[k].nr_objs;
		CHECK(nr_objs <= 2 * 4096 / OBJECT_BYTES);
		CHECK(objects.files.slub.target->nr_reads < 100000);
		objects.files.slub.target->nr_reads = 0;
	}
	objects_fini(&objects);
}
