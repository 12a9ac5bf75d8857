// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/slab.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

/* mm/slub.c: a CPU has a main, a spare and an RCU sheaf; a node's barn has ten full sheaves. */
#define SHEAVES_PER_CPU	 3
#define SHEAVES_PER_NODE 10
/* mm/slub.c, count_partial_free_approx(): number of slabs of a node that are counted. */
#define PARTIAL_COUNTED 10000

#define PAGE_BYTES_MIN 4096
#define PAGE_BYTES_MAX 65536
#define ORDER_MAX      20

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t known_or(int64_t value, int64_t other)
{
	return value >= 0 ? value : other;
}

/* ---- page size ---- */

/*
 * True if a page size is possible. A single slabinfo does not contain the page size. It is the
 * smallest size in which the slots of every cache fit, if at least one cache is tight: its slots
 * fill a slab to the last byte, as in kmalloc caches.
 */
static bool explains(const struct kt_snapshot *snap, int64_t page_bytes)
{
	bool tight = false;

	for (size_t i = 0; i < snap->caches.count; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];
		int64_t slab_bytes = kt_known_times(cache->pages_per_slab, page_bytes);
		int64_t slots = kt_known_times(cache->objs_per_slab, cache->slot_bytes);

		if (slots > slab_bytes)
			return false;
		tight |= slots > 0 && slots == slab_bytes;
	}
	return tight;
}

/*
 * True if the directories of caches allow a page size: SLUB puts as many objects into a slab as
 * fit. Half the page size is too small, and twice the page size leaves half of each slab empty.
 */
static bool fills(const struct kt_snapshot *snap, int64_t page_bytes)
{
	size_t count = 0;

	for (size_t i = 0; i < snap->cache_folders.count; i++) {
		const struct kt_cache_folder *folder = &snap->cache_folders.items[i];
		int64_t slots = kt_known_times(folder->objs_per_slab, folder->slot_bytes);

		if (slots <= 0 || folder->order < 0 || folder->order > ORDER_MAX)
			continue;
		if (slots > page_bytes << folder->order ||
			slots <= page_bytes << folder->order >> 1)
			return false;
		count++;
	}
	return count > 0;
}

static int64_t page_size(const struct kt_snapshot *snap)
{
	if (kt_known(snap->host.page_bytes))
		return snap->host.page_bytes;
	for (int64_t bytes = PAGE_BYTES_MIN; bytes <= PAGE_BYTES_MAX; bytes *= 2) {
		if (snap->caches.count ? explains(snap, bytes) : fills(snap, bytes))
			return bytes;
	}
	return KT_UNKNOWN;
}

/* ---- directories of caches ---- */

struct name {
	const char *name;
	const struct kt_cache_folder *folder;
};

typedef KT_LIST(struct name) name_list;

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->name, ((const struct name *)b)->name);
}

static void add_name(struct kt_arena *arena, name_list *list, const char *name,
	const struct kt_cache_folder *folder)
{
	struct name *slot = kt_list_push(arena, list);

	if (slot)
		*slot = (struct name){ name, folder };
}

static void index_names(const struct kt_snapshot *snap, struct kt_arena *arena, name_list *ret)
{
	for (size_t i = 0; i < snap->cache_folders.count; i++) {
		const struct kt_cache_folder *folder = &snap->cache_folders.items[i];

		add_name(arena, ret, folder->name, folder);
		for (size_t k = 0; k < folder->names.count; k++)
			add_name(arena, ret, folder->names.items[k], folder);
	}
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), by_name);
}

static const struct kt_cache_folder *find_name(const name_list *list, const char *name)
{
	struct name key = { .name = name }, *found = NULL;

	if (list->count)
		found = bsearch(&key, list->items, list->count, sizeof(key), by_name);
	return found ? found->folder : NULL;
}

bool kt_slab_has_name(const struct kt_cache_folder *folder, const char *name)
{
	if (strcmp(folder->name, name) == 0)
		return true;
	for (size_t i = 0; i < folder->names.count; i++) {
		if (strcmp(folder->names.items[i], name) == 0)
			return true;
	}
	return false;
}

const struct kt_cache_folder *kt_slab_folder(const struct kt_snapshot *snap, const char *name)
{
	for (size_t i = 0; i < snap->cache_folders.count; i++) {
		const struct kt_cache_folder *folder = &snap->cache_folders.items[i];

		if (kt_slab_has_name(folder, name))
			return folder;
	}
	return NULL;
}

