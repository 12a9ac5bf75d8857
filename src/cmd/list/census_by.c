// SPDX-License-Identifier: GPL-2.0-or-later
//
// "census --by": lists with a row for each zone, node or cgroup, and a column for each class of
// pages. Text shows the most useful sums.
//
// SIZE of a row is the sum of all its classes except holes and pages that could not be read. The
// columns overlap on purpose: USER is the sum of anonymous, file, shared and huge pages, and KERNEL
// contains SLAB. So columns of one row must not be added; rows of one column may be.

#include "cmd/list/census.h"

#include <string.h>

#define CLASS(name) (1u << KT_PAGE_##name)
#define HIDDEN	    (CLASS(HOLE) | CLASS(UNREAD))

/* Columns of amounts, equal in all lists; the columns before them name the row. */
#define AMOUNT(column_key, column_title, column_flags)                           \
	{                                                                        \
		.key = column_key, .title = column_title, .type = KT_CELL_BYTES, \
		.flags = KT_COL_SUM | (column_flags)                             \
	}
#define TOTAL(family)                                                   \
	{                                                               \
		.key = "bytes", .title = "SIZE", .type = KT_CELL_BYTES, \
		.flags = KT_COL_SUM | KT_COL_RANK, .metric = family     \
	}
#define PRESENT                                                                    \
	{                                                                          \
		.key = "present_bytes", .title = "PRESENT", .type = KT_CELL_BYTES, \
		.flags = KT_COL_SUM | KT_COL_DATA_ONLY                             \
	}
/* One column for each of `amounts`, in their order; text shows the important ones. */
#define AMOUNTS(of_memory, of_users)                                                      \
	AMOUNT("free_bytes", "FREE", of_memory), AMOUNT("user_bytes", "USER", of_memory), \
		AMOUNT("anonymous_bytes", "ANONYMOUS", of_users),                         \
		AMOUNT("cache_bytes", "CACHE", of_users),                                 \
		AMOUNT("kernel_bytes", "KERNEL", of_users),                               \
		AMOUNT("slab_bytes", "SLAB", of_memory),                                  \
		AMOUNT("no_flag_bytes", "NO FLAG", of_memory),                            \
		AMOUNT("boot_bytes", "BOOT", of_memory),                                  \
		AMOUNT("shmem_bytes", "SHARED", KT_COL_WIDE),                             \
		AMOUNT("hugetlb_bytes", "HUGE PAGES", KT_COL_WIDE),                       \
		AMOUNT("page_tables_bytes", "TABLES", KT_COL_WIDE),                       \
		AMOUNT("offline_bytes", "BALLOON", KT_COL_WIDE)

/*
 * Kernel pages that no flag names: vmalloc, per-CPU memory, pages of drivers. Their use is known
 * only from counters.
 */
#define NO_FLAG                                                                          \
	(CLASS(NONE) | CLASS(COMPOUND) | CLASS(OTHER) | CLASS(MAPPED) | CLASS(ZERO) |    \
		CLASS(POISONED) | CLASS(KMALLOC) | CLASS(ZSMALLOC) | CLASS(UNACCEPTED) | \
		CLASS(UNREFERENCED) | CLASS(UNINITIALISED))

/* Classes of each column, in the order of AMOUNTS. */
static const unsigned amounts[] = {
	CLASS(FREE),
	CLASS(ANON) | CLASS(UNMAPPED) | CLASS(FILE) | CLASS(SHMEM) | CLASS(HUGETLB),
	CLASS(ANON) | CLASS(UNMAPPED),
	CLASS(FILE) | CLASS(SHMEM),
	CLASS(SLAB) | CLASS(TABLE) | NO_FLAG,
	CLASS(SLAB),
	NO_FLAG,
	CLASS(RESERVED),
	CLASS(SHMEM),
	CLASS(HUGETLB),
	CLASS(TABLE),
	CLASS(OFFLINE),
};

static const struct kt_column zone_columns[] = {
	{ .key = "zone", .title = "ZONE", .flags = KT_COL_KEY | KT_COL_LABEL },
	PRESENT,
	TOTAL(KT_FAMILY(CENSUS_ZONE_BYTES)),
	AMOUNTS(0, KT_COL_WIDE),
};

static const struct kt_column node_columns[] = {
	{ .key = "node", .title = "NODE", .flags = KT_COL_KEY | KT_COL_LABEL },
	PRESENT,
	TOTAL(KT_FAMILY(CENSUS_NODE_BYTES)),
	AMOUNTS(0, KT_COL_WIDE),
};

/* The name comes last, because a path is long. */
static const struct kt_column group_columns[] = {
	{ .key = "inode",
		.title = "INODE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_WIDE,
		.help = "Of the cgroup's directory." },
	TOTAL(KT_FAMILY(CENSUS_CGROUP_BYTES)),
	AMOUNTS(KT_COL_WIDE, 0),
	{ .key = "cgroup", .title = "CGROUP", .flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_WRAP },
};

#define NAME_OF_GROUP (KT_LEN(group_columns) - 1)

