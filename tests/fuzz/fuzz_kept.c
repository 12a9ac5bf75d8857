// SPDX-License-Identifier: GPL-2.0-or-later
//
// A file of allocations and frees: blocks of any content, whose sums are right here. Its events can
// be replayed with every allocator, and no allocator holds less than is asked for.

#include "fuzz_simulated.h"

#include "record/pack.h"
#include "simulate/kept.h"

static bool read_at(void *arg, uint64_t at, void *to, size_t size)
{
	const struct kt_buf *file = arg;

	if (at > file->size || size > file->size - at)
		return false;
	if (size)
		memcpy(to, file->data + at, size);
	return true;
}

/* Each block of the input is its kind, its bytes as 16 bits, and its content. */
static void make_file(const uint8_t *data, size_t size, struct kt_buf *file)
{
	kt_buf_add(file, KT_EVENTS_MAGIC, sizeof(KT_EVENTS_MAGIC) - 1);
	while (size >= 3) {
		size_t bytes = (size_t)data[1] | (size_t)data[2] << 8;

		if (bytes > size - 3)
			bytes = size - 3;
		kt_buf_add(file, (const char *)data, 1);
		kt_pack_u32(file, (uint32_t)bytes);
		kt_pack_u32(file, kt_crc32c(0, data + 3, bytes));
		kt_buf_add(file, (const char *)data + 3, bytes);
		data += 3 + bytes;
		size -= 3 + bytes;
	}
}

static void replay(struct kt_sim_kept *kept)
{
	struct kt_sim_stream stream = kt_sim_kept_stream(kept);
	struct kt_arena arena = { 0 };
	struct kt_sim_wants wants = { .buddy = true, .shuffled = true };
	struct kt_sim_result result;
	struct kt_err *err;

	if (stream.nr_caches * stream.machine.nr_cpus > 4096 ||
		kt_sim_kept_facts(kept)->old_objs > 65536)
		return; /* allowed, but slow */
	if (stream.nr_caches && kt_sim_kept_facts(kept)->old_objs % 2)
		wants.drawn = stream.caches[stream.nr_caches - 1].name;
	err = kt_simulate(
		&arena, &stream, kt_sim_allocators, kt_nr_sim_allocators, &wants, &result);
	for (size_t i = 0; !err && i < result.drawing.slabs.count; i++)
		fuzz_must((int64_t)strlen(result.drawing.slabs.items[i].map) ==
				  result.drawing.slabs.items[i].nr_objs,
			"a slab has as many letters as slots");
	if (!err)
		fuzz_holds_enough(&result);
	kt_err_free(err);
	kt_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(buf) struct kt_buf file = { 0 };
	struct kt_sim_kept *kept;
	struct kt_err *err;

	make_file(data, size, &file);
	err = kt_sim_kept_open(read_at, &file, file.size, &kept);
	if (!err)
		replay(kept);
	kt_err_free(err);
	kt_sim_kept_free(kept);
	return 0;
}
