// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/users/watched.h"

#include "analysis/frames.h"
#include "base/attr.h"

#include <math.h>
#include <string.h>

#define Z   2.576 /* of the normal distribution, both sides, 99 % */
#define FEW 100	  /* samples */

/* ---- amounts ---- */

/*
 * Bounds of a sum of weights. Its variance says for how many independent samples it stands; the
 * bounds of a Poisson count of that size (Byar's approximation) hold for few samples too. What was
 * sampled exists, so it is a lower bound too.
 */
static struct kt_estimate bounds(double sum, double variance, double seen)
{
	struct kt_estimate ret = { sum, sum, sum };
	double count, above, root;

	if (variance <= 0 || sum <= 0)
		return ret;
	count = sum * sum / variance;
	above = count + 1;
	root = 1 - 1 / (9 * count) - Z / (3 * sqrt(count));
	ret.low = root > 0 ? sum * root * root * root : 0;
	if (ret.low < seen)
		ret.low = seen;
	root = 1 - 1 / (9 * above) + Z / (3 * sqrt(above));
	ret.high = sum * (above / count) * root * root * root;
	return ret;
}

struct kt_estimate kt_watched_bytes(const struct kt_sampled_sum *sum)
{
	return bounds(sum->bytes, sum->bytes_variance, sum->seen_bytes);
}

struct kt_estimate kt_watched_objects(const struct kt_sampled_sum *sum)
{
	return bounds(sum->objects, sum->objects_variance, (double)sum->nr);
}

static struct kt_sampled_sum rest_of(
	const struct kt_sampled_sum *part, const struct kt_sampled_sum *whole)
{
	struct kt_sampled_sum rest = { .nr = whole->nr - part->nr,
		.seen_bytes = whole->seen_bytes - part->seen_bytes,
		.bytes = whole->bytes - part->bytes,
		.bytes_variance = whole->bytes_variance - part->bytes_variance };

	/* sums of doubles, in another order */
	if (rest.bytes < 0 || rest.nr <= 0)
		rest = (struct kt_sampled_sum){ 0 };
	if (rest.bytes_variance < 0)
		rest.bytes_variance = 0;
	return rest;
}

/*
 * The part and the rest are independent. With many samples the error of their ratio is normal; with
 * few, the share is smallest where the part is at its lower bound and the rest at its upper one.
 */
struct kt_estimate kt_watched_share(
	const struct kt_sampled_sum *part, const struct kt_sampled_sum *whole)
{
	struct kt_sampled_sum rest = rest_of(part, whole);
	struct kt_estimate own = kt_watched_bytes(part), others = kt_watched_bytes(&rest);
	struct kt_estimate ret = { 0, 0, 1 };
	double share, error;

	if (whole->bytes <= 0)
		return ret;
	share = part->bytes / whole->bytes;
	error = Z *
		sqrt((1 - share) * (1 - share) * part->bytes_variance +
			share * share * rest.bytes_variance) /
		whole->bytes;
	ret = (struct kt_estimate){ share, share - error, share + error };
	if (part->nr < FEW || (rest.nr && rest.nr < FEW)) {
		double low = own.low / (own.low + others.high);
		double high = own.high / (own.high + others.low);

		ret.low = own.low + others.high > 0 && low < ret.low ? low : ret.low;
		ret.high = own.high + others.low > 0 && high > ret.high ? high : ret.high;
	}
	ret.low = ret.low < 0 ? 0 : ret.low;
	ret.high = ret.high > 1 ? 1 : ret.high;
	return ret;
}

/* Samples stand for the same number of bytes each, on average. */
double kt_watched_lost_bytes(const struct kt_watched_whole *watch, const struct kt_sampled_sum *all)
{
	if (watch->nr_lost <= 0)
		return 0;
	if (all->nr <= 0)
		return (double)KT_AMOUNT_MAX;
	return fmin(all->bytes / (double)all->nr * (double)watch->nr_lost, (double)KT_AMOUNT_MAX);
}

void kt_watched_add(struct kt_sampled_sum *sum, const struct kt_sampled_sum *more)
{
	sum->nr += more->nr;
	sum->objects += more->objects;
	sum->objects_variance += more->objects_variance;
	sum->bytes += more->bytes;
	sum->bytes_variance += more->bytes_variance;
	sum->seen_bytes += more->seen_bytes;
}

/* ---- lifetimes ---- */

/*
 * Goes through the ages until at most `enough` of the objects is left. Returns the share that is
 * left; below 0: there are no objects. `ret_age`: where it ended; KT_WATCHED_AGES: nowhere.
 */
static double survive(const struct kt_watched *watched, double enough, unsigned *ret_age)
{
	double at_risk = 0, kept = 1;

	*ret_age = KT_WATCHED_AGES;
	for (unsigned age = 0; age < KT_WATCHED_AGES; age++)
		at_risk += watched->ended[age] + watched->lasting[age];
	if (at_risk <= 0)
		return -1;
	for (unsigned age = 0; age < KT_WATCHED_AGES && at_risk > 1e-9; age++) {
		kept *= 1 - watched->ended[age] / at_risk;
		if (kept <= enough) {
			*ret_age = age;
			break;
		}
		at_risk -= watched->ended[age] + watched->lasting[age];
	}
	return kept < 1e-12 ? 0 : kept;
}

