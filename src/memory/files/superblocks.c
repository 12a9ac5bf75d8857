// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/files/superblocks.h"

#include "base/attr.h"
#include "base/map.h"
#include "memory/files/directories.h"
#include "memory/files/file_structs.h"
#include "memory/files/kernfs_nodes.h"
#include "memory/files/list_lrus.h"
#include "memory/slab_objects.h"

#define SUPERS_MAX  65536u
#define INODES_MAX  (1u << 28) /* on one list */
#define TRIES	    4u
#define INODE_BYTES 2048u

/* Inodes of one super block. */
struct inodes {
	int64_t count, pages;
	uint64_t first; /* address of one of them */
};

/* The part of a super block that is not in the snapshot. */
struct super {
	uint64_t address;
	struct inodes unlisted; /* of pipes, sockets and the like: on no list */
};

struct walk {
	struct kt_target *target;
	struct kt_memmap *memmap;
	struct kt_file_structs structs;
	struct kt_snapshot *snap;
	struct kt_arena arena;
	struct kt_map indices; /* address of a super block -> index of it, plus 1; 0: it is none */
	KT_LIST(struct super) supers;
	size_t mark; /* superblocks of the snapshot before this walk */
	uint64_t last;
	uint32_t last_index; /* of the super block at `last` */
	int64_t slot_bytes;  /* of a dentry */
	struct kt_slub *slub;
	struct kt_map caches;		    /* address of a cache -> bytes of its slots */
	struct kt_directories *directories; /* NULL: only super blocks are counted */
	struct kt_superblocks_sum *sum;
};

/* ---- super blocks ---- */

/* The index of a super block, plus 1; 0: the address is of none. */
static uint32_t index_of(struct walk *walk, uint64_t address)
{
	struct kt_span key = { (const char *)&address, sizeof(address) };
	struct kt_superblock super, *slot;
	struct super *place;
	bool added = false;
	uint32_t *index;

	if (address == walk->last)
		return walk->last_index;
	index = kt_map_add(&walk->indices, key, &walk->arena, &added);
	if (added && walk->supers.count < SUPERS_MAX &&
		kt_super_block_read(
			walk->target, &walk->structs, address, &walk->snap->arena, &super)) {
		slot = kt_list_push(&walk->snap->arena, &walk->snap->superblocks);
		place = kt_list_push(&walk->arena, &walk->supers);
		if (slot && place) {
			*slot = super;
			*place = (struct super){ .address = address };
			*index = (uint32_t)walk->supers.count;
		}
	}
	walk->last = address;
	walk->last_index = index ? *index : 0;
	return walk->last_index;
}

/* Bytes of the slot that an object of the kernel is in; 0: it is in no slab. */
static int64_t slot_of(struct walk *walk, uint64_t object)
{
	struct kt_slub_cache cache;
	struct kt_span key;
	uint64_t address;
	uint32_t *bytes;
	bool added = false;

	if (!kt_memmap_cache_of(walk->memmap, object, &address))
		return 0;
	key = (struct kt_span){ (const char *)&address, sizeof(address) };
	bytes = kt_map_add(&walk->caches, key, &walk->arena, &added);
	if (added && kt_slub_read_cache(walk->slub, address, &walk->arena, &cache) &&
		cache.size > 0)
		*bytes = (uint32_t)cache.size;
	return bytes ? *bytes : 0;
}

/* ---- dentries ---- */

/* The members of a dentry. */
struct dentry {
	uint64_t address, super, parent, inode, name;
	int32_t count; /* below zero it is being freed */
	bool is_first; /* of the dentries of its inode */
	bool has_long_name;
};

