// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands.h"

static const struct kt_cmd *const items[] = {
#define GROUP(name, title)
#define COMMAND(file, name) &kt_cmd_##name,
#include "commands.def"
#undef COMMAND
#undef GROUP
};

/*
 * The place of a command follows the place of the command before it. A group has the place of its
 * first command.
 */
enum place {
#define GROUP(name, title)  PLACE_GROUP_##name, BEFORE_##name = PLACE_GROUP_##name - 1,
#define COMMAND(file, name) PLACE_##name,
#include "commands.def"
#undef COMMAND
#undef GROUP
};

static const struct kt_cmd_group groups[] = {
#define GROUP(name, title) { title, PLACE_GROUP_##name },
#define COMMAND(file, name)
#include "commands.def"
#undef COMMAND
#undef GROUP
};

static const struct kt_example examples[] = {
	{ "ktally -i 10", "what grows, every 10 seconds" },
};

const struct kt_cmds kt_commands = {
	.items = items,
	.count = KT_LEN(items),
	.groups = groups,
	.nr_groups = KT_LEN(groups),
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.usual = &kt_cmd_account,
	.help = &kt_cmd_help,
};
