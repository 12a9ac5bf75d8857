// SPDX-License-Identifier: GPL-2.0-or-later
#include "cases/facts_of.h"

#include "analysis/buddy.h"
#include "analysis/cgroup.h"
#include "analysis/dcache.h"
#include "analysis/slab.h"

#include <math.h>

#define SMALL_BLOCK_BYTES 65536 /* blocks below this size serve no larger buffer */

static void put_host(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	const struct kt_host *host = &snap->host;

	kt_facts_add_known(facts, KT_FACT_RAM, "", kt_snapshot_memory(snap));
	kt_facts_add_known(facts, KT_FACT_CPUS, "", host->nr_cpus);
	kt_facts_add_known(facts, KT_FACT_CPUS_POSSIBLE, "", host->nr_cpus_possible);
	kt_facts_add_known(facts, KT_FACT_NODES, "", host->nr_nodes);
	kt_facts_add_known(facts, KT_FACT_PAGE, "", host->page_bytes);
	kt_facts_add_known(facts, KT_FACT_UPTIME, "", host->uptime_s);
	if (host->kind != KT_MACHINE_UNKNOWN) {
		kt_facts_add(facts, KT_FACT_PHYSICAL, "", host->kind == KT_MACHINE_PHYSICAL);
		kt_facts_add(facts, KT_FACT_VIRTUAL, "", host->kind == KT_MACHINE_VIRTUAL);
	}
	if (host->live || host->container)
		kt_facts_add(facts, KT_FACT_CONTAINER, "", host->container != NULL);
	kt_facts_add_text(facts, "hypervisor", host->hypervisor);
	kt_facts_add_text(facts, "container", host->container);
	kt_facts_add_text(facts, "release", host->release);
}

static bool is_worker(const struct kt_task *task)
{
	return strncmp(task->name, "kworker", strlen("kworker")) == 0;
}

static void put_tasks(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	int64_t nr_user = 0, nr_kernel = 0, nr_workers = 0, nr_zombies = 0;

	for (size_t i = 0; i < snap->tasks.count; i++) {
		const struct kt_task *task = &snap->tasks.items[i];
		int64_t nr = 1 + task->nr_more;

		nr_user += task->kernel ? 0 : nr;
		nr_kernel += task->kernel ? nr : 0;
		nr_workers += task->kernel && is_worker(task) ? nr : 0;
		nr_zombies += task->zombie ? nr : 0;
	}
	if (!snap->tasks.count)
		return;
	nr_user += snap->nr_tasks_left_out;
	kt_facts_add(facts, KT_FACT_TASKS, "", (double)nr_user);
	kt_facts_add(facts, KT_FACT_KTHREADS, "", (double)nr_kernel);
	kt_facts_add(facts, KT_FACT_KWORKERS, "", (double)nr_workers);
	kt_facts_add(facts, KT_FACT_ZOMBIES, "", (double)nr_zombies);
}

static void put_cgroups(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	const struct kt_cgroups *cgroups = &snap->cgroups;
	int64_t nr_live = cgroups->nr_live;

	if (!kt_known(nr_live) && cgroups->groups.count && !cgroups->cut)
		nr_live = kt_cgroups_count(cgroups);
	kt_facts_add_known(facts, KT_FACT_CGROUPS, "", nr_live);
	kt_facts_add_known(facts, KT_FACT_CGROUPS_COUNTED, "",
		kt_known(cgroups->nr_counted) || !kt_known(nr_live) || !kt_known(cgroups->nr_dying)
			? cgroups->nr_counted
			: nr_live + cgroups->nr_dying);
	kt_facts_add_known(facts, KT_FACT_CGROUPS_DYING, "", kt_cgroups_dying(snap));
}