const char *kt_slab_aliases(const struct kt_slab_use *use, const char *but, struct kt_arena *arena)
{
	struct kt_buf text = { 0 };

	for (size_t i = 0; use->folder && i < use->folder->names.count; i++) {
		if (strcmp(use->folder->names.items[i], but) != 0)
			kt_buf_join(&text, ", ", "%s", use->folder->names.items[i]);
	}
	return kt_arena_text(arena, &text);
}

int64_t kt_slab_field(const struct kt_slab_use *use, enum kt_cache_field_id field)
{
	if (field == KT_CACHE_FIELD_object_bytes)
		return use->object_bytes;
	return kt_cache_field_of(use->folder, &kt_cache_fields[field]);
}

/*
 * Tests a flag in the name of a merged cache's directory, ":" flags "-" size; see
 * create_unique_id().
 */
static int has_flag(const struct kt_cache_folder *folder, char flag)
{
	size_t n;

	if (!folder || folder->name[0] != ':')
		return -1;
	n = strcspn(folder->name, "-");
	return folder->name[n] && memchr(folder->name, flag, n) ? 1 : 0;
}

int kt_slab_reclaimable(const struct kt_slab_use *use)
{
	if (use->cache->reclaimable >= 0)
		return use->cache->reclaimable;
	if (use->folder && use->folder->reclaimable >= 0)
		return use->folder->reclaimable != 0;
	return has_flag(use->folder, 'a');
}

int kt_slab_accounted(const struct kt_slab_use *use)
{
	if (strncmp(use->cache->name, "kmalloc-cg-", 11) == 0)
		return 1;
	return has_flag(use->folder, 'A');
}

/* ---- one cache ---- */

/*
 * Bytes that may be missing: a slab with fewer objects than planned is smaller by at least those
 * slots, and at most also by its tail.
 */
static int64_t uncertainty(const struct kt_cache *cache, int64_t tail_per_slab)
{
	int64_t lacking = kt_known_times(cache->nr_slabs, cache->objs_per_slab);
	int64_t slots, tails;

	if (lacking < 0 || cache->nr_objs < 0)
		return -1;
	lacking -= cache->nr_objs;
	if (lacking <= 0)
		return 0;
	slots = kt_known_times(lacking, cache->slot_bytes);
	tails = kt_known_times(smaller(lacking, cache->nr_slabs), tail_per_slab);
	return slots < 0 || tails < 0 ? -1 : slots + tails;
}

/* Objects that may be free although slabinfo counts them as active. */
static int64_t ready_objs(const struct kt_snapshot *snap, const struct kt_slab_use *use)
{
	const struct kt_cache_folder *folder = use->folder;
	const struct kt_host *host = &snap->host;
	int64_t per_slab = use->cache->objs_per_slab, nr_sheaves, objs, nr_nodes;

	if (!folder || folder->nr_cpu_slabs < 0 || per_slab < 0)
		return -1;
	nr_nodes = host->nr_nodes > 0 ? host->nr_nodes : 1;
	objs = kt_known_times(folder->nr_cpu_slabs, per_slab);
	if (folder->nr_partial > PARTIAL_COUNTED * nr_nodes && objs >= 0)
		objs += known_or(
			kt_known_times(folder->nr_partial - PARTIAL_COUNTED * nr_nodes, per_slab),
			0);
	if (folder->sheaf_capacity <= 0)
		return objs;
	nr_sheaves =
		SHEAVES_PER_CPU * known_or(host->nr_cpus_possible, 0) + SHEAVES_PER_NODE * nr_nodes;
	if (host->nr_cpus_possible <= 0 || objs < 0)
		return -1;
	return objs + known_or(kt_known_times(folder->sheaf_capacity, nr_sheaves), 0);
}

/* Splits the memory of an OOM report, which has two sums and no counts. */
static void split_sums(struct kt_slab_use *use)
{
	const struct kt_cache *cache = use->cache;

	use->held_bytes = cache->total_bytes;
	if (cache->used_bytes < 0 || cache->used_bytes > cache->total_bytes)
		return;
	use->in_use_bytes = cache->used_bytes;
	use->free_bytes = cache->total_bytes - cache->used_bytes;
}

