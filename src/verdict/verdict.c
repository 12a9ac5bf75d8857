// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/verdict.h"

static const char *const verdicts[KT_NR_VERDICTS] = {
	[KT_VERDICT_NOT_OBSERVABLE] = "not observable",
	[KT_VERDICT_NORMAL] = "normal",
	[KT_VERDICT_FILLING] = "filling cache",
	[KT_VERDICT_CHURN] = "churn",
	[KT_VERDICT_STEP] = "step",
	[KT_VERDICT_SPIKE] = "spike",
	[KT_VERDICT_DROP] = "drop",
	[KT_VERDICT_SAW_TOOTH] = "saw-tooth",
	[KT_VERDICT_FOLLOWS] = "follows",
	[KT_VERDICT_OUT_OF_PROPORTION] = "out of proportion",
	[KT_VERDICT_GROWING] = "growing, not yet known",
	[KT_VERDICT_LEAK] = "leak",
	[KT_VERDICT_WAS_LEAKING] = "was leaking",
};

static const char *const vetoes[KT_NR_VETOES] = {
	[KT_VETO_NONE] = "none",
	[KT_VETO_SHAPE] = "a fill or a step explains it as well",
	[KT_VETO_TERRITORY] = "it was as high within the two weeks before",
	[KT_VETO_HISTORY] = "too short a history before it",
	[KT_VETO_DECELERATION] = "it grew faster before",
	[KT_VETO_RECLAIMABLE] = "reclaim can take it back",
	[KT_VETO_DRIVER] = "a number of the machine explains it",
	[KT_VETO_HOLDER] = "not known what holds it",
};

static const char *const drivers[KT_NR_DRIVERS] = {
	[KT_DRIVER_TASKS] = "thread",
	[KT_DRIVER_SOCKETS] = "socket",
	[KT_DRIVER_FILES] = "open file",
	[KT_DRIVER_CGROUPS] = "cgroup",
	[KT_DRIVER_MOUNTS] = "mount",
	[KT_DRIVER_DYING_CGROUPS] = "dying cgroup",
	[KT_DRIVER_HELD_PAGES] = "page of processes",
	[KT_DRIVER_INODES_KIB] = "KiB of inodes and dentries",
};

static const char *const events[KT_NR_EVENTS] = {
	[KT_EVENT_FORKS] = "fork",
	[KT_EVENT_PACKETS_IN] = "received packet",
	[KT_EVENT_PACKETS_OUT] = "sent packet",
	[KT_EVENT_CONNECTIONS] = "connection",
	[KT_EVENT_READS] = "read from a disk",
	[KT_EVENT_WRITES] = "write to a disk",
	[KT_EVENT_FAULTS] = "page fault",
	[KT_EVENT_CONTEXT_SWITCHES] = "context switch",
	[KT_EVENT_INTERRUPTS] = "interrupt",
	[KT_EVENT_CGROUPS_MADE] = "cgroup made",
};

const char *kt_verdict_name(enum kt_verdict verdict)
{
	return verdicts[verdict];
}

const char *kt_veto_name(enum kt_veto veto)
{
	return vetoes[veto];
}

const char *kt_driver_name(enum kt_driver driver)
{
	return drivers[driver];
}

const char *kt_event_name(enum kt_event event)
{
	return events[event];
}
