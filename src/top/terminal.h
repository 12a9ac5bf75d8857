// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_TERMINAL_H
#define KT_TOP_TERMINAL_H

#include "top/screen.h"

/**
 * The terminal while the program has it: keys and signals come in, a screen goes out. It is
 * as it was before when the program ends in whatever way but SIGKILL, and while it is stopped.
 */
struct kt_terminal;

enum kt_happening {
	KT_EVENT_TIME,	 /* nothing happened for so long */
	KT_EVENT_KEY,	 /* ret_key has it */
	KT_EVENT_RESIZE, /* or it is ours again: all has to be drawn */
	KT_EVENT_END,	 /* a signal, or the terminal is gone */
};

/** `color`: where the terminal has colours. */
struct kt_err *kt_terminal_open(bool color, struct kt_terminal **ret_terminal) KT_MUST_CHECK;
void kt_terminal_close(struct kt_terminal *terminal);

bool kt_terminal_unicode(const struct kt_terminal *terminal);
void kt_terminal_size(const struct kt_terminal *terminal, int *ret_width, int *ret_height);
void kt_terminal_show(struct kt_terminal *terminal, const struct kt_screen *screen);
/** Waits for `timeout_ms` at most; what is waiting already comes first. */
enum kt_happening kt_terminal_wait(struct kt_terminal *terminal, int timeout_ms, int *ret_key);

#endif
