// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/users/armed.h"

#include "base/attr.h"

#include "test.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

static const struct kt_armed_order order = {
	.what = "no such cache", .seconds = 5, .cpu_percent = 1, .forms = 1, .width = 80
};

/* Takes news until the watch has ended. */
static void wait_for_end(struct kt_armed *armed)
{
	for (int i = 0; i < 1000 && kt_armed_runs(armed); i++) {
		struct pollfd fd = { .fd = kt_armed_fd(armed), .events = POLLIN };

		poll(&fd, 1, 100);
		kt_armed_take(armed);
	}
	CHECK(!kt_armed_runs(armed));
}

static bool refuses(
	struct kt_armed *armed, const struct kt_armed_order *wanted, enum kt_err_code code)
{
	struct kt_err *err = kt_armed_start(armed, wanted);
	bool refused = err && kt_err_code(err) == code;

	kt_err_free(err);
	return refused;
}

TEST(a_watch_that_fails_says_why_and_another_can_follow)
{
	struct kt_armed *armed;
	struct kt_buf text = { 0 };

	CHECK(!kt_armed_new(&armed));
	CHECK_INT(kt_armed_state(armed)->stage, KT_ARMED_IDLE);
	for (uint32_t number = 1; number <= 2; number++) {
		struct kt_err *err;

		CHECK(!kt_armed_start(armed, &order));
		CHECK_INT(kt_armed_state(armed)->number, number);
		CHECK(refuses(armed, &order, KT_ERR_LIMIT));
		wait_for_end(armed);
		CHECK_INT(kt_armed_state(armed)->stage, KT_ARMED_FAILED);
		CHECK(strstr(kt_armed_state(armed)->why, "no such cache") != NULL);
		err = kt_armed_result(armed, KT_ARMED_JSON, &text);
		CHECK(err && kt_err_code(err) == KT_ERR_ABSENT);
		kt_err_free(err);
	}
	kt_buf_cleanup(&text);
	kt_armed_free(armed);
}

TEST(orders_out_of_bounds_never_reach_the_process)
{
	struct kt_armed_order bad[] = { order, order, order, order, order };
	struct kt_armed *armed;

	CHECK(!kt_armed_new(&armed));
	bad[0].seconds = KT_ARMED_SECONDS + 1;
	bad[1].seconds = -1;
	bad[2].cpu_percent = 100;
	bad[3].what[0] = '\0';
	memset(bad[4].what, 'a', sizeof(bad[4].what));
	for (size_t i = 0; i < KT_LEN(bad); i++)
		CHECK(refuses(armed, &bad[i], KT_ERR_USAGE));
	CHECK_INT(kt_armed_state(armed)->stage, KT_ARMED_IDLE);
	kt_armed_free(armed);
}

TEST(a_watch_that_is_dropped_ends_without_a_result)
{
	struct kt_armed_order slow = order;
	struct kt_armed *armed;

	strcpy(slow.what, "slab");
	CHECK(!kt_armed_new(&armed));
	CHECK(!kt_armed_start(armed, &slow));
	kt_armed_drop(armed);
	wait_for_end(armed);
	/* without rights it has failed before */
	CHECK(kt_armed_state(armed)->stage == KT_ARMED_DROPPED ||
		kt_armed_state(armed)->stage == KT_ARMED_FAILED);
	kt_armed_free(armed);
}

TEST(a_process_that_was_killed_is_an_error_and_no_hang)
{
	struct kt_armed *armed;
	int fds[2];

	CHECK(!kt_armed_new(&armed));
	/* what the keeper sees when the view ends: its socket closes */
	CHECK(pipe(fds) == 0);
	CHECK(dup2(fds[1], kt_armed_fd(armed)) >= 0);
	CHECK(refuses(armed, &order, KT_ERR_OS));
	close(fds[0]);
	close(fds[1]);
	kt_armed_free(armed);
}