static void put_names(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	kt_facts_add_known(facts, KT_FACT_DENTRIES, "", snap->dcache.nr_dentry);
	kt_facts_add_known(facts, KT_FACT_DENTRIES_UNUSED, "", snap->dcache.nr_unused);
	kt_facts_add_known(facts, KT_FACT_DENTRIES_NEGATIVE, "", kt_dcache_negative(snap));
	kt_facts_add_known(facts, KT_FACT_INODES, "", snap->dcache.nr_inodes);
	kt_facts_add_known(facts, KT_FACT_SOCKETS_TCP, "", snap->sockets.tcp);
	kt_facts_add_known(facts, KT_FACT_SOCKETS_WAIT, "", snap->sockets.tcp_time_wait);
	kt_facts_add_known(facts, KT_FACT_SOCKETS_UDP, "", snap->sockets.udp);
	for (size_t i = 0; i < snap->mount_types.count; i++) {
		const struct kt_mount_type *type = &snap->mount_types.items[i];

		kt_facts_add_known(facts, KT_FACT_MOUNTS, "", type->nr_mounts);
		kt_facts_add_known(facts, KT_FACT_MOUNTS_OF, type->fstype, type->nr_mounts);
	}
	facts->complete[KT_FACT_MOUNTS_OF] = snap->mount_types.count > 0;
}

static void put_rows(struct kt_facts *facts, const struct kt_account *account)
{
	for (size_t i = 0; account && i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];

		/* counters that the files leave out may be in it: it says nothing then */
		if (line->row == KT_ROW_UNATTRIBUTED && !account->rest_has_meaning)
			continue;
		if (kt_ok(line->val))
			kt_facts_add(facts, KT_FACT_ROW, line->id, (double)line->val.value);
	}
}

static void put_metrics(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	for (enum kt_metric i = 0; i < KT_METRIC_COUNT; i++) {
		struct kt_val val = kt_snapshot_get(snap, i, KT_NO_NODE);

		if (kt_ok(val))
			kt_facts_add(facts,
				val.unit == KT_COUNT ? KT_FACT_NUMBER_OF : KT_FACT_METRIC,
				kt_metric_name(i), (double)val.value);
		if (kt_ok(val) && i == KT_MEM_AVAILABLE)
			kt_facts_add(facts, KT_FACT_AVAILABLE, "", (double)val.value);
		if (kt_ok(val) && i == KT_MEM_FREE)
			kt_facts_add(facts, KT_FACT_FREE, "", (double)val.value);
		if (kt_ok(val) && i == KT_NR_THREADS)
			kt_facts_add(facts, KT_FACT_THREADS, "", (double)val.value);
	}
}

static void put_cache(struct kt_facts *facts, const struct kt_snapshot *snap,
	const struct kt_cache *cache, const char *family)
{
	int64_t bytes = kt_cache_bytes(snap, cache), least;

	/* without slab counts, the objects are a lower bound */
	least = kt_known_of(bytes, kt_known_times(cache->nr_objs, cache->slot_bytes));
	kt_facts_add_known(facts, KT_FACT_SLAB, cache->name, least);
	kt_facts_add_known(facts, KT_FACT_SLAB_OBJECTS, cache->name, cache->active_objs);
	kt_facts_add_known(facts, KT_FACT_SLAB_USED, cache->name, cache->nr_objs);
	if (!family)
		return;
	kt_facts_add_known(facts, KT_FACT_KMALLOC, family, least);
	kt_facts_add_known(facts, KT_FACT_KMALLOC_OBJECTS, family, cache->active_objs);
	kt_facts_add_known(facts, KT_FACT_KMALLOC_USED, family, cache->nr_objs);
}

/* Turns sums of slots into shares, now that the objects of all variants are added up. */
static void share_used(struct kt_facts *facts, enum kt_fact_word used, enum kt_fact_word objects)
{
	const char *prefix = kt_facts_about[objects].name;
	size_t skip = strlen(kt_facts_about[used].name);

	for (size_t i = 0; i < facts->items.count; i++) {
		struct kt_fact *one = &facts->items.items[i];
		const char *name;
		double nr;

		if (one->word != used)
			continue;
		name = kt_arena_printf(&facts->arena, "%s%s", prefix, one->name + skip);
		nr = name ? kt_facts_value(facts, kt_span_str(name)) : NAN;
		one->value = one->value > 0 && nr <= one->value ? nr / one->value : NAN;
	}
}

const char *kt_facts_kmalloc_size(const char *cache, struct kt_arena *arena)
{
	const char *family = kt_slab_family(cache, arena);
	const char *hyphen = family ? strrchr(family, '-') : NULL;
	struct kt_span size = kt_span_str(hyphen ? hyphen + 1 : "");
	uint64_t number;

	if (!kt_span_take_u64(&size, &number) || number > (1u << 20))
		return NULL;
	if (kt_span_eq(size, "k"))
		number *= 1024;
	else if (kt_span_eq(size, "M"))
		number *= 1048576;
	return kt_arena_printf(arena, "%llu", (unsigned long long)number);
}

