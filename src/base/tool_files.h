// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_TOOL_FILES_H
#define KT_BASE_TOOL_FILES_H

/** Path below a root where the output of a tool is that was found in a text. */
#define KT_TOOL_FILE(name) "ktally/tools/" name

/** The kernel log in a bundle, in the form of /dev/kmsg: on a running machine it is a device. */
#define KT_FILE_OWN_LOG "ktally/dmesg"

/** How the kernel of a dump was started and how it ended; source/memory/crash.c reads it. */
#define KT_FILE_CRASH "ktally/crash"

/** The output of slabtop in a sosreport. */
#define KT_SOS_SLABTOP "sos_commands/memory/slabtop_-o"

#endif
