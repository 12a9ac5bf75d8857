// SPDX-License-Identifier: GPL-2.0-or-later
//
// Settings from one start of the view to the next: applied at the start, compared with what has
// become of them at the end. So what options ask for is no change, and is not kept.

#include "top/state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

_Static_assert(KT_NR_TABS == KT_SETTINGS_LISTS, "each tab has settings");

void kt_top_recall(struct kt_top *top, const struct kt_console *console)
{
	struct kt_top_kept *kept = &top->kept;
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_settings_file_open(&kept->file, console->config, console->home, &text);
	kt_settings_parse((struct kt_span){ text.data, text.size }, KT_TAB_NAMES, &top->settings);
	kt_settings_write(&top->settings, KT_TAB_NAMES, &kept->text);
}

void kt_top_apply(struct kt_top *top)
{
	for (size_t i = 0; i < KT_NR_TABS; i++) {
		struct kt_view *view = &top->views[i];

		memcpy(view->sort, top->settings.lists[i].sort, sizeof(view->sort));
		view->inverted = top->settings.lists[i].inverted;
	}
}

void kt_top_remember(struct kt_top *top)
{
	struct kt_top_kept *kept = &top->kept;

	kept->open = top->open;
	kept->interval_s = top->interval_s;
	for (size_t i = 0; i < KT_NR_TABS; i++) {
		memcpy(kept->sort[i], top->views[i].sort, sizeof(kept->sort[i]));
		kept->inverted[i] = top->views[i].inverted;
	}
}

/* Takes over what the user has changed since kt_top_remember(). */
static void collect(struct kt_top *top)
{
	const struct kt_top_kept *kept = &top->kept;
	struct kt_settings *settings = &top->settings;

	if (top->open != kept->open)
		settings->list = top->open + 1;
	if (fabs(top->interval_s - kept->interval_s) > 1e-6)
		settings->interval_ms = (int64_t)(top->interval_s * 1000 + 0.5);
	for (size_t i = 0; i < KT_NR_TABS; i++) {
		const struct kt_view *view = &top->views[i];

		if (strcmp(view->sort, kept->sort[i]) != 0)
			memcpy(settings->lists[i].sort, view->sort, sizeof(view->sort));
		if (view->inverted != kept->inverted[i])
			settings->lists[i].inverted = view->inverted;
	}
}

struct kt_err *kt_top_save(struct kt_top *top)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	const struct kt_buf *before = &top->kept.text;

	collect(top);
	kt_settings_write(&top->settings, KT_TAB_NAMES, &text);
	if (text.failed || before->failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (text.size == before->size && memcmp(text.data, before->data, text.size) == 0)
		return NULL;
	return kt_settings_file_write(&top->kept.file, text.data, text.size);
}
