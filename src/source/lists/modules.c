// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/modules: the loaded modules. "NAME SIZE REFS USERS STATE 0xADDRESS [(TAINTS)]"; REFS
// and USERS are "-" where modules cannot be unloaded. SIZE is the image that is in memory now: init
// code is freed once it has run. Since Linux 6.4 (commit ac3b43283923) it is the sum of several
// areas.

#include "source/list_cut.h"
#include "source/source.h"

#define MODULES_MAX 65536u	 /* modules */
#define IMAGE_MAX   (1ull << 40) /* bytes; larger images are impossible */

static const char *text_or_null(struct kt_snapshot *snap, struct kt_span word)
{
	if (kt_span_ends(word, ","))
		word.n--;
	return word.n && !kt_span_eq(word, "-") ? kt_arena_name(&snap->arena, word) : NULL;
}

static bool parse_line(struct kt_snapshot *snap, struct kt_span line, struct kt_module *ret_module)
{
	struct kt_span name, word;
	uint64_t size, refs;

	if (!kt_span_word(&line, &name) || !kt_span_word(&line, &word) ||
		!kt_span_u64(word, &size) || size > IMAGE_MAX)
		return false;
	*ret_module = (struct kt_module){ .name = kt_arena_name(&snap->arena, name),
		.image_bytes = (int64_t)size,
		.nr_refs = KT_UNKNOWN };
	if (kt_span_word(&line, &word) && kt_span_u64(word, &refs) && refs <= INT32_MAX)
		ret_module->nr_refs = (int64_t)refs;
	if (kt_span_word(&line, &word))
		ret_module->users = text_or_null(snap, word);
	if (kt_span_word(&line, &word))
		ret_module->state = text_or_null(snap, word);
	while (kt_span_word(&line, &word)) {
		if (kt_span_skip(&word, "(") && kt_span_ends(word, ")")) {
			word.n--;
			ret_module->taints = text_or_null(snap, word);
		}
	}
	return true;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line;
	struct kt_module module, *slot;
	bool any = false;

	while (kt_span_line(&rest, &line)) {
		any = any || kt_span_trim(line).n;
		if (kt_list_cut(snap, line, &snap->modules_partial))
			continue;
		if (snap->modules.count >= MODULES_MAX || !parse_line(snap, line, &module))
			continue;
		slot = kt_list_push(&snap->arena, &snap->modules);
		if (slot)
			*slot = module;
	}
	if (any && !snap->modules.count)
		return kt_err_new(KT_ERR_PARSE, "%s: holds no module", text->path);
	return NULL;
}

/* Removes addresses, which are not needed. */
static void scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_span rest = kt_text_span(text), line, word;

	while (kt_span_line(&rest, &line)) {
		for (const char *gap = ""; kt_span_word(&line, &word); gap = " ") {
			bool address = kt_span_starts(word, "0x");

			kt_buf_printf(ret_text, "%s%.*s", gap, address ? 3 : (int)word.n,
				address ? "0x0" : word.p);
		}
		kt_buf_puts(ret_text, "\n");
	}
}

static bool object(struct kt_span line, struct kt_span *ret_name)
{
	return kt_span_word(&line, ret_name);
}

const struct kt_source kt_source_modules = {
	.name = "modules",
	.summary = "the loaded modules",
	.paths = { KT_FILE_MODULES },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "'ktally modules' does not show the images of modules",
	.gives = "a kernel with loadable modules",
	.parse = parse,
	.object = object,
	.scrub = scrub,
};
