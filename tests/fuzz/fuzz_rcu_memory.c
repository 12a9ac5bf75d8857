// SPDX-License-Identifier: GPL-2.0-or-later
//
// Objects that wait for RCU in damaged memory. The first byte chooses the structs of an old or a
// new kernel, then the input is a list of changes to memory that was made by hand: a place and
// eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/rcu_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_rcu_waiting waiting;
	struct rcu_bytes rcu;
	struct kt_err *err;

	if (!size)
		return 0;
	rcu_init(&rcu, data[0] & 1);
	rcu_fill(&rcu);
	fuzz_damage(rcu.memory, rcu.used, RCU_BASE, data + 1, size - 1);
	err = kt_rcu_waiting_walk(rcu.target, &waiting);
	if (!err && (waiting.nr_torn < 0 ||
			    (!kt_known(waiting.nr_batch_objs) && !kt_known(waiting.nr_sheaves))))
		abort();
	kt_err_free(err);
	if (rcu.target->nr_reads > RCU_READS_MAX)
		abort();
	rcu_fini(&rcu);
	return 0;
}
