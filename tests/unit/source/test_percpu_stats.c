// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "model/holdings.h"

#define PATH "sys/kernel/debug/percpu_stats"
#define HEAD                                                        \
	"Percpu Memory Statistics\nAllocation Info:\n-----\n"       \
	"  unit_size           :      1048576\n"                    \
	"  static_size         :       185496\n"                    \
	"  reserved_size       :         8192\n"                    \
	"  dyn_size            :        31592\n\n"                  \
	"Global Stats:\n-----\n  nr_alloc            :       5\n\n" \
	"Per Chunk Stats:\n-----\n"

TEST(every_chunk_is_told_with_what_is_free_in_it)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const struct kt_percpu *percpu = &snap->percpu;

	CHECK_INT(FEED(snap, percpu_stats, PATH,
			  HEAD "Chunk: <- Reserved Chunk\n  free_bytes : 8000\n\n"
			       "Chunk: <- First Chunk\n  nr_alloc   : 529\n  free_bytes : 20\n"
			       "  contig_bytes : 4\n  sum_frag : 20\n\n"
			       "Chunk (sidelined):\n  nr_alloc : 7\n  memcg_aware : 1\n"),
		NO_ERROR);
	CHECK_INT(percpu->unit_bytes, 1048576);
	CHECK_INT(percpu->static_bytes, 185496);
	CHECK_INT(percpu->reserved_bytes, 8192);
	CHECK_INT(percpu->dynamic_bytes, 31592);
	if (!CHECK_INT(percpu->chunks.count, 3))
		return;
	CHECK(percpu->chunks.items[0].reserved && !percpu->chunks.items[0].first);
	CHECK_INT(percpu->chunks.items[0].free_bytes, 8000);
	CHECK(percpu->chunks.items[1].first);
	CHECK_INT(percpu->chunks.items[1].nr_allocs, 529);
	CHECK_INT(percpu->chunks.items[1].free_bytes, 20);
	CHECK_INT(percpu->chunks.items[1].largest_free_bytes, 4);
	CHECK_INT(percpu->chunks.items[1].fragment_bytes, 20);
	CHECK(!percpu->chunks.items[2].first && !percpu->chunks.items[2].reserved);
	CHECK_INT(percpu->chunks.items[2].nr_allocs, 7);
	CHECK_INT(percpu->chunks.items[2].free_bytes, -1);
}

TEST(impossible_numbers_are_not_known)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, percpu_stats, PATH,
		HEAD "Chunk:\n  nr_alloc : -3\n  free_bytes : 99999999999999999\n");
	CHECK_INT(snap->percpu.chunks.items[0].nr_allocs, -1);
	CHECK_INT(snap->percpu.chunks.items[0].free_bytes, -1);
}

TEST(a_text_without_a_unit_is_not_the_allocators)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, percpu_stats, PATH, "Chunk:\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, percpu_stats, PATH, ""), KT_ERR_PARSE);
}

/* ---- sizes of structs, from type data ---- */

#define BTF_PATH "sys/kernel/btf/vmlinux"

static const char strings[] = "\0int\0memcg_vmstats_percpu\0lruvec_stats_percpu\0other";

enum { NAME_INT = 1, NAME_CGROUP = 5, NAME_NODE = 26, NAME_OTHER = 46 };

static size_t make_btf(uint32_t *words, uint32_t last_kind)
{
	const uint32_t types[] = { NAME_INT, 1u << 24, 4, 32, /* int */
		NAME_CGROUP, 4u << 24 | 1, 1216, 0, 0, 0,     /* a struct with one member */
		NAME_NODE, 4u << 24, 528,		      /* a struct */
		NAME_OTHER, last_kind << 24, 77, NAME_CGROUP, 4u << 24, 99 };

	words[0] = 0xeb9f | 1u << 16;
	words[1] = 24;
	words[2] = 0;
	words[3] = sizeof(types);
	words[4] = sizeof(types);
	words[5] = sizeof(strings);
	memcpy(words + 6, types, sizeof(types));
	memcpy((char *)(words + 6) + sizeof(types), strings, sizeof(strings));
	return 24 + sizeof(types) + sizeof(strings);
}