/* Splits the memory of a cache. Counts that contradict each other give only the held memory. */
static void split(const struct kt_snapshot *snap, struct kt_slab_use *use)
{
	const struct kt_cache *cache = use->cache;
	int64_t slots = kt_known_times(cache->nr_objs, cache->slot_bytes);
	int64_t active = kt_known_times(cache->active_objs, cache->slot_bytes), objs;

	use->held_bytes = cache->nr_slabs ? kt_known_times(cache->nr_slabs, use->slab_bytes) : 0;
	/* objects have a size also where pages have none */
	if (use->held_bytes < 0 && use->slab_bytes < 0 && active >= 0 && active <= slots) {
		use->in_use_bytes = active;
		use->free_bytes = slots - active;
	}
	if (use->held_bytes < 0 || slots < 0 || slots > use->held_bytes || active < 0 ||
		active > slots)
		return;
	use->in_use_bytes = active;
	use->free_bytes = slots - active;
	use->tail_bytes = use->held_bytes - slots;
	use->uncertain_bytes = smaller(uncertainty(cache, use->tail_per_slab), use->tail_bytes);
	objs = ready_objs(snap, use);
	if (objs >= 0)
		use->ready_bytes =
			kt_known_times(smaller(objs, cache->active_objs), cache->slot_bytes);
	if (use->object_bytes < 0)
		return;
	use->in_use_bytes = kt_known_times(cache->active_objs, use->object_bytes);
	use->padding_bytes = active - use->in_use_bytes;
}

/* Splits the memory of a cache by what kernel memory shows of its objects. */
static bool split_memory(struct kt_slab_use *use)
{
	const struct kt_cache_memory *memory = use->memory;
	int64_t slots, cached;

	if (!memory || !kt_known(memory->used_objs))
		return false;
	slots = kt_known_times(memory->nr_objs, use->slot_bytes);
	cached = memory->cached_objs + memory->rcu_objs;
	use->held_bytes = kt_known_times(memory->nr_slabs, use->slab_bytes);
	if (slots < 0 || use->held_bytes < slots)
		return false;
	use->in_use_bytes = kt_known_times(memory->used_objs, use->object_bytes);
	use->padding_bytes = kt_known_times(memory->used_objs, use->slot_bytes - use->object_bytes);
	use->cached_bytes = kt_known_times(cached, use->slot_bytes);
	use->rcu_bytes = kt_known_times(memory->rcu_objs, use->slot_bytes);
	use->free_bytes = kt_known_times(memory->free_objs, use->slot_bytes);
	use->tail_bytes = use->held_bytes - slots;
	use->ready_bytes = kt_known_times(memory->uncertain_objs, use->slot_bytes);
	use->uncertain_bytes =
		smaller(uncertainty(use->cache, use->tail_per_slab), use->tail_bytes);
	return true;
}

static void measure(const struct kt_snapshot *snap, int64_t page_bytes, struct kt_slab_use *use)
{
	const struct kt_cache *cache = use->cache;
	int64_t slots = kt_known_times(cache->objs_per_slab, cache->slot_bytes);

	use->object_bytes = use->slot_bytes = use->slab_bytes = use->tail_per_slab = -1;
	use->held_bytes = use->in_use_bytes = use->free_bytes = use->padding_bytes = -1;
	use->tail_bytes = use->uncertain_bytes = use->ready_bytes = use->cached_bytes = -1;
	use->rcu_bytes = -1;
	use->slot_bytes = cache->slot_bytes;
	use->rounded_bytes =
		cache->slot_error ? kt_known_times(cache->nr_objs, cache->slot_error) : 0;
	if (cache->slab_bytes >= 0)
		use->slab_bytes = cache->slab_bytes;
	else if (kt_known(page_bytes))
		use->slab_bytes = kt_known_times(cache->pages_per_slab, page_bytes);
	if (slots >= 0 && use->slab_bytes >= slots)
		use->tail_per_slab = use->slab_bytes - slots;
	if (use->folder && use->folder->object_bytes > 0 && cache->slot_bytes > 0 &&
		use->folder->object_bytes <= cache->slot_bytes)
		use->object_bytes = use->folder->object_bytes;
	if (use->memory && use->memory->object_bytes > 0)
		use->object_bytes = use->memory->object_bytes;
	if (split_memory(use))
		return;
	if (cache->nr_slabs < 0 && cache->total_bytes >= 0)
		split_sums(use);
	else
		split(snap, use);
}

bool kt_slab_is_least(const struct kt_slab_use *use)
{
	const struct kt_cache *cache = use->cache;

	return cache->nr_slabs < 0 && cache->total_bytes >= 0 && cache->slot_bytes >= 0;
}

/* ---- all caches ---- */

/*
 * Makes a cache from a directory, for machines without slabinfo: only the active objects are
 * missing.
 */
