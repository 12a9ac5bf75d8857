// SPDX-License-Identifier: GPL-2.0-or-later
//
// lib/codetag.c, lib/alloc_tag.c: `alloc_tag_cttype` has the ranges of tags, one of the kernel and
// one of each module. A tag (struct alloc_tag) is the place in the code, and a pointer to counters
// of which each CPU has its own.

#include "memory/sites/alloc_tags.h"

#include "memory/xarray.h"

#include "base/attr.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TAGS_MAX   262144u /* of all ranges */
#define BATCH	   256u	   /* tags that are read at once */
#define TAG_MAX	   128u	   /* bytes of a tag */
#define WINDOW	   65536u  /* bytes of counters that are read at once */
#define TEXT_BYTES 512u

struct layout {
	struct kt_field flags, line, module, function, file, counters; /* of struct alloc_tag */
	struct kt_field bytes, calls;
	struct kt_field ranges, start, stop;
	uint32_t tag_bytes, counter_bytes;
	int64_t inexact; /* a flag; 0: the kernel has none */
};

#define AT(member) offsetof(struct layout, member)

static const struct kt_field_want wants[] = {
	{ "alloc_tag", "ct.flags", AT(flags), false },
	{ "alloc_tag", "ct.lineno", AT(line), true },
	{ "alloc_tag", "ct.modname", AT(module), true },
	{ "alloc_tag", "ct.function", AT(function), true },
	{ "alloc_tag", "ct.filename", AT(file), true },
	{ "alloc_tag", "counters", AT(counters), true },
	{ "alloc_tag_counters", "bytes", AT(bytes), true },
	{ "alloc_tag_counters", "calls", AT(calls), true },
	{ "codetag_type", "mod_idr.idr_rt.xa_head", AT(ranges), true },
	{ "codetag_module", "range.start", AT(start), true },
	{ "codetag_module", "range.stop", AT(stop), true },
};

struct counts {
	uint64_t bytes, calls;
};

struct walk {
	struct kt_target *target;
	struct layout layout;
	struct kt_buf *text;
	uint64_t *offsets; /* of each CPU */
	uint32_t nr_cpus;
	uint64_t nr_tags;
	bool counted; /* a counter is not 0 */
	char *tags, *window;
	uint64_t at[BATCH]; /* counters of the tags of a batch */
	struct counts sums[BATCH];
};

/* ---- counters ---- */

static void add(struct walk *walk, uint32_t i, const char *copy)
{
	uint32_t bytes = walk->layout.counter_bytes;
	uint64_t size = kt_field_get(&walk->layout.bytes, copy, bytes);
	uint64_t calls = kt_field_get(&walk->layout.calls, copy, bytes);

	/* frees may be on another CPU: only the sum has to make sense */
	walk->sums[i].bytes += size;
	walk->sums[i].calls += calls;
	walk->counted |= size || calls;
}

/* Counters of one CPU, at once where they are next to each other. */
static bool add_cpu(struct walk *walk, uint32_t count, uint64_t offset)
{
	uint64_t first = UINT64_MAX, last = 0, bytes = walk->layout.counter_bytes;
	char one[64];

	for (uint32_t i = 0; i < count; i++) {
		first = walk->at[i] < first ? walk->at[i] : first;
		last = walk->at[i] > last ? walk->at[i] : last;
	}
	if (last - first <= WINDOW - bytes &&
		kt_target_read(walk->target, first + offset, walk->window, last - first + bytes)) {
		for (uint32_t i = 0; i < count; i++)
			add(walk, i, walk->window + (walk->at[i] - first));
		return true;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!kt_target_read(walk->target, walk->at[i] + offset, one, bytes))
			return false;
		add(walk, i, one);
	}
	return true;
}

static bool count(struct walk *walk, uint32_t nr_tags)
{
	memset(walk->sums, 0, sizeof(walk->sums));
	for (uint32_t i = 0; i < nr_tags; i++)
		walk->at[i] = kt_field_get(&walk->layout.counters,
			walk->tags + (size_t)i * walk->layout.tag_bytes, walk->layout.tag_bytes);
	for (uint32_t i = 0; i < walk->nr_cpus; i++) {
		if (!add_cpu(walk, nr_tags, walk->offsets[i]))
			return false;
	}
	return true;
}

/* ---- tags ---- */

/* A name of code: any that prints and has no blank. */
static bool name_at(struct walk *walk, const struct kt_field *field, const char *tag, char *to)
{
	uint64_t at = kt_field_get(field, tag, walk->layout.tag_bytes);

	return at && kt_target_text(walk->target, at, to, TEXT_BYTES) && !strchr(to, ' ');
}

