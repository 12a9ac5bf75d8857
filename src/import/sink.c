// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/sink.h"

#include "base/kernel_files.h"
#include "model/snapshot.h"
#include "record/draft.h"
#include "record/frame.h"
#include "record/sampler.h"
#include "root/new_file.h"
#include "root/root.h"
#include "source/source.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SAMPLES 3600u
#define BLOCK_BYTES   (1u << 20)  /* of memory, that samples after the first add to a block */
#define ALL_BYTES     (16u << 20) /* of memory, of a block */
#define META	      "ktally/meta"

struct text {
	const char *path;
	struct kt_buf text;
};

struct kt_sink {
	struct kt_new_file file;
	struct kt_draft draft;
	struct kt_sampler *sampler;
	struct kt_arena arena; /* of the sample */
	KT_LIST(struct text) texts;
	struct kt_arena names; /* of boot and host */
	const char *boot, *host;
	uint32_t nr_boots;
	uint64_t nr_samples, sequence, nr_bytes;
	int64_t ms, boot_ms, boot_from_ms, page_bytes;
	bool by_uptime; /* the clock since the boot is the uptime of the samples */
	struct kt_boots boots;
};

struct kt_err *kt_sink_open(const char *path, bool force, struct kt_sink **ret_sink)
{
	struct kt_sink *sink = calloc(1, sizeof(*sink));
	struct kt_err *err;

	*ret_sink = sink;
	if (!sink)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	sink->file = KT_NEW_FILE_NONE;
	kt_draft_init(&sink->draft);
	kt_boots_init(&sink->boots);
	sink->sampler = kt_sampler_new();
	err = sink->sampler ? kt_new_file_create(path, force, &sink->file)
			    : kt_err_new(KT_ERR_NOMEM, "out of memory");
	return err;
}

static void drop_texts(struct kt_sink *sink)
{
	for (size_t i = 0; i < sink->texts.count; i++)
		kt_buf_cleanup(&sink->texts.items[i].text);
	sink->texts.count = sink->texts.room = 0;
	sink->texts.items = NULL;
	kt_arena_fini(&sink->arena);
	sink->arena = (struct kt_arena){ 0 };
}

void kt_sink_free(struct kt_sink *sink)
{
	if (!sink)
		return;
	drop_texts(sink);
	kt_arena_fini(&sink->names);
	kt_sampler_free(sink->sampler);
	kt_draft_fini(&sink->draft);
	kt_new_file_cleanup(&sink->file);
	free(sink);
}

/* ---- blocks ---- */

static struct kt_err *write_block(struct kt_sink *sink)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	struct kt_err *err;

	if (!sink->draft.block.nr_samples)
		return NULL;
	kt_draft_finish(&sink->draft);
	if (kt_draft_failed(&sink->draft))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_frame_write(&sink->draft.block, sink->sequence, &bytes);
	if (!err)
		err = kt_new_file_write(&sink->file, bytes.data, bytes.size);
	sink->sequence += sink->draft.block.nr_samples;
	sink->nr_bytes += bytes.size;
	kt_draft_fini(&sink->draft);
	kt_draft_init(&sink->draft);
	kt_sampler_restart(sink->sampler);
	return err;
}

static bool is_full(const struct kt_sink *sink)
{
	const struct kt_draft *draft = &sink->draft;

	return draft->block.nr_samples >= BLOCK_SAMPLES || kt_draft_growth(draft) >= BLOCK_BYTES ||
	       (draft->block.nr_samples && draft->nr_bytes >= ALL_BYTES);
}

/* ---- samples ---- */

void kt_sink_begin(struct kt_sink *sink, int64_t ms, const char *host)
{
	if (host && !(sink->host && strcmp(host, sink->host) == 0))
		sink->host = kt_arena_name(&sink->names, kt_span_str(host));
	sink->ms = ms;
	kt_boots_begin(&sink->boots, ms);
}

struct kt_boots *kt_sink_boots(struct kt_sink *sink)
{
	return &sink->boots;
}

bool kt_sink_file(struct kt_sink *sink, const char *path, struct kt_span text)
{
	struct text *slot;

	for (size_t i = 0; i < sink->texts.count; i++) {
		if (strcmp(sink->texts.items[i].path, path) == 0)
			return false;
	}
	slot = kt_list_push(&sink->arena, &sink->texts);
	if (!slot)
		return true;
	*slot = (struct text){ .path = kt_arena_printf(&sink->arena, "%s", path) };
	kt_buf_add(&slot->text, text.p, text.n);
	sink->arena.failed |= slot->text.failed;
	kt_boots_file(&sink->boots, path, text);
	return true;
}

/* Lets the sources read the sample: several files together give the page size. */
static struct kt_err *find_page_size(struct kt_sink *sink)
{
	const struct kt_collect_opts opts = { 0 };
	struct kt_root *root = NULL;
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_err *err;

