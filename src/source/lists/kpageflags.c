// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/kpageflags, a word of flags for every page of memory. Costs 60 ns a page in the
// kernel. Nothing is locked, so pages that change meanwhile are counted twice or not at all.

#include "source/page_scan.h"

static const char *const path = "proc/kpageflags";

struct flags {
	struct kt_root *root;
	struct kt_text text; /* of the last reading */
};

static struct kt_err *read_words(
	void *arg, uint64_t pfn, size_t count, const uint64_t **ret_words, size_t *ret_count)
{
	struct flags *flags = arg;
	const uint64_t *words;
	uint64_t bits = 0;
	struct kt_err *err;

	kt_text_cleanup(&flags->text);
	flags->text = (struct kt_text){ 0 };
	err = kt_root_read_at(flags->root, path, pfn * 8, count * 8, &flags->text);
	if (err)
		return err;
	words = (const uint64_t *)(const void *)flags->text.data;
	*ret_count = flags->text.size / 8; /* a file may end inside a word */
	for (size_t i = 0; i < *ret_count; i++)
		bits |= words[i];
	if (bits & KT_PAGE_FLAGS_IMPOSSIBLE)
		return kt_err_new(KT_ERR_PARSE,
			"%s: not page flags, or page flags of a machine with another byte order",
			path);
	*ret_words = words;
	return NULL;
}

static struct kt_err *scan_pages(
	struct kt_root *root, struct kt_snapshot *snap, const struct kt_collect_opts *opts)
{
	struct flags flags = { .root = root };
	const struct kt_page_words_of words = { .read = read_words, .arg = &flags };
	struct kt_err *err;

	if (!kt_root_has(root, path))
		return kt_err_new(KT_ERR_ABSENT, "%s: no such file", path);
	err = kt_page_scan(root, snap, opts, &words);
	kt_text_cleanup(&flags.text);
	if (!err && snap->census->pages.nr[KT_PAGE_UNREAD] == snap->census->nr_pages) {
		snap->census = NULL;
		err = kt_err_new(
			KT_ERR_PARSE, "%s: ends before the first page of System RAM", path);
	}
	return err;
}

const struct kt_source kt_source_kpageflags = {
	.name = "kpageflags",
	.summary = "what every page of memory is used for",
	.paths = { "proc/kpageflags", "proc/kpagecgroup" },
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "the account cannot be compared with the pages themselves",
	.gives = "root and CONFIG_PROC_PAGE_MONITOR",
	.scan = scan_pages,
};