/* The first dentry of an inode is the one that the inode points to. */
static void read_dentry(
	const struct walk *walk, uint64_t address, const char *copy, struct dentry *ret)
{
	const struct kt_file_structs *structs = &walk->structs;
	size_t bytes = (size_t)walk->slot_bytes;
	struct kt_field back = structs->d_alias;

	back.size = walk->target->types.pointer_bytes;
	back.offset += back.size;
	ret->address = address;
	ret->super = kt_field_get(&structs->d_sb, copy, bytes);
	ret->parent = kt_field_get(&structs->d_parent, copy, bytes);
	ret->inode = kt_field_get(&structs->d_inode, copy, bytes);
	ret->count = (int32_t)kt_field_get(&structs->d_count, copy, bytes);
	ret->name = kt_field_get(&structs->d_name, copy, bytes);
	ret->has_long_name = ret->name != address + structs->d_short.offset;
	ret->is_first = ret->inode && structs->d_alias.exists && structs->i_dentry.exists &&
			kt_field_get(&back, copy, bytes) == ret->inode + structs->i_dentry.offset;
}

/* Inodes of pipes and sockets are on no list; their dentries are in no directory. */
static void take_unlisted(struct walk *walk, const struct dentry *dentry, struct super *super)
{
	uint64_t list = dentry->inode + walk->structs.i_sb_list.offset, next;

	if (!dentry->is_first || dentry->parent != dentry->address ||
		!kt_target_pointer(walk->target, list, &next) || next != list)
		return;
	super->unlisted.count++;
	super->unlisted.first = dentry->inode;
}

static void take_directory(
	struct walk *walk, const struct dentry *dentry, uint32_t index, int64_t name_bytes)
{
	struct kt_directory *directory = kt_directories_find(
		walk->directories, walk->mark + index - 1, dentry->super, dentry->parent);

	if (!directory)
		return;
	directory->nr_dentries++;
	directory->nr_unused += dentry->count == 0;
	directory->nr_negative += dentry->count == 0 && !dentry->inode;
	directory->nr_long_names += dentry->has_long_name;
	directory->nr_inodes += dentry->is_first;
	directory->name_bytes += name_bytes;
}

static void take_dentry(void *arg, uint64_t address, const char *copy)
{
	struct walk *walk = arg;
	struct kt_superblock *super;
	struct dentry dentry;
	int64_t name_bytes;
	uint32_t index;

	read_dentry(walk, address, copy, &dentry);
	index = dentry.super && dentry.count >= 0 ? index_of(walk, dentry.super) : 0;
	/* where memory moves, it may be no dentry any more */
	walk->sum->nr_unread +=
		!index && dentry.super && dentry.count >= 0 && walk->target->at_rest;
	if (!index)
		return;
	name_bytes = dentry.has_long_name ? slot_of(walk, dentry.name) : 0;
	super = &walk->snap->superblocks.items[walk->mark + index - 1];
	super->nr_dentries++;
	super->nr_unused += dentry.count == 0;
	super->nr_negative += dentry.count == 0 && !dentry.inode;
	super->nr_long_names += dentry.has_long_name;
	super->name_bytes += name_bytes;
	walk->sum->nr_dentries++;
	take_unlisted(walk, &dentry, &walk->supers.items[index - 1]);
	if (walk->directories)
		take_directory(walk, &dentry, index, name_bytes);
}

/* ---- inodes ---- */

/*
 * An inode that is removed meanwhile leads to itself, and one that is used anew is the first of the
 * list again: the back pointer of each inode shows that.
 */