const struct kt_part kt_census_by_parts[3] = {
	{ .key = "zones",
		.kind = KT_PART_LIST,
		KT_COLUMNS_OF(zone_columns),
		.forms = 1 << KT_CENSUS_BY_ZONE,
		.help = "With --by zone." },
	{ .key = "nodes",
		.kind = KT_PART_LIST,
		KT_COLUMNS_OF(node_columns),
		.forms = 1 << KT_CENSUS_BY_NODE,
		.help = "With --by node." },
	{ .key = "cgroups",
		.kind = KT_PART_LIST,
		KT_COLUMNS_OF(group_columns),
		.forms = 1 << KT_CENSUS_BY_CGROUP,
		.help = "With --by cgroup." },
};

static int64_t sum_of(const struct kt_page_counts *pages, unsigned classes)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < KT_PAGE_CLASSES; i++)
		sum += classes & 1u << i ? pages->nr[i] : 0;
	return sum;
}

static struct kt_report_row *put_row(struct kt_report *report, struct kt_table *table,
	const struct kt_page_counts *pages, int64_t page_bytes)
{
	struct kt_report_row *row = kt_table_row(report, table);
	size_t at = 0; /* the column of the total */

	if (!row)
		return NULL;
	while (!(table->columns[at].flags & KT_COL_RANK))
		at++;
	row->cells[at] = kt_cell_known(kt_known_times(sum_of(pages, ~HIDDEN), page_bytes));
	for (size_t i = 0; i < KT_LEN(amounts); i++)
		row->cells[at + 1 + i] =
			kt_cell_known(kt_known_times(sum_of(pages, amounts[i]), page_bytes));
	return row;
}

static void put_present(struct kt_report_row *row, int64_t present, int64_t page_bytes)
{
	row->cells[1] = kt_cell_known(kt_known_times(present, page_bytes));
}

static void put_zones(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table =
		kt_report_list(report, "zones", NULL, zone_columns, KT_LEN(zone_columns));

	for (size_t i = 0; table && i < snap->census->zones.count; i++) {
		const struct kt_census_zone *zone = &snap->census->zones.items[i];
		struct kt_report_row *row =
			put_row(report, table, &zone->pages, snap->host.page_bytes);

		if (!row)
			return;
		row->cells[0] = kt_cell_text(zone->name ? kt_arena_printf(&report->arena, "%d %s",
								  zone->node, zone->name)
							: "(zones not known)");
		put_present(row, zone->present, snap->host.page_bytes);
	}
}

/* A node whose zones are not all known has no present memory, since a part would look like all. */
static void add_zone(struct kt_census_zone *node, const struct kt_census_zone *zone)
{
	for (unsigned i = 0; i < KT_PAGE_CLASSES; i++)
		node->pages.nr[i] += zone->pages.nr[i];
	if (zone->present >= 0 && node->present >= 0)
		node->present += zone->present;
	else
		node->present = -1;
}

/* Zones of a node are adjacent, as in proc/zoneinfo; other zones become a row of their own. */
static void put_nodes(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table =
		kt_report_list(report, "nodes", NULL, node_columns, KT_LEN(node_columns));
	const struct kt_census *census = snap->census;

	for (size_t i = 0, end; table && i < census->zones.count; i = end) {
		struct kt_census_zone node = census->zones.items[i];
		struct kt_report_row *row;

		for (end = i + 1;
			end < census->zones.count && census->zones.items[end].node == node.node;
			end++)
			add_zone(&node, &census->zones.items[end]);
		row = put_row(report, table, &node.pages, snap->host.page_bytes);
		if (!row)
			return;
		row->cells[0] =
			kt_cell_text(node.name ? kt_arena_printf(&report->arena, "%d", node.node)
					       : "(nodes not known)");
		put_present(row, node.present, snap->host.page_bytes);
	}
}

/*
 * A group without a path was removed or is below the depth that is searched; its inode is what
 * /proc/kpagecgroup has.
 */
static const char *name_of(struct kt_report *report, const struct kt_census_group *group)
{
	if (group->path)
		return kt_arena_printf(&report->arena, "%s", group->path);
	if (!group->inode)
		return "(charged to none)";
	if (group->inode == KT_CENSUS_OTHERS)
		return "(too many to separate)";
	return kt_arena_printf(&report->arena, "(inode %llu)", (unsigned long long)group->inode);
}

/*
 * The kernel names the group of a page by the inode of its directory. Slab pages are charged object
 * by object and have no group.
 */
static void put_groups(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table =
		kt_report_list(report, "cgroups", NULL, group_columns, KT_LEN(group_columns));

	for (size_t i = 0; table && i < snap->census->groups.count; i++) {
		const struct kt_census_group *group = &snap->census->groups.items[i];
		struct kt_report_row *row =
			put_row(report, table, &group->pages, snap->host.page_bytes);

		if (!row)
			return;
		row->cells[NAME_OF_GROUP] = kt_cell_text(name_of(report, group));
		if (group->inode && group->inode <= INT64_MAX)
			row->cells[0] = kt_cell_number((int64_t)group->inode);
	}
}

void kt_census_put_by(
	struct kt_report *report, const struct kt_snapshot *snap, enum kt_census_by by)
{
	if (by == KT_CENSUS_BY_ZONE)
		put_zones(report, snap);
	else if (by == KT_CENSUS_BY_NODE)
		put_nodes(report, snap);
	else
		put_groups(report, snap);
}