static void put_caches(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->caches.count; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];

		put_cache(facts, snap, cache, kt_facts_kmalloc_size(cache->name, &facts->arena));
	}
	share_used(facts, KT_FACT_SLAB_USED, KT_FACT_SLAB_OBJECTS);
	share_used(facts, KT_FACT_KMALLOC_USED, KT_FACT_KMALLOC_OBJECTS);
}

static void put_areas(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->areas.count; i++) {
		const struct kt_area *area = &snap->areas.items[i];
		const char *caller = area->caller ? area->caller : "?", *name;
		int64_t bytes = kt_known_times(area->nr_pages, snap->host.page_bytes);

		if (area->kind != KT_AREA_VMALLOC)
			continue;
		name = kt_arena_printf(&facts->arena, "%.*s", (int)strcspn(caller, "+"), caller);
		if (!name)
			return;
		kt_facts_add_known(facts, KT_FACT_VMALLOC, name, bytes);
		kt_facts_add_known(facts, KT_FACT_VMALLOC_AREAS, name, area->nr_areas);
		if (area->module)
			kt_facts_add_known(facts, KT_FACT_VMALLOC_MODULE, area->module, bytes);
	}
	facts->complete[KT_FACT_VMALLOC] = facts->complete[KT_FACT_VMALLOC_AREAS] =
		facts->complete[KT_FACT_VMALLOC_MODULE] = snap->areas.count > 0;
}

static void put_modules(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->modules.count; i++)
		kt_facts_add(facts, KT_FACT_MODULE, snap->modules.items[i].name, 1);
	facts->complete[KT_FACT_MODULE] = snap->modules.count > 0;
}

static void put_users(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	double nr_leaks = 0;

	for (size_t i = 0; i < snap->users.count; i++) {
		const struct kt_user *user = &snap->users.items[i];

		if (user->file == KT_USERS_SITES && user->module && user->has_bytes)
			kt_facts_add(facts, KT_FACT_SITE_MODULE, user->module, (double)user->bytes);
		if (user->file == KT_USERS_LEAKS)
			nr_leaks += kt_known(user->nr) ? (double)user->nr : 1;
	}
	if (kt_snapshot_users(snap, KT_USERS_LEAKS))
		kt_facts_add(facts, KT_FACT_LEAKS, "", nr_leaks);
}

static void put_pools(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->hugepools.count; i++) {
		const struct kt_hugepool *pool = &snap->hugepools.items[i];
		const struct {
			enum kt_fact_word word;
			int64_t nr;
		} all[] = {
			{ KT_FACT_HUGE_TOTAL, pool->total },
			{ KT_FACT_HUGE_FREE, pool->free },
			{ KT_FACT_HUGE_RESERVED, pool->reserved },
			{ KT_FACT_HUGE_SURPLUS, pool->surplus },
		};

		for (size_t j = 0; pool->node == KT_NO_NODE && j < KT_LEN(all); j++)
			kt_facts_add_known(facts, all[j].word, "",
				kt_known_times(all[j].nr, pool->page_bytes));
	}
}

/* The default size of /proc/meminfo, where no file has all sizes. */
static void put_default_pool(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	static const struct {
		enum kt_fact_word word;
		enum kt_metric metric;
	} all[] = {
		{ KT_FACT_HUGE_TOTAL, KT_HUGE_TOTAL },
		{ KT_FACT_HUGE_FREE, KT_HUGE_FREE },
		{ KT_FACT_HUGE_RESERVED, KT_HUGE_RSVD },
		{ KT_FACT_HUGE_SURPLUS, KT_HUGE_SURP },
	};
	struct kt_val size = kt_snapshot_get(snap, KT_HUGE_SIZE, KT_NO_NODE);

	if (!isnan(kt_facts_value(facts, KT_SPAN("huge_total"))) || !kt_ok(size))
		return;
	for (size_t i = 0; i < KT_LEN(all); i++) {
		struct kt_val nr = kt_snapshot_get(snap, all[i].metric, KT_NO_NODE);

		if (kt_ok(nr))
			kt_facts_add_known(
				facts, all[i].word, "", kt_known_times(nr.value, size.value));
	}
}

