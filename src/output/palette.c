// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/palette.h"

static const struct {
	const char *web;
	int terminal;
} colors[] = {
	{ "#0072b2", 25 },
	{ "#e69f00", 214 },
	{ "#009e73", 36 },
	{ "#cc79a7", 175 },
	{ "#56b4e9", 74 },
	{ "#d55e00", 166 },
	{ "#b8a900", 142 },
	{ "#7b61c4", 98 },
	{ "#8c6d4f", 95 },
	{ "#6c7a89", 102 },
	{ "#2f8f5b", 29 },
	{ "#a23b72", 132 },
};

#define COUNT (sizeof(colors) / sizeof(colors[0]))

const char *kt_palette_web(size_t index)
{
	return colors[index % COUNT].web;
}

int kt_palette_terminal(size_t index)
{
	return colors[index % COUNT].terminal;
}
