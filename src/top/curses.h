// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_CURSES_H
#define KT_TOP_CURSES_H

#include "base/err.h"

#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

/** Functions of ncursesw that ktally uses, under their own names. */
#define KT_CURSES_SYMBOLS(X)  \
	X(setupterm)          \
	X(tigetstr)           \
	X(tigetnum)           \
	X(set_curterm)        \
	X(del_curterm)        \
	X(newterm)            \
	X(delscreen)          \
	X(set_escdelay)       \
	X(cbreak)             \
	X(noecho)             \
	X(nonl)               \
	X(keypad)             \
	X(nodelay)            \
	X(curs_set)           \
	X(newwin)             \
	X(delwin)             \
	X(resizeterm)         \
	X(wresize)            \
	X(wmove)              \
	X(waddnwstr)          \
	X(wattr_set)          \
	X(wnoutrefresh)       \
	X(clearok)            \
	X(doupdate)           \
	X(endwin)             \
	X(wget_wch)           \
	X(mousemask)          \
	X(mouseinterval)      \
	X(getmouse)           \
	X(has_colors)         \
	X(start_color)        \
	X(use_default_colors) \
	X(init_pair)

struct kt_curses {
#define X(name) __typeof__(name) *name;
	KT_CURSES_SYMBOLS(X)
#undef X
};

/** Opens ncursesw on first use; the table is valid until the program ends. */
struct kt_err *kt_curses(const struct kt_curses **ret_lib) KT_MUST_CHECK;

#endif
