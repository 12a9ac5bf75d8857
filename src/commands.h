// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_COMMANDS_H
#define KT_COMMANDS_H

#include "cli/cmd.h"

/**
 * The commands of the program, for main and for the programs that document and test it. No
 * module below includes this header; code that needs all commands gets them in struct kt_call.
 */
#define GROUP(name, title)
#define COMMAND(file, name) extern const struct kt_cmd kt_cmd_##name;
#include "commands.def"
#undef COMMAND
#undef GROUP

extern const struct kt_cmds kt_commands;

#endif
