// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/holders/holders.h"

#include "base/attr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX  (4u << 20)
#define LINKS_MAX  (16u << 20)
#define OWNERS_MAX 65536u
#define PAGE_SHIFT 12		/* of the filter */
#define NAME_BYTES 1024u	/* a longer name is cut */
#define SYMBOL_MAX (4ull << 20) /* bytes; no variable is larger */

struct kt_err *kt_holders_init(struct kt_holders *holders, struct kt_target *target,
	const struct kt_symbol_table *symbols, struct kt_place_names *names)
{
	uint64_t variable;

	*holders = (struct kt_holders){ .target = target, .symbols = symbols, .names = names };
	kt_types_field(&target->types, "kmem_cache", "refcount", &holders->refcount);
	holders->has_data = kt_symbols_find(&target->symbols, "slab_caches", &variable);
	return kt_symbols_find(&target->symbols, "_etext", &holders->text_end)
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT, "the kernel does not show where its code ends "
						   "(kernel.kptr_restrict)");
}

void kt_holders_fini(struct kt_holders *holders)
{
	kt_map_fini(&holders->owner_numbers);
	kt_map_fini(&holders->cache_numbers);
	kt_map_fini(&holders->node_numbers);
	kt_arena_fini(&holders->arena);
}

bool kt_holders_failed(const struct kt_holders *holders)
{
	return holders->arena.failed || holders->owner_numbers.failed ||
	       holders->cache_numbers.failed || holders->node_numbers.failed ||
	       kt_place_names_failed(holders->names);
}

/* ---- owners ---- */

uint32_t kt_holders_owner(
	struct kt_holders *holders, enum kt_page_owner_kind kind, const char *name)
{
	char text[NAME_BYTES];
	struct kt_page_owner *slot;
	struct kt_span key = { text, 0 };
	bool added = false;
	uint32_t *number;

	snprintf(text, sizeof(text), "%u %s", (unsigned)kind, name ? name : "");
	key.n = strlen(text);
	if (holders->owners.count >= OWNERS_MAX && name &&
		!kt_map_find(&holders->owner_numbers, key)) {
		holders->truncated = true;
		name = NULL;
		key.n = (size_t)snprintf(text, sizeof(text), "%u ", (unsigned)kind);
	}
	number = kt_map_add(&holders->owner_numbers, key, &holders->arena, &added);
	if (number && added) {
		slot = kt_list_push(&holders->arena, &holders->owners);
		if (!slot)
			return 0;
		*slot = (struct kt_page_owner){ .kind = kind,
			.name = name ? kt_arena_name(&holders->arena, kt_span_str(name)) : NULL };
		*number = (uint32_t)holders->owners.count;
	}
	return number ? *number : 0;
}

/* ---- names ---- */

/* Marks that the linker puts between variables. */
static bool is_mark(const char *name)
{
	return strncmp(name, "__start_", 8) == 0 || strncmp(name, "__stop_", 7) == 0 ||
	       strncmp(name, "__end_", 6) == 0 || strncmp(name, "__bss_", 6) == 0;
}

/* The variable that has an address; NULL: the kernel does not name it. */
static const char *variable_at(const struct kt_holders *holders, uint64_t at, uint64_t from)
{
	const struct kt_symbol *symbol =
		holders->has_data ? kt_symbol_table_find(holders->symbols, at) : NULL;
	const char *name;

	if (!symbol || symbol->address < from || at - symbol->address >= SYMBOL_MAX)
		return NULL;
	name = kt_symbol_name(holders->symbols, symbol);
	for (const struct kt_symbol *twin = symbol; is_mark(name) &&
						    twin > holders->symbols->symbols.items &&
						    twin[-1].address == symbol->address;)
		name = kt_symbol_name(holders->symbols, --twin);
	return is_mark(name) ? NULL : name;
}

