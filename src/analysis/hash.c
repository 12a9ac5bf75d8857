// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/hash.h"

#include <string.h>

#define ENTRIES_MIN 512

const char *kt_hash_parameter(const char *name)
{
	static const struct {
		const char *name, *parameter;
	} known[] = {
		{ "Dentry cache", "dhash_entries=" },
		{ "Inode-cache", "ihash_entries=" },
		{ "Mount-cache", "mhash_entries=" },
		{ "Mountpoint-cache", "mphash_entries=" },
		{ "TCP established", "thash_entries=" },
		{ "IP route cache", "rhash_entries=" }, /* before Linux 3.6 (commit 89aef8921bfb) */
		{ "UDP", "uhash_entries=" },
		{ "UDP-Lite", "uhash_entries=" },
	};

	for (size_t i = 0; i < KT_LEN(known); i++) {
		if (strcmp(known[i].name, name) == 0)
			return known[i].parameter;
	}
	return NULL;
}

/* tcp_init() of net/ipv4/tcp.c; udp_table_init() of net/ipv4/udp.c, which takes its parameter twice
 */
const char *kt_hash_leader(const char *name)
{
	if (strcmp(name, "TCP bind") == 0)
		return "TCP established";
	return strcmp(name, "UDP-Lite") == 0 ? "UDP" : NULL;
}

/*
 * Counts established and waiting connections, which share a table (include/net/inet_hashtables.h).
 */
static int64_t tcp_in_use(const struct kt_sockets *sockets)
{
	if (sockets->tcp < 0)
		return -1;
	return sockets->tcp + (sockets->tcp_time_wait > 0 ? sockets->tcp_time_wait : 0);
}

int64_t kt_hash_in_use(const struct kt_snapshot *snap, const char *name)
{
	if (strcmp(name, "Dentry cache") == 0)
		return snap->dcache.nr_dentry;
	if (strcmp(name, "Inode-cache") == 0)
		return snap->dcache.nr_inodes;
	if (strcmp(name, "TCP established") == 0)
		return tcp_in_use(&snap->sockets);
	if (strcmp(name, "UDP") == 0)
		return snap->sockets.udp;
	return -1;
}

const struct kt_hash_chains *kt_hash_chains_find(const struct kt_snapshot *snap, const char *name)
{
	for (size_t i = 0; i < snap->hash_chains.count; i++) {
		if (strcmp(snap->hash_chains.items[i].name, name) == 0)
			return &snap->hash_chains.items[i];
	}
	return NULL;
}

const struct kt_hash *kt_hash_find(const struct kt_snapshot *snap, const char *name)
{
	for (size_t i = 0; i < snap->hashes.count; i++) {
		if (strcmp(snap->hashes.items[i].name, name) == 0)
			return &snap->hashes.items[i];
	}
	return NULL;
}

bool kt_hash_is_whole(const char *name)
{
	return strcmp(name, "Dentry cache") == 0 || strcmp(name, "Inode-cache") == 0;
}

int64_t kt_hash_enough(int64_t in_use)
{
	int64_t entries = ENTRIES_MIN;

	while (entries < in_use && entries <= INT64_MAX / 2)
		entries *= 2;
	return entries;
}
