// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/sys/fs/{dentry,inode}-state: how many dentries and inodes exist. Six numbers:
// nr_dentry nr_unused age_limit want_pages nr_negative dummy (fs/dcache.c). Before Linux 5.0
// (commit af0c9af1b3f6) the fifth was a dummy too, always 0. inode-state: nr_inodes nr_unused and
// five zeros.

#include "source/source.h"

static size_t take_numbers(struct kt_span text, int64_t *ret_numbers, size_t room)
{
	struct kt_span line, word;
	size_t n = 0;

	if (!kt_span_line(&text, &line))
		return 0;
	while (n < room && kt_span_word(&line, &word) && kt_span_i64(word, &ret_numbers[n])) {
		/* sums of per-CPU counters may be slightly below zero; clamped */
		if (ret_numbers[n] < 0)
			ret_numbers[n] = KT_UNKNOWN;
		n++;
	}
	return n;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_dcache *dcache = &snap->dcache;
	struct kt_span path = kt_span_str(text->path);
	int64_t numbers[6];
	size_t n = take_numbers(kt_text_span(text), numbers, KT_LEN(numbers));

	if (n < 2)
		return kt_err_new(KT_ERR_PARSE, "%s: not the counts of a cache", text->path);
	if (kt_span_ends(path, "dentry-state")) {
		dcache->nr_dentry = numbers[0];
		dcache->nr_unused = numbers[1];
		dcache->age_limit = n > 2 ? numbers[2] : KT_UNKNOWN;
		dcache->want_pages = n > 3 ? numbers[3] : KT_UNKNOWN;
		dcache->nr_negative = n > 4 ? numbers[4] : KT_UNKNOWN;
	} else {
		dcache->nr_inodes = numbers[0];
		dcache->nr_inodes_unused = numbers[1];
	}
	return NULL;
}

const struct kt_source kt_source_dcache = {
	.name = "dcache",
	.summary = "how many dentries and inodes exist",
	.paths = { KT_FILE_DENTRY_STATE, KT_FILE_INODE_NR, KT_FILE_INODE_STATE },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "the numbers of unused and negative dentries are unknown",
	.gives = "a mounted /proc",
	.parse = parse,
};
