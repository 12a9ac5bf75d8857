// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_FILES_BYTES_H
#define KT_TEST_FILES_BYTES_H

/**
 * A kernel made by hand with file systems: a memory map, slabs of dentries and of inodes in the
 * pages that it describes, super blocks, and lists of inodes.
 */

#include "slub_bytes.h"

#include "memory/files/superblocks.h"

#define FILES_MAP	 0xffffea0000000000ull
#define FILES_PAGES	 (SLUB_BYTES / 4096)
#define FILES_DATA	 0xffffffff81010000ull /* the kernel's own data */
#define FILES_DATA_BYTES 0x20000u
#define FILES_FIRST	 (SLUB_STEP / 4096 + 64) /* PFN from which slabs are made */

/* Places of members. */
enum {
	DENTRY_SB = 0,
	DENTRY_INODE = 8,
	DENTRY_COUNT = 16,
	DENTRY_FLAGS = 20,
	DENTRY_NAME = 24,
	DENTRY_PARENT = 32,
	DENTRY_ALIAS = 40,
	DENTRY_LRU = 40,   /* of a dentry without an inode */
	DENTRY_SHORT = 56, /* 7 letters */
	DENTRY_BYTES = 64,
	SUPER_DEV = 16,
	SUPER_TYPE = 24,
	SUPER_ID = 32,
	SUPER_INODES = 64,
	SUPER_ROOT = 80,
	SUPER_LRUS = 88, /* of dentries and of inodes */
	SUPER_BYTES = 120,
	INODE_SB = 0,
	INODE_LIST = 8,
	INODE_HOST = 24,
	INODE_PAGES = 32,
	INODE_DENTRIES = 40,
	INODE_LRU = 64,
	INODE_COUNT = 80,
	INODE_STATE = 84,
	INODE_BYTES = 128,
	NODE_PARENT = 0,
	NODE_ROOT = 8,
	NODE_NAME = 16,
	ROOT_TOP = 0,
	ROOT_SUPERS = 8,
	INFO_SUPER = 0,
	INFO_NODE = 8,
	TREE_SLOTS = 8, /* of struct xa_node */
	PAGE_TYPE = 48,
	PAGE_BYTES = 64,
};

#define FILES_SLAB 0xf5u /* the mark of a slab */

struct files_bytes {
	struct slub_bytes slub;
	char *map, *data;
	struct kt_target_piece pieces[3];
	struct kt_memmap memmap;
	uint64_t dentries, inodes; /* caches */
	uint32_t next_pfn;
};

/* Nodes of kernfs, and lists of unused objects: a tree with nodes of four slots. */
static inline void files_tree_types(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_dir[] = { { "root", ids->pointer, 0, 0 } };
	uint32_t dir = made_struct(made, "kernfs_elem_dir", 8, of_dir, 1);
	const struct made_member of_node[] = { { "parent", ids->pointer, NODE_PARENT * 8, 0 },
		{ "dir", dir, NODE_ROOT * 8, 0 }, { "name", ids->pointer, NODE_NAME * 8, 0 } };
	const struct made_member of_root[] = { { "kn", ids->pointer, ROOT_TOP * 8, 0 },
		{ "supers", ids->list, ROOT_SUPERS * 8, 0 } };
	const struct made_member of_info[] = { { "sb", ids->pointer, INFO_SUPER * 8, 0 },
		{ "node", ids->list, INFO_NODE * 8, 0 } };
	const struct made_member of_tree[] = { { "shift", ids->number, 0, 0 },
		{ "slots", ids->pointers, TREE_SLOTS * 8, 0 } };

	made_struct(made, "kernfs_node", 24, of_node, KT_LEN(of_node));
	made_struct(made, "kernfs_root", 24, of_root, KT_LEN(of_root));
	made_struct(made, "kernfs_super_info", 24, of_info, KT_LEN(of_info));
	made_struct(made, "xa_node", 40, of_tree, KT_LEN(of_tree));
}

static inline void files_dentry_type(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_lockref[] = { { "count", ids->number, 0, 0 } };
	const struct made_member of_qstr[] = { { "name", ids->pointer, 0, 0 } };
	uint32_t lockref = made_struct(made, "lockref", 4, of_lockref, 1);
	uint32_t qstr = made_struct(made, "qstr", 8, of_qstr, 1);
	uint32_t name = made_array(made, made_int(made, "char", 1), 8);
	const struct made_member of_dentry[] = { { "d_sb", ids->pointer, DENTRY_SB * 8, 0 },
		{ "d_inode", ids->pointer, DENTRY_INODE * 8, 0 },
		{ "d_lockref", lockref, DENTRY_COUNT * 8, 0 },
		{ "d_name", qstr, DENTRY_NAME * 8, 0 },
		{ "d_parent", ids->pointer, DENTRY_PARENT * 8, 0 },
		{ "d_alias", ids->list, DENTRY_ALIAS * 8, 0 },
		{ "d_lru", ids->list, DENTRY_LRU * 8, 0 },
		{ "d_flags", ids->number, DENTRY_FLAGS * 8, 0 },
		{ "d_iname", name, DENTRY_SHORT * 8, 0 } };

	made_struct(made, "dentry", DENTRY_BYTES, of_dentry, KT_LEN(of_dentry));
}

