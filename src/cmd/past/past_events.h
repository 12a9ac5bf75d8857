// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_PAST_EVENTS_H
#define KT_CMD_PAST_PAST_EVENTS_H

#include "history/events.h"

/** Returns events as a sentence; NULL: there are none. */
const char *kt_past_events_text(const kt_events_list *list, struct kt_arena *arena);

#endif
