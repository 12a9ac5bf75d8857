// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulate/models/slob_list.h"

#include "simulate/allocator.h"

#include "base/map.h"

#include <stdlib.h>

void slob_lists_init(struct slob_lists *lists, uint32_t nr_classes)
{
	*lists = (struct slob_lists){ .nr_classes = nr_classes, .count = 1 };
	lists->stride = kt_sim_round_up(
		offsetof(struct slob_page, limits) + sizeof(int16_t[2]) * nr_classes,
		_Alignof(struct slob_page));
	/* decides about the shape of the trees, not about the results */
	lists->random = kt_map_hash(KT_SPAN("pages")) | 1;
}

void slob_lists_fini(struct slob_lists *lists)
{
	free(lists->pages);
}

uint32_t slob_page_number(struct slob_lists *lists)
{
	char *grown = kt_sim_more(lists->pages, lists->count, &lists->room, lists->stride);

	if (!grown)
		return 0;
	lists->pages = grown;
	return lists->count++;
}

void slob_page_init(struct slob_lists *lists, uint32_t page)
{
	struct slob_page *at = slob_page_at(lists, page);

	*at = (struct slob_page){ .list = SLOB_LISTS };
	for (uint32_t i = 0; i < lists->nr_classes; i++)
		at->limits[i] = 0;
}

/* ---- limits ---- */

static bool is_enough(const struct slob_page *page, uint32_t class, uint32_t length)
{
	return page->limits[class] >= (int32_t)length;
}

static bool is_enough_below(
	const struct slob_lists *lists, uint32_t page, uint32_t class, uint32_t length)
{
	const struct slob_page *at = slob_page_at(lists, page);

	return at->limits[lists->nr_classes + class] >= (int32_t)length;
}

/* Notes the highest limits here and below. False: they are the same as before. */
static bool note_below(const struct slob_lists *lists, uint32_t page)
{
	const uint32_t nr_classes = lists->nr_classes;
	struct slob_page *at = slob_page_at(lists, page);
	/* a missing child is replaced by the page itself */
	const int16_t *left =
		at->left ? slob_page_at(lists, at->left)->limits + nr_classes : at->limits;
	const int16_t *right =
		at->right ? slob_page_at(lists, at->right)->limits + nr_classes : at->limits;
	int16_t *below = at->limits + nr_classes;
	bool changed = false;

	for (uint32_t i = 0; i < nr_classes; i++) {
		int16_t most = at->limits[i];

		most = left[i] > most ? left[i] : most;
		most = right[i] > most ? right[i] : most;
		changed |= below[i] != most;
		below[i] = most;
	}
	return changed;
}

static void note_up(const struct slob_lists *lists, uint32_t page)
{
	while (page && note_below(lists, page))
		page = slob_page_at(lists, page)->parent;
}

/* False: no limit was lower. */
static bool raise(int16_t *limits, uint32_t nr_classes, int16_t length)
{
	bool changed = false;

	for (uint32_t i = 0; i < nr_classes; i++) {
		changed |= limits[i] < length;
		limits[i] = limits[i] < length ? length : limits[i];
	}
	return changed;
}

void slob_page_raise(struct slob_lists *lists, uint32_t page, uint32_t length)
{
	const uint32_t nr_classes = lists->nr_classes;
	struct slob_page *at = slob_page_at(lists, page);

	if (at->least >= (int32_t)length)
		return;
	at->least = (int16_t)length;
	raise(at->limits, nr_classes, (int16_t)length);
	if (at->list == SLOB_LISTS)
		return;
	while (page &&
		raise(slob_page_at(lists, page)->limits + nr_classes, nr_classes, (int16_t)length))
		page = slob_page_at(lists, page)->parent;
}

void slob_page_lower(struct slob_lists *lists, uint32_t page, uint32_t class, uint32_t length)
{
	struct slob_page *at = slob_page_at(lists, page);

	at->limits[class] = (int16_t)length;
	if (at->least > (int32_t)length)
		at->least = (int16_t)length;
	note_up(lists, page);
}

/* ---- trees ---- */

static uint32_t draw(struct slob_lists *lists)
{
	lists->random ^= lists->random << 13;
	lists->random ^= lists->random >> 7;
	lists->random ^= lists->random << 17;
	return (uint32_t)(lists->random >> 32);
}

