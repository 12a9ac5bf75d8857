// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/memory/open.h"

#include "base/when.h"
#include "memory/start.h"
#include "target/dump.h"
#include "target/live.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define NODES_MAX   1024u
#define PAGEMAP	    "proc/self/pagemap"
#define PFN_BITS    55 /* Documentation/admin-guide/mm/pagemap.rst */
#define PAGE_EXISTS (1ull << 63)

/* Protocols that have a cache of their own, whose kernels differ in which of them they have. */
static const int families[] = { AF_UNIX, AF_INET, AF_INET6 };

static uint64_t find_cache(struct kt_target *target)
{
	uint64_t cache = 0;

	for (size_t i = 0; i < KT_LEN(families) && !cache; i++) {
		int fd = socket(families[i], SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			continue;
		if (!kt_start_cache(target, fd, &cache))
			cache = 0;
		close(fd);
	}
	return cache;
}

/* Nodes that can exist, "0-3": a cache has a place for each, up to the highest. */
static uint32_t nr_node_ids(struct kt_root *root)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err)
	struct kt_err *err = kt_root_read(root, KT_FILE_NODES, &text);
	struct kt_span rest = kt_text_span(&text);
	uint64_t last = 0, number;

	while (!err && rest.n) {
		if (kt_span_take_u64(&rest, &number) && number < NODES_MAX && number > last)
			last = number;
		else
			rest = kt_span_from(rest, 1);
	}
	return (uint32_t)last + 1;
}

/* ---- the memory map ---- */

/* The PFN of a page of this process. */
static bool find_pfn(struct kt_root *root, const void *page, uint32_t page_bytes, uint64_t *ret_pfn)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	uint64_t place = (uint64_t)(uintptr_t)page / page_bytes * sizeof(uint64_t), entry;
	KT_CLEANUP(err)
	struct kt_err *err = kt_root_read_at(root, PAGEMAP, place, sizeof(entry), &text);

	if (err || text.size != sizeof(entry))
		return false;
	memcpy(&entry, text.data, sizeof(entry));
	*ret_pfn = entry & ((1ull << PFN_BITS) - 1);
	return (entry & PAGE_EXISTS) && *ret_pfn; /* without CAP_SYS_ADMIN the PFN is 0 */
}

/* Puts a page of this process into a pipe, whose struct page the kernel then has there. */
static bool find_page(struct kt_target *target, void *page, uint64_t *ret_address)
{
	struct iovec piece = { page, target->page_bytes };
	bool found = false;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return false;
	if (vmsplice(fds[1], &piece, 1, SPLICE_F_NONBLOCK) == (ssize_t)target->page_bytes)
		found = kt_start_page(target, fds[0], ret_address);
	close(fds[0]);
	close(fds[1]);
	return found;
}

/* A page may move until it is in the pipe, so its PFN is read before and after. */
static struct kt_page_sample find_sample(struct kt_root *root, struct kt_target *target)
{
	struct kt_page_sample sample = { 0 };
	uint64_t before, after;
	void *page = NULL;

	if (posix_memalign(&page, target->page_bytes, target->page_bytes) != 0)
		return sample;
	memset(page, 1, target->page_bytes);
	if (find_pfn(root, page, target->page_bytes, &before) &&
		find_page(target, page, &sample.address) &&
		find_pfn(root, page, target->page_bytes, &after) && before == after)
		sample.pfn = before;
	else
		sample.address = 0;
	free(page);
	return sample;
}

static void find_ranges(const struct kt_snapshot *snap, struct kt_memory *memory)
{
	uint64_t bytes = memory->target->page_bytes;

	for (size_t i = 0; i < snap->iomem.count; i++) {
		const struct kt_region *region = &snap->iomem.items[i];
		struct kt_pfn_range *slot,
			range = { (region->start + bytes - 1) / bytes, region->end / bytes };

		if (strncmp(region->type, "System RAM", 10) != 0 || range.end <= range.first)
			continue;
		slot = kt_list_push(&memory->arena, &memory->ranges);
		if (slot)
			*slot = range;
	}
}

