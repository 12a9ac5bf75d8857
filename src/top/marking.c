// SPDX-License-Identifier: GPL-2.0-or-later
//
// Keys that mark rows: rows of the account are folded, rows of lists are pinned.

#include "top/state.h"

#include <stdio.h>
#include <string.h>

static void say(struct kt_top *top, const char *text)
{
	snprintf(top->message, sizeof(top->message), "%s", text);
}

/* ---- the account ---- */

/* Returns the account with a row under the cursor that can be folded; NULL with a message. */
static struct kt_view *account_of(struct kt_top *top)
{
	struct kt_view *view = kt_top_view(top);

	if (top->open != KT_TAB_ACCOUNT)
		say(top, "only rows of the account can be folded: 1 opens it");
	else if (*view->filter)
		say(top, "rows cannot be folded while a filter is set; Esc removes it");
	else
		return view->marks && kt_view_nr(view) ? view : NULL;
	return NULL;
}

static void fold(struct kt_top *top, struct kt_view *view)
{
	if (!kt_marks_add(view->marks, kt_view_key(view, view->at)))
		snprintf(top->message, sizeof(top->message),
			"%d rows are folded, which is the most: unfold another row first",
			KT_MARKS_MAX);
	kt_view_refresh(view);
}

static void unfold(struct kt_view *view)
{
	kt_marks_remove(view->marks, kt_view_key(view, view->at));
	kt_view_refresh(view);
}

/* A row without rows below it goes to the row above it in the tree. */
void kt_top_fold(struct kt_top *top)
{
	struct kt_view *view = account_of(top);

	if (!view)
		return;
	if (kt_view_has_children(view, view->at) && !kt_view_is_folded(view, view->at))
		fold(top, view);
	else
		kt_view_move_to(view, kt_view_parent(view, view->at));
}

void kt_top_unfold(struct kt_top *top)
{
	struct kt_view *view = account_of(top);

	if (view && kt_view_is_folded(view, view->at))
		unfold(view);
}

void kt_top_toggle_fold(struct kt_top *top)
{
	struct kt_view *view = account_of(top);

	if (!view)
		return;
	if (kt_view_is_folded(view, view->at))
		unfold(view);
	else if (kt_view_has_children(view, view->at))
		fold(top, view);
	else
		say(top, "this row has no rows below it");
}

/* ---- lists ---- */

/* The cursor goes with the row. */
void kt_top_pin(struct kt_top *top)
{
	struct kt_view *view = kt_top_view(top);
	const char *key = kt_view_key(view, view->at);

	if (top->open == KT_TAB_ACCOUNT) {
		say(top, "cannot pin a row of the account: it is a tree with a fixed order");
		return;
	}
	if (!key || !view->marks)
		return;
	if (kt_marks_has(view->marks, key))
		kt_marks_remove(view->marks, key);
	else if (view->marks->count == KT_MARKS_MAX)
		snprintf(top->message, sizeof(top->message),
			"%d rows of this list are pinned, which is the most: unpin another row "
			"first",
			KT_MARKS_MAX);
	else if (!kt_marks_add(view->marks, key))
		say(top, "cannot pin this row: its name is too long");
	kt_view_follow(view);
	kt_view_refresh(view);
}
