// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_SLOT_LOOKS_H
#define KT_OUTPUT_SLOT_LOOKS_H

/** How slots of slabs look in pictures, by the letter of kt_drawn_slab.map. */
struct kt_slot_look {
	char letter;
	const char *sign, *last; /* a character of the slot, and its last character */
	char ascii;
	int terminal;	   /* one of 256 colours */
	const char *style; /* class of SVG */
};

/** Finds the look of a letter; 0: of bytes that are in no slot. */
const struct kt_slot_look *kt_slot_look(char letter);

#endif