static void set_left(const struct slob_lists *lists, uint32_t page, uint32_t left)
{
	slob_page_at(lists, page)->left = left;
	if (left)
		slob_page_at(lists, left)->parent = page;
	note_below(lists, page);
}

static void set_right(const struct slob_lists *lists, uint32_t page, uint32_t right)
{
	slob_page_at(lists, page)->right = right;
	if (right)
		slob_page_at(lists, right)->parent = page;
	note_below(lists, page);
}

/* Joins two trees: the pages of the second follow. */
static uint32_t join(const struct slob_lists *lists, uint32_t first, uint32_t second)
{
	const struct slob_page *a = slob_page_at(lists, first), *b = slob_page_at(lists, second);

	if (!first || !second)
		return first ? first : second;
	if (a->priority > b->priority) {
		set_right(lists, first, join(lists, a->right, second));
		return first;
	}
	set_left(lists, second, join(lists, first, b->left));
	return second;
}

static void set_root(struct slob_lists *lists, uint32_t list, uint32_t root)
{
	lists->roots[list] = root;
	if (root)
		slob_page_at(lists, root)->parent = 0;
}

/* Makes the head the first page of its tree: the pages before it go to the end. */
static void rotate(struct slob_lists *lists, uint32_t list)
{
	uint32_t head = lists->heads[list], from = head, child = head;
	uint32_t before = slob_page_at(lists, head)->left;
	uint32_t above = slob_page_at(lists, head)->parent;

	set_left(lists, head, 0);
	while (above) {
		uint32_t next = slob_page_at(lists, above)->parent;

		if (slob_page_at(lists, above)->right == child) {
			set_right(lists, above, before);
			before = above;
		} else {
			set_left(lists, above, from);
			from = above;
		}
		child = above;
		above = next;
	}
	set_root(lists, list, join(lists, from, before));
}

void slob_list_add(struct slob_lists *lists, uint32_t list, uint32_t page)
{
	struct slob_page *at = slob_page_at(lists, page);

	at->list = (uint8_t)list;
	at->left = at->right = at->parent = 0;
	at->priority = draw(lists);
	note_below(lists, page);
	if (lists->heads[list])
		rotate(lists, list);
	set_root(lists, list, join(lists, page, lists->roots[list]));
	lists->heads[list] = page;
}

void slob_list_remove(struct slob_lists *lists, uint32_t page)
{
	struct slob_page *at = slob_page_at(lists, page);
	uint32_t above = at->parent, list = at->list;
	uint32_t next = slob_list_next(lists, page, 0, 0);
	uint32_t below = join(lists, at->left, at->right);

	at->list = SLOB_LISTS;
	if (!above)
		set_root(lists, list, below);
	else if (slob_page_at(lists, above)->left == page)
		set_left(lists, above, below);
	else
		set_right(lists, above, below);
	if (above)
		note_up(lists, slob_page_at(lists, above)->parent);
	if (lists->heads[list] == page)
		lists->heads[list] = next ? next : slob_list_first(lists, list, 0, 0);
}

/* ---- searches ---- */

static uint32_t first_of(
	const struct slob_lists *lists, uint32_t page, uint32_t class, uint32_t length)
{
	while (page && is_enough_below(lists, page, class, length)) {
		const struct slob_page *at = slob_page_at(lists, page);

		if (at->left && is_enough_below(lists, at->left, class, length))
			page = at->left;
		else if (is_enough(at, class, length))
			return page;
		else
			page = at->right;
	}
	return 0;
}

uint32_t slob_list_first(
	const struct slob_lists *lists, uint32_t list, uint32_t class, uint32_t length)
{
	return first_of(lists, lists->roots[list], class, length);
}

uint32_t slob_list_next(
	const struct slob_lists *lists, uint32_t page, uint32_t class, uint32_t length)
{
	const struct slob_page *at = slob_page_at(lists, page);
	uint32_t found = first_of(lists, at->right, class, length);

	while (!found && at->parent) {
		uint32_t child = page;

		page = at->parent;
		at = slob_page_at(lists, page);
		if (at->left != child)
			continue;
		if (is_enough(at, class, length))
			return page;
		found = first_of(lists, at->right, class, length);
	}
	return found;
}
