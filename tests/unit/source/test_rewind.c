// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every source is read, thrown away and read again: the snapshot is as if it had been read
// once. The comparison knows no source and no list, so that new ones are covered: words of
// two snapshots are the same, or both are addresses.

#include "feed.h"
#include "test.h"

#include "root/root.h"

#include <dirent.h>
#include <stddef.h>

#define ADDRESS_MIN (1ull << 40) /* no count or size of the fixtures is as large */

/* A list of the snapshot, whose elements are compared too. */
struct list {
	const char *name;
	size_t at, element;
};

#define LIST(type, member) { #member, offsetof(struct kt_snapshot, member), sizeof(type) },

/* The snapshot's lists, and the lists inside its records. */
static const struct list lists[] = { KT_SNAPSHOT_LISTS(LIST) LIST(struct kt_memreport, memreports)
		LIST(struct kt_cgroup, cgroups.groups)
			LIST(struct kt_percpu_chunk, percpu.chunks) };

typedef KT_LIST(char) any_list;

static uint64_t word(const void *from, size_t at)
{
	uint64_t word;

	memcpy(&word, (const char *)from + at, sizeof(word));
	return word;
}

static bool same(const void *a, const void *b, size_t size, const char *what)
{
	size_t at = 0;

	for (; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
		uint64_t x = word(a, at), y = word(b, at);

		if (x == y || (x >= ADDRESS_MIN && y >= ADDRESS_MIN))
			continue;
		printf("  %s, byte %zu: %llu and %llu\n", what, at, (unsigned long long)x,
			(unsigned long long)y);
		return false;
	}
	return memcmp((const char *)a + at, (const char *)b + at, size - at) == 0;
}

static bool is_known_list(size_t at)
{
	for (size_t i = 0; i < KT_LEN(lists); i++) {
		if (lists[i].at == at)
			return true;
	}
	return false;
}

/* What looks like a list and is none of those above has to become one of them. */
static bool all_lists_known(const struct kt_snapshot *snap)
{
	for (size_t at = 0; at + sizeof(any_list) <= sizeof(*snap); at += sizeof(uint64_t)) {
		uint64_t count = word(snap, at + 8), room = word(snap, at + 16);

		if (word(snap, at) >= ADDRESS_MIN && count && count <= room && room < ADDRESS_MIN &&
			!is_known_list(at)) {
			printf("  a list at byte %zu of the snapshot is not compared\n", at);
			return false;
		}
	}
	return true;
}

static bool same_snapshot(const struct kt_snapshot *a, const struct kt_snapshot *b)
{
	const size_t skip = sizeof(a->arena);

	if (!same((const char *)a + skip, (const char *)b + skip, sizeof(*a) - skip, "snapshot") ||
		!all_lists_known(a))
		return false;
	for (size_t i = 0; i < KT_LEN(lists); i++) {
		const any_list *x = (const void *)((const char *)a + lists[i].at);
		const any_list *y = (const void *)((const char *)b + lists[i].at);

		for (size_t k = 0; k < x->count; k++) {
			if (!same(x->items + k * lists[i].element, y->items + k * lists[i].element,
				    lists[i].element, lists[i].name))
				return false;
		}
	}
	for (size_t i = 0; i < a->entries.count; i++) {
		const struct kt_entry *x = &a->entries.items[i], *y = &b->entries.items[i];

		if (strcmp(x->path ? x->path : "", y->path ? y->path : "") != 0 ||
			strcmp(x->field ? x->field : "", y->field ? y->field : "") != 0)
			return false;
	}
	return true;
}

/* The sources before this one, and then it, so often; in between it is thrown away. */
static struct kt_snapshot *read_times(const char *fixture, size_t source, int times)
{
	struct kt_snapshot *snap = machine(KT_UNKNOWN);
	struct kt_snapshot_mark mark;
	const struct kt_source *before[64] = { NULL }, *it[] = { kt_sources[source], NULL };
	char path[512];

	snprintf(path, sizeof(path), "%s%s", KT_FIXTURES, fixture);
	for (size_t i = 0; i < source && i + 1 < KT_LEN(before); i++)
		before[i] = kt_sources[i];
	for (int turn = -1; turn < times; turn++) {
		struct kt_needs needs = { .only = turn < 0 ? before : it };
		struct kt_collect_opts opts = { .want = KT_WANT_EXPENSIVE, .needs = &needs };
		KT_CLEANUP(root) struct kt_root *root = NULL;

		if (turn == 0)
			mark = kt_snapshot_mark(snap);
		if (turn > 0)
			kt_snapshot_rewind(snap, &mark);
		if (!CHECK(!kt_root_open(path, kt_source_inside, &root)) ||
			!CHECK(!kt_collect(root, &opts, snap)))
			break;
	}
	return snap;
}

