// SPDX-License-Identifier: GPL-2.0-or-later
//
// Watches in the text of a recording.

#include "feed.h"
#include "parse.h"
#include "test.h"

#include "source/watch/watched.h"

#include <math.h>

static const char *const frames[] = { "__kmalloc+0x1/0x20", "grab+0x1/0x30 [bad]", "(unknown)" };

static void put_watch(struct kt_snapshot *snap)
{
	struct kt_watched_whole *watch = kt_list_push(&snap->arena, &snap->watches);
	struct kt_watched *watched = kt_list_push(&snap->arena, &snap->watched);

	*watch = (struct kt_watched_whole){ .topic = "kmalloc-64",
		.is_cache = true,
		.begun_s = 1790000000,
		.says = "3 MiB held by grab",
		.alloc_ms = 30000,
		.watch_ms = 60000,
		.objs_before = 10,
		.objs_middle = KT_UNKNOWN,
		.objs_after = KT_UNKNOWN,
		.nr_allocs = KT_UNKNOWN,
		.nr_frees = KT_UNKNOWN,
		.verified = true,
		.nr_gaps = 1,
		.gaps = { { "frees by kfree_rcu()", "not supported" } },
		.closed = "frees of several objects at once" };
	*watched = (struct kt_watched){ .frames = frames,
		.nr_frames = KT_LEN(frames),
		.comm = "a\tb",
		.pid = 7,
		.cgroup = KT_UNKNOWN,
		.path = "/a b",
		.all = { .nr = 3,
			.seen_bytes = 192,
			.objects = 6.5,
			.bytes = 416,
			.bytes_variance = 400 },
		.held = { .nr = 2, .seen_bytes = 128, .objects = 4.25, .bytes = 272 },
		.nr_other = 5 };
	watched->ended[4] = 2.25;
	watched->lasting[31] = 4;
}

TEST(a_watch_is_read_as_it_was_written)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *from = machine(4096), *to = machine(4096);
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	const struct kt_watched *watched;

	put_watch(from);
	kt_watched_write(from, 0, 10, &text);
	kt_watched_write(from, 0, 0, &text); /* a second one, without its stacks */
	CHECK(!kt_source_watched.parse(
		to, &(struct kt_text){
			    .data = text.data, .size = text.size, .path = "ktally/watched" }));
	if (!CHECK_INT(to->watches.count, 2) || !CHECK_INT(to->watched.count, 1))
		return;
	CHECK_STR(to->watches.items[0].topic, "kmalloc-64");
	CHECK_INT(to->watches.items[0].begun_s, 1790000000);
	CHECK_INT(to->watches.items[0].objs_before, 10);
	CHECK_INT(to->watches.items[0].objs_middle, KT_UNKNOWN);
	CHECK(to->watches.items[0].verified && to->watches.items[0].is_cache);
	CHECK_STR(to->watches.items[0].gaps[0].why, "not supported");
	CHECK_STR(to->watches.items[0].says, "3 MiB held by grab");
	watched = &to->watched.items[0];
	CHECK_INT(watched->watch, 0);
	CHECK_INT(watched->nr_frames, 3);
	CHECK_STR(watched->frames[1], "grab+0x1/0x30 [bad]");
	CHECK_STR(watched->comm, "a?b");
	CHECK_STR(watched->path, "/a b");
	CHECK(watched->all.objects == 6.5 && watched->all.bytes == 416);
	CHECK(fabs(watched->all.bytes_variance - 400) < 1e-9);
	CHECK(watched->held.objects == 4.25 && watched->held.bytes_variance == 0);
	CHECK(watched->ended[4] == 2.25 && watched->lasting[31] == 4);
	CHECK_INT(watched->nr_other, 5);
}

TEST(lines_that_are_no_watch_are_refused)
{
	static const char *const texts[] = { "stack\theld=1,1,1,1,1,1\n", "watch\tbegun_s=1\n",
		"watch\ttopic=a\tbegun_s=-5\n", "watch\ttopic=a\nstack\theld=1,2\n",
		"watch\ttopic=a\nstack\tended=32:5\n", "watch\ttopic=a\nother\n" };

	for (size_t i = 0; i < KT_LEN(texts); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		KT_CLEANUP(err)
		struct kt_err *err =
			kt_source_watched.parse(snap, &(struct kt_text){ .data = (char *)texts[i],
							      .size = strlen(texts[i]),
							      .path = "ktally/watched" });

		CHECK(err && kt_err_code(err) == KT_ERR_PARSE);
	}
}
