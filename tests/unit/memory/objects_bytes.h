// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_OBJECTS_BYTES_H
#define KT_TEST_OBJECTS_BYTES_H

/** Objects of known types, next to file systems: files, sockets, packets, tasks, credentials. */

#include "files_bytes.h"

#include "memory/objects/object_groups.h"

#define OBJECT_BYTES 64u
#define TEXT_FIRST   0xffffffff81000000ull /* functions of the kernel */

/* Places of members. */
enum {
	FILE_OPS = 0,
	FILE_INODE = 8,
	FILE_DENTRY = 16,
	SOCK_PROT = 0,
	SOCK_NET = 8,
	SOCK_STATE = 16,
	SOCK_UID = 24,
	ALLOC_SK = 8,
	ALLOC_INODE = 16,
	SKB_SK = 0,
	SKB_DEV = 8,
	SKB_HEAD = 24,
	DEVICE_NAME = 0,
	DEVICE_NET = 16,
	TASK_FLAGS = 0,
	TASK_EXIT = 4,
	TASK_COMM = 8,
	TASK_START = 24,
	CRED_UID = 0,
	CRED_USER = 8,
};

static inline void objects_socket_types(struct made_types *made, const struct slub_ids *ids)
{
	uint32_t text = made_array(made, made_int(made, "char", 1), 16);
	const struct made_member of_net[] = { { "net", ids->pointer, 0, 0 } };
	const struct made_member of_uid[] = { { "val", ids->number, 0, 0 } };
	const struct made_member of_ns[] = { { "inum", ids->number, 0, 0 } };
	uint32_t net = made_struct(made, "", 8, of_net, 1);
	uint32_t uid = made_struct(made, "", 4, of_uid, 1);
	uint32_t ns = made_struct(made, "ns_common", 4, of_ns, 1);
	const struct made_member of_common[] = { { "skc_prot", ids->pointer, SOCK_PROT * 8, 0 },
		{ "skc_net", net, SOCK_NET * 8, 0 },
		{ "skc_state", ids->number, SOCK_STATE * 8, 0 } };
	uint32_t common = made_struct(made, "sock_common", 24, of_common, KT_LEN(of_common));
	const struct made_member of_sock[] = { { "__sk_common", common, 0, 0 },
		{ "sk_uid", uid, SOCK_UID * 8, 0 } };
	const struct made_member of_socket[] = { { "sk", ids->pointer, ALLOC_SK * 8, 0 } };
	const struct made_member of_alloc[] = {
		{ "socket", made_struct(made, "socket", 16, of_socket, 1), 0, 0 },
		{ "vfs_inode", ids->pointer, ALLOC_INODE * 8, 0 }
	};
	const struct made_member of_proto[] = { { "name", text, 0, 0 } };
	const struct made_member of_space[] = { { "ns", ns, 0, 0 } };
	const struct made_member of_skb[] = { { "sk", ids->pointer, SKB_SK * 8, 0 },
		{ "dev", ids->pointer, SKB_DEV * 8, 0 },
		{ "head", ids->pointer, SKB_HEAD * 8, 0 } };
	const struct made_member of_device[] = { { "name", text, DEVICE_NAME * 8, 0 },
		{ "nd_net", net, DEVICE_NET * 8, 0 } };
	const struct made_member of_user[] = { { "uid", uid, 0, 0 } };
	const struct made_member of_cred[] = { { "uid", uid, CRED_UID * 8, 0 },
		{ "user", ids->pointer, CRED_USER * 8, 0 } };

	made_struct(made, "sock", 32, of_sock, KT_LEN(of_sock));
	made_struct(made, "socket_alloc", 16 + INODE_BYTES, of_alloc, KT_LEN(of_alloc));
	made_struct(made, "proto", 16, of_proto, 1);
	made_struct(made, "net", 4, of_space, 1);
	const struct made_member of_pair[] = { { "skb1",
		made_struct(made, "sk_buff", 32, of_skb, KT_LEN(of_skb)), 0, 0 } };

	made_struct(made, "sk_buff_fclones", 64, of_pair, 1);
	made_struct(made, "net_device", 24, of_device, KT_LEN(of_device));
	made_struct(made, "user_struct", 4, of_user, 1);
	made_struct(made, "cred", 16, of_cred, KT_LEN(of_cred));
}

