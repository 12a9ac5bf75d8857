// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_PAGE_SCAN_H
#define KT_SOURCE_PAGE_SCAN_H

#include "source/source.h"

/** Counts every page of memory, by words about pages that a source gives. Private to src/source. */
struct kt_page_words_of {
	/**
	 * Gives words of pages from `pfn` on, at most `count`; they are valid until the next call.
	 * Fewer than 1: there is nothing about this page and what follows it in its range.
	 */
	struct kt_err *(*read)(void *arg, uint64_t pfn, size_t count, const uint64_t **ret_words,
		size_t *ret_count);
	/** A range of pages begins. NULL: it makes no difference. */
	void (*begin)(void *arg);
	void *arg;
	uint32_t classes; /* that the words can have; 0: the classes of /proc/kpageflags */
};

/** Leaves the census in the snapshot. */
struct kt_err *kt_page_scan(struct kt_root *root, struct kt_snapshot *snap,
	const struct kt_collect_opts *opts, const struct kt_page_words_of *words) KT_MUST_CHECK;

#endif
