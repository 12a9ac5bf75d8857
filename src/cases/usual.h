// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CASES_USUAL_H
#define KT_CASES_USUAL_H

#include "cases/facts.h"

/**
 * How much of an amount machines usually have, as a multiple of their CPUs, memory, tasks, mounts,
 * sockets and cgroups. The numbers were learned from captures of healthy machines: usual.def, made
 * by tools/learn_usual.py.
 */

enum kt_usual_by {
	KT_USUAL_CPUS,
	KT_USUAL_GIB,
	KT_USUAL_TASKS,
	KT_USUAL_MOUNTS,
	KT_USUAL_SOCKETS,
	KT_USUAL_CGROUPS,
	KT_NR_USUAL,
};

struct kt_usual {
	double most;	     /* bytes, or objects; NaN: not known */
	enum kt_usual_by by; /* the dimension that allows so much */
	double each;	     /* for one of it */
	int nr_machines;     /* that it was learned from */
};

/**
 * The most that a machine of this size usually has: the largest of all dimensions that are known
 * here.
 */
struct kt_usual kt_usual_most(const struct kt_facts *facts, struct kt_span name);

#endif
