// SPDX-License-Identifier: GPL-2.0-or-later
//
// mm/page_owner.c: a list of the stacks that have ever allocated a page (struct stack), whose
// records in the stack depot count their pages, plus 1 for the list itself (stack_print()).

#include "memory/sites/page_stacks.h"

#include "memory/sites/stack_depot.h"

#define STACKS_MAX (1u << 20)
#define PAGES_MAX  (1ull << 31) /* a struct refcount_t */

struct layout {
	struct kt_field record, next; /* of struct stack */
	struct kt_field count;	      /* of struct stack_record */
};

/* `failed`: the record cannot be read, or its count is impossible. */
static void put_stack(struct kt_depot *depot, const struct layout *layout, uint64_t record,
	const struct kt_code_names *names, struct kt_buf *text, bool *failed)
{
	uint64_t frames[KT_DEPOT_FRAMES], count;
	uint32_t nr_frames = kt_depot_record(depot, record, frames);

	if (!kt_target_number(
		    depot->target, record + layout->count.offset, layout->count.size, &count) ||
		!nr_frames || count > PAGES_MAX) {
		*failed = true;
		return;
	}
	if (count < 2)
		return; /* none of its pages is allocated now */
	for (uint32_t i = 0; i < nr_frames; i++) {
		kt_buf_puts(text, " ");
		kt_code_name(names, frames[i], false, text);
		kt_buf_puts(text, "\n");
	}
	kt_buf_printf(text, "nr_base_pages: %llu\n\n", (unsigned long long)(count - 1));
}

static struct kt_err *put_all(struct kt_depot *depot, const struct layout *layout, uint64_t at,
	const struct kt_code_names *names, struct kt_buf *text)
{
	bool failed = false;
	uint32_t nr_stacks = 0;
	uint64_t record;

	for (; at && !failed; nr_stacks++) {
		if (nr_stacks >= STACKS_MAX ||
			!kt_target_pointer(depot->target, at + layout->record.offset, &record) ||
			!kt_target_pointer(depot->target, at + layout->next.offset, &at))
			failed = true;
		else if (record) /* two first ones stand for stacks that could not be kept */
			put_stack(depot, layout, record, names, text, &failed);
	}
	return failed ? kt_err_new(KT_ERR_PARSE,
				"page_owner's list of stacks is damaged after %u of them",
				nr_stacks)
	       : nr_stacks
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT, "page_owner was off (page_owner=on at boot)");
}

struct kt_err *kt_file_page_stacks(
	struct kt_target *target, const struct kt_code_names *names, struct kt_buf *ret_text)
{
	const struct kt_types *types = &target->types;
	struct layout layout;
	struct kt_depot depot;
	struct kt_err *err;
	uint64_t at;

	if (!kt_symbols_find(&target->symbols, "stack_list", &at) ||
		!kt_types_field(types, "stack", "stack_record", &layout.record) ||
		!kt_types_field(types, "stack", "next", &layout.next) ||
		!kt_types_field(types, "stack_record", "count.refs.counter", &layout.count) ||
		!kt_depot_open(target, &depot) || !kt_target_pointer(target, at, &at))
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel has no list of the stacks of page_owner, or does not name it "
			"(CONFIG_PAGE_OWNER)");
	err = put_all(&depot, &layout, at, names, ret_text);
	if (err)
		ret_text->size = 0;
	return err;
}
