// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_CENSUS_H
#define KT_CMD_CENSUS_H

#include "cmd/cmd.h"
#include "model/snapshot.h"

/** The tables of "census --by": private to the command. `by`: "zone", "node" or "cgroup". */
void kt_census_put_by(struct kt_report *report, const struct kt_snapshot *snap, const char *by);

#endif
