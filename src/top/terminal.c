// SPDX-License-Identifier: GPL-2.0-or-later
//
// The only user of ncurses. All state that outlives a function is in struct kt_terminal, except
// `rescue`, which a signal handler needs. Signals arrive through a descriptor, so no handler
// interrupts drawing.

#include "top/terminal.h"

#include "output/palette.h"
#include "top/curses.h"
#include "top/keys.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define ESCAPE_MS 50 /* input that follows an Escape within this time belongs to it */
#define EMPTY_MAX 100
#define RUN_MAX	  256

struct kt_terminal {
	const struct kt_curses *lib;
	SCREEN *screen;
	WINDOW *window;
	int width, height;
	bool unicode, color, redraw;
	int click_y, click_x;
	int signal_fd, nr_empty; /* nr_empty: times that the input was readable but had no key */
	sigset_t before;	 /* blocked signals before */
};

/* ---- a crash ---- */

static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

/* Data of the signal handler, which gets no argument from ktally. */
static struct {
	struct termios modes;
	bool have_modes;
	char codes[128]; /* codes that reset colours, cursor and alternate screen */
	size_t nr_codes;
	struct sigaction before[KT_LEN(crashes)];
} rescue;

/*
 * Calls only async-signal-safe functions. Then the signal has its original effect. A terminal
 * without echo and on the alternate screen would hide the message of the crash.
 */
static void on_crash(int number)
{
	if (rescue.have_modes)
		tcsetattr(STDIN_FILENO, TCSANOW, &rescue.modes);
	if (write(STDOUT_FILENO, rescue.codes, rescue.nr_codes) < 0)
		rescue.nr_codes = 0;
	for (size_t i = 0; i < KT_LEN(crashes); i++)
		sigaction(crashes[i], &rescue.before[i], NULL);
	raise(number);
}

/* Returns a code; NULL: the terminal does not have it, or the name is unknown (-1). */
static const char *code_of(const struct kt_curses *lib, const char *name)
{
	const char *code = lib->tigetstr(name);

	return (intptr_t)code == -1 ? NULL : code;
}

static void add_code(const struct kt_curses *lib, const char *name)
{
	const char *code = code_of(lib, name);
	size_t n = code ? strlen(code) : 0;

	if (rescue.nr_codes + n > sizeof(rescue.codes))
		return;
	if (n)
		memcpy(rescue.codes + rescue.nr_codes, code, n);
	rescue.nr_codes += n;
}

static void prepare_rescue(const struct kt_curses *lib)
{
	struct sigaction action = { .sa_handler = on_crash };

	rescue.have_modes = tcgetattr(STDIN_FILENO, &rescue.modes) == 0;
	rescue.nr_codes = 0;
	add_code(lib, "sgr0");
	add_code(lib, "rmkx");
	add_code(lib, "cnorm");
	add_code(lib, "rmcup");
	for (size_t i = 0; i < KT_LEN(crashes); i++)
		sigaction(crashes[i], &action, &rescue.before[i]);
}

static void end_rescue(void)
{
	for (size_t i = 0; i < KT_LEN(crashes); i++)
		sigaction(crashes[i], &rescue.before[i], NULL);
}

/* ---- beginning and end ---- */

/* newterm() says only that it failed; this check gives the reason, and what to do instead. */
static struct kt_err *check_kind(const struct kt_curses *lib)
{
	int status = 0;

	if (lib->setupterm(NULL, STDOUT_FILENO, &status) == ERR)
		return kt_err_new(KT_ERR_REFUSED,
			"the type of this terminal (TERM) is not known here; 'ktally top --batch' "
			"prints plain text");
	if (!code_of(lib, "cup") || !code_of(lib, "clear"))
		return kt_err_new(KT_ERR_REFUSED,
			"this terminal (TERM) cannot move its cursor; 'ktally top --batch' prints "
			"plain text");
	return NULL;
}

static void set_locale(struct kt_terminal *terminal)
{
	const char *locale = setlocale(LC_CTYPE, "");

	/* the locale is not installed: it almost always names UTF-8, and this one is built in */
	if (!locale)
		setlocale(LC_CTYPE, "C.UTF-8");
	terminal->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void catch_signals(struct kt_terminal *terminal)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT,
		SIGWINCH };
	sigset_t signals;

	sigemptyset(&signals);
	for (size_t i = 0; i < KT_LEN(caught); i++)
		sigaddset(&signals, caught[i]);
	sigprocmask(SIG_BLOCK, &signals, &terminal->before);
	terminal->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct look {
	attr_t attributes;
	short few, many; /* colours of terminals with 8 and 256; -1: the terminal's own */
};