static const struct kt_cache *cache_of_folder(
	struct kt_arena *arena, const struct kt_cache_folder *folder)
{
	struct kt_cache *cache = kt_arena_alloc(arena, sizeof(*cache));

	if (!cache)
		return NULL;
	*cache = kt_cache_unknown(folder->names.count ? folder->names.items[0] : folder->name);
	cache->nr_objs = folder->nr_objs;
	cache->slot_bytes = folder->slot_bytes;
	cache->objs_per_slab = folder->objs_per_slab;
	cache->nr_slabs = folder->nr_slabs;
	if (folder->order >= 0 && folder->order <= ORDER_MAX)
		cache->pages_per_slab = 1ll << folder->order;
	return cache;
}

/* Makes a cache from kernel memory, which knows more than slabinfo, and of kernels without it. */
static const struct kt_cache *cache_of_memory(
	struct kt_arena *arena, const struct kt_cache_memory *memory)
{
	struct kt_cache *cache = kt_arena_alloc(arena, sizeof(*cache));

	if (!cache)
		return NULL;
	*cache = kt_cache_unknown(memory->name);
	cache->active_objs = memory->used_objs;
	cache->nr_objs = memory->nr_objs;
	cache->slot_bytes = memory->slot_bytes;
	cache->objs_per_slab = memory->objs_per_slab;
	cache->pages_per_slab = memory->pages_per_slab;
	cache->nr_slabs = memory->nr_slabs;
	return cache;
}

static void add(struct kt_slab_uses *uses, const struct kt_snapshot *snap,
	const struct kt_cache *cache, const struct kt_cache_folder *folder,
	const struct kt_cache_memory *memory)
{
	struct kt_slab_use *use = cache ? kt_list_push(&uses->arena, &uses->items) : NULL;

	if (!use)
		return;
	*use = (struct kt_slab_use){ .cache = cache, .folder = folder, .memory = memory };
	measure(snap, uses->page_bytes, use);
}

/* Adds a known value; false if the sum exceeds any machine. */
static bool add_known(int64_t *sum, int64_t value)
{
	if (value < 0)
		return true;
	*sum = known_or(*sum, 0) + value;
	return *sum <= KT_AMOUNT_MAX;
}

static bool add_up(struct kt_slab_uses *uses)
{
	uses->at_least = false;
	uses->nr_unread = uses->nr_unsplit = 0;
	uses->held_bytes = uses->in_use_bytes = uses->free_bytes = uses->cached_bytes = -1;
	uses->padding_bytes = uses->tail_bytes = uses->uncertain_bytes = -1;
	uses->rounded_bytes = -1;
	for (size_t i = 0; i < uses->items.count; i++) {
		const struct kt_slab_use *use = &uses->items.items[i];

		uses->at_least |= kt_slab_is_least(use);
		uses->nr_unread += use->held_bytes < 0 && use->cache->nr_slabs < 0;
		uses->nr_unsplit += use->memory && !kt_known(use->memory->used_objs);
		if (!add_known(&uses->held_bytes, use->held_bytes) ||
			!add_known(&uses->in_use_bytes, use->in_use_bytes) ||
			!add_known(&uses->cached_bytes, use->cached_bytes) ||
			!add_known(&uses->free_bytes, use->free_bytes) ||
			!add_known(&uses->padding_bytes, use->padding_bytes) ||
			!add_known(&uses->tail_bytes, use->tail_bytes) ||
			!add_known(&uses->uncertain_bytes, use->uncertain_bytes) ||
			!add_known(&uses->rounded_bytes, use->rounded_bytes))
			return false;
	}
	if (uses->held_bytes < 0)
		uses->nr_unread = 0;
	if (uses->nr_unsplit == uses->items.count)
		uses->nr_unsplit = 0;
	return true;
}

static int64_t counter(const struct kt_snapshot *snap, enum kt_metric metric)
{
	struct kt_val val = kt_snapshot_get(snap, metric, KT_NO_NODE);

	/* a lower bound is of these caches themselves */
	return kt_ok(val) && val.value >= 0 && val.quality != KT_LOWER_BOUND ? val.value : -1;
}

/*
 * Compares with the counters as the account uses them: both halves, or the one counter of old
 * kernels.
 */