static void put_zones(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	int64_t page = snap->host.page_bytes;
	bool high = false;

	for (size_t i = 0; i < snap->zones.count; i++) {
		const struct kt_zone *zone = &snap->zones.items[i];
		bool is_high = strcmp(zone->name, "HighMem") == 0;

		if (!is_high && !kt_zone_serves_kernel(zone->name))
			continue;
		high |= is_high && zone->managed > 0;
		kt_facts_add_known(facts, is_high ? KT_FACT_HIGHMEM : KT_FACT_LOWMEM, "",
			kt_known_times(zone->managed, page));
		kt_facts_add_known(facts, is_high ? KT_FACT_HIGHMEM_FREE : KT_FACT_LOWMEM_FREE, "",
			kt_known_times(zone->free, page));
		if (!is_high)
			kt_facts_add_known(
				facts, KT_FACT_WATERMARK_MIN, "", kt_known_times(zone->min, page));
	}
	if (snap->zones.count)
		kt_facts_add(facts, KT_FACT_IS_32_BIT, "", high);
}

static void put_blocks(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	int64_t page = snap->host.page_bytes, small = 0;
	int largest = KT_ORDER_NONE;

	if (!kt_known(page) || page <= 0 || !snap->free_areas.count)
		return;
	for (size_t i = 0; i < snap->free_areas.count; i++) {
		const struct kt_free_area *area = &snap->free_areas.items[i];
		bool known;
		int order = kt_zone_serves_kernel(area->zone) ? kt_largest_order(snap, area, &known)
							      : KT_ORDER_NONE;

		largest = order > largest ? order : largest;
		for (int j = 0; j < area->nr_orders && page << j < SMALL_BLOCK_BYTES; j++)
			small += (area->nr_blocks[j] * page) << j;
	}
	if (largest != KT_ORDER_NONE)
		kt_facts_add(facts, KT_FACT_LARGEST_BLOCK, "", (double)(page << largest));
	kt_facts_add(facts, KT_FACT_FREE_SMALL, "", (double)small);
}

static void put_settings(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->settings.count; i++)
		kt_facts_add(facts, KT_FACT_SETTING, snap->settings.items[i].name,
			(double)snap->settings.items[i].value);
	/* the only one in bytes */
	kt_facts_add(facts, KT_FACT_JIT_LIMIT, "",
		kt_facts_value(facts, KT_SPAN("setting:bpf_jit_limit")));
	for (size_t i = 0; i < snap->events.count; i++)
		kt_facts_add_known(facts, KT_FACT_EVENT, snap->events.items[i].name,
			snap->events.items[i].count);
}

static void put_shared(struct kt_facts *facts, const struct kt_snapshot *snap)
{
	/* a file system that is mounted nowhere is the kernel's own, for shared memory */
	for (size_t i = 0; i < snap->superblocks.count; i++) {
		const struct kt_superblock *super = &snap->superblocks.items[i];

		if (strcmp(super->fstype, "tmpfs") == 0 || strcmp(super->fstype, "devtmpfs") == 0)
			kt_facts_add_known(facts, KT_FACT_TMPFS, "",
				super->mount
					? kt_known_times(super->cached_pages, snap->host.page_bytes)
					: KT_UNKNOWN);
	}
}

bool kt_facts_of(const struct kt_snapshot *snap, const struct kt_account *account,
	struct kt_facts *ret_facts)
{
	kt_facts_init(ret_facts);
	ret_facts->of_log = snap->memreport > 0;
	put_host(ret_facts, snap);
	put_tasks(ret_facts, snap);
	put_cgroups(ret_facts, snap);
	put_names(ret_facts, snap);
	put_rows(ret_facts, account);
	put_metrics(ret_facts, snap);
	put_caches(ret_facts, snap);
	put_areas(ret_facts, snap);
	put_modules(ret_facts, snap);
	put_users(ret_facts, snap);
	put_pools(ret_facts, snap);
	put_default_pool(ret_facts, snap);
	put_zones(ret_facts, snap);
	put_blocks(ret_facts, snap);
	put_settings(ret_facts, snap);
	put_shared(ret_facts, snap);
	return !ret_facts->arena.failed;
}
