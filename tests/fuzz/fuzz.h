// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_FUZZ_H
#define KT_FUZZ_H

#include "closed.h"
#include "parse.h"

#include "account/account.h"
#include "account/derive.h"
#include "source/source.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** A captured machine with two nodes, whose page size is told or not. */
static inline struct kt_snapshot *fuzz_machine(bool page_known)
{
	struct kt_snapshot *snap = kt_snapshot_new();

	if (!snap)
		abort();
	snap->host.nr_nodes = 2;
	snap->host.page_bytes = page_known ? 4096 : KT_UNKNOWN;
	return snap;
}

/** Parses a copy of exactly the text's size; `path` must outlive the snapshot. */
static inline void fuzz_parse(struct kt_snapshot *snap, const struct kt_source *source,
	const char *path, const uint8_t *data, size_t size)
{
	struct kt_text text = { malloc(size ? size : 1), size, path };

	if (!text.data)
		abort();
	if (size)
		memcpy(text.data, data, size);
	kt_err_free(parse_text(snap, source, &text));
	if (source->scrub) {
		KT_CLEANUP(buf) struct kt_buf clean = { 0 };

		source->scrub(&text, &clean);
	}
	if (source->condense) {
		KT_CLEANUP(buf) struct kt_buf kept = { 0 };

		source->condense(&text, &kept);
	}
	kt_text_cleanup(&text);
}

/** Whatever the files said, an account that is made closes. */
static inline void fuzz_account(struct kt_snapshot *snap, int node)
{
	KT_CLEANUP(account) struct kt_account account = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_account_compute(snap, node, &account);
	const struct kt_line *open = err ? NULL : line_not_closed(&account);

	if (open) {
		fprintf(stderr, "node %d: %s is not the sum of its children\n", node, open->id);
		abort();
	}
	if (!err && !levels_closed(snap, &account)) {
		fprintf(stderr, "node %d: a level is not its total\n", node);
		abort();
	}
}

#endif