static inline void files_super_type(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_type[] = { { "name", ids->pointer, 0, 0 } };
	const struct made_member of_array[] = { { "xa_head", ids->pointer, 0, 0 } };
	uint32_t array = made_struct(made, "xarray", 8, of_array, 1);
	const struct made_member of_lru[] = { { "node", ids->pointer, 0, 0 },
		{ "xa", array, 64, 0 } };
	uint32_t lru = made_struct(made, "list_lru", 16, of_lru, KT_LEN(of_lru));
	uint32_t id = made_array(made, made_int(made, "char", 1), 32);
	const struct made_member of_super[] = { { "s_list", ids->list, 0, 0 },
		{ "s_dev", ids->number, SUPER_DEV * 8, 0 },
		{ "s_type", ids->pointer, SUPER_TYPE * 8, 0 }, { "s_id", id, SUPER_ID * 8, 0 },
		{ "s_inodes", ids->list, SUPER_INODES * 8, 0 },
		{ "s_root", ids->pointer, SUPER_ROOT * 8, 0 },
		{ "s_dentry_lru", lru, SUPER_LRUS * 8, 0 },
		{ "s_inode_lru", lru, (SUPER_LRUS + 16) * 8, 0 } };

	made_struct(made, "super_block", SUPER_BYTES, of_super, KT_LEN(of_super));
	made_struct(made, "file_system_type", 8, of_type, KT_LEN(of_type));
}

static inline void files_inode_type(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_mapping[] = { { "host", ids->pointer, 0, 0 },
		{ "nrpages", ids->word, (INODE_PAGES - INODE_HOST) * 8, 0 } };
	uint32_t mapping = made_struct(made, "address_space", 16, of_mapping, KT_LEN(of_mapping));
	const struct made_member of_atomic[] = { { "counter", ids->number, 0, 0 } };
	uint32_t atomic = made_struct(made, "", 4, of_atomic, 1);
	const struct made_member of_inode[] = { { "i_sb", ids->pointer, INODE_SB * 8, 0 },
		{ "i_sb_list", ids->list, INODE_LIST * 8, 0 },
		{ "i_data", mapping, INODE_HOST * 8, 0 },
		{ "i_dentry", ids->pointer, INODE_DENTRIES * 8, 0 },
		{ "i_lru", ids->list, INODE_LRU * 8, 0 }, { "i_count", atomic, INODE_COUNT * 8, 0 },
		{ "i_state", ids->number, INODE_STATE * 8, 0 } };

	made_struct(made, "inode", INODE_BYTES, of_inode, KT_LEN(of_inode));
}

/* The types of files, next to those of slab caches. */
static inline void files_types(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_page[] = { { "flags", ids->word, 0, 0 },
		{ "compound_head", ids->word, 64, 0 }, { "mapping", ids->pointer, 24 * 8, 0 },
		{ "private", ids->word, 40 * 8, 0 }, { "page_type", ids->number, PAGE_TYPE * 8, 0 },
		{ "_refcount", ids->number, 52 * 8, 0 } };
	const struct made_value flags[] = { { "PG_lru", 5 }, { "PG_head", 6 },
		{ "PG_reserved", 13 } };

	files_dentry_type(made, ids);
	files_super_type(made, ids);
	files_inode_type(made, ids);
	files_tree_types(made, ids);
	made_struct(made, "page", PAGE_BYTES, of_page, KT_LEN(of_page));
	made_values(made, "pageflags", flags, KT_LEN(flags));
	made_values(made, "pagetype",
		(const struct made_value[]){ { "PGTY_buddy", 0xf0 }, { "PGTY_slab", FILES_SLAB } },
		2);
}

/* A page of the cache; its first `used` slots are in use, the other slots are on its list. */
static inline uint64_t files_slab(
	struct files_bytes *files, uint64_t cache, uint32_t size, uint32_t used)
{
	uint32_t pfn = files->next_pfn++, objects = 4096 / size;
	uint64_t at = SLUB_BASE + (uint64_t)pfn * 4096, next = 0;
	uint64_t random = slub_get64(&files->slub, cache + CACHE_RANDOM);
	char *page = files->map + (size_t)pfn * PAGE_BYTES;
	uint32_t counters = used | objects << 16, type = FILES_SLAB << 24;

	if (pfn >= FILES_PAGES)
		abort();
	for (uint32_t i = objects; i-- > used;) {
		uint64_t object = at + (uint64_t)i * size;

		slub_set64(&files->slub, object, next ^ random ^ __builtin_bswap64(object));
		next = object;
	}
	memcpy(page + SLAB_CACHE, &cache, 8);
	memcpy(page + 32, &next, 8);
	memcpy(page + SLAB_COUNTERS, &counters, 4);
	memcpy(page + PAGE_TYPE, &type, 4);
	return at;
}

static inline uint64_t files_super(
	struct files_bytes *files, const char *type, const char *id, uint32_t major, uint32_t minor)
{
	struct slub_bytes *slub = &files->slub;
	uint64_t super = slub_take(slub, SUPER_BYTES), of_type = slub_take(slub, 8);
	uint64_t name = slub_take(slub, 32);

