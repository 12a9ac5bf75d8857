// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_KEYS_H
#define KT_TOP_KEYS_H

#include <stddef.h>

/** Keys that are not characters; numbers above the last character. */
enum kt_key {
	KT_KEY_NONE = 0,
	KT_KEY_FIRST_ = 0x200000,
	KT_KEY_UP,
	KT_KEY_DOWN,
	KT_KEY_LEFT,
	KT_KEY_RIGHT,
	KT_KEY_PAGE_UP,
	KT_KEY_PAGE_DOWN,
	KT_KEY_HOME,
	KT_KEY_END,
	KT_KEY_ENTER,
	KT_KEY_ESCAPE,
	KT_KEY_TAB,
	KT_KEY_BACK_TAB,
	KT_KEY_BACKSPACE,
	KT_KEY_F0 = KT_KEY_FIRST_ + 64, /* F1 is KT_KEY_F0 + 1 */
};

#define KT_KEY_F(n) (KT_KEY_F0 + (n))

/** Help of the keys, by index; NULL: after the last key. */
const char *kt_key_help(size_t index, const char **ret_name);

#endif
