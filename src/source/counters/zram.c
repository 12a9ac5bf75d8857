// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads what swap or file systems in compressed memory (zram) take: "orig_data_size compr_data_size
// mem_used_total ..." in bytes, one line a device (drivers/block/zram/zram_drv.c: mm_stat_show).

#include "source/source.h"

static void add(struct kt_snapshot *snap, enum kt_metric metric, const char *field, int64_t bytes)
{
	kt_snapshot_add(snap, (struct kt_entry){ .metric = metric,
				      .node = KT_NO_NODE,
				      .unit = KT_BYTES,
				      .raw = bytes,
				      .path = "sys/block/zram*/mm_stat",
				      .field = field });
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, word;
	int64_t numbers[3];

	if (!kt_span_line(&rest, &line))
		line = (struct kt_span){ 0 };
	for (size_t i = 0; i < KT_LEN(numbers); i++) {
		if (!kt_span_word(&line, &word) || !kt_span_i64(word, &numbers[i]) ||
			numbers[i] < 0 || numbers[i] > KT_AMOUNT_MAX)
			return kt_err_new(KT_ERR_PARSE, "%s: not three amounts", text->path);
	}
	add(snap, KT_ZRAM_DATA, "orig_data_size", numbers[0]);
	add(snap, KT_ZRAM_USED, "mem_used_total", numbers[2]);
	return NULL;
}

const struct kt_source kt_source_zram = {
	.name = "zram",
	.summary = "data in zram, and the memory that it takes",
	.paths = { "sys/block/zram*/mm_stat" },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "how well zram compresses is not known",
	.gives = "a device of zram, and a mounted /sys",
	.parse = parse,
};