double kt_watched_kept(const struct kt_watched *watched)
{
	unsigned age;

	return survive(watched, 0, &age);
}

int64_t kt_watched_half_life_ms(const struct kt_watched *watched)
{
	unsigned age;

	survive(watched, 0.5, &age);
	return age < KT_WATCHED_AGES ? INT64_C(1) << age : KT_UNKNOWN;
}

/* ---- stacks ---- */

/* Functions that run in an interrupt, or right after it, on the stack of whatever it stopped. */
static const char *const interrupts[] = { "handle_softirqs", "__do_softirq", "do_softirq",
	"run_ksoftirqd", "irq_exit_rcu", "__irq_exit_rcu", "irq_exit", "net_rx_action",
	"net_tx_action", "tasklet_action_common", "run_timer_softirq", "rcu_core", "rcu_do_batch",
	"blk_done_softirq", "common_interrupt", "asm_common_interrupt", "do_IRQ",
	"handle_irq_event", "__handle_irq_event_percpu", "el1_interrupt", "el1h_64_irq",
	"el0_interrupt", "gic_handle_irq", "call_timer_fn", "exc_nmi", "default_do_nmi" };

static bool is_interrupt(struct kt_span function)
{
	for (size_t i = 0; i < KT_LEN(interrupts); i++) {
		if (kt_span_eq(function, interrupts[i]))
			return true;
	}
	return kt_span_starts(function, "sysvec_") || kt_span_starts(function, "asm_sysvec_");
}

void kt_watched_context(struct kt_arena *arena, struct kt_watched *watched)
{
	watched->by = KT_BY_TASK;
	for (uint32_t i = 0; i < watched->nr_frames; i++) {
		struct kt_span function = kt_frame_function(watched->frames[i]);

		if (is_interrupt(function)) {
			watched->by = KT_BY_INTERRUPT;
			return;
		}
		/* it calls the function of the work item, which is the frame inside of it */
		if (i && kt_span_eq(function, "process_one_work")) {
			struct kt_span work = kt_frame_function(watched->frames[i - 1]);

			watched->by = KT_BY_WORK;
			watched->work = kt_arena_printf(arena, "%.*s", (int)work.n, work.p);
			return;
		}
	}
}

/* ---- coverage ---- */

static double share_seen(int64_t seen, int64_t not_seen)
{
	return seen + not_seen ? (double)seen / (double)(seen + not_seen) : -1;
}

/* The count may have grown by what was allocated, less the frees of it that are certain. */
static int64_t unseen_bytes(const struct kt_watched_whole *watch)
{
	int64_t grown, most;

	if (!kt_known(watch->bytes_before) || !kt_known(watch->bytes_middle))
		return KT_UNKNOWN;
	grown = watch->bytes_middle - watch->bytes_before;
	most = watch->bytes_allocated > watch->bytes_freed
		       ? watch->bytes_allocated - watch->bytes_freed
		       : 0;
	return grown > most ? grown - most : 0;
}

struct kt_coverage kt_watched_coverage(const struct kt_watched_whole *watch)
{
	struct kt_coverage ret = {
		.events = -1, .frees = -1, .least = -1, .unseen_bytes = unseen_bytes(watch)
	};

	if (watch->verified)
		ret.frees = share_seen(watch->nr_freed, watch->nr_unseen);
	ret.has_counted = kt_known(watch->objs_before) && kt_known(watch->objs_middle);
	ret.has_traced = kt_known(watch->nr_allocs) && kt_known(watch->nr_frees);
	if (ret.has_counted)
		ret.counted = watch->objs_middle - watch->objs_before;
	if (ret.has_traced)
		ret.traced = watch->nr_allocs - watch->nr_frees;
	if (ret.has_counted && ret.has_traced) {
		int64_t more =
			watch->nr_allocs > watch->nr_frees ? watch->nr_allocs : watch->nr_frees;
		int64_t off = ret.traced > ret.counted ? ret.traced - ret.counted
						       : ret.counted - ret.traced;

		/* a change without any event was not seen at all */
		ret.events = !off ? 1 : more > off ? 1 - (double)off / (double)more : 0;
	}
	if (ret.unseen_bytes > 0)
		ret.events = (double)watch->bytes_allocated /
			     ((double)watch->bytes_allocated + (double)ret.unseen_bytes);
	ret.samples = watch->nr_lost > 0 ? share_seen(watch->nr_samples, watch->nr_lost) : 1;
	ret.least = ret.events < 0 || (ret.frees >= 0 && ret.frees < ret.events) ? ret.frees
										 : ret.events;
	/* without an exact count too: samples that are lost are not seen */
	if (ret.samples < 1 && (ret.least < 0 || ret.samples < ret.least))
		ret.least = ret.samples;
	return ret;
}
