// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/slot_looks.h"

#include "base/attr.h"
#include "model/cache.h"

#include <stddef.h>

/* The same colours as in output/palette.c: of slab, and of the bands next to it. */
static const struct kt_slot_look looks[] = {
	{ '\0', "·", "·", ':', 240, "rest" },
	{ KT_SLOT_USED, "█", "▌", '#', 25, "used" },
	{ KT_SLOT_CPU, "▓", " ", '=', 214, "cpu" },
	{ KT_SLOT_SHEAF, "▒", " ", '+', 36, "sheaf" },
	{ KT_SLOT_MAGAZINE, "▒", " ", '+', 36, "sheaf" },
	{ KT_SLOT_NODE, "▚", " ", '%', 74, "node" },
	{ KT_SLOT_RCU, "▔", " ", '~', 175, "rcu" },
	{ KT_SLOT_FREE, "░", " ", '-', 245, "free" },
};

const struct kt_slot_look *kt_slot_look(char letter)
{
	for (size_t i = 0; i < KT_LEN(looks); i++) {
		if (looks[i].letter == letter)
			return &looks[i];
	}
	return &looks[0];
}
