// SPDX-License-Identifier: GPL-2.0-or-later
//
// Preloaded by tests/faults: fails chosen allocations of a program that knows nothing of it,
// those of its libraries too.
//
// KTALLY_ALLOC_FAIL=N   fails the Nth allocation, counted from 1
// KTALLY_ALLOC_REST=1   fails every allocation from the Nth on
// KTALLY_ALLOC_COUNT=1  says on standard error how many allocations there were; a confined
//                       program may write nowhere else

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static long made, nth = -1; /* nth: 0: none is to fail; -1: not read yet */
static bool rest;

static bool fails(void)
{
	long number = __atomic_add_fetch(&made, 1, __ATOMIC_RELAXED);

	if (nth < 0) {
		const char *text = getenv("KTALLY_ALLOC_FAIL");

		nth = text ? atol(text) : 0;
		rest = getenv("KTALLY_ALLOC_REST") != NULL;
	}
	if (!nth || (rest ? number < nth : number != nth))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

__attribute__((destructor)) static void count(void)
{
	char text[40];
	int size = snprintf(text, sizeof(text), "allocations: %ld\n", made);

	if (getenv("KTALLY_ALLOC_COUNT") && write(STDERR_FILENO, text, (size_t)size) != size)
		_exit(1);
}
