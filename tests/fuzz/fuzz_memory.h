// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_FUZZ_MEMORY_H
#define KT_FUZZ_MEMORY_H

/** Memory that was made by hand, damaged by an input: a list of changes of twelve bytes each. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct fuzz_change {
	uint32_t at; /* what its bits mean, the target decides */
	uint64_t value;
};

/** Takes the next change of an input; false: there is none. */
static inline bool fuzz_change(const uint8_t **data, size_t *size, struct fuzz_change *ret_change)
{
	const size_t bytes = sizeof(ret_change->at) + sizeof(ret_change->value);

	if (*size < bytes)
		return false;
	memcpy(&ret_change->at, *data, sizeof(ret_change->at));
	memcpy(&ret_change->value, *data + sizeof(ret_change->at), sizeof(ret_change->value));
	*data += bytes;
	*size -= bytes;
	return true;
}

/** Changes memory whose first byte has the address `base`; half of the values are in it too. */
static inline void fuzz_damage(
	char *memory, size_t bytes, uint64_t base, const uint8_t *data, size_t size)
{
	for (struct fuzz_change change; fuzz_change(&data, &size, &change);) {
		if (change.at >> 31)
			change.value = base + change.value % bytes;
		memcpy(memory + (change.at & 0x7fffffff) % (bytes - sizeof(change.value)),
			&change.value, sizeof(change.value));
	}
}

#endif