/* Calls `check` with each folder of the fixtures. */
static void on_each_fixture(void (*check)(const char *fixture))
{
	DIR *folder = opendir(KT_FIXTURES);
	const struct dirent *entry;
	size_t count = 0;

	if (!CHECK(folder != NULL))
		return;
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		check(entry->d_name);
		count++;
	}
	closedir(folder);
	CHECK(count >= 3);
}

static void check_read_again(const char *fixture)
{
	size_t nr_entries = 0;

	for (size_t i = 0; i < kt_nr_sources; i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *once = read_times(fixture, i, 1);
		KT_CLEANUP(snapshot) struct kt_snapshot *thrice = read_times(fixture, i, 3);

		if (!CHECK(same_snapshot(once, thrice)))
			printf("  %s of %s\n", kt_sources[i]->name, fixture);
		nr_entries += once->entries.count;
	}
	CHECK(nr_entries > 1000);
}

TEST(a_source_that_is_read_again_after_its_reading_was_thrown_away_says_the_same)
{
	on_each_fixture(check_read_again);
}

static void check_rewound(const char *fixture)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s", KT_FIXTURES, fixture);
	for (size_t i = 0; i < kt_nr_sources; i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *before = read_times(fixture, i, 0);
		KT_CLEANUP(snapshot) struct kt_snapshot *after = read_times(fixture, i, 0);
		struct kt_snapshot_mark mark = kt_snapshot_mark(after);
		struct kt_needs needs = { .only = KT_SOURCES(kt_sources[i]) };
		struct kt_collect_opts opts = { .want = KT_WANT_EXPENSIVE, .needs = &needs };
		KT_CLEANUP(root) struct kt_root *root = NULL;

		CHECK(!kt_root_open(path, kt_source_inside, &root));
		CHECK(!kt_collect(root, &opts, after));
		kt_snapshot_rewind(after, &mark);
		if (!CHECK(same_snapshot(before, after)))
			printf("  %s of %s\n", kt_sources[i]->name, fixture);
	}
}

TEST(rewinding_forgets_every_list_and_number)
{
	on_each_fixture(check_rewound);
}

/* ---- each list by itself, whether a fixture has something for it or not ---- */

#define NR_MORE 1000 /* elements: more than any list has room for at first */

static any_list *list_at(struct kt_snapshot *snap, const struct list *list)
{
	return (any_list *)((char *)snap + list->at);
}

static void push_elements(struct kt_snapshot *snap, const struct list *list, size_t count, int byte)
{
	any_list *at = list_at(snap, list);

	for (size_t i = 0; i < count; i++) {
		void *slot;

		/* entries are chained as well */
		if (list->at == offsetof(struct kt_snapshot, entries)) {
			kt_snapshot_put(snap, (struct kt_entry){ .raw = byte });
			continue;
		}
		slot = kt_arena_push(
			&snap->arena, &at->items, &at->count, &at->room, list->element);
		if (CHECK(slot != NULL))
			memset(slot, byte, list->element);
	}
}

static void check_list_rewound(const struct list *list, size_t nr_before)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *expected = machine(4096);
	struct kt_snapshot_mark mark;

	push_elements(snap, list, nr_before, 1);
	push_elements(expected, list, nr_before, 1);
	mark = kt_snapshot_mark(snap);
	for (int turn = 0; turn < 2; turn++) {
		push_elements(snap, list, NR_MORE, 2);
		CHECK_INT(list_at(snap, list)->count, nr_before + NR_MORE);
		kt_snapshot_rewind(snap, &mark);
		if (!CHECK_INT(list_at(snap, list)->count, nr_before) ||
			!CHECK(same_snapshot(snap, expected)))
			printf("  %s, %zu elements before the mark\n", list->name, nr_before);
	}
}

TEST(each_list_is_rewound_to_what_it_had_at_the_mark)
{
	for (size_t i = 0; i < KT_LEN(lists); i++) {
		check_list_rewound(&lists[i], 0);
		check_list_rewound(&lists[i], 3);
	}
}

TEST(one_mark_rewinds_all_lists_and_records_together)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *fresh = machine(4096);
	struct kt_snapshot_mark mark = kt_snapshot_mark(snap);

	for (size_t i = 0; i < KT_LEN(lists); i++)
		push_elements(snap, &lists[i], NR_MORE, 2);
#define RECORD(type, member) memset(&snap->member, 2, sizeof(snap->member));
	KT_SNAPSHOT_RECORDS(RECORD)
#undef RECORD
	kt_snapshot_rewind(snap, &mark);
	CHECK(same_snapshot(snap, fresh));
}
