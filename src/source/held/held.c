// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds pages that processes hold and that no counter names: BPF ring buffers, rings of io_uring,
// buffers of perf and of packet sockets, pipes. This takes one list of descriptors and one list of
// mappings a process, so only commands that name the source read it.
//
// How much memory each kind of object has:
//
// io_uring  Rings are mapped from "anon_inode:[io_uring]". Their pages come as one block, of the
//           next power of two (io_uring/memmap.c: io_mem_alloc_compound), or one by one. A child
//           process has the mappings of its parent, at the same addresses.
// perf      A mapping of "anon_inode:[perf_event]" is a control page and the data, or the AUX
//           area, page by page (kernel/events/ring_buffer.c: rb_alloc, rb_alloc_aux). It is not
//           inherited (perf_mmap: VM_DONTCOPY).
// packet    A mapped ring of a packet socket is all of its blocks (net/packet/af_packet.c:
//           packet_mmap). They come from the page allocator, or from vmalloc if the page allocator
//           has no block of that size (alloc_one_pg_vec_page).
// BPF       A ring buffer has its data and three more pages: one for its state, one for each
//           position (kernel/bpf/ringbuf.c: bpf_ringbuf_area_alloc). The data is mapped twice.
// pipes     A slot of the ring holds a page, which may be a page of the page cache (splice). An
//           empty pipe may keep two pages for the next write (fs/pipe.c: tmp_page). The size is
//           asked of a duplicate of the descriptor, because opening the pipe would make this
//           process a reader or a writer.

#include "base/map.h"
#include "model/holdings.h"
#include "root/root_ops.h"
#include "source/held/held_list.h"
#include "source/source.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define PROCESSES_MAX  100000u	   /* processes that are read */
#define DESCRIPTORS    (1u << 20)  /* of all processes together */
#define MAPS_BYTES_MAX (16u << 20) /* bytes of one process's list of mappings */
#define INFO_BYTES     4096u	   /* bytes of a file of fdinfo */
#define PATH_BYTES     96
#define RING_MAX       (1ll << 40) /* bytes; larger rings are impossible */
#define BPF_RINGBUF    27	   /* enum bpf_map_type */
#define BPF_USER_RING  31

struct walk {
	struct kt_root *root;
	struct kt_snapshot *snap;
	struct kt_map seen;	  /* objects and mappings that are already counted */
	struct kt_map packets;	  /* packet sockets, as "socket:[inode]" */
	struct kt_map namespaces; /* network namespaces that are already read */
	const char *holder;
	uint64_t pid;
	uint32_t nr_processes, nr_descriptors, nr_denied;
	bool denied; /* something of the current process could not be read */
	bool pipes_denied, limited;
};

static bool is_first(struct walk *walk, struct kt_span key)
{
	bool added = false;

	return kt_map_add(&walk->seen, key, &walk->snap->arena, &added) && added;
}

static void put(struct walk *walk, enum kt_holding_kind kind, int64_t low, int64_t high, int64_t id)
{
	kt_holding_put(walk->snap, (struct kt_holding){ .kind = kind,
					   .low_bytes = low,
					   .high_bytes = high,
					   .holder = walk->holder,
					   .pid = (int64_t)walk->pid,
					   .id = id });
}

/* Reads a file and does not pass it to the watch: a capture has the list in place of the files. */
static struct kt_err *read_file(struct walk *walk, const char *name, size_t size,
	char path[PATH_BYTES], struct kt_text *ret)
{
	snprintf(path, PATH_BYTES, "proc/%llu/%s", (unsigned long long)walk->pid, name);
	return kt_root_read_at(walk->root, path, 0, size, ret);
}

/* ---- descriptors ---- */

static bool info_number(struct kt_span info, const char *key, uint64_t *ret_number)
{
	struct kt_span line, name;

	while (kt_span_line(&info, &line)) {
		if (kt_span_until(&line, ':', &name) && kt_span_eq(name, key))
			return kt_span_u64(kt_span_trim(line), ret_number);
	}
	return false;
}

/* "map_type: 27", "max_entries: 33554432", "map_id: 12" */
static void take_bpf_info(struct walk *walk, struct kt_span info)
{
	int64_t page = walk->snap->host.page_bytes;
	uint64_t type, entries, id;
	char key[48];

	if (!info_number(info, "map_type", &type) ||
		(type != BPF_RINGBUF && type != BPF_USER_RING) ||
		!info_number(info, "max_entries", &entries) || !info_number(info, "map_id", &id) ||
		entries > UINT32_MAX || id > UINT32_MAX)
		return;
	snprintf(key, sizeof(key), "map %llu", (unsigned long long)id);
	if (is_first(walk, kt_span_str(key)))
		put(walk, KT_HELD_BPF_RING, (int64_t)entries + 3 * page,
			(int64_t)entries + 3 * page, (int64_t)id);
}

