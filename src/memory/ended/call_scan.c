// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/ended/call_scan.h"

#include "memory/kernel/modules.h"

#include <string.h>

#define BEFORE	     7u	   /* bytes of the longest call that is looked for */
#define FUNCTION_MAX 8192u /* bytes from the start of a function to a place in it */

bool kt_is_code(struct kt_target *target, uint64_t address)
{
	const struct kt_symbols *symbols = &target->symbols;
	uint64_t first, end, module;

	if (kt_symbols_find(symbols, "_stext", &first) &&
		kt_symbols_find(symbols, "_etext", &end) && address >= first && address < end)
		return true;
	return address >> 63 && kt_module_at(target, address, &module);
}

/* call rel32; call r/m with no, 1 or 4 bytes of displacement, perhaps after a prefix or SIB byte.
 */
static bool is_x86_call(const unsigned char code[BEFORE])
{
	if (code[2] == 0xe8)
		return true;
	for (unsigned at = 0; at + 2 <= BEFORE; at++) {
		unsigned form = code[at + 1] >> 6, rm = code[at + 1] & 7, length = 2;

		if (code[at] != 0xff || (code[at + 1] >> 3 & 7) != 2)
			continue;
		if (form != 3 && rm == 4)
			length++;
		if (form == 1)
			length++;
		if (form == 2 || (form == 0 && rm == 5))
			length += 4;
		if (at + length == BEFORE)
			return true;
	}
	return false;
}

/* BL, BLR, and BLR that checks its pointer (BLRAA and similar); Arm ARM, C4.1 */
static bool is_arm64_call(uint32_t code)
{
	return (code & 0xfc000000u) == 0x94000000u || (code & 0xfffffc1fu) == 0xd63f0000u ||
	       (code & 0xfefff800u) == 0xd63f0800u;
}

bool kt_follows_call(struct kt_target *target, bool arm64, uint64_t address)
{
	unsigned char code[BEFORE];
	uint32_t word;

	if (arm64)
		return address % sizeof(word) == 0 &&
		       kt_target_read(target, address - sizeof(word), &word, sizeof(word)) &&
		       is_arm64_call(word);
	return address > BEFORE && kt_target_read(target, address - BEFORE, code, BEFORE) &&
	       is_x86_call(code);
}

bool kt_returns_from(struct kt_target *target, uint64_t address, uint64_t ip)
{
	unsigned char code[5];
	int32_t distance;
	uint64_t called;

	if (!kt_target_read(target, address - sizeof(code), code, sizeof(code)) || code[0] != 0xe8)
		return false;
	memcpy(&distance, code + 1, sizeof(distance));
	called = address + (uint64_t)(int64_t)distance;
	return called <= ip && ip - called < FUNCTION_MAX;
}