static void compare(const struct kt_snapshot *snap, struct kt_slab_uses *uses)
{
	struct kt_val stated = kt_snapshot_get_rank(snap, KT_SLAB, KT_NO_NODE, KT_RANK_MEMINFO);

	uses->reclaimable_bytes = counter(snap, KT_SLAB_R);
	uses->unreclaimable_bytes = counter(snap, KT_SLAB_U);
	uses->meminfo_bytes = kt_ok(stated) && stated.value >= 0 ? stated.value : -1;
	uses->slab_bytes = counter(snap, KT_SLAB);
	if (uses->reclaimable_bytes >= 0 && uses->unreclaimable_bytes >= 0)
		uses->slab_bytes = uses->reclaimable_bytes + uses->unreclaimable_bytes;
	/* counts of an earlier time leave another rest */
	uses->has_rest = uses->slab_bytes >= 0 && uses->held_bytes >= 0 &&
			 !(snap->cache_memories.count && kt_snapshot_memory_age_s(snap));
	uses->rest_bytes = uses->has_rest ? uses->slab_bytes - uses->held_bytes : 0;
	/* large kmalloc is unreclaimable; a larger rest means a list of another machine or time */
	uses->rest_is_large =
		uses->rest_bytes > 0 && !snap->caches_partial && !uses->at_least &&
		!uses->nr_unread &&
		(uses->unreclaimable_bytes < 0 || uses->rest_bytes <= uses->unreclaimable_bytes);
	if (uses->rest_is_large)
		add_known(&uses->in_use_bytes, uses->rest_bytes);
}

/* Kernel memory has all caches, with numbers of one time: the list of slabinfo is not needed. */
static void add_memories(
	struct kt_slab_uses *uses, const struct kt_snapshot *snap, const name_list *names)
{
	for (size_t i = 0; i < snap->cache_memories.count; i++) {
		const struct kt_cache_memory *memory = &snap->cache_memories.items[i];

		add(uses, snap, cache_of_memory(&uses->arena, memory),
			find_name(names, memory->name), memory);
	}
}

static void add_files(
	struct kt_slab_uses *uses, const struct kt_snapshot *snap, const name_list *names)
{
	kt_list_reserve(&uses->arena, &uses->items, snap->caches.count);
	for (size_t i = 0; i < snap->caches.count; i++)
		add(uses, snap, &snap->caches.items[i],
			find_name(names, snap->caches.items[i].name), NULL);
	for (size_t i = 0; !snap->caches.count && i < snap->cache_folders.count; i++)
		add(uses, snap, cache_of_folder(&uses->arena, &snap->cache_folders.items[i]),
			&snap->cache_folders.items[i], NULL);
}

struct kt_err *kt_slab_analyse(const struct kt_snapshot *snap, struct kt_slab_uses *ret_uses)
{
	name_list names = { 0 };

	*ret_uses = (struct kt_slab_uses){ .page_bytes = page_size(snap) };
	index_names(snap, &ret_uses->arena, &names);
	if (snap->cache_memories.count)
		add_memories(ret_uses, snap, &names);
	else
		add_files(ret_uses, snap, &names);
	if (ret_uses->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!add_up(ret_uses))
		return kt_err_new(KT_ERR_PARSE,
			"the slab caches add up to more memory than a machine can have");
	compare(snap, ret_uses);
	return NULL;
}

void kt_slab_uses_cleanup(struct kt_slab_uses *uses)
{
	kt_arena_fini(&uses->arena);
}

/* ---- names ---- */

static bool is_size(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && n < 8 && (!text[n] || ((text[n] == 'k' || text[n] == 'M') && !text[n + 1]));
}

const char *kt_slab_family(const char *name, struct kt_arena *arena)
{
	const char *size = strrchr(name, '-');
	size_t n;

	if (strncmp(name, "size-", 5) == 0) {
		n = 5 + strspn(name + 5, "0123456789");
		return n > 5 && (!name[n] || strcmp(name + n, "(DMA)") == 0)
			       ? kt_arena_printf(arena, "%.*s", (int)n, name)
			       : NULL;
	}
	if (strncmp(name, "dma-", 4) == 0)
		name += 4;
	if (strncmp(name, "kmalloc-", 8) != 0 || !size || !is_size(size + 1))
		return NULL;
	return kt_arena_printf(arena, "kmalloc-%s", size + 1);
}

struct kt_span kt_slab_ctor_module(const char *ctor)
{
	struct kt_span span = ctor ? kt_span_str(ctor) : (struct kt_span){ 0 };
	size_t open = kt_span_find(span, " [");

	if (open == span.n || !kt_span_ends(span, "]"))
		return (struct kt_span){ 0 };
	span = kt_span_from(span, open + 2);
	span.n--;
	return span;
}
