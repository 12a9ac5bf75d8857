// SPDX-License-Identifier: GPL-2.0-or-later
//
// Open addressing with linear probing; at most half of the slots are used.

#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#define ROOM_MIN 16u

struct kt_map_slot {
	const char *key; /* NULL: free */
	uint32_t n, value;
	uint64_t hash;
};

/* ---- the hash: SipHash-1-3 (J.-P. Aumasson, D. J. Bernstein), as Rust and Linux use it ---- */

/*
 * Reads the 16 random bytes that the kernel gives each process at start: no system call, no state.
 */
static void take_secret(uint64_t secret[2])
{
	const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM); // NOLINT

	memset(secret, 0, 2 * sizeof(*secret));
	if (random)
		memcpy(secret, random, 2 * sizeof(*secret));
}

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

uint64_t kt_map_hash(struct kt_span key)
{
	uint64_t v[4] = { 0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261,
		0x7465646279746573 };
	uint64_t word, secret[2];
	size_t at = 0;

	take_secret(secret);
	for (int i = 0; i < 4; i++)
		v[i] ^= secret[i & 1];
	for (; key.n - at >= 8; at += 8) {
		memcpy(&word, key.p + at, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = (uint64_t)key.n << 56;
	for (size_t i = at; i < key.n; i++)
		word |= (uint64_t)(unsigned char)key.p[i] << 8 * (i - at);
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- the table ---- */

/*
 * Returns the slot of a key, or the free slot where the key belongs. The table always has a free
 * slot.
 */
static struct kt_map_slot *slot_of(const struct kt_map *map, struct kt_span key, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (map->room - 1);

	for (; map->slots[at].key; at = (at + 1) & (map->room - 1)) {
		const struct kt_map_slot *slot = &map->slots[at];

		if (slot->hash == hash && slot->n == key.n && memcmp(slot->key, key.p, key.n) == 0)
			break;
	}
	return &map->slots[at];
}

static bool make_room(struct kt_map *map)
{
	uint32_t room = map->room ? map->room * 2 : ROOM_MIN;
	struct kt_map_slot *slots;

	if (map->room && map->count < map->room / 2)
		return true;
	if (map->count >= KT_MAP_MAX)
		return false;
	slots = calloc(room, sizeof(*slots));
	for (uint32_t i = 0; slots && i < map->room; i++) {
		uint32_t at = (uint32_t)map->slots[i].hash & (room - 1);

		if (!map->slots[i].key)
			continue;
		while (slots[at].key)
			at = (at + 1) & (room - 1);
		slots[at] = map->slots[i];
	}
	if (!slots)
		return false;
	free(map->slots);
	map->slots = slots;
	map->room = room;
	return true;
}

uint32_t *kt_map_find(const struct kt_map *map, struct kt_span key)
{
	struct kt_map_slot *slot;

	if (!map->count || key.n > UINT32_MAX)
		return NULL;
	slot = slot_of(map, key, kt_map_hash(key));
	return slot->key ? &slot->value : NULL;
}

/* An empty key is stored as a non-NULL pointer too, because NULL marks a free slot. */
static const char *keep_key(struct kt_span key, struct kt_arena *arena)
{
	char *copy;

	if (!key.n)
		return "";
	if (!arena)
		return key.p;
	copy = kt_arena_alloc(arena, key.n);
	if (copy)
		memcpy(copy, key.p, key.n);
	return copy;
}

uint32_t *kt_map_add(
	struct kt_map *map, struct kt_span key, struct kt_arena *arena, bool *ret_added)
{
	uint64_t hash = kt_map_hash(key);
	struct kt_map_slot *slot;
	const char *kept;

	if (ret_added)
		*ret_added = false;
	if (map->failed || key.n > UINT32_MAX || !make_room(map)) {
		map->failed = true;
		return NULL;
	}
	slot = slot_of(map, key, hash);
	if (slot->key)
		return &slot->value;
	kept = keep_key(key, arena);
	if (!kept) {
		map->failed = true;
		return NULL;
	}
	*slot = (struct kt_map_slot){ .key = kept, .n = (uint32_t)key.n, .hash = hash };
	map->count++;
	if (ret_added)
		*ret_added = true;
	return &slot->value;
}

void kt_map_clear(struct kt_map *map)
{
	if (map->room)
		memset(map->slots, 0, map->room * sizeof(*map->slots));
	map->count = 0;
}

void kt_map_fini(struct kt_map *map)
{
	free(map->slots);
	*map = (struct kt_map){ 0 };
}

void kt_map_cleanup(struct kt_map *map)
{
	kt_map_fini(map);
}