static bool count_inodes(struct walk *walk, uint64_t sb, struct inodes *ret)
{
	const struct kt_file_structs *layout = &walk->structs;
	uint64_t head = sb + layout->s_inodes.offset, at, before = head;
	uint32_t bytes = layout->i_nrpages.offset + layout->i_nrpages.size;
	struct kt_field next = layout->i_sb_list, prev = layout->i_sb_list;
	char inode[INODE_BYTES];

	next.size = prev.size = walk->target->types.pointer_bytes;
	prev.offset += next.size;
	*ret = (struct inodes){ 0 };
	if (bytes < prev.offset + prev.size)
		bytes = prev.offset + prev.size;
	if (bytes > sizeof(inode) || !kt_target_pointer(walk->target, head, &at))
		return false;
	while (at != head) {
		uint64_t address = at - layout->i_sb_list.offset;

		if (ret->count >= INODES_MAX ||
			!kt_target_read(walk->target, address, inode, bytes) ||
			kt_field_get(&layout->i_sb, inode, bytes) != sb ||
			kt_field_get(&prev, inode, bytes) != before)
			return false;
		ret->count++;
		ret->pages += (int64_t)kt_field_get(&layout->i_nrpages, inode, bytes);
		ret->first = address;
		before = at;
		at = kt_field_get(&next, inode, bytes);
	}
	return true;
}

/* All inodes of a file system are of one cache, in all file systems that have more than one. */
static int64_t inode_bytes(struct walk *walk, const struct inodes *inodes)
{
	int64_t bytes = inodes->count ? slot_of(walk, inodes->first) : 0;

	return bytes || !inodes->count ? inodes->count * bytes : KT_UNKNOWN;
}

static void add_inodes(struct walk *walk)
{
	for (size_t i = 0; i < walk->supers.count; i++) {
		struct kt_superblock *super = &walk->snap->superblocks.items[walk->mark + i];
		const struct super *of = &walk->supers.items[i];
		struct inodes inodes;
		unsigned tries = 0;

		super->dentry_bytes = super->nr_dentries * walk->slot_bytes;
		while (tries < TRIES && !count_inodes(walk, of->address, &inodes))
			tries++;
		if (tries == TRIES) {
			walk->sum->nr_torn++;
			continue;
		}
		inodes.count += of->unlisted.count;
		inodes.first = inodes.first ? inodes.first : of->unlisted.first;
		super->nr_inodes = inodes.count;
		super->cached_pages = inodes.pages;
		super->inode_bytes = inode_bytes(walk, &inodes);
		walk->sum->nr_inodes += (uint64_t)inodes.count;
	}
}

/* Inodes that no dentry of a directory leads to are in no directory. */
static void add_nameless(struct walk *walk, size_t first)
{
	struct kt_snapshot *snap = walk->snap;
	bool is_known = walk->structs.d_alias.exists && walk->structs.i_dentry.exists;
	int64_t *named = kt_arena_alloc(
		&walk->arena, (snap->superblocks.count - walk->mark + 1) * sizeof(*named));

	for (size_t i = first; named && i < snap->directories.count; i++) {
		struct kt_directory *directory = &snap->directories.items[i];

		if (directory->path)
			named[directory->superblock - walk->mark] += directory->nr_inodes;
		if (!is_known)
			directory->nr_inodes = KT_UNKNOWN;
	}
	for (size_t i = walk->mark; named && i < snap->superblocks.count; i++) {
		struct kt_directory *none = kt_directories_none(walk->directories, i);
		int64_t all = snap->superblocks.items[i].nr_inodes;
		int64_t rest = all - named[i - walk->mark];

		if (none && (!is_known || !kt_known(all)))
			none->nr_inodes = KT_UNKNOWN;
		else if (none && rest > none->nr_inodes)
			none->nr_inodes = rest;
	}
}

/* ---- what only the whole file system has ---- */

static uint32_t find_super(void *arg, uint64_t address)
{
	return index_of(arg, address);
}

static void add_node(void *arg, uint32_t index, int64_t bytes)
{
	struct walk *walk = arg;
	struct kt_superblock *super = &walk->snap->superblocks.items[walk->mark + index - 1];

	super->kernfs_bytes = kt_known_of(super->kernfs_bytes, 0) + bytes;
}

/* Other file systems have no nodes; without a cache of nodes that is not known. */
static struct kt_err *add_nodes(struct walk *walk)
{
	const struct kt_kernfs_nodes nodes = { walk->memmap, walk->slub, find_super, add_node,
		walk };
	struct kt_err *err = kt_kernfs_nodes_find(&nodes);
	uint64_t nr_unread = 0;