static void take_bpf(struct walk *walk, const char *fd)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	char name[48], path[PATH_BYTES];

	snprintf(name, sizeof(name), "fdinfo/%.20s", fd);
	kt_arena_ignore(&walk->snap->arena, read_file(walk, name, INFO_BYTES, path, &text));
	take_bpf_info(walk, kt_text_span(&text));
}

static void take_pipe(struct walk *walk, struct kt_span link, const char *fd)
{
	int64_t page = walk->snap->host.page_bytes, room, queued;
	struct kt_err *err;
	uint64_t number;

	if (!is_first(walk, link) || !kt_span_u64(kt_span_str(fd), &number) || number > INT_MAX)
		return;
	err = kt_root_pipe(walk->root, (int)walk->pid, (int)number, &room, &queued);
	walk->pipes_denied |= err && kt_err_code(err) == KT_ERR_DENIED;
	if (!err)
		put(walk, KT_HELD_PIPE, 0, (queued ? room : 0) + 2 * page, 0);
	kt_arena_ignore(&walk->snap->arena, err);
}

static void take_descriptor(struct walk *walk, const char *fd)
{
	KT_CLEANUP(text) struct kt_text target = { 0 };
	struct kt_err *err;
	char path[PATH_BYTES];
	struct kt_span link;

	snprintf(path, sizeof(path), "proc/%llu/fd/%.20s", (unsigned long long)walk->pid, fd);
	err = kt_root_peek_link(walk->root, path, &target);
	link = kt_text_span(&target);
	if (err) { /* the descriptor was closed meanwhile, or this user may not see it */
		kt_arena_ignore(&walk->snap->arena, err);
		return;
	}
	if (kt_span_eq(link, "anon_inode:bpf-map"))
		take_bpf(walk, fd);
	else if (kt_span_starts(link, "pipe:["))
		take_pipe(walk, link, fd);
}

static void read_descriptors(struct walk *walk)
{
	struct kt_arena arena = { 0 };
	kt_names names = { 0 };
	char path[PATH_BYTES];
	struct kt_err *err;

	snprintf(path, sizeof(path), "proc/%llu/fd", (unsigned long long)walk->pid);
	err = kt_root_list(walk->root, path, &arena, &names);
	walk->denied |= err && kt_err_code(err) == KT_ERR_DENIED;
	for (size_t i = 0; !err && i < names.count; i++) {
		if (++walk->nr_descriptors > DESCRIPTORS) {
			walk->limited = true;
			break;
		}
		take_descriptor(walk, names.items[i]);
	}
	kt_arena_ignore(&walk->snap->arena, err);
	kt_arena_fini(&arena);
}

/* ---- mappings ---- */

/* "ffff888003e4b000 3      3    0003   2     1       0      0      33554" */
static void add_packets(struct walk *walk, struct kt_span text)
{
	struct kt_span line, word, last = { 0 };
	char key[64];

	kt_span_line(&text, &line);
	while (kt_span_line(&text, &line)) {
		while (kt_span_word(&line, &word))
			last = word;
		if (!last.n || last.n > 20)
			continue;
		snprintf(key, sizeof(key), "socket:[%.*s]", (int)last.n, last.p);
		kt_map_add(&walk->packets, kt_span_str(key), &walk->snap->arena, NULL);
	}
}

/* Reads the packet sockets of a process's network namespace, once for each namespace. */
static void read_packets(struct walk *walk)
{
	KT_CLEANUP(text) struct kt_text network = { 0 }, text = { 0 };
	bool added = false;
	char path[PATH_BYTES];
	struct kt_err *err;

	snprintf(path, sizeof(path), "proc/%llu/ns/net", (unsigned long long)walk->pid);
	err = kt_root_peek_link(walk->root, path, &network);
	if (!err)
		kt_map_add(&walk->namespaces, kt_text_span(&network), &walk->snap->arena, &added);
	if (added)
		err = read_file(walk, "net/packet", MAPS_BYTES_MAX, path, &text);
	if (!err && added)
		add_packets(walk, kt_text_span(&text));
	kt_arena_ignore(&walk->snap->arena, err);
}

static int64_t next_power(int64_t bytes, int64_t page)
{
	int64_t power = page;

	while (power < bytes)
		power *= 2;
	return power;
}

static void take_ring(struct walk *walk, struct kt_span where, int64_t bytes)
{
	int64_t most = next_power(bytes, walk->snap->host.page_bytes);

	/*
	 * same addresses: the mapping of a child, or a ring of its own where addresses are not
	 * random
	 */
	put(walk, KT_HELD_IO_URING, is_first(walk, where) ? bytes : 0, most, 0);
}

