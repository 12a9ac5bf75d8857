// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/census.h"

#define INDEX_SIZE ((size_t)4 * KT_CENSUS_GROUPS_MAX) /* slots; a power of two */

struct kt_census *kt_census_new(struct kt_arena *arena, bool groups)
{
	struct kt_census *census = kt_arena_alloc(arena, sizeof(*census));

	if (!census)
		return NULL;
	census->arena = arena;
	census->classes = ((1u << KT_PAGE_CLASSES) - 1) & ~KT_CENSUS_BY_STRUCT;
	if (groups)
		census->group_index =
			kt_arena_alloc(arena, INDEX_SIZE * sizeof(*census->group_index));
	return groups && !census->group_index ? NULL : census;
}

int64_t kt_page_counts_sum(const struct kt_page_counts *counts)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < KT_PAGE_CLASSES; i++)
		sum += counts->nr[i];
	return sum;
}

/* ---- the map ---- */

void kt_census_start_map(struct kt_census *census)
{
	struct kt_census_map *map = kt_arena_alloc(census->arena, sizeof(*map));
	uint64_t nr_pages = 0;

	for (size_t i = 0; i < census->ranges.count; i++)
		nr_pages += census->ranges.items[i].end - census->ranges.items[i].start;
	while (map && (nr_pages >> map->shift) >= KT_CENSUS_CELLS_MAX)
		map->shift++;
	if (map)
		map->shares = kt_arena_alloc(census->arena,
			((size_t)(nr_pages >> map->shift) + 1) * sizeof(*map->shares));
	census->map = map && map->shares ? map : NULL;
}

static void finish_cell(struct kt_census *census)
{
	uint8_t *shares = census->map->shares[census->map->nr_cells];

	for (unsigned i = 0; i < KT_PAGE_CLASSES; i++) {
		shares[i] = (uint8_t)((uint64_t)census->cell[i] * 255 / census->cell_pages);
		census->cell[i] = 0;
	}
	census->cell_pages = 0;
	census->map->nr_cells++;
}

static void fill_cells(struct kt_census *census, enum kt_page_class class, int64_t count)
{
	uint32_t size = 1u << census->map->shift;

	while (count) {
		int64_t room = size - census->cell_pages, part = count < room ? count : room;

		census->cell[class] += (uint32_t)part;
		census->cell_pages += (uint32_t)part;
		count -= part;
		if (census->cell_pages == size)
			finish_cell(census);
	}
}

/* ---- cgroups ---- */

/* Index of the group with this inode; a new group is added. */
static uint32_t group_of(struct kt_census *census, uint64_t inode)
{
	uint64_t at = (inode * 0x9e3779b97f4a7c15ull) >> 40;
	struct kt_census_group *group;

	for (;; at++) {
		uint32_t index = census->group_index[at % INDEX_SIZE];

		if (!index)
			break;
		if (census->groups.items[index - 1].inode == inode)
			return index - 1;
	}
	if (census->groups.count >= KT_CENSUS_GROUPS_MAX && inode != KT_CENSUS_OTHERS)
		return group_of(census, KT_CENSUS_OTHERS);
	group = kt_list_push(census->arena, &census->groups);
	if (!group)
		return 0;
	*group = (struct kt_census_group){ .inode = inode };
	census->group_index[at % INDEX_SIZE] = (uint32_t)census->groups.count;
	return (uint32_t)census->groups.count - 1;
}

static void count_group(struct kt_census *census, uint64_t inode, int64_t count)
{
	/* up to 6.1 only head pages have a cgroup inode */
	if (!census->reader.tail)
		census->group_last = group_of(census, inode);
	if (census->group_last < census->groups.count)
		census->groups.items[census->group_last].pages.nr[census->reader.class] += count;
}

/* ---- pages ---- */

void kt_census_begin(struct kt_census *census, const struct kt_census_range *range)
{
	census->reader = (struct kt_page_reader){ 0 };
	census->zone = range->zone;
}

static void count_pages(struct kt_census *census, enum kt_page_class class, int64_t count)
{
	census->pages.nr[class] += count;
	census->zones.items[census->zone].pages.nr[class] += count;
	census->nr_pages += count;
	if (census->map)
		fill_cells(census, class, count);
}

/* Pages come in runs of equal words: each run is classified once. */
void kt_census_add(
	struct kt_census *census, const uint64_t *words, const uint64_t *inodes, size_t count)
{
	for (size_t i = 0, end; i < count; i = end) {
		uint64_t word = words[i];

		for (end = i + 1;
			end < count && words[end] == word && (!inodes || inodes[end] == inodes[i]);
			end++)
			;
		kt_page_read(&census->reader, word);
		census->bits |= word;
		count_pages(census, census->reader.class, (int64_t)(end - i));
		if (census->reader.lru)
			census->nr_lru += (int64_t)(end - i);
		if (inodes)
			count_group(census, inodes[i], (int64_t)(end - i));
	}
}

void kt_census_add_unread(struct kt_census *census, int64_t count)
{
	census->reader = (struct kt_page_reader){ 0 };
	count_pages(census, KT_PAGE_UNREAD, count);
}

void kt_census_end(struct kt_census *census)
{
	if (census->map && census->cell_pages)
		finish_cell(census);
}
