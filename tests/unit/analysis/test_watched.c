// SPDX-License-Identifier: GPL-2.0-or-later
//
// Estimates from samples, held against allocations that are all known.

#include "feed.h"
#include "test.h"

#include "analysis/users/watched_rows.h"

#include <math.h>

static uint64_t state = 0x9e3779b97f4a7c15u;

static double uniform(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

/* Takes an allocation as the programs do: its bytes end a gap, or they do not. */
struct sampler {
	double interval, left;
};

static void draw(struct sampler *sampler)
{
	sampler->left = -log(uniform()) * sampler->interval;
}

static void allocate(struct sampler *sampler, struct kt_sampled_sum *sum, double bytes)
{
	double p = -expm1(-bytes / sampler->interval);

	sampler->left -= bytes;
	if (sampler->left > 0)
		return;
	draw(sampler);
	sum->nr++;
	sum->seen_bytes += bytes;
	sum->objects += 1 / p;
	sum->objects_variance += (1 - p) / (p * p);
	sum->bytes += bytes / p;
	sum->bytes_variance += bytes * bytes * (1 - p) / (p * p);
}

static bool holds(const struct kt_estimate *estimate, double truth)
{
	return estimate->low <= truth * (1 + 1e-9) && truth <= estimate->high * (1 + 1e-9);
}

/* Three holders, 10 : 3 : 1, in `rounds` rounds of 14 objects. */
static void check_bounds(double interval, int rounds)
{
	enum { RUNS = 400 };
	static const int weights[] = { 10, 3, 1 };
	struct sampler sampler = { .interval = interval };
	int right[3] = { 0 }, right_share[3] = { 0 };
	double sum_of_all = 0;

	draw(&sampler);
	for (int run = 0; run < RUNS; run++) {
		struct kt_sampled_sum sums[3] = { 0 }, whole = { 0 };

		for (int i = 0; i < rounds * 14; i++)
			allocate(&sampler, &sums[i % 14 < 10 ? 0 : i % 14 < 13 ? 1 : 2], 256);
		for (int k = 0; k < 3; k++)
			kt_watched_add(&whole, &sums[k]);
		for (int k = 0; k < 3; k++) {
			struct kt_estimate bytes = kt_watched_bytes(&sums[k]);
			struct kt_estimate share = kt_watched_share(&sums[k], &whole);

			right[k] += sums[k].nr ? holds(&bytes, 256.0 * weights[k] * rounds) : 1;
			right_share[k] += sums[k].nr ? holds(&share, weights[k] / 14.0) : 1;
		}
		sum_of_all += whole.bytes;
	}
	for (int k = 0; k < 3; k++) {
		CHECK(right[k] >= RUNS * 97 / 100);
		CHECK(right_share[k] >= RUNS * 97 / 100);
	}
	/* no bias: the mean of all runs is near */
	CHECK(fabs(sum_of_all / RUNS / (256.0 * 14 * rounds) - 1) < 0.02);
}

TEST(bounds_hold_with_many_samples_and_with_few)
{
	check_bounds(64, 300);	  /* almost all objects */
	check_bounds(4096, 300);  /* 260 samples, 18 of the smallest holder */
	check_bounds(65536, 300); /* 16 samples */
}

TEST(a_sum_of_everything_has_no_error)
{
	const struct kt_sampled_sum sum = {
		.nr = 3, .seen_bytes = 300, .objects = 3, .bytes = 300
	};
	struct kt_estimate bytes = kt_watched_bytes(&sum);

	CHECK(bytes.value == 300 && bytes.low == 300 && bytes.high == 300);
}

TEST(what_was_sampled_exists)
{
	const struct kt_sampled_sum sum = { .nr = 1,
		.seen_bytes = 4096,
		.objects = 16,
		.objects_variance = 240,
		.bytes = 65536,
		.bytes_variance = 65536.0 * 65536.0 * 0.94 };
	struct kt_estimate bytes = kt_watched_bytes(&sum);

	CHECK(bytes.low >= 4096);
	CHECK(bytes.high > 2 * 65536);
}

TEST(objects_that_are_still_there_count_up_to_their_age)
{
	struct kt_watched turnover = { .ended[3] = 100 }, holder = { .lasting[12] = 100 };
	struct kt_watched half = { .ended[2] = 50, .lasting[12] = 50 };
	/* half were freed after 8 ms; the rest is younger than that, and says nothing */
	struct kt_watched young = { .ended[4] = 50, .lasting[1] = 50 };
	struct kt_watched none = { 0 };

	CHECK(kt_watched_kept(&turnover) == 0);
	CHECK_INT(kt_watched_half_life_ms(&turnover), 8);
	CHECK(kt_watched_kept(&holder) == 1);
	CHECK_INT(kt_watched_half_life_ms(&holder), KT_UNKNOWN);
	CHECK(fabs(kt_watched_kept(&half) - 0.5) < 1e-9);
	CHECK(kt_watched_kept(&young) < 1e-9);
	CHECK(kt_watched_kept(&none) < 0);
}

static struct kt_watched with_frames(const char *const *frames, uint32_t count)
{
	return (struct kt_watched){ .frames = frames, .nr_frames = count };
}

TEST(in_an_interrupt_the_task_is_a_bystander)
{
	static const char *const flood[] = { "__alloc_skb+0x1/0x2", "napi_alloc_skb+0x1",
		"e1000_clean_rx_irq+0x9 [e1000]", "__napi_poll+0x1", "net_rx_action+0x1",
		"handle_softirqs+0x1", "do_softirq+0x1", "__local_bh_enable_ip+0x1",
		"sock_sendmsg+0x1" };
	static const char *const work[] = { "leak+0x1 [bad]", "flush_it+0x1 [bad]",
		"process_one_work+0x1", "worker_thread+0x1", "kthread+0x1" };
	static const char *const call[] = { "do_epoll_ctl+0x1", "__x64_sys_epoll_ctl+0x1" };
	struct kt_arena arena = { 0 };
	struct kt_watched watched = with_frames(flood, KT_LEN(flood));

	kt_watched_context(&arena, &watched);
	CHECK_INT(watched.by, KT_BY_INTERRUPT);
	watched = with_frames(work, KT_LEN(work));
	kt_watched_context(&arena, &watched);
	CHECK_INT(watched.by, KT_BY_WORK);
	CHECK_STR(watched.work, "flush_it");
	watched = with_frames(call, KT_LEN(call));
	kt_watched_context(&arena, &watched);
	CHECK_INT(watched.by, KT_BY_TASK);
	kt_arena_fini(&arena);
}

TEST(coverage_is_what_events_explain_of_exact_counts)
{
	/* frees that no event shows: 20,000 allocated, 9 freed, and none more than before */
	struct kt_watched_whole hidden = { .objs_before = 480,
		.objs_middle = 480,
		.nr_allocs = 20000,
		.nr_frees = 9,
		.verified = true,
		.nr_freed = 1,
		.nr_unseen = 999 };
	struct kt_watched_whole seen = {
		.objs_before = 480, .objs_middle = 20470, .nr_allocs = 20000, .nr_frees = 10
	};
	struct kt_watched_whole generic = { .objs_before = 1,
		.objs_middle = 1,
		.nr_allocs = KT_UNKNOWN,
		.nr_frees = KT_UNKNOWN,
		.verified = true,
		.nr_freed = 99,
		.nr_unseen = 1 };
	/* no event at all, but more objects */
	struct kt_watched_whole blind = { .objs_before = 1, .objs_middle = 1000 };

	CHECK(kt_watched_coverage(&hidden).least < 0.01);
	CHECK(kt_watched_coverage(&seen).least == 1);
	CHECK(fabs(kt_watched_coverage(&generic).least - 0.99) < 1e-9);
	CHECK(kt_watched_coverage(&blind).least == 0);
	generic.verified = false;
	CHECK(kt_watched_coverage(&generic).least < 0);
}

TEST(an_exact_count_that_grew_by_more_than_events_explain_shows_what_is_missing)
{
	struct kt_watched_whole watch = { .objs_before = KT_UNKNOWN,
		.objs_middle = KT_UNKNOWN,
		.nr_allocs = KT_UNKNOWN,
		.nr_frees = KT_UNKNOWN,
		.bytes_before = 1000,
		.bytes_middle = 1900,
		.bytes_allocated = 1000,
		.bytes_freed = 100 };

	CHECK_INT(kt_watched_coverage(&watch).unseen_bytes, 0);
	/* that nothing is missing is no measure of how much was seen */
	CHECK(kt_watched_coverage(&watch).least < 0);
	watch.bytes_middle = 2900;
	CHECK_INT(kt_watched_coverage(&watch).unseen_bytes, 1000);
	CHECK(kt_watched_coverage(&watch).least == 0.5);
	watch.bytes_middle = 10; /* older memory was freed */
	CHECK_INT(kt_watched_coverage(&watch).unseen_bytes, 0);
	watch.bytes_middle = KT_UNKNOWN;
	CHECK_INT(kt_watched_coverage(&watch).unseen_bytes, KT_UNKNOWN);
}

static void put(struct kt_snapshot *snap, const char *const *frames, uint32_t count, double bytes,
	const char *comm)
{
	struct kt_watched *watched = kt_list_push(&snap->arena, &snap->watched);

	*watched = with_frames(frames, count);
	watched->comm = comm;
	watched->all = watched->held = (struct kt_sampled_sum){
		.nr = 1, .seen_bytes = bytes, .objects = 1, .bytes = bytes
	};
}

TEST(stacks_of_one_function_and_caller_are_one_row)
{
	static const char *const a[] = { "__kmalloc_noprof+0x1", "grab+0x1 [bad]",
		"open_it+0x5 [bad]", "do_syscall_64+0x1" };
	static const char *const b[] = { "kmalloc_trace+0x1", "grab+0x9 [bad]", "open_it+0x5 [bad]",
		"do_syscall_64+0x1" };
	static const char *const other[] = { "grab+0x9 [bad]", "ioctl_it+0x5 [bad]" };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_watched_rows rows;

	put(snap, a, KT_LEN(a), 100, "holder");
	put(snap, b, KT_LEN(b), 50, "holder");
	put(snap, other, KT_LEN(other), 500, "holder");
	put(snap, NULL, 0, 7, "holder");
	kt_watched_group(&snap->arena, snap, 0, &rows);
	if (!CHECK_INT(rows.rows.count, 3))
		return;
	CHECK_STR(rows.rows.items[0].function, "grab");
	CHECK_STR(rows.rows.items[0].callers, "ioctl_it");
	CHECK_STR(rows.rows.items[1].module, "bad");
	CHECK_STR(rows.rows.items[1].callers, "open_it < do_syscall_64");
	CHECK_INT(rows.rows.items[1].nr_stacks, 2);
	CHECK(rows.rows.items[1].sum.held.bytes == 150);
	CHECK_STR(rows.rows.items[2].function, "(unknown)");
	CHECK(rows.held.bytes == 657);
}

/* ---- samples that find no room ---- */

/* Two holders one after the other; room for samples ends in the middle of the second one. */
TEST(what_lost_samples_may_have_been_is_within_the_bounds)
{
	struct sampler sampler = { .interval = 1024 };
	struct kt_sampled_sum sums[2] = { 0 }, all = { 0 };
	struct kt_watched_whole watch = { 0 };
	struct kt_watched_rows rows = { 0 };
	struct kt_estimate second;

	draw(&sampler);
	for (int i = 0; i < 40000; i++) {
		struct kt_sampled_sum one = { 0 };

		allocate(&sampler, &one, 256);
		if (watch.nr_samples < 7000)
			kt_watched_add(&sums[i / 20000], &one);
		*(watch.nr_samples < 7000 ? &watch.nr_samples : &watch.nr_lost) += one.nr;
	}
	CHECK(watch.nr_lost > 1000);
	kt_watched_add(&all, &sums[0]);
	kt_watched_add(&all, &sums[1]);
	rows.held = rows.all = all;
	second = kt_watched_bytes(&sums[1]);
	CHECK(!holds(&second, 20000 * 256.0));
	rows.lost_bytes = kt_watched_lost_bytes(&watch, &all);
	second = kt_watched_held(&sums[1], &rows);
	CHECK(holds(&second, 20000 * 256.0));
	second = kt_watched_held_share(&sums[1], &rows);
	CHECK(holds(&second, 0.5));
}

TEST(a_watch_that_lost_samples_is_no_evidence)
{
	struct kt_watched_whole watch = { .objs_before = 0,
		.objs_middle = 1000,
		.nr_allocs = 1000,
		.nr_samples = 900,
		.bytes_before = KT_UNKNOWN,
		.bytes_middle = KT_UNKNOWN };
	struct kt_coverage coverage = kt_watched_coverage(&watch);

	CHECK(coverage.least == 1);
	watch.nr_lost = 100;
	coverage = kt_watched_coverage(&watch);
	CHECK(fabs(coverage.least - 0.9) < 1e-9);
	CHECK(coverage.least < KT_COVERAGE_ENOUGH);
}