	if (!snap)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_root_memory_new(KT_ROOT_BUNDLE, &root);
	for (size_t i = 0; !err && i < sink->texts.count; i++) {
		const struct kt_buf *text = &sink->texts.items[i].text;
		char *copy = malloc(text->size + 1);

		if (copy && text->size)
			memcpy(copy, text->data, text->size);
		err = copy ? kt_root_memory_add(root, sink->texts.items[i].path, copy, text->size)
			   : kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	if (!err)
		err = kt_collect(root, &opts, snap);
	if (!err && snap->host.page_bytes > 0)
		sink->page_bytes = snap->host.page_bytes;
	kt_snapshot_free(snap);
	kt_root_free(root);
	return err;
}

static void put_facts(struct kt_sink *sink)
{
	struct kt_draft *draft = &sink->draft;

	kt_draft_fact(draft, "ktally", KTALLY_VERSION);
	kt_draft_fact(draft, KT_BLOCK_PARTIAL, "1");
	kt_draft_fact(draft, "boot_id", sink->boot);
	kt_draft_fact(draft, "host", sink->host ? sink->host : "");
	if (sink->page_bytes)
		kt_draft_fact(draft, "page_bytes",
			kt_arena_printf(&sink->arena, "%lld", (long long)sink->page_bytes));
}

static void put_meta(struct kt_sink *sink)
{
	KT_CLEANUP(buf) struct kt_buf meta = { 0 };

	if (sink->page_bytes)
		kt_buf_printf(&meta, "page_bytes=%lld\n", (long long)sink->page_bytes);
	kt_buf_puts(&meta, "privileged=1\n");
	sink->draft.failed |= meta.failed;
	if (!meta.failed)
		kt_sink_file(sink, META, (struct kt_span){ meta.data, meta.size });
}

static void put_texts(struct kt_sink *sink)
{
	for (size_t i = 0; i < sink->texts.count; i++) {
		const struct text *one = &sink->texts.items[i];

		kt_sampler_text(sink->sampler, &sink->draft, one->path,
			(struct kt_span){ one->text.data ? one->text.data : "", one->text.size });
	}
	kt_sampler_drop_untold(sink->sampler, &sink->draft);
}

/* Blocks are of one boot, whose name is its id where the first sample has it. */
static struct kt_err *begin_boot(struct kt_sink *sink)
{
	const char *id = sink->boots.now.id;

	sink->nr_boots++;
	sink->boot = *id ? kt_arena_name(&sink->names, kt_span_str(id))
			 : kt_arena_printf(&sink->names, "imported-%u", sink->nr_boots);
	return sink->draft.block.nr_samples ? write_block(sink) : NULL;
}

/*
 * Sets the clock since the boot. All times of a boot have one offset: the uptime of its first
 * sample, else that sample. Later uptimes count where the first sample has one, because the clock
 * of the times may be set.
 */
static void set_clock(struct kt_sink *sink, bool new_boot)
{
	int64_t uptime_ms = sink->boots.now.uptime_ms.value, boot_ms;

	if (new_boot) {
		sink->by_uptime = uptime_ms >= 0;
		sink->boot_from_ms = sink->ms - (sink->by_uptime ? uptime_ms : 0);
		sink->boot_ms = 0;
	}
	boot_ms = sink->by_uptime && uptime_ms >= 0 ? uptime_ms : sink->ms - sink->boot_from_ms;
	if (boot_ms > sink->boot_ms)
		sink->boot_ms = boot_ms;
}

struct kt_err *kt_sink_end(struct kt_sink *sink)
{
	struct kt_err *err = NULL;
	bool new_boot;

	if (sink->arena.failed || sink->names.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!sink->texts.count)
		return NULL;
	new_boot = kt_boots_end(&sink->boots);
	if (new_boot)
		err = begin_boot(sink);
	set_clock(sink, new_boot);
	if (!err && !sink->page_bytes && sink->nr_samples < 64)
		err = find_page_size(sink);
	if (err)
		return err;
	if (!sink->draft.block.facts.count)
		put_facts(sink);
	put_meta(sink);
	put_texts(sink);
	if (kt_draft_failed(&sink->draft) || sink->arena.failed || sink->names.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_draft_end_sample(&sink->draft, sink->ms, sink->boot_ms);
	kt_draft_empty_log(&sink->draft);
	sink->nr_samples++;
	drop_texts(sink);
	return is_full(sink) ? write_block(sink) : NULL;
}

uint64_t kt_sink_count(const struct kt_sink *sink)
{
	return sink->nr_samples;
}

struct kt_err *kt_sink_commit(struct kt_sink *sink, uint64_t *ret_nr_samples,
	uint64_t *ret_nr_bytes, int64_t *ret_page_bytes)
{
	struct kt_err *err = write_block(sink);

	*ret_nr_samples = sink->nr_samples;
	*ret_nr_bytes = sink->nr_bytes;
	*ret_page_bytes = sink->page_bytes;
	return err ? err : kt_new_file_commit(&sink->file);
}
