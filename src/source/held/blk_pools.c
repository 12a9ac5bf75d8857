// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bounds the memory of requests that block devices preallocate. Each hardware queue has a request
// for each tag, and with a scheduler nr_requests more, in blocks of up to 16 pages (block/blk-mq.c:
// blk_mq_alloc_rqs, block/blk-mq-sched.c: blk_mq_sched_alloc_map_and_rqs). Devices of one
// controller may share them.
//
// No file has the size of a request. A driver adds its own data to struct request, which may be a
// scatter list with an entry for each segment of a request (drivers/block/virtio_blk.c:
// virtblk_probe, before 02746e26c39e). So there is an upper bound only.

#include "model/holdings.h"
#include "source/source.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define FOLDER	     "sys/block"
#define DISKS_MAX    4096u	/* disks that are read */
#define QUEUES_MAX   4096u	/* hardware queues of a disk */
#define TAGS_MAX     (1u << 20) /* tags of a queue; larger numbers are impossible */
#define SEGMENTS_MAX 65536u	/* segments of a request, where no file limits them */
#define REQUEST_BYTES \
	(320 + 1024)   /* bytes; more than struct request and the data that a driver adds */
#define ENTRY_BYTES 32 /* bytes; struct scatterlist */
#define PATH_BYTES  512

static bool read_number(struct kt_root *root, struct kt_arena *arena, const char *disk,
	const char *queue, const char *name, uint64_t max, uint64_t *ret_number)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	char path[PATH_BYTES];
	struct kt_err *err;
	bool found;

	snprintf(path, sizeof(path), FOLDER "/%.100s/%s/%s", disk, queue, name);
	err = kt_root_read_head(root, path, 64, &text);
	found = !err && kt_span_u64(kt_span_trim(kt_text_span(&text)), ret_number) &&
		*ret_number <= max;
	kt_arena_ignore(arena, err);
	return found;
}

/* Whether the disk has an active I/O scheduler: "[none] mq-deadline" has none. */
static bool has_scheduler(struct kt_root *root, struct kt_arena *arena, const char *disk)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	char path[PATH_BYTES];
	struct kt_err *err;
	struct kt_span names;

	snprintf(path, sizeof(path), FOLDER "/%.100s/queue/scheduler", disk);
	err = kt_root_read_head(root, path, 256, &text);
	names = kt_text_span(&text);
	kt_arena_ignore(arena, err);
	return kt_span_find(names, "[") < names.n && kt_span_find(names, "[none]") == names.n;
}

/* Bytes of that many requests in blocks of 16 pages; no request crosses a block. */
static int64_t pool_bytes(uint64_t nr_requests, int64_t request_bytes, int64_t page)
{
	int64_t block = 16 * page, each = block / request_bytes;

	if (each < 1)
		return (int64_t)nr_requests * (request_bytes + block);
	return ((int64_t)nr_requests + each - 1) / each * block;
}

static void add_disk(struct kt_root *root, struct kt_snapshot *snap, const char *disk)
{
	uint64_t segments = SEGMENTS_MAX, nr_requests = 0, tags;
	int64_t page = snap->host.page_bytes, most = 0, request_bytes;
	struct kt_arena *arena = &snap->arena;
	kt_names queues = { 0 };
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), FOLDER "/%.100s/mq", disk);
	kt_arena_ignore(arena, kt_root_list(root, path, arena, &queues));
	if (!queues.count || page <= 0)
		return;
	read_number(root, arena, disk, "queue", "max_segments", SEGMENTS_MAX, &segments);
	request_bytes = REQUEST_BYTES + ENTRY_BYTES * ((int64_t)segments + 2);
	if (has_scheduler(root, arena, disk))
		read_number(root, arena, disk, "queue", "nr_requests", TAGS_MAX, &nr_requests);
	for (size_t i = 0; i < queues.count && i < QUEUES_MAX; i++) {
		char queue[64];

		snprintf(queue, sizeof(queue), "mq/%.32s", queues.items[i]);
		if (read_number(root, arena, disk, queue, "nr_tags", TAGS_MAX, &tags))
			most += pool_bytes(tags, request_bytes, page) +
				pool_bytes(nr_requests, request_bytes, page);
	}
	kt_holding_put(snap, (struct kt_holding){ .kind = KT_HELD_BLOCK,
				     .high_bytes = most,
				     .holder = kt_arena_name(arena, kt_span_str(disk)) });
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	kt_names disks = { 0 };
	struct kt_err *err = kt_root_list(root, FOLDER, &snap->arena, &disks);

	for (size_t i = 0; !err && i < disks.count && i < DISKS_MAX; i++) {
		if (strlen(disks.items[i]) <= 100)
			add_disk(root, snap, disks.items[i]);
	}
	kt_holding_searched(snap, KT_HELD_BLOCK,
		(struct kt_search){ .state = err ? kt_source_state(err) : KT_OK,
			.why = err ? kt_arena_name(&snap->arena, kt_span_str(kt_err_text(err)))
				   : "mq/*/nr_tags of sys/block" });
	return err;
}

const struct kt_source kt_source_blk_pools = {
	.name = "blk_pools",
	.summary = "requests that block devices preallocate",
	.paths = { FOLDER "/*/mq/*/nr_tags", FOLDER "/*/queue/nr_requests",
		FOLDER "/*/queue/max_segments", FOLDER "/*/queue/scheduler" },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "'ktally explain unattributed' does not show what block devices may hold",
	.gives = "a mounted /sys",
	.read = read_it,
};