static inline void objects_types(struct made_types *made, const struct slub_ids *ids)
{
	uint32_t text = made_array(made, made_int(made, "char", 1), 16);
	const struct made_member of_path[] = { { "dentry", ids->pointer, 0, 0 } };
	uint32_t path = made_struct(made, "path", 8, of_path, 1);
	const struct made_member of_file[] = { { "f_op", ids->pointer, FILE_OPS * 8, 0 },
		{ "f_inode", ids->pointer, FILE_INODE * 8, 0 },
		{ "f_path", path, FILE_DENTRY * 8, 0 } };
	const struct made_member of_task[] = { { "flags", ids->number, TASK_FLAGS * 8, 0 },
		{ "exit_state", ids->number, TASK_EXIT * 8, 0 }, { "comm", text, TASK_COMM * 8, 0 },
		{ "start_boottime", ids->pointer, TASK_START * 8, 0 } };

	files_types(made, ids);
	objects_socket_types(made, ids);
	made_struct(made, "file", 24, of_file, KT_LEN(of_file));
	made_struct(made, "task_struct", 32, of_task, KT_LEN(of_task));
}

struct objects_bytes {
	struct files_bytes files;
	struct kt_symbol_table symbols;
	struct kt_snapshot *snap;
	uint64_t super; /* ext4 on 8:1 */
};

static inline void objects_init(struct objects_bytes *objects, slub_more_types types)
{
	struct kt_symbols *known;
	struct kt_mount *mount;

	*objects = (struct objects_bytes){ .snap = kt_snapshot_new() };
	files_init_with(&objects->files, types);
	known = &objects->files.slub.target->symbols;
	kt_symbols_add(known, KT_SPAN("_stext"), TEXT_FIRST);
	kt_symbols_add(known, KT_SPAN("_etext"), TEXT_FIRST + 0x10000);
	kt_symbol_table_take(&objects->symbols, KT_SPAN("ffffffff81000000 T _stext\n"
							"ffffffff81001000 T one_read\n"
							"ffffffff81020000 D one_fops\n"));
	if (kt_symbol_table_end(&objects->symbols))
		abort();
	objects->super = files_super(&objects->files, "ext4", "sda1", 8, 1);
	mount = kt_list_push(&objects->snap->arena, &objects->snap->mounts);
	*mount = (struct kt_mount){ 8, 1, "/", "/var" };
}

static inline void objects_fini(struct objects_bytes *objects)
{
	kt_symbol_table_fini(&objects->symbols);
	kt_snapshot_free(objects->snap);
	files_fini(&objects->files);
}

/* A cache with one slab, whose first `used` objects are allocated; returns the first. */
static inline uint64_t objects_cache(
	struct objects_bytes *objects, const char *name, uint32_t bytes, uint32_t used)
{
	uint64_t cache = slub_cache(&objects->files.slub, name, bytes, bytes, 4096 / bytes);

	return files_slab(&objects->files, cache, bytes, used);
}

static inline void objects_text(struct objects_bytes *objects, uint64_t at, const char *text)
{
	memcpy(objects->files.slub.memory + (at - SLUB_BASE), text, strlen(text) + 1);
}

/** Groups the objects of a cache. */
static inline struct kt_err *objects_walk(struct objects_bytes *objects, const char *name)
{
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	const char *const names[] = { name, NULL };
	struct kt_slab_objects sum;
	struct kt_memmap memmap;
	struct kt_err *err = files_open(&objects->files, &memmap);

	return err ? err
		   : kt_object_groups(
			     &memmap, &opts, names, &objects->symbols, objects->snap, &sum);
}

#endif
