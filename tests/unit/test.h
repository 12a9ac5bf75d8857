// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_H
#define KT_TEST_H

/**
 * A test program is one file: TEST(name) { ... } for each truth, CHECKs inside. A failed
 * check is told with both values and the test goes on, so that one run shows all of it.
 * main() is here; every test program includes this header once.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

static struct {
	struct test *first, **end;
	const char *running;
	unsigned nr_failures; /* of the test that runs */
} tests;

static inline void test_register(struct test *test)
{
	if (!tests.end)
		tests.end = &tests.first;
	*tests.end = test;
	tests.end = &test->next;
}

#define TEST(title)                                                     \
	static void title(void);                                        \
	static struct test test_##title = { #title, title, NULL };      \
	__attribute__((constructor)) static void register_##title(void) \
	{                                                               \
		test_register(&test_##title);                           \
	}                                                               \
	static void title(void)

#define FAILED_AT(file, line, fmt, ...) \
	(tests.nr_failures++,           \
		printf("%s:%d: %s: " fmt "\n", file, line, tests.running, __VA_ARGS__))

static inline bool check_true(const char *file, int line, const char *text, bool truth)
{
	if (!truth)
		FAILED_AT(file, line, "%s is false", text);
	return truth;
}

static inline bool check_int(
	const char *file, int line, const char *text, int64_t got, int64_t wanted)
{
	if (got != wanted)
		FAILED_AT(file, line, "%s is %" PRId64 ", wanted %" PRId64, text, got, wanted);
	return got == wanted;
}

static inline bool check_str(
	const char *file, int line, const char *text, const char *got, const char *wanted)
{
	bool same = got && wanted ? strcmp(got, wanted) == 0 : got == wanted;

	if (!same)
		FAILED_AT(file, line, "%s is \"%s\", wanted \"%s\"", text, got ? got : "(null)",
			wanted ? wanted : "(null)");
	return same;
}

/* Each gives whether it holds, so that a test can stop where going on makes no sense. */
#define CHECK(cond) check_true(__FILE__, __LINE__, #cond, (cond))
#define CHECK_INT(got, wanted) \
	check_int(__FILE__, __LINE__, #got, (int64_t)(got), (int64_t)(wanted))
#define CHECK_STR(got, wanted) check_str(__FILE__, __LINE__, #got, (got), (wanted))

int main(void)
{
	unsigned nr_passed = 0, nr_failed = 0;

	for (struct test *test = tests.first; test; test = test->next) {
		tests.running = test->name;
		tests.nr_failures = 0;
		test->run();
		if (tests.nr_failures)
			nr_failed++;
		else
			nr_passed++;
	}
	printf("%s: %u passed, %u failed\n", program_invocation_short_name, nr_passed, nr_failed);
	return nr_failed || !nr_passed;
}

#endif