	memcpy(slub->memory + (name - SLUB_BASE), type, strlen(type) + 1);
	memcpy(slub->memory + (super + SUPER_ID - SLUB_BASE), id, strlen(id) + 1);
	slub_set64(slub, of_type, name);
	slub_set64(slub, super + SUPER_TYPE, of_type);
	slub_set(slub, super + SUPER_DEV, major << 20 | minor, 4);
	slub_list(slub, super + SUPER_INODES);
	return super;
}

static inline void files_dentry(struct files_bytes *files, uint64_t at, uint64_t super,
	uint64_t inode, int32_t count, bool long_name)
{
	slub_set64(&files->slub, at + DENTRY_SB, super);
	slub_set64(&files->slub, at + DENTRY_INODE, inode);
	slub_set(&files->slub, at + DENTRY_COUNT, (uint32_t)count, 4);
	slub_set64(&files->slub, at + DENTRY_NAME, long_name ? SLUB_BASE + 64 : at + DENTRY_SHORT);
}

/* Puts a dentry into a directory; the top of a file system is its own. At most 7 letters. */
static inline void files_name(
	struct files_bytes *files, uint64_t at, uint64_t parent, const char *name)
{
	memcpy(files->slub.memory + (at + DENTRY_SHORT - SLUB_BASE), name, strlen(name) + 1);
	slub_set64(&files->slub, at + DENTRY_NAME, at + DENTRY_SHORT);
	slub_set64(&files->slub, at + DENTRY_PARENT, parent);
}

/* Makes a dentry the first one of its inode. */
static inline void files_alias(struct files_bytes *files, uint64_t at, uint64_t inode)
{
	slub_set64(&files->slub, at + DENTRY_INODE, inode);
	slub_set64(&files->slub, inode + INODE_DENTRIES, at + DENTRY_ALIAS);
	slub_set64(&files->slub, at + DENTRY_ALIAS + 8, inode + INODE_DENTRIES);
}

static inline void files_inode(
	struct files_bytes *files, uint64_t at, uint64_t super, uint64_t nr_pages)
{
	slub_set64(&files->slub, at + INODE_HOST, at);
	slub_set64(&files->slub, at + INODE_SB, super);
	slub_set64(&files->slub, at + INODE_PAGES, nr_pages);
	slub_link(&files->slub, super + SUPER_INODES, at + INODE_LIST);
}

static inline void files_init_with(struct files_bytes *files, slub_more_types types)
{
	struct kt_target_piece *pieces = files->pieces;
	size_t size;

	*files = (struct files_bytes){ .map = calloc(FILES_PAGES, PAGE_BYTES),
		.data = calloc(1, FILES_DATA_BYTES),
		.next_pfn = FILES_FIRST };
	slub_init_with(&files->slub, false, true, types, &size);
	kt_target_close(files->slub.target);
	pieces[0] = files->slub.piece;
	pieces[1] = (struct kt_target_piece){ FILES_MAP, files->map, FILES_PAGES * PAGE_BYTES };
	pieces[2] = (struct kt_target_piece){ FILES_DATA, files->data, FILES_DATA_BYTES };
	if (!files->map || !files->data || kt_target_of_bytes(pieces, 3, &files->slub.target))
		abort();
	slub_open(&files->slub, size);
	files->dentries =
		slub_cache(&files->slub, "dentry", DENTRY_BYTES, DENTRY_BYTES, 4096 / DENTRY_BYTES);
	files->inodes = slub_cache(
		&files->slub, "inode_cache", INODE_BYTES, INODE_BYTES, 4096 / INODE_BYTES);
}

static inline void files_init(struct files_bytes *files)
{
	files_init_with(files, files_types);
}

static inline void files_fini(struct files_bytes *files)
{
	slub_fini(&files->slub);
	free(files->map);
	free(files->data);
}

static inline struct kt_err *files_open(struct files_bytes *files, struct kt_memmap *ret_memmap)
{
	static const struct kt_pfn_range range = { 0, FILES_PAGES };
	const struct kt_page_sample sample = { .address = FILES_MAP };

	return kt_memmap_open(files->slub.target, &sample, &range, 1, ret_memmap);
}

/** Counts the files of all super blocks. */
static inline struct kt_err *files_walk(
	struct files_bytes *files, struct kt_snapshot *snap, struct kt_superblocks_sum *ret_sum)
{
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	struct kt_memmap memmap;
	struct kt_err *err = files_open(files, &memmap);

	return err ? err : kt_superblocks_walk(&memmap, &opts, snap, ret_sum);
}

/** Counts them for directories too. */
static inline struct kt_err *files_walk_directories(struct files_bytes *files, unsigned depth,
	struct kt_snapshot *snap, struct kt_superblocks_sum *ret_sum)
{
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	struct kt_memmap memmap;
	struct kt_err *err = files_open(files, &memmap);

	return err ? err : kt_directories_walk(&memmap, &opts, depth, snap, ret_sum);
}

#endif