/* Colours mean: growing, shrinking, wasted; or a part of the bar. */
static const struct look looks[KT_STYLE_ROW] = {
	[KT_STYLE_PLAIN] = { A_NORMAL, -1, -1 },
	[KT_STYLE_DIM] = { A_DIM, -1, -1 },
	[KT_STYLE_BOLD] = { A_BOLD, -1, -1 },
	[KT_STYLE_HEAD] = { A_UNDERLINE, -1, -1 },
	[KT_STYLE_SORTED] = { A_UNDERLINE | A_BOLD, -1, -1 },
	[KT_STYLE_SELECTED] = { A_REVERSE, -1, -1 },
	[KT_STYLE_TAB] = { A_DIM, -1, -1 },
	[KT_STYLE_OPEN] = { A_REVERSE | A_BOLD, -1, -1 },
	[KT_STYLE_LABEL] = { A_DIM, -1, -1 },
	[KT_STYLE_BAR] = { A_NORMAL, COLOR_CYAN, 74 },
	[KT_STYLE_FREE] = { A_DIM, -1, -1 },
	[KT_STYLE_GROWS] = { A_NORMAL, COLOR_YELLOW, 214 },
	[KT_STYLE_SHRINKS] = { A_NORMAL, COLOR_GREEN, 36 },
	[KT_STYLE_WASTE] = { A_NORMAL, COLOR_MAGENTA, 175 },
	[KT_STYLE_PAST] = { A_NORMAL, COLOR_CYAN, 74 },
	[KT_STYLE_ALERT] = { A_BOLD, COLOR_YELLOW, 214 },
};

/* Without default colours a pair would need a background, which cannot match the user's. */
static void make_colors(struct kt_terminal *terminal)
{
	const struct kt_curses *lib = terminal->lib;
	bool many = lib->tigetnum("colors") >= 256;

	terminal->color = terminal->color && lib->has_colors() && lib->start_color() == OK;
	if (!terminal->color)
		return;
	if (lib->use_default_colors() == ERR) {
		terminal->color = false;
		return;
	}
	for (int i = 0; i < KT_STYLE_ROW; i++)
		lib->init_pair((short)(i + 1), many ? looks[i].many : looks[i].few, -1);
	for (int i = 0; i < kt_palette_count(); i++)
		lib->init_pair((short)(KT_STYLE_ROW + i + 1),
			(short)(many ? kt_palette_terminal(i) : kt_palette_basic(i)), -1);
}

/*
 * Asks the kernel, not ncurses: SIGWINCH is read through a descriptor, so ncurses never sees it.
 * The last size stays if the terminal does not say.
 */
static void measure(struct kt_terminal *terminal)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row) {
		terminal->width = size.ws_col;
		terminal->height = size.ws_row;
	} else if (!terminal->width) {
		terminal->width = 80;
		terminal->height = 24;
	}
}

static struct kt_err *begin(struct kt_terminal *terminal)
{
	const struct kt_curses *lib = terminal->lib;

	terminal->screen = lib->newterm(NULL, stdout, stdin);
	if (!terminal->screen)
		return kt_err_new(KT_ERR_OS, "ncurses cannot use this terminal");
	lib->cbreak();
	lib->noecho();
	lib->nonl();
	lib->curs_set(0);
	lib->set_escdelay(ESCAPE_MS);
	make_colors(terminal);
	measure(terminal);
	lib->resizeterm(terminal->height, terminal->width);
	terminal->window = lib->newwin(terminal->height, terminal->width, 0, 0);
	if (!terminal->window)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	lib->keypad(terminal->window, TRUE);
	lib->nodelay(terminal->window, TRUE);
	lib->mouseinterval(0); /* a click is a press: waiting for its release would delay it */
	lib->mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	terminal->redraw = true;
	return NULL;
}

struct kt_err *kt_terminal_prepare(void)
{
	const struct kt_curses *lib;

	return kt_curses(&lib);
}

struct kt_err *kt_terminal_open(bool color, struct kt_terminal **ret_terminal)
{
	struct kt_terminal *terminal = calloc(1, sizeof(*terminal));
	struct kt_err *err;

