// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /sys/kernel/slab: the names that stand for one cache, and the fields of each cache, which
// model/cache.def lists.

#include "source/lists/slabs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDERS_MAX 8192u /* directories that are read */
#define VALUE_MAX   4096u /* bytes of an attribute */
#define PATH_BYTES  768

/* Lists the files of the fields that this source reads, as a part of `paths`. */
#define PATH_LIST(file)	    KT_SLABS_PATH "/*/" file,
#define PATH_SLABINFO(file) KT_SLABS_PATH "/*/" file,
#define PATH_PAGE(file)

/* ---- directories and the links to them ---- */

static struct kt_cache_folder unknown_folder(struct kt_arena *arena, const char *path)
{
	return kt_cache_folder_unknown(kt_arena_name(arena, kt_span_str(path)), path);
}

static int by_path(const void *key, const void *folder)
{
	return strverscmp(key, ((const struct kt_cache_folder *)folder)->path);
}

static struct kt_cache_folder *find_folder(
	const struct kt_snapshot *snap, size_t nr_sorted, const char *name)
{
	if (!nr_sorted)
		return NULL;
	return bsearch(name, snap->cache_folders.items, nr_sorted,
		sizeof(*snap->cache_folders.items), by_path);
}

/*
 * Returns the name of the directory that a link points to, which is next to the link; NULL: none.
 */
static const char *neighbour(struct kt_arena *arena, const struct kt_text *target)
{
	struct kt_span rest = kt_text_span(target), part;

	while (kt_span_until(&rest, '/', &part))
		;
	if (!rest.n || kt_span_eq(rest, ".") || kt_span_eq(rest, "..") || memchr(rest.p, 0, rest.n))
		return NULL;
	return kt_arena_printf(arena, "%.*s", (int)rest.n, rest.p);
}

struct alias {
	const char *name, *folder;
};

typedef KT_LIST(struct alias) alias_list;

static bool take_link(
	struct kt_root *root, struct kt_snapshot *snap, const char *name, alias_list *aliases)
{
	KT_CLEANUP(text) struct kt_text target = { 0 };
	char path[PATH_BYTES];
	struct alias *alias;
	struct kt_err *err;

	snprintf(path, sizeof(path), KT_SLABS_PATH "/%s", name);
	err = kt_root_link(root, path, &target);
	if (err) {
		kt_err_free(err);
		return false;
	}
	alias = kt_list_push(&snap->arena, aliases);
	if (alias)
		*alias = (struct alias){ name, neighbour(&snap->arena, &target) };
	return true;
}

/* Lists the directories, sorted, because names come sorted. */
static struct kt_err *list_folders(struct kt_root *root, struct kt_snapshot *snap)
{
	alias_list aliases = { 0 };
	kt_names names = { 0 };
	struct kt_err *err = kt_root_list(root, KT_SLABS_PATH, &snap->arena, &names);
	size_t nr_sorted;

	for (size_t i = 0; !err && i < names.count; i++) {
		struct kt_cache_folder *folder;

		if (strlen(names.items[i]) > NAME_MAX ||
			take_link(root, snap, names.items[i], &aliases))
			continue;
		if (snap->cache_folders.count == FOLDERS_MAX)
			return kt_err_new(
				KT_ERR_LIMIT, KT_SLABS_PATH ": more than %u caches", FOLDERS_MAX);
		folder = kt_list_push(&snap->arena, &snap->cache_folders);
		if (folder)
			*folder = unknown_folder(&snap->arena, names.items[i]);
	}
	nr_sorted = snap->cache_folders.count;
	for (size_t i = 0; !err && i < aliases.count; i++) {
		const struct alias *alias = &aliases.items[i];
		struct kt_cache_folder *folder =
			alias->folder ? find_folder(snap, nr_sorted, alias->folder) : NULL;
		const char **slot = folder ? kt_list_push(&snap->arena, &folder->names) : NULL;

		if (slot)
			*slot = kt_arena_name(&snap->arena, kt_span_str(alias->name));
	}
	return err;
}

/* ---- attributes ---- */

/* Reads an attribute; a missing attribute is not supported by this kernel. */
static struct kt_err *read_attr(
	struct kt_root *root, const char *folder, const char *attr, struct kt_text *ret_text)
{
	char path[PATH_BYTES];
	struct kt_err *err;

	snprintf(path, sizeof(path), KT_SLABS_PATH "/%s/%s", folder, attr);
	err = kt_root_read_head(root, path, VALUE_MAX, ret_text);
	ret_text->path = NULL;
	if (err && kt_err_code(err) != KT_ERR_NOMEM && kt_err_code(err) != KT_ERR_DENIED) {
		kt_err_free(err);
		err = NULL;
	}
	return err;
}

