// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_TOOL_FILES_H
#define KT_BASE_TOOL_FILES_H

/** Path below a root where the output of a tool is that was found in a text. */
#define KT_TOOL_FILE(name) "ktally/tools/" name

/** The output of slabtop in a sosreport. */
#define KT_SOS_SLABTOP "sos_commands/memory/slabtop_-o"

#endif