const char *kt_holders_caller(struct kt_holders *holders, const struct kt_kernel_area *area)
{
	const struct kt_symbol *symbol = kt_symbol_table_find(holders->symbols, area->caller);

	return area->caller && symbol && area->caller - symbol->address < SYMBOL_MAX
		       ? kt_symbol_name(holders->symbols, symbol)
		       : NULL;
}

static uint32_t owner_of_area(
	struct kt_holders *holders, const struct kt_kernel_area *area, uint64_t at)
{
	const char *name = variable_at(holders, at, area->start);
	char text[NAME_BYTES];

	if (name)
		return kt_holders_owner(holders, KT_OWNER_DATA, name);
	name = kt_holders_caller(holders, area);
	snprintf(text, sizeof(text), "vmalloc: %s", name ? name : "?");
	return kt_holders_owner(holders, KT_OWNER_OBJECT, text);
}

static bool has_many_purposes(struct kt_holders *holders, const struct kt_slub_cache *cache)
{
	uint64_t count;

	/* an open file is of whatever its operations are */
	if (strstr(cache->memory.name, "kmalloc") || strcmp(cache->memory.name, "filp") == 0)
		return true;
	return holders->refcount.exists &&
	       kt_target_number(holders->target, cache->address + holders->refcount.offset,
		       holders->refcount.size, &count) &&
	       (int32_t)count > 1;
}

/* Structs of caches whose names are others. */
static const struct {
	const char *cache, *type;
} types_of[] = {
	{ "bdev_cache", "bdev_inode" },
	{ "ext4_inode_cache", "ext4_inode_info" },
	{ "files_cache", "files_struct" },
	{ "filp", "file" },
	{ "fs_cache", "fs_struct" },
	{ "inode_cache", "inode" },
	{ "kernfs_node_cache", "kernfs_node" },
	{ "mnt_cache", "mount" },
	{ "nsproxy", "nsproxy" },
	{ "proc_inode_cache", "proc_inode" },
	{ "radix_tree_node", "xa_node" },
	{ "shmem_inode_cache", "shmem_inode_info" },
	{ "sighand_cache", "sighand_struct" },
	{ "signal_cache", "signal_struct" },
	{ "skbuff_fclone_cache", "sk_buff_fclones" },
	{ "skbuff_head_cache", "sk_buff" },
	{ "sock_inode_cache", "sockfs_inode" }, /* has socket_alloc, on some kernels */
	{ "sock_inode_cache", "socket_alloc" },
};

static const char *type_of(const struct kt_types *types, const char *cache)
{
	for (size_t i = 0; i < KT_LEN(types_of); i++) {
		if (strcmp(types_of[i].cache, cache) == 0 && kt_types_size(types, types_of[i].type))
			return types_of[i].type;
	}
	return cache;
}

/*
 * Objects are not cleared when they are allocated: what is no pointer may look like one that a
 * former object had. What comes after the struct may be anything.
 */
static void find_words(
	struct kt_holders *holders, const struct kt_slub_cache *cache, struct kt_holder_cache *ret)
{
	size_t nr_words = (size_t)cache->size / sizeof(uint64_t);
	bool *words = kt_arena_alloc(&holders->arena, nr_words + 1);

	if (!words)
		return;
	memset(words, true, nr_words);
	if (!kt_types_pointers(&holders->target->types,
		    type_of(&holders->target->types, cache->memory.name), words, nr_words))
		return;
	ret->words = words;
	ret->nr_words = nr_words;
}

/*
 * Objects that stay allocated for some time after their last reference has gone: network namespaces
 * until another one goes (defer_free_list of struct net), others until a grace period has passed.
 * What they point to is freed already.
 */
static void find_count(
	struct kt_holders *holders, const struct kt_slub_cache *cache, struct kt_holder_cache *ret)
{
	static const struct {
		const char *cache, *type, *path;
	} counts[] = {
		{ "net_namespace", "net", "passive.refs.counter" },
		{ "task_struct", "task_struct", "usage.refs.counter" },
		{ "mm_struct", "mm_struct", "mm_count.counter" },
	};

