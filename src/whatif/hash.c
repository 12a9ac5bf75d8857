// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hash tables of the boot with one object for each entry, instead of a size that follows memory.
//
// A size from the command line is rounded up to a power of two and not scaled down
// (alloc_large_system_hash() in mm/mm_init.c), so the size of the new table is exact. The number of
// objects is today's: a table that is made for it is too small if there are more at other times.

#include "analysis/hash.h"
#include "whatif/whatif.h"

#include <string.h>

/* The most objects in a recording; KT_UNKNOWN: there is none, or none has this number. */
static int64_t peak_of(const struct kt_snapshot *snap, const char *name)
{
	int64_t most = KT_UNKNOWN;

	for (size_t i = 0; i < snap->hash_peaks.count; i++) {
		const struct kt_hash_peak *peak = &snap->hash_peaks.items[i];

		if (strcmp(peak->name, name) == 0 && peak->objects > most)
			most = peak->objects;
	}
	return most;
}

/*
 * Objects in all chains of a table, of all network namespaces, or a counter for all of them;
 * KT_UNKNOWN: neither is known.
 */
static int64_t objects_now(const struct kt_snapshot *snap, const char *name, const char **ret_from)
{
	const struct kt_hash_chains *chains = kt_hash_chains_find(snap, name);

	if (chains && !chains->nr_torn) {
		*ret_from = "chains in kernel memory";
		return chains->nr_objects;
	}
	*ret_from = "counter of the kernel";
	return kt_hash_is_whole(name) ? kt_hash_in_use(snap, name) : KT_UNKNOWN;
}

/* The objects of a table now, or the most of a recording. */
static int64_t objects_of(const struct kt_snapshot *snap, const char *name, const char **ret_from)
{
	int64_t now = objects_now(snap, name, ret_from), peak = peak_of(snap, name);

	if (kt_known(peak) && peak > now) {
		*ret_from = "most of the recording";
		return peak;
	}
	return now;
}

/* The objects of a table, or of a table that takes its entries, whichever has more. */
static int64_t most_objects(
	const struct kt_snapshot *snap, const struct kt_hash *hash, const char **ret_from)
{
	int64_t most = objects_of(snap, hash->name, ret_from);

	for (size_t i = 0; kt_known(most) && i < snap->hashes.count; i++) {
		const char *name = snap->hashes.items[i].name, *from;
		const char *leader = kt_hash_leader(name);
		int64_t objects;

		if (!leader || strcmp(leader, hash->name) != 0)
			continue;
		objects = objects_of(snap, name, &from);
		if (kt_known(objects) && objects > most)
			most = objects;
	}
	return most;
}

/* Entries of a table if it gets as many as are needed; KT_UNKNOWN: the objects are not known. */
static int64_t entries_then(const struct kt_snapshot *snap, const struct kt_hash *hash,
	int64_t *ret_objects, const char **ret_from)
{
	int64_t enough;

	*ret_objects = most_objects(snap, hash, ret_from);
	if (!kt_hash_parameter(hash->name) || hash->entries <= 0 || !kt_known(*ret_objects))
		return KT_UNKNOWN;
	enough = kt_hash_enough(*ret_objects);
	return enough < hash->entries ? enough : hash->entries;
}

static int64_t put_part(struct kt_arena *arena, const struct kt_hash *hash, int64_t entries,
	const char *how, struct kt_whatif_result *ret)
{
	int64_t then = entries < hash->entries ? hash->size_bytes / hash->entries * entries
					       : hash->size_bytes;

	kt_whatif_part(arena, ret,
		(struct kt_whatif_part){ .name = hash->name,
			.count = entries,
			.now_bytes = hash->size_bytes,
			.then_bytes = then,
			.saves_bytes = hash->size_bytes - then,
			.how = entries < hash->entries ? how : NULL });
	return hash->size_bytes - then;
}