static bool put_tag(struct walk *walk, const char *tag, const struct counts *sum)
{
	const struct layout *layout = &walk->layout;
	char file[TEXT_BYTES], module[TEXT_BYTES], function[TEXT_BYTES];
	bool has_module = kt_field_get(&layout->module, tag, layout->tag_bytes) != 0;
	bool inexact =
		kt_field_get(&layout->flags, tag, layout->tag_bytes) & (uint64_t)layout->inexact;

	if (!name_at(walk, &layout->file, tag, file) ||
		!name_at(walk, &layout->function, tag, function) ||
		(has_module && !name_at(walk, &layout->module, tag, module)))
		return false;
	kt_buf_printf(walk->text, "%12lld %8llu %s:%llu %s%s%sfunc:%s %s\n", (long long)sum->bytes,
		(unsigned long long)sum->calls, file,
		(unsigned long long)kt_field_get(&layout->line, tag, layout->tag_bytes),
		has_module ? "[" : "", has_module ? module : "", has_module ? "] " : "", function,
		inexact ? "accurate:no " : "");
	return !walk->text->failed;
}

static bool put_range(void *arg, uint64_t range)
{
	struct walk *walk = arg;
	uint64_t start, stop, each = walk->layout.tag_bytes;

	if (!kt_target_pointer(walk->target, range + walk->layout.start.offset, &start) ||
		!kt_target_pointer(walk->target, range + walk->layout.stop.offset, &stop) ||
		stop < start || (stop - start) % each ||
		(stop - start) / each > TAGS_MAX - walk->nr_tags)
		return false;
	walk->nr_tags += (stop - start) / each;
	for (uint64_t at = start; at < stop;) {
		uint64_t left = (stop - at) / each;
		uint32_t nr_tags = left < BATCH ? (uint32_t)left : BATCH;

		if (!kt_target_read(walk->target, at, walk->tags, nr_tags * each) ||
			!count(walk, nr_tags))
			return false;
		for (uint32_t i = 0; i < nr_tags; i++) {
			if (!put_tag(walk, walk->tags + i * each, &walk->sums[i]))
				return false;
		}
		at += nr_tags * each;
	}
	return true;
}

/* ---- all ---- */

static struct kt_err *find_layout(struct walk *walk)
{
	const struct kt_types *types = &walk->target->types;
	struct layout *layout = &walk->layout;
	struct kt_err *err = kt_types_fields(types, wants, KT_LEN(wants), layout);

	if (err)
		return err;
	layout->tag_bytes = kt_types_size(types, "alloc_tag");
	layout->counter_bytes = kt_types_size(types, "alloc_tag_counters");
	if (!kt_types_enum(types, "codetag_flags", "CODETAG_FLAG_INACCURATE", &layout->inexact))
		layout->inexact = 0;
	return layout->tag_bytes && layout->tag_bytes <= TAG_MAX && layout->counter_bytes &&
			       layout->counter_bytes <= 64
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT,
				 "the kernel's type data has tags of allocations that are not "
				 "understood");
}

static struct kt_err *find_cpus(struct walk *walk)
{
	walk->nr_cpus = walk->target->nr_cpus;
	walk->offsets = calloc(walk->nr_cpus + 1, sizeof(*walk->offsets));
	walk->tags = malloc((size_t)BATCH * TAG_MAX);
	walk->window = malloc(WINDOW);
	if (!walk->offsets || !walk->tags || !walk->window)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (uint32_t i = 0; i < walk->nr_cpus; i++) {
		if (!kt_target_cpu_offset(walk->target, i, &walk->offsets[i]))
			return kt_err_new(KT_ERR_ABSENT,
				"the kernel does not name the memory of its CPUs "
				"(CONFIG_KALLSYMS_ALL)");
	}
	return NULL;
}

static struct kt_err *put_all(struct walk *walk)
{
	struct kt_target *target = walk->target;
	uint64_t at, type, head;

	if (!kt_symbols_find(&target->symbols, "alloc_tag_cttype", &at))
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel has no tags of allocations, or does not name them "
			"(CONFIG_MEM_ALLOC_PROFILING)");
	if (!kt_target_pointer(target, at, &type) || !type)
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel counted no allocations (sysctl.vm.mem_profiling)");
	if (!kt_target_pointer(target, type + walk->layout.ranges.offset, &head))
		return kt_err_new(KT_ERR_PARSE, "the kernel's tags of allocations cannot be read");
	kt_buf_printf(walk->text, "allocinfo - version: %s\n#     <size>  <calls> <tag info>\n",
		walk->layout.inexact ? "2.0" : "1.0");
	if (!kt_xarray_each(target, head, put_range, walk))
		return kt_err_new(KT_ERR_PARSE,
			"the kernel's tags of allocations are damaged, after %llu of them",
			(unsigned long long)walk->nr_tags);
	return walk->counted ? NULL
			     : kt_err_new(KT_ERR_ABSENT, "the kernel counted no allocations "
							 "(sysctl.vm.mem_profiling)");
}

/* A part of the sites is no list: sums over it would only look right. */
struct kt_err *kt_file_allocinfo(struct kt_target *target, struct kt_buf *ret_text)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	struct kt_err *err;

	if (!walk)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	walk->target = target;
	walk->text = ret_text;
	err = find_layout(walk);
	if (!err)
		err = find_cpus(walk);
	if (!err)
		err = put_all(walk);
	if (ret_text->failed) {
		kt_err_free(err);
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	if (err)
		ret_text->size = 0;
	free(walk->offsets);
	free(walk->tags);
	free(walk->window);
	free(walk);
	return err;
}