/* ---- all ---- */

/*
 * A dump has no process that could be asked for what symbols do not name. Its pages lead to a slab
 * cache, whose parts on each node are found only if the number of nodes is known.
 */
static uint64_t find_cache_by_page(struct kt_memory *memory)
{
	struct kt_memmap memmap;
	struct kt_err *err;
	uint64_t cache = 0;

	if (!kt_target_dump_nodes(memory->target))
		return 0;
	err = kt_memory_map(memory, &memmap);
	if (!err)
		kt_memmap_any_cache(&memmap, &cache);
	kt_err_free(err);
	return cache;
}

static struct kt_err *open_dump(
	struct kt_root *root, struct kt_snapshot *snap, struct kt_memory *ret_memory)
{
	uint64_t at;

	ret_memory->target = kt_root_dump_memory(root);
	ret_memory->borrowed = true;
	if (!ret_memory->target)
		return kt_err_new(KT_ERR_ABSENT, "the memory of the dump was not opened");
	find_ranges(snap, ret_memory);
	if (!kt_symbols_find(&ret_memory->target->symbols, "slab_caches", &at))
		ret_memory->slub.any_cache = find_cache_by_page(ret_memory);
	return ret_memory->arena.failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

struct kt_err *kt_memory_open(
	struct kt_root *root, struct kt_snapshot *snap, struct kt_memory *ret_memory)
{
	const struct kt_symbols *symbols;
	struct kt_err *err;
	uint64_t at;