	*ret_terminal = NULL;
	if (!terminal)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	terminal->color = color;
	terminal->signal_fd = -1;
	err = kt_curses(&terminal->lib);
	if (!err)
		err = check_kind(terminal->lib);
	if (err) {
		free(terminal);
		return err;
	}
	set_locale(terminal);
	prepare_rescue(terminal->lib);
	/* newterm() reads the terminal's description again for itself */
	terminal->lib->del_curterm(terminal->lib->set_curterm(NULL));
	err = begin(terminal);
	catch_signals(terminal); /* after newterm(), which installs some handlers itself */
	if (!err && terminal->signal_fd < 0)
		err = kt_err_os(errno, "signals");
	if (err) {
		kt_terminal_close(terminal);
		return err;
	}
	*ret_terminal = terminal;
	return NULL;
}

void kt_terminal_close(struct kt_terminal *terminal)
{
	struct signalfd_siginfo info;

	if (!terminal)
		return;
	if (terminal->window)
		terminal->lib->delwin(terminal->window);
	if (terminal->screen) {
		terminal->lib->endwin();
		terminal->lib->delscreen(terminal->screen);
	}
	end_rescue();
	if (terminal->signal_fd >= 0) {
		/* an unread signal would end the program when it is unblocked */
		while (read(terminal->signal_fd, &info, sizeof(info)) == sizeof(info))
			;
		close(terminal->signal_fd);
	}
	sigprocmask(SIG_SETMASK, &terminal->before, NULL);
	free(terminal);
}

bool kt_terminal_unicode(const struct kt_terminal *terminal)
{
	return terminal->unicode;
}

void kt_terminal_size(const struct kt_terminal *terminal, int *ret_width, int *ret_height)
{
	*ret_width = terminal->width;
	*ret_height = terminal->height;
}

/* ---- out ---- */

/*
 * Sets the attributes once for a run of equal style, not for each cell. A run is cut at RUN_MAX, so
 * the text needs no memory from the heap.
 */
static void show_run(
	struct kt_terminal *terminal, int y, int x, const struct kt_glyph *cells, int n)
{
	const struct look *look =
		&looks[cells->style < KT_STYLE_ROW ? cells->style : KT_STYLE_PLAIN];
	attr_t attributes = look->attributes;
	short pair = terminal->color ? (short)(cells->style + 1) : 0;
	wchar_t text[RUN_MAX];
	int count = 0;

	for (int i = 0; i < n && count < RUN_MAX; i++) {
		if (cells[i].code)
			text[count++] = (wchar_t)cells[i].code;
	}
	terminal->lib->wattr_set(terminal->window, attributes, pair, NULL);
	terminal->lib->wmove(terminal->window, y, x);
	terminal->lib->waddnwstr(terminal->window, text, count);
}

void kt_terminal_show(struct kt_terminal *terminal, const struct kt_screen *screen)
{
	for (int y = 0; y < screen->height && y < terminal->height; y++) {
		const struct kt_glyph *row = &screen->cells[(size_t)y * (size_t)screen->width];
		int end;

		for (int x = 0; x < screen->width; x = end) {
			end = x + 1;
			while (end < screen->width && row[end].style == row[x].style &&
				end - x < RUN_MAX)
				end++;
			show_run(terminal, y, x, row + x, end - x);
		}
	}
	if (terminal->redraw)
		terminal->lib->clearok(terminal->window, TRUE);
	terminal->redraw = false;
	terminal->lib->wnoutrefresh(terminal->window);
	terminal->lib->doupdate();
}

/* ---- in ---- */

static int key_of(int code)
{
	static const struct {
		int code, key;
	} names[] = { { KEY_UP, KT_KEY_UP }, { KEY_DOWN, KT_KEY_DOWN }, { KEY_LEFT, KT_KEY_LEFT },
		{ KEY_RIGHT, KT_KEY_RIGHT }, { KEY_PPAGE, KT_KEY_PAGE_UP },
		{ KEY_NPAGE, KT_KEY_PAGE_DOWN }, { KEY_HOME, KT_KEY_HOME }, { KEY_END, KT_KEY_END },
		{ KEY_ENTER, KT_KEY_ENTER }, { KEY_BTAB, KT_KEY_BACK_TAB },
		{ KEY_BACKSPACE, KT_KEY_BACKSPACE }, { KEY_DC, KT_KEY_BACKSPACE },
		{ KEY_FIND, KT_KEY_HOME }, { KEY_SELECT, KT_KEY_END } };

	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (names[i].code == code)
			return names[i].key;
	}
	return code > KEY_F(0) && code <= KEY_F(12) ? KT_KEY_F(code - KEY_F(0)) : KT_KEY_NONE;
}