	for (size_t i = 0; i < KT_LEN(counts); i++) {
		if (strcmp(counts[i].cache, cache->memory.name) == 0)
			kt_types_field(&holders->target->types, counts[i].type, counts[i].path,
				&ret->count);
	}
}

const struct kt_holder_cache *kt_holders_cache(
	struct kt_holders *holders, const struct kt_slub_cache *cache)
{
	struct kt_span key = { (const char *)&cache->address, sizeof(cache->address) };
	uint32_t *number = kt_map_find(&holders->cache_numbers, key);
	struct kt_holder_cache *slot;

	if (number)
		return &holders->caches.items[*number - 1];
	number = kt_map_add(&holders->cache_numbers, key, &holders->arena, NULL);
	slot = number ? kt_list_push(&holders->arena, &holders->caches) : NULL;
	if (!slot)
		return NULL;
	*number = (uint32_t)holders->caches.count;
	*slot = (struct kt_holder_cache){ 0 };
	find_words(holders, cache, slot);
	find_count(holders, cache, slot);
	if (has_many_purposes(holders, cache))
		return slot;
	slot->owner = kt_holders_owner(holders, KT_OWNER_OBJECT, cache->memory.name);
	return slot;
}

/* Variables that objects of any purpose point to: they say nothing of what an object is. */
static bool is_common(const char *name)
{
	static const char *const common[] = { "init_cred", "init_net", "init_nsproxy",
		"init_pid_ns", "init_task", "init_user_ns", "root_user" };

	for (size_t i = 0; i < KT_LEN(common); i++) {
		if (strcmp(common[i], name) == 0)
			return true;
	}
	return false;
}

/* The name of the first pointer of an object that has one. */
static const char *first_name(struct kt_holders *holders, const struct kt_holder *holder)
{
	for (size_t at = 0; at + sizeof(uint64_t) <= holder->size; at += sizeof(uint64_t)) {
		const char *name;
		uint64_t word;

		memcpy(&word, holder->bytes + at, sizeof(word));
		name = word >> 63 ? kt_place_name(holders->names, word) : NULL;
		if (name && !is_common(name))
			return name;
	}
	return NULL;
}

static uint32_t node_of(struct kt_holders *holders, const struct kt_holder *holder)
{
	struct kt_span key = { (const char *)&holder->address, sizeof(holder->address) };
	struct kt_holder_node *slot;
	bool added = false;
	uint32_t *number = kt_map_find(&holders->node_numbers, key);

	if (number)
		return (*number - 1) | KT_HOLDER_NODE;
	if (holders->nodes.count >= NODES_MAX) {
		holders->truncated = true;
		return 0;
	}
	number = kt_map_add(&holders->node_numbers, key, &holders->arena, &added);
	slot = number ? kt_list_push(&holders->arena, &holders->nodes) : NULL;
	if (!slot)
		return 0;
	*slot = (struct kt_holder_node){ holder->address, holder->size, 0 };
	*number = (uint32_t)holders->nodes.count;
	return (*number - 1) | KT_HOLDER_NODE;
}

static uint32_t owner_of_object(struct kt_holders *holders, const struct kt_holder *holder)
{
	const char *cache = holder->cache ? holder->cache->memory.name : "large kmalloc";
	const struct kt_holder_cache *known =
		holder->cache ? kt_holders_cache(holders, holder->cache) : NULL;
	uint32_t owner = known ? known->owner : 0;
	const char *name = owner ? NULL : first_name(holders, holder);
	char text[NAME_BYTES];

	if (owner)
		return owner;
	if (!name)
		return node_of(holders, holder);
	/* struct kcore_list: it describes memory, and has none */
	if (strcmp(name, "kclist_head") == 0)
		return 0;
	snprintf(text, sizeof(text), "%s: %s", cache, name);
	return kt_holders_owner(holders, KT_OWNER_OBJECT, text);
}