	if (err) {
		kt_arena_ignore(&walk->arena, err);
		return NULL;
	}
	err = kt_kernfs_nodes_count(&nodes, &nr_unread);
	walk->sum->nr_unread += nr_unread;
	for (size_t i = walk->mark; !err && i < walk->snap->superblocks.count; i++) {
		struct kt_superblock *super = &walk->snap->superblocks.items[i];

		super->kernfs_bytes = kt_known_of(super->kernfs_bytes, 0);
	}
	return err;
}

static int64_t slot_bytes_of(void *arg, uint64_t object)
{
	return slot_of(arg, object);
}

static void add_lrus(struct walk *walk)
{
	struct kt_list_lrus lrus;

	if (!kt_list_lrus_init(&lrus, walk->target, slot_bytes_of, walk))
		return;
	for (size_t i = 0; i < walk->supers.count; i++)
		walk->snap->superblocks.items[walk->mark + i].lru_bytes =
			kt_list_lrus_of(&lrus, walk->supers.items[i].address);
}

/* ---- all ---- */

static struct kt_err *run(struct walk *walk)
{
	static const char *const names[] = { "dentry", NULL };
	size_t first = walk->snap->directories.count;
	struct kt_slub_cache dentries;
	struct kt_slab_objects objects;
	struct kt_err *err = kt_file_structs_find(&walk->target->types, &walk->structs);

	if (!err && !kt_slub_find(walk->slub, &walk->arena, names, &dentries))
		err = kt_err_new(KT_ERR_ABSENT, "no slab cache is named dentry");
	if (!err)
		err = kt_memmap_find_direct(walk->memmap);
	if (err)
		return err;
	walk->slot_bytes = dentries.size;
	err = kt_slab_objects(walk->slub, walk->memmap, &dentries, take_dentry, walk, &objects);
	if (err)
		return err;
	walk->sum->nr_unread += objects.nr_unread;
	walk->sum->nr_torn += objects.nr_torn;
	err = add_nodes(walk);
	if (err)
		return err;
	add_inodes(walk);
	add_lrus(walk);
	if (walk->directories) {
		add_nameless(walk, first);
		walk->sum->nr_torn += kt_directories_torn(walk->directories);
	}
	return walk->indices.failed || walk->caches.failed || walk->arena.failed ||
			       (walk->directories && kt_directories_failed(walk->directories))
		       ? kt_err_new(KT_ERR_NOMEM, "out of memory")
		       : NULL;
}

static struct kt_err *start(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	struct kt_snapshot *snap, const unsigned *depth, struct kt_superblocks_sum *ret_sum)
{
	KT_CLEANUP(slub) struct kt_slub *slub = NULL;
	struct walk walk = { .target = memmap->target,
		.memmap = memmap,
		.snap = snap,
		.mark = snap->superblocks.count,
		.sum = ret_sum };
	struct kt_err *err = kt_slub_new(memmap->target, opts, &slub);

	*ret_sum = (struct kt_superblocks_sum){ 0 };
	walk.slub = slub;
	if (!err && depth) {
		walk.directories = kt_directories_new(memmap->target, &walk.structs, snap, *depth);
		if (!walk.directories)
			err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	if (!err)
		err = run(&walk);
	kt_directories_free(walk.directories);
	kt_map_fini(&walk.indices);
	kt_map_fini(&walk.caches);
	kt_arena_fini(&walk.arena);
	return err;
}

struct kt_err *kt_superblocks_walk(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	struct kt_snapshot *snap, struct kt_superblocks_sum *ret_sum)
{
	return start(memmap, opts, snap, NULL, ret_sum);
}

struct kt_err *kt_directories_walk(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	unsigned depth, struct kt_snapshot *snap, struct kt_superblocks_sum *ret_sum)
{
	return start(memmap, opts, snap, &depth, ret_sum);
}