TEST(structs_of_memory_cgroups_have_the_sizes_of_the_type_data)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	uint32_t words[100];
	size_t size = make_btf(words, 31); /* a kind that nobody knows ends the walk */

	CHECK_INT(feed_bytes(snap, &kt_source_btf_sizes, BTF_PATH, (char *)words, size), NO_ERROR);
	CHECK_INT(snap->percpu.cgroup_bytes, 1216);
	CHECK_INT(snap->percpu.cgroup_node_bytes, 528);
}

/* 5.10: the structs have other names, and each cgroup has each of them two times. */
TEST(structs_that_a_cgroup_has_twice_are_told_by_their_members)
{
	static const char names[] = "\0mem_cgroup\0vmstats_local\0vmstats_percpu\0lruvec_stat\0"
				    "mem_cgroup_per_node\0lruvec_stat_local\0memcg_vmstats_percpu";
	const uint32_t types[] = { 1, 4u << 24 | 2, 2048, 12, 0, 0, 26, 0, 64, /* mem_cgroup */
		41, 4u << 24, 328,					       /* lruvec_stat */
		53, 4u << 24 | 1, 1024, 73, 0, 0, /* mem_cgroup_per_node */
		91, 4u << 24, 1216 };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	uint32_t words[120] = { 0xeb9f | 1u << 16, 24, 0, sizeof(types), sizeof(types),
		sizeof(names) };

	memcpy(words + 6, types, sizeof(types));
	memcpy((char *)(words + 6) + sizeof(types), names, sizeof(names));
	CHECK_INT(feed_bytes(snap, &kt_source_btf_sizes, BTF_PATH, (char *)words,
			  24 + sizeof(types) + sizeof(names)),
		NO_ERROR);
	CHECK_INT(snap->percpu.cgroup_bytes, 1216);
	CHECK_INT(snap->percpu.cgroup_node_bytes, 328);
	CHECK(snap->percpu.cgroup_twice);
	CHECK(snap->percpu.cgroup_node_twice);
}

/* 7.0: a pool that is there with its function, in no counter; its size is in no type. */
static void feed_function(struct kt_snapshot *snap, const char *name, uint32_t last_kind)
{
	char names[64] = "";
	const uint32_t types[] = { 1, 12u << 24 | 1, 5, 0, last_kind << 24, 0 };
	uint32_t words[60] = { 0xeb9f | 1u << 16, 24, 0, sizeof(types), sizeof(types),
		sizeof(names) };

	snprintf(names + 1, sizeof(names) - 1, "%s", name);
	memcpy(words + 6, types, sizeof(types));
	memcpy((char *)(words + 6) + sizeof(types), names, sizeof(names));
	CHECK_INT(feed_bytes(snap, &kt_source_btf_sizes, BTF_PATH, (char *)words,
			  24 + sizeof(types) + sizeof(names)),
		NO_ERROR);
	kt_derive(snap);
}

TEST(a_function_tells_of_the_integrity_buffers_of_the_block_layer)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *with = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *without = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *unknown = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *unread = machine(4096);
	int64_t low, high;

	feed_function(with, "bio_integrity_alloc_buf", 31);
	CHECK_VALUE(with, INTEGRITY_MOST, 4 << 20);
	CHECK_INT(value(with, KT_INTEGRITY_MOST).quality, KT_UPPER_BOUND);
	CHECK(kt_holding_sum(with, KT_HELD_INTEGRITY, &low, &high));
	CHECK_INT(low, 0);
	feed_function(without, "bio_integrity_alloc_bufs", 8);
	CHECK_VALUE(without, INTEGRITY_MOST, 0);
	feed_function(unknown, "bio_integrity_alloc", 31); /* there may be more behind it */
	CHECK_STATE(unknown, INTEGRITY_MOST, KT_BAD);
	kt_derive(unread);
	CHECK_STATE(unread, INTEGRITY_MOST, KT_ABSENT);
}

TEST(type_data_that_is_cut_off_is_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	uint32_t words[100];
	size_t size = make_btf(words, 8);

	for (size_t n = 0; n < size; n++)
		CHECK_INT(feed_bytes(snap, &kt_source_btf_sizes, BTF_PATH, (char *)words, n),
			KT_ERR_PARSE);
	CHECK_INT(snap->percpu.cgroup_bytes, KT_UNKNOWN);
}