static int key_of_char(wint_t code)
{
	switch (code) {
	case '\r':
	case '\n': return KT_KEY_ENTER;
	case '\t': return KT_KEY_TAB;
	case 0x1b: return KT_KEY_ESCAPE;
	case 0x7f:
	case '\b': return KT_KEY_BACKSPACE;
	default: return code >= 0x20 && code < KT_KEY_FIRST_ ? (int)code : KT_KEY_NONE;
	}
}

/* Returns the key that a wheel stands for; KT_KEY_NONE: a click, whose place is kept, or nothing.
 */
static int key_of_mouse(struct kt_terminal *terminal, enum kt_happening *ret_event)
{
	MEVENT event;

	if (terminal->lib->getmouse(&event) != OK)
		return KT_KEY_NONE;
	if (event.bstate & BUTTON4_PRESSED)
		return KT_KEY_UP;
	if (event.bstate & BUTTON5_PRESSED)
		return KT_KEY_DOWN;
	if (event.bstate & BUTTON1_PRESSED) {
		terminal->click_y = event.y;
		terminal->click_x = event.x;
		*ret_event = KT_EVENT_CLICK;
	}
	return KT_KEY_NONE;
}

void kt_terminal_click(const struct kt_terminal *terminal, int *ret_y, int *ret_x)
{
	*ret_y = terminal->click_y;
	*ret_x = terminal->click_x;
}

/*
 * Returns the event of the next key; KT_EVENT_TIME: none. Never waits: an incomplete escape
 * sequence is completed by a later call.
 */
static enum kt_happening take_key(struct kt_terminal *terminal, int *ret_key)
{
	enum kt_happening event = KT_EVENT_KEY;
	wint_t code = 0;
	int kind = terminal->lib->wget_wch(terminal->window, &code);

	if (kind == ERR)
		return KT_EVENT_TIME;
	if (kind == KEY_CODE_YES && code == KEY_MOUSE)
		*ret_key = key_of_mouse(terminal, &event);
	else
		*ret_key = kind == KEY_CODE_YES ? key_of((int)code) : key_of_char(code);
	return event;
}

static void resize(struct kt_terminal *terminal)
{
	measure(terminal);
	terminal->lib->resizeterm(terminal->height, terminal->width);
	terminal->lib->wresize(terminal->window, terminal->height, terminal->width);
	terminal->redraw = true;
}

/* Restores the terminal while the program is stopped, and takes it back afterwards. */
static void stop(struct kt_terminal *terminal)
{
	struct sigaction plain = { .sa_handler = SIG_DFL }, before;
	sigset_t signal;

	terminal->lib->endwin();
	sigemptyset(&signal);
	sigaddset(&signal, SIGTSTP);
	sigaction(SIGTSTP, &plain, &before);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &signal, NULL); /* the program stops here */
	sigprocmask(SIG_BLOCK, &signal, NULL);
	sigaction(SIGTSTP, &before, NULL);
	resize(terminal);
}

static enum kt_happening take_signal(struct kt_terminal *terminal)
{
	enum kt_happening event = KT_EVENT_TIME;
	struct signalfd_siginfo info;

	while (read(terminal->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTSTP:
			stop(terminal);
			event = KT_EVENT_RESIZE;
			break;
		case SIGCONT:
		case SIGWINCH:
			resize(terminal);
			event = KT_EVENT_RESIZE;
			break;
		default: return KT_EVENT_END;
		}
	}
	return event;
}

enum kt_happening kt_terminal_wait(struct kt_terminal *terminal, int timeout_ms, int *ret_key)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = terminal->signal_fd, .events = POLLIN } };
	enum kt_happening event;

	event = take_key(terminal, ret_key); /* ncurses may have buffered some keys */
	if (event != KT_EVENT_TIME)
		return event;
	if (poll(fds, 2, timeout_ms < 0 ? 0 : timeout_ms) < 0 && errno != EINTR)
		return KT_EVENT_END;
	if (fds[1].revents) {
		event = take_signal(terminal);
		if (event != KT_EVENT_TIME)
			return event;
	}
	event = fds[0].revents & POLLIN ? take_key(terminal, ret_key) : KT_EVENT_TIME;
	if (event != KT_EVENT_TIME) {
		terminal->nr_empty = 0;
		return event;
	}
	/* part of a key is not an event; repeated empty input means that the input has ended */
	if (fds[0].revents & ~POLLIN || (fds[0].revents && ++terminal->nr_empty > EMPTY_MAX))
		return KT_EVENT_END;
	return KT_EVENT_TIME;
}
