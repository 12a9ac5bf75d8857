// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/files/directories.h"

#include "base/attr.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX   1024u      /* of directories */
#define ENTRIES_MAX 65536u     /* directories that are listed */
#define KNOWN_MAX   (1u << 20) /* directories that are looked up once */
#define NO_DEPTH    UINT32_MAX

/* A directory that was looked up. */
struct known {
	uint32_t entry; /* of the list */
	uint32_t depth; /* below the mounted directory; NO_DEPTH: it is in no directory */
	uint64_t hash;	/* of its path */
};

struct kt_directories {
	struct kt_target *target;
	const struct kt_file_structs *structs;
	struct kt_snapshot *snap;
	unsigned depth;
	struct kt_arena arena;
	struct kt_map numbers; /* address of a directory's dentry -> place in `known`, plus 1 */
	KT_LIST(struct known) known;
	struct kt_map entries;	 /* super block and path -> place in the list, plus 1 */
	struct kt_map roots;	 /* super block and hash of a path -> mount, plus 1 */
	KT_LIST(bool) has_roots; /* of a super block: parts of it are mounted */
	uint64_t nr_torn;
};

struct kt_directories *kt_directories_new(struct kt_target *target,
	const struct kt_file_structs *structs, struct kt_snapshot *snap, unsigned depth)
{
	struct kt_directories *directories = calloc(1, sizeof(*directories));

	if (!directories)
		return NULL;
	directories->target = target;
	directories->structs = structs;
	directories->snap = snap;
	directories->depth = depth;
	return directories;
}

void kt_directories_free(struct kt_directories *directories)
{
	if (!directories)
		return;
	kt_map_fini(&directories->numbers);
	kt_map_fini(&directories->entries);
	kt_map_fini(&directories->roots);
	kt_arena_fini(&directories->arena);
	free(directories);
}

bool kt_directories_failed(const struct kt_directories *directories)
{
	return directories->arena.failed || directories->numbers.failed ||
	       directories->entries.failed || directories->roots.failed;
}

uint64_t kt_directories_torn(const struct kt_directories *directories)
{
	return directories->nr_torn;
}

/* ---- mounted directories ---- */

struct root_key {
	uint64_t superblock, hash;
};

static const struct kt_superblock *super_of(
	const struct kt_directories *directories, size_t superblock)
{
	return &directories->snap->superblocks.items[superblock];
}

static uint64_t hash_of(const char *path)
{
	struct kt_span rest = kt_span_str(path), name;
	uint64_t hash = KT_HASH_START;

	while (kt_span_skip(&rest, "/")) {
		if (!kt_span_until(&rest, '/', &name)) {
			name = rest;
			rest.n = 0;
		} else {
			/* the slash begins the next name */
			rest = (struct kt_span){ rest.p - 1, rest.n + 1 };
		}
		if (name.n)
			hash = kt_span_hash(hash, name);
	}
	return hash;
}

static void add_root(struct kt_directories *directories, size_t superblock, size_t mount)
{
	struct root_key key = { superblock, hash_of(directories->snap->mounts.items[mount].root) };
	uint32_t *number = kt_map_add(&directories->roots,
		(struct kt_span){ (const char *)&key, sizeof(key) }, &directories->arena, NULL);

	if (number && !*number)
		*number = (uint32_t)mount + 1;
}

/* Notes its mounts, once. Returns whether directories other than its top are mounted. */
static bool find_roots(struct kt_directories *directories, size_t superblock)
{
	const struct kt_snapshot *snap = directories->snap;

	while (directories->has_roots.count <= superblock) {
		const struct kt_superblock *super =
			super_of(directories, directories->has_roots.count);
		bool *slot = kt_list_push(&directories->arena, &directories->has_roots);

		if (!slot)
			return false;
		*slot = false;
		for (size_t i = 0; i < snap->mounts.count; i++) {
			const struct kt_mount *mount = &snap->mounts.items[i];

			if (mount->major != super->major || mount->minor != super->minor)
				continue;
			add_root(directories, directories->has_roots.count - 1, i);
			*slot |= strcmp(mount->root, "/") != 0;
		}
	}
	return directories->has_roots.items[superblock];
}

/* The mount of a directory; NULL: it has none. */
static const struct kt_mount *mount_of(
	const struct kt_directories *directories, size_t superblock, uint64_t hash)
{
	struct root_key key = { superblock, hash };
	const uint32_t *number = kt_map_find(
		&directories->roots, (struct kt_span){ (const char *)&key, sizeof(key) });

	return number && *number ? &directories->snap->mounts.items[*number - 1] : NULL;
}

/* ---- entries of the list ---- */

/* The place of a path in the list; a new path takes `above` if there is no room. */
static uint32_t entry_of(struct kt_directories *directories, size_t superblock, const char *path,
	const char *root, uint32_t above)
{
	struct kt_snapshot *snap = directories->snap;
	const char *key =
		kt_arena_printf(&directories->arena, "%zu %s", superblock, path ? path : "");
	uint32_t *number = key ? kt_map_find(&directories->entries, kt_span_str(key)) : NULL;
	struct kt_directory *slot;

	if (number)
		return *number - 1;
	if (!key || (snap->directories.count >= ENTRIES_MAX && path))
		return above;
	slot = kt_list_push(&snap->arena, &snap->directories);
	number = slot ? kt_map_add(&directories->entries, kt_span_str(key), NULL, NULL) : NULL;
	if (!number)
		return above;
	*slot = (struct kt_directory){ .superblock = superblock,
		.path = path ? kt_arena_name(&snap->arena, kt_span_str(path)) : NULL,
		.root = root };
	*number = (uint32_t)snap->directories.count;
	return *number - 1;
}

