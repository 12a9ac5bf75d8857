// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_TERMINAL_H
#define KT_TOP_TERMINAL_H

#include "top/screen.h"

/**
 * The terminal while the program uses it: keys and signals are read, a screen is written. The
 * terminal's old state returns when the program ends in any way except SIGKILL, and while it is
 * stopped.
 */
struct kt_terminal;

enum kt_happening {
	KT_EVENT_TIME,	 /* the timeout expired */
	KT_EVENT_KEY,	 /* ret_key contains the key */
	KT_EVENT_CLICK,	 /* of the mouse: kt_terminal_click() */
	KT_EVENT_RESIZE, /* or the program continues: redraw everything */
	KT_EVENT_END,	 /* a signal, or the terminal has disappeared */
};

/** Loads ncurses early, for processes that cannot open a library later. */
struct kt_err *kt_terminal_prepare(void) KT_MUST_CHECK;
/** Opens the terminal; `color`: use colours if the terminal has them. */
struct kt_err *kt_terminal_open(bool color, struct kt_terminal **ret_terminal) KT_MUST_CHECK;
void kt_terminal_close(struct kt_terminal *terminal);

bool kt_terminal_unicode(const struct kt_terminal *terminal);
void kt_terminal_size(const struct kt_terminal *terminal, int *ret_width, int *ret_height);
void kt_terminal_show(struct kt_terminal *terminal, const struct kt_screen *screen);
/** The place of the last click. */
void kt_terminal_click(const struct kt_terminal *terminal, int *ret_y, int *ret_x);
/** Waits for at most `timeout_ms`; pending events come first. */
enum kt_happening kt_terminal_wait(struct kt_terminal *terminal, int timeout_ms, int *ret_key);

#endif