/* A table that takes the entries of another one. */
static int64_t put_follower(struct kt_arena *arena, const struct kt_snapshot *snap,
	const struct kt_hash *hash, const char *leader, struct kt_whatif_result *ret)
{
	const struct kt_hash *of = kt_hash_find(snap, leader);
	const char *from;
	int64_t objects, entries = of ? entries_then(snap, of, &objects, &from) : KT_UNKNOWN;

	if (!kt_known(entries) || hash->entries <= 0)
		return KT_UNKNOWN;
	if (entries == of->entries || entries > hash->entries)
		entries = hash->entries;
	return put_part(arena, hash, entries, kt_arena_printf(arena, "with %s", leader), ret);
}

static int64_t put_table(struct kt_arena *arena, const struct kt_snapshot *snap,
	const struct kt_hash *hash, struct kt_whatif_result *ret)
{
	const char *leader = kt_hash_leader(hash->name), *from;
	int64_t objects, entries;

	if (leader)
		return put_follower(arena, snap, hash, leader, ret);
	entries = entries_then(snap, hash, &objects, &from);
	if (!kt_known(entries))
		return KT_UNKNOWN;
	kt_whatif_input_count(
		arena, ret, kt_arena_printf(arena, "%s: objects", hash->name), objects, from);
	kt_whatif_input_count(arena, ret, kt_arena_printf(arena, "%s: entries", hash->name),
		hash->entries, "kernel log");
	return put_part(arena, hash, entries,
		kt_arena_printf(
			arena, "%s%lld at boot", kt_hash_parameter(hash->name), (long long)entries),
		ret);
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	int64_t page_bytes = snap->host.page_bytes, sum = 0, now = 0;
	size_t nr_known = 0;

	if (!snap->hashes.count) {
		kt_whatif_lacks(ret, &kt_source_kmsg);
		return;
	}
	for (size_t i = 0; i < snap->hashes.count; i++) {
		const struct kt_hash *hash = &snap->hashes.items[i];
		int64_t saves = put_table(arena, snap, hash, ret);

		now += hash->size_bytes; /* at most 256 tables of 1 PiB */
		if (!kt_known(saves))
			continue;
		nr_known++;
		sum += saves / page_bytes * page_bytes;
	}
	if (!nr_known) {
		kt_whatif_lacks(ret, &kt_source_dcache);
		return;
	}
	ret->now_bytes = now;
	kt_whatif_saves(ret, sum, KT_UPPER_BOUND, page_bytes);
	if (nr_known < snap->hashes.count)
		kt_whatif_note(arena, ret,
			"%zu of %zu tables are left out: no parameter sets their size, or the "
			"number of their objects is not known",
			snap->hashes.count - nr_known, snap->hashes.count);
	if (snap->hash_peaks.count)
		kt_whatif_note(arena, ret,
			"dentries and inodes are the most of the recording; other tables count "
			"their objects at its last sample");
	else
		kt_whatif_note(arena, ret,
			"the objects are today's: choose the largest number that the machine ever "
			"has, such as with -s RECORDING");
}

const struct kt_whatif kt_whatif_hash = {
	.name = "hash",
	.title = "hash tables with an entry for each object",
	.needs = KT_WHATIF_REBOOT,
	.how = "parameters at boot, such as dhash_entries=",
	.algorithm =
		"The entries of each table are the least power of two, 512 or more, that is not "
		"below the number of its objects, now or in the recording that is read; an entry "
		"keeps its size. One parameter sets "
		"the tables TCP established and TCP bind, and one UDP and UDP-Lite, so both must "
		"have room. Tables that are smaller already stay as they are. It is an upper "
		"bound, because a table needs "
		"room for the most objects that it will ever have.",
	.parts_counted = "entries then",
	.sources = KT_SOURCES(&kt_source_kmsg, &kt_source_boot_log, &kt_source_dcache),
	.exact = KT_SOURCES(&kt_source_hash_chains),
	.compute = compute,
};