uint32_t kt_holders_of(struct kt_holders *holders, struct kt_holder *holder, uint64_t at)
{
	switch (holder->kind) {
	case KT_HOLDER_DATA:
		return kt_holders_owner(
			holders, KT_OWNER_DATA, variable_at(holders, at, holders->text_end));
	case KT_HOLDER_CPU: return kt_holders_owner(holders, KT_OWNER_DATA, "per-CPU memory");
	case KT_HOLDER_AREA: return owner_of_area(holders, holder->area, at);
	default:
		if (!holder->owner)
			holder->owner = owner_of_object(holders, holder);
		return holder->owner;
	}
}

/* ---- nodes ---- */

bool kt_holders_add(struct kt_holders *holders, uint64_t address, uint64_t bytes)
{
	const struct kt_holder holder = { .address = address, .size = bytes };

	return node_of(holders, &holder);
}

static int by_node_address(const void *a, const void *b, void *arg)
{
	const struct kt_holder_node *nodes = arg;
	uint64_t x = nodes[*(const uint32_t *)a].address, y = nodes[*(const uint32_t *)b].address;

	return (x > y) - (x < y);
}

/* The bit of the page of an address. */
static uint32_t bit_of(uint64_t address)
{
	return (uint32_t)((address >> PAGE_SHIFT) * 0x9e3779b97f4a7c15ull >> 40) % KT_HOLDER_FILTER;
}

static void add_to_filter(struct kt_holders *holders, const struct kt_holder_node *node)
{
	uint64_t last = (node->address + node->bytes - 1) >> PAGE_SHIFT;

	for (uint64_t page = node->address >> PAGE_SHIFT; page <= last; page++) {
		uint32_t bit = bit_of(page << PAGE_SHIFT);

		holders->filter[bit / 64] |= 1ull << bit % 64;
	}
}

void kt_holders_sort(struct kt_holders *holders, uint32_t first)
{
	holders->by_address.count = 0;
	memset(holders->filter, 0, sizeof(holders->filter));
	for (size_t i = first; i < holders->nodes.count; i++) {
		uint32_t *slot = holders->nodes.items[i].owner
					 ? NULL
					 : kt_list_push(&holders->arena, &holders->by_address);

		if (!slot)
			continue;
		*slot = (uint32_t)i;
		add_to_filter(holders, &holders->nodes.items[i]);
	}
	if (holders->by_address.count)
		qsort_r(holders->by_address.items, holders->by_address.count, sizeof(uint32_t),
			by_node_address, holders->nodes.items);
}

bool kt_holders_node(const struct kt_holders *holders, uint64_t address, uint32_t *ret_node)
{
	size_t low = 0, high = holders->by_address.count;
	const struct kt_holder_node *node;
	uint32_t bit = bit_of(address);

	if (!(holders->filter[bit / 64] >> bit % 64 & 1))
		return false;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (holders->nodes.items[holders->by_address.items[middle]].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	*ret_node = holders->by_address.items[low - 1];
	node = &holders->nodes.items[*ret_node];
	return address - node->address < node->bytes;
}

void kt_holders_link(struct kt_holders *holders, uint32_t from, uint32_t node)
{
	struct kt_holder_link *slot;

	if (!from || from == (node | KT_HOLDER_NODE))
		return;
	if (holders->links.count >= LINKS_MAX) {
		holders->truncated = true;
		return;
	}
	slot = kt_list_push(&holders->arena, &holders->links);
	if (slot)
		*slot = (struct kt_holder_link){ from, node };
}

void kt_holders_unite(struct kt_holders *holders, uint32_t a, uint32_t b)
{
	struct kt_holder_pair *slot;

	if (holders->pairs.count >= LINKS_MAX) {
		holders->truncated = true;
		return;
	}
	slot = kt_list_push(&holders->arena, &holders->pairs);
	if (slot)
		*slot = (struct kt_holder_pair){ a, b };
}

uint32_t kt_holders_resolve(const struct kt_holders *holders, uint32_t number)
{
	if (!(number & KT_HOLDER_NODE))
		return number;
	return holders->nodes.items[number & ~KT_HOLDER_NODE].owner;
}