static void take_mapping(struct walk *walk, struct kt_span line)
{
	struct kt_span where = line, name = line, start, end, word;
	uint64_t from, to;
	size_t at;

	if (!kt_span_until(&line, '-', &start) || !kt_span_word(&line, &end) ||
		!kt_span_hex(start, &from) || !kt_span_hex(end, &to) || to <= from ||
		to - from > (uint64_t)RING_MAX)
		return;
	at = kt_span_find(name, "anon_inode:[");
	if (at == name.n)
		at = kt_span_find(name, "socket:[");
	name = kt_span_trim(kt_span_from(name, at));
	where.n = at;
	if (!kt_span_word(&line, &word) || word.n < 4 || word.p[3] != 's')
		return;
	if (kt_span_eq(name, "anon_inode:[io_uring]"))
		take_ring(walk, where, (int64_t)(to - from));
	else if (kt_span_eq(name, "anon_inode:[perf_event]"))
		put(walk, KT_HELD_PERF, (int64_t)(to - from), (int64_t)(to - from), 0);
	else if (kt_map_find(&walk->packets, name) && is_first(walk, name))
		put(walk, KT_HELD_PACKET, 0, (int64_t)(to - from), 0);
}

static void read_mappings(struct walk *walk)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	char path[PATH_BYTES];
	struct kt_err *err = read_file(walk, "maps", MAPS_BYTES_MAX, path, &text);
	struct kt_span rest = kt_text_span(&text), line;

	while (!err && kt_span_line(&rest, &line)) {
		if (kt_span_find(line, ":[") < line.n)
			take_mapping(walk, line);
	}
	walk->denied |= err && kt_err_code(err) == KT_ERR_DENIED;
	kt_arena_ignore(&walk->snap->arena, err);
}

/* ---- processes ---- */

static void read_process(struct walk *walk, const char *name)
{
	KT_CLEANUP(text) struct kt_text comm = { 0 };
	char path[PATH_BYTES];

	if (!kt_span_u64(kt_span_str(name), &walk->pid) || walk->pid > INT_MAX)
		return;
	if (++walk->nr_processes > PROCESSES_MAX) {
		walk->limited = true;
		return;
	}
	kt_arena_ignore(&walk->snap->arena, read_file(walk, "comm", 64, path, &comm));
	walk->holder = kt_arena_name(&walk->snap->arena, kt_span_trim(kt_text_span(&comm)));
	walk->denied = false;
	read_packets(walk);
	read_descriptors(walk);
	read_mappings(walk);
	walk->nr_denied += walk->denied;
}

static void settle(struct walk *walk)
{
	static const enum kt_holding_kind kinds[] = { KT_HELD_BPF_RING, KT_HELD_IO_URING,
		KT_HELD_PERF, KT_HELD_PACKET, KT_HELD_PIPE };
	struct kt_arena *arena = &walk->snap->arena;
	const char *hidden = walk->nr_denied
				     ? kt_arena_printf(arena, "; %u process%s not readable",
					       walk->nr_denied, walk->nr_denied == 1 ? "" : "es")
				     : "";
	const char *how =
		kt_arena_printf(arena, "%u processes, %u descriptors%s%s", walk->nr_processes,
			walk->nr_descriptors, hidden, walk->limited ? "; more exist" : "");

	for (size_t i = 0; i < KT_LEN(kinds); i++) {
		bool pipes = kinds[i] == KT_HELD_PIPE && walk->pipes_denied;
		bool blind = pipes || walk->nr_denied > walk->nr_processes / 2;
		int64_t low, high;
		bool any = kt_holding_sum(walk->snap, kinds[i], &low, &high) && high;

		kt_holding_searched(walk->snap, kinds[i],
			(struct kt_search){ .state = blind && !any ? KT_DENIED : KT_OK,
				.partial = walk->nr_denied || pipes || walk->limited,
				.why = how });
	}
}

static struct kt_err *read_live(struct kt_root *root, struct kt_snapshot *snap)
{
	struct walk walk = { .root = root, .snap = snap };
	KT_CLEANUP(buf) struct kt_buf list = { 0 };
	kt_names names = { 0 };
	struct kt_err *err = kt_root_list(root, "proc", &snap->arena, &names);

	for (size_t i = 0; !err && i < names.count; i++)
		read_process(&walk, names.items[i]);
	if (!err && (walk.seen.failed || walk.packets.failed || walk.namespaces.failed))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err) {
		settle(&walk);
		kt_held_list_write(snap, &list);
		kt_root_tell(root, &(struct kt_text){ list.data, list.size, KT_HELD_LIST });
	}
	kt_map_fini(&walk.seen);
	kt_map_fini(&walk.packets);
	kt_map_fini(&walk.namespaces);
	return err;
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err;

	if (snap->host.live)
		return read_live(root, snap);
	err = kt_root_read(root, KT_HELD_LIST, &text);
	return err ? err : kt_held_list_parse(snap, &text);
}

const struct kt_source kt_source_held = {
	.name = "held",
	.summary = "rings, buffers and pipes that processes hold",
	.paths = { KT_HELD_LIST },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "pages that processes hold through descriptors are in unattributed",
	.gives = "root, and a /proc that shows all processes",
	.parse = kt_held_list_parse,
	.scrub = kt_held_list_scrub,
	.read = read_it,
};