	*ret_memory =
		(struct kt_memory){ .root = root, .slub = { .nr_node_ids = nr_node_ids(root) } };
	if (kt_root_kind(root) == KT_ROOT_DUMP)
		return open_dump(root, snap, ret_memory);
	err = kt_target_live(root, &(struct kt_target_given){ snap->btf_path, snap->vmlinux_path },
		&ret_memory->target);
	if (err)
		return err;
	symbols = &ret_memory->target->symbols;
	if (!kt_symbols_find(symbols, "slab_caches", &at))
		ret_memory->slub.any_cache = find_cache(ret_memory->target);
	/* some that name variables have none for this: arm64, x86 without RANDOMIZE_MEMORY */
	if (!kt_symbols_find(symbols, "vmemmap_base", &at))
		ret_memory->page = find_sample(root, ret_memory->target);
	find_ranges(snap, ret_memory);
	return ret_memory->arena.failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

struct kt_err *kt_memory_map(struct kt_memory *memory, struct kt_memmap *ret_memmap)
{
	if (!memory->ranges.count)
		return kt_err_new(KT_ERR_ABSENT,
			"the addresses of memory are not known: /proc/iomem does not show them");
	return kt_memmap_open(memory->target, &memory->page, memory->ranges.items,
		memory->ranges.count, ret_memmap);
}

struct kt_err *kt_memory_symbols(
	const struct kt_memory *memory, const struct kt_symbol_table **ret_table)
{
	struct kt_symbol_table *table = &memory->target->all_symbols;
	struct kt_err *err = NULL;

	if (kt_root_kind(memory->root) == KT_ROOT_DUMP)
		return kt_memory_dump_symbols(memory->target, ret_table);
	if (!table->symbols.count)
		err = kt_target_symbol_table(memory->root, table);
	if (err)
		kt_symbol_table_fini(table);
	*ret_table = table;
	return err;
}

void kt_memory_cleanup(struct kt_memory *memory)
{
	if (!memory->borrowed)
		kt_target_close(memory->target);
	kt_arena_fini(&memory->arena);
}

#define UNREAD "# unread "

void kt_memory_unread(struct kt_snapshot *snap, uint64_t nr_unread)
{
	if (!nr_unread || nr_unread > KT_AMOUNT_MAX)
		return;
	snap->memory_unread += (int64_t)nr_unread;
	kt_snapshot_note(snap,
		"%llu pages, slabs or objects of kernel memory cannot be read: rows of what was "
		"found there are lower bounds",
		(unsigned long long)nr_unread);
}

/* A comment for readers that do not know it. */
static void take_unread(struct kt_snapshot *snap, struct kt_span line)
{
	uint64_t nr_unread;

	if (kt_span_skip(&line, UNREAD) && kt_span_take_u64(&line, &nr_unread))
		kt_memory_unread(snap, nr_unread);
}

static struct kt_err *walk_and_tell(struct kt_root *root, struct kt_snapshot *snap,
	const char *path, kt_memory_walk walk, kt_memory_write write)
{
	KT_CLEANUP(memory) struct kt_memory memory = { 0 };
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_err *err = kt_memory_open(root, snap, &memory);
	int64_t before = snap->memory_unread;

	if (!err)
		err = walk(&memory, snap);
	if (err)
		return err; /* cppcheck-suppress returnDanglingLifetime */
	if (snap->memory_unread > before)
		kt_buf_printf(&text, UNREAD "%lld\n", (long long)(snap->memory_unread - before));
	write(snap, &text);
	if (text.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_root_tell(root, &(struct kt_text){ text.data, text.size, path, false });
	return NULL;
}

static struct kt_err *no_file(const struct kt_source *source)
{
	return kt_err_new(KT_ERR_ABSENT, "there are no counts from kernel memory here (%s)",
		source->cost != KT_COST_SCAN
			? "a bundle that root captured has them, and a recording with --exact"
		: source->condense ? "a recording with --exact has them, and a dump"
				   : "they are counted on the running machine only, or in a dump");
}

/* A recording repeats the last counts until the next reading: their time is above them. */
static void take_time(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line;
	int64_t before = snap->memory_taken_s, now = snap->host.taken_s, seconds;
	char human[KT_WHEN_ROOM];

	snap->memory_taken_s = now;
	if (!kt_span_line(&rest, &line) || !kt_span_skip(&line, KT_MEMORY_TIME) ||
		!kt_span_i64(kt_span_trim(line), &seconds) || seconds < 0 ||
		seconds > INT64_MAX / 1000)
		return;
	snap->memory_taken_s = seconds;
	if (seconds == before || (kt_known(now) && seconds >= now))
		return;
	kt_when_local(seconds * 1000, human);
	if (kt_known(now))
		kt_snapshot_note(snap,
			"counted in kernel memory at %s, %lld s before this sample, which has all "
			"other numbers",
			human, (long long)(now - seconds));
	else
		kt_snapshot_note(snap, "counted in kernel memory at %s", human);
}

struct kt_err *kt_memory_read(struct kt_root *root, struct kt_snapshot *snap,
	const struct kt_source *source, kt_memory_walk walk, kt_memory_write write)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err;

	if (kt_root_has_memory(root)) {
		snap->memory_taken_s = snap->host.taken_s;
		return walk_and_tell(root, snap, source->paths[0], walk, write);
	}
	err = kt_root_read(root, source->paths[0], &text);
	if (err && kt_err_code(err) == KT_ERR_ABSENT) {
		kt_err_free(err);
		return no_file(source);
	}
	if (err)
		return err;
	take_time(snap, &text);
	err = source->parse(snap, &text);
	return err; /* cppcheck-suppress returnDanglingLifetime */
}

struct kt_err *kt_memory_lines(
	struct kt_snapshot *snap, const struct kt_text *text, kt_memory_line take, const char *of)
{
	struct kt_span rest = kt_text_span(text), line;
	uint64_t number = 0;

	while (kt_span_line(&rest, &line)) {
		number++;
		if (kt_span_starts(line, "#")) {
			take_unread(snap, line);
			continue;
		}
		if (!kt_span_trim(line).n)
			continue;
		if (!take(snap, line))
			return kt_err_new(KT_ERR_PARSE, "%s:%llu: is no line of %s", text->path,
				(unsigned long long)number, of);
	}
	return NULL;
}