/* Reads "46 N0=40 N1=6": the first number is the machine's. */
static struct kt_err *read_number(
	struct kt_root *root, const struct kt_cache_field *field, struct kt_cache_folder *folder)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = read_attr(root, folder->path, field->file, &text);
	struct kt_span rest = kt_text_span(&text), word;
	uint64_t value;

	if (!err && kt_span_word(&rest, &word) && kt_span_u64(kt_span_trim(word), &value) &&
		value <= (uint64_t)KT_AMOUNT_MAX)
		*kt_cache_field_at(folder, field) = (int64_t)value;
	return err;
}

static struct kt_err *read_ctor(
	struct kt_root *root, struct kt_arena *arena, struct kt_cache_folder *folder)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = read_attr(root, folder->path, "ctor", &text);
	struct kt_span ctor = kt_span_trim(kt_text_span(&text));

	if (!err && ctor.n)
		folder->ctor = kt_arena_name(arena, ctor);
	return err;
}

static bool has_name(const struct kt_cache_folder *folder, const char *name)
{
	for (size_t i = 0; i < folder->names.count; i++) {
		if (strcmp(folder->names.items[i], name) == 0)
			return true;
	}
	return strcmp(folder->name, name) == 0;
}

static bool is_asked(const struct kt_snapshot *snap, const struct kt_cache_folder *folder)
{
	return !snap->asked_cache || has_name(folder, snap->asked_cache);
}

void kt_slabs_names(const struct kt_snapshot *snap, const char *cache,
	const char *ret_names[KT_CACHE_NAMES_MAX + 1])
{
	size_t count = 0;

	ret_names[count++] = cache;
	for (size_t i = 0; i < snap->cache_folders.count; i++) {
		const struct kt_cache_folder *folder = &snap->cache_folders.items[i];

		if (!has_name(folder, cache))
			continue;
		for (size_t k = 0; k < folder->names.count && count < KT_CACHE_NAMES_MAX; k++)
			ret_names[count++] = folder->names.items[k];
	}
	ret_names[count] = NULL;
}

struct kt_err *kt_slabs_read(
	struct kt_root *root, struct kt_snapshot *snap, enum kt_cache_read read)
{
	struct kt_err *err = NULL;

	for (size_t i = 0; !err && i < snap->cache_folders.count; i++) {
		struct kt_cache_folder *folder = &snap->cache_folders.items[i];

		if (!is_asked(snap, folder))
			continue;
		for (size_t k = 0; !err && k < KT_CACHE_FIELDS; k++) {
			if (kt_cache_fields[k].read == read)
				err = read_number(root, &kt_cache_fields[k], folder);
		}
		if (!err && read == KT_CACHE_READ_LIST)
			err = read_ctor(root, &snap->arena, folder);
	}
	return err;
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	struct kt_err *err = list_folders(root, snap);

	if (!err)
		err = kt_slabs_read(root, snap, KT_CACHE_READ_LIST);
	if (!err && (!snap->caches.count || snap->asked_cache))
		err = kt_slabs_read(root, snap, KT_CACHE_READ_SLABINFO);
	return err;
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	return (want & (KT_WANT_ALL | KT_WANT_DETAILS | KT_WANT_SLABS)) || snap->asked_cache ||
	       !snap->caches.count;
}

const struct kt_source kt_source_slabs = {
	.name = "slabs",
	.summary = "names, sizes and makers of slab caches",
	.paths = { KT_SLABS_PATH "/*", KT_SLABS_PATH "/*/ctor",
#define FIELD(member, file, read, ...) PATH_##read(file)
#include "model/cache.def"
#undef FIELD
	},
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "merged caches share one name, and padding is not separated from objects",
	.gives = "root and CONFIG_SLUB_DEBUG",
	.unwanted = "slabinfo is enough; 'ktally slab --details' reads it",
	.wanted = wanted,
	.read = read_it,
};

/* ---- names only ---- */

/* Looking up a link costs 2 µs; with more caches than this the list alone takes long enough. */
#define NAMED_MAX 1024u

static bool names_wanted(const struct kt_snapshot *snap, unsigned want)
{
	return !snap->cache_folders.count && snap->caches.count &&
	       snap->caches.count <= NAMED_MAX && !(want & KT_WANT_ALL);
}

const struct kt_source kt_source_slab_names = {
	.name = "slab_names",
	.summary = "names that stand for one slab cache",
	.paths = { KT_SLABS_PATH "/*" },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "merged caches share one name",
	.gives = "CONFIG_SLUB_DEBUG",
	.unwanted = "they are known, or there are too many caches",
	.wanted = names_wanted,
	.read = list_folders,
};