struct kt_directory *kt_directories_none(struct kt_directories *directories, size_t superblock)
{
	uint32_t entry = entry_of(directories, superblock, NULL, NULL, UINT32_MAX);

	return entry < directories->snap->directories.count
		       ? &directories->snap->directories.items[entry]
		       : NULL;
}

/* ---- directories ---- */

static bool find_known(
	const struct kt_directories *directories, uint64_t address, struct known *ret_known)
{
	const uint32_t *number = kt_map_find(
		&directories->numbers, (struct kt_span){ (const char *)&address, sizeof(address) });

	if (!number || !*number)
		return false;
	*ret_known = directories->known.items[*number - 1];
	return true;
}

/* Those beyond the limit are read again each time. */
static void keep(struct kt_directories *directories, uint64_t address, const struct known *known)
{
	struct kt_span key = { (const char *)&address, sizeof(address) };
	struct known *slot = directories->known.count < KNOWN_MAX
				     ? kt_list_push(&directories->arena, &directories->known)
				     : NULL;
	uint32_t *number =
		slot ? kt_map_add(&directories->numbers, key, &directories->arena, NULL) : NULL;

	if (!number)
		return;
	*slot = *known;
	*number = (uint32_t)directories->known.count;
}

/* The top of a file system, or a dentry that is in no directory. */
static struct known begin_top(
	struct kt_directories *directories, size_t superblock, uint64_t super, uint64_t address)
{
	struct known known = { UINT32_MAX, NO_DEPTH, KT_HASH_START };
	uint64_t top;
	const struct kt_mount *mount;

	find_roots(directories, superblock);
	mount = mount_of(directories, superblock, known.hash);
	if (!kt_target_pointer(
		    directories->target, super + directories->structs->s_root.offset, &top) ||
		top != address) {
		known.entry = entry_of(directories, superblock, NULL, NULL, UINT32_MAX);
		return known;
	}
	known.depth = 0;
	known.entry =
		entry_of(directories, superblock, "/", mount ? mount->root : NULL, UINT32_MAX);
	return known;
}

/* A mounted directory starts anew. */
static bool begin_mount(struct kt_directories *directories, size_t superblock, uint64_t address,
	struct known *known)
{
	KT_CLEANUP(buf) struct kt_buf path = { 0 };
	const struct kt_mount *mount = mount_of(directories, superblock, known->hash);

	if (!mount || !kt_dentry_path(directories->target, directories->structs, address, &path) ||
		!kt_span_eq((struct kt_span){ path.data, path.size }, mount->root))
		return false;
	known->entry = entry_of(directories, superblock, mount->root, mount->root, known->entry);
	known->depth = 0;
	return true;
}

/* One step down: from what is known of a directory to one in it. False: it changed. */
static bool step_down(struct kt_directories *directories, size_t superblock, uint64_t address,
	struct known *known)
{
	const struct kt_directory *above =
		known->entry < directories->snap->directories.count
			? &directories->snap->directories.items[known->entry]
			: NULL;
	bool parts = find_roots(directories, superblock);
	struct kt_dentry dentry;
	const char *path;

	if (known->depth == NO_DEPTH || !above || (!parts && known->depth >= directories->depth))
		return true;
	if (!kt_dentry_read(directories->target, directories->structs, address, &dentry) ||
		!dentry.name[0])
		return false;
	known->hash = kt_span_hash(known->hash, kt_span_str(dentry.name));
	if ((parts && begin_mount(directories, superblock, address, known)) ||
		known->depth >= directories->depth)
		return true;
	path = kt_arena_printf(&directories->arena, "%s/%s",
		strcmp(above->path, "/") == 0 ? "" : above->path, dentry.name);
	known->entry = entry_of(directories, superblock, path, above->root, known->entry);
	known->depth++;
	return true;
}

static bool find(struct kt_directories *directories, size_t superblock, uint64_t super,
	uint64_t address, struct known *ret_known)
{
	uint64_t below[DEPTH_MAX];
	struct kt_dentry dentry;
	unsigned count = 0;

	while (!find_known(directories, address, ret_known)) {
		if (count >= DEPTH_MAX ||
			!kt_dentry_read(
				directories->target, directories->structs, address, &dentry) ||
			dentry.super != super)
			return false;
		if (dentry.parent == address) {
			*ret_known = begin_top(directories, superblock, super, address);
			keep(directories, address, ret_known);
			break;
		}
		below[count++] = address;
		address = dentry.parent;
	}
	while (count) {
		address = below[--count];
		if (!step_down(directories, superblock, address, ret_known))
			return false;
		keep(directories, address, ret_known);
	}
	return true;
}

struct kt_directory *kt_directories_find(
	struct kt_directories *directories, size_t superblock, uint64_t super, uint64_t address)
{
	struct known known;

	if (!find(directories, superblock, super, address, &known) ||
		known.entry >= directories->snap->directories.count ||
		directories->snap->directories.items[known.entry].superblock != superblock) {
		directories->nr_torn++;
		return kt_directories_none(directories, superblock);
	}
	return &directories->snap->directories.items[known.entry];
}
