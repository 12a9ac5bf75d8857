// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/PID/maps of every process: which files are mapped where. Costs about 40 µs a process,
// and more with its mappings; each process's mmap_lock is held for reading meanwhile. smaps, which
// also has resident sizes, walks all page tables and is not read.

#include "source/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAPPINGS_MAX (1u << 20)	 /* mappings of all processes that are read */
#define BYTES_MAX    (64u << 20) /* bytes of all files together, so that a bundle can hold them */
#define PATH_MAX_    256u
#define PID_MAX_     (1u << 22)
/*
 * Bytes; more than the address space of a process, so that no sum over MAPPINGS_MAX can overflow.
 */
#define LENGTH_MAX (1ull << 48)
#define ROOM_MIN   256u /* slots of the first index */

/* Finds files by device and inode: an open hash table, at most half full. */
struct index {
	uint32_t *slots; /* index in the snapshot's list plus one; 0: free */
	size_t room;
};

static size_t slot_of(
	const struct index *index, const struct kt_snapshot *snap, uint64_t device, uint64_t inode)
{
	uint64_t hash = (device * 0x9e3779b97f4a7c15ull) ^ (inode * 0xc2b2ae3d27d4eb4full);
	size_t at = (hash ^ (hash >> 32)) & (index->room - 1);

	while (index->slots[at]) {
		const struct kt_mapped_file *file = &snap->mapped_files.items[index->slots[at] - 1];

		if (file->device == device && file->inode == inode)
			break;
		at = (at + 1) & (index->room - 1);
	}
	return at;
}

static bool make_room(struct index *index, const struct kt_snapshot *snap)
{
	struct index larger = { .room = index->room ? index->room * 2 : ROOM_MIN };

	if (snap->mapped_files.count < index->room / 2)
		return true;
	larger.slots = calloc(larger.room, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < index->room; i++) {
		const struct kt_mapped_file *file;

		if (!index->slots[i])
			continue;
		file = &snap->mapped_files.items[index->slots[i] - 1];
		larger.slots[slot_of(&larger, snap, file->device, file->inode)] = index->slots[i];
	}
	free(index->slots);
	*index = larger;
	return true;
}

static bool file_of(struct index *index, struct kt_snapshot *snap, uint64_t device, uint64_t inode,
	struct kt_span path, uint32_t *ret_file)
{
	struct kt_mapped_file *file;
	size_t at;

	if (!make_room(index, snap))
		return false;
	at = slot_of(index, snap, device, inode);
	if (!index->slots[at]) {
		file = kt_list_push(&snap->arena, &snap->mapped_files);
		if (!file)
			return false;
		path.n = path.n > PATH_MAX_ ? PATH_MAX_ : path.n;
		*file = (struct kt_mapped_file){ kt_arena_name(&snap->arena, path), device, inode };
		index->slots[at] = (uint32_t)snap->mapped_files.count;
	}
	*ret_file = index->slots[at] - 1;
	return true;
}

static bool take_hex(struct kt_span *rest, char stop, uint64_t *ret_value)
{
	struct kt_span part;

	return kt_span_until(rest, stop, &part) && kt_span_hex(part, ret_value);
}

/* "558e97101000-558e97130000 r-xp 0002f000 fe:00 247101   /usr/bin/bash" */
static bool parse_line(struct kt_span line, struct kt_mapping *ret_mapping,
	struct kt_mapped_file *ret_file, struct kt_span *ret_path)
{
	struct kt_span rights, word;
	uint64_t major, minor;

	*ret_mapping = (struct kt_mapping){ 0 };
	if (!take_hex(&line, '-', &ret_mapping->start) ||
		!take_hex(&line, ' ', &ret_mapping->end) || !kt_span_word(&line, &rights) ||
		rights.n < 4 || !kt_span_word(&line, &word) ||
		!kt_span_hex(word, &ret_mapping->offset) || !kt_span_word(&line, &word) ||
		!take_hex(&word, ':', &major) || !kt_span_hex(word, &minor) || major > UINT32_MAX ||
		minor > UINT32_MAX || !kt_span_word(&line, &word) ||
		!kt_span_u64(word, &ret_file->inode))
		return false;
	ret_mapping->write = rights.p[1] == 'w';
	ret_mapping->exec = rights.p[2] == 'x';
	ret_mapping->shared = rights.p[3] == 's';
	ret_file->device = major << 32 | minor;
	*ret_path = kt_span_trim(line);
	return ret_mapping->end > ret_mapping->start && ret_mapping->end <= UINT64_MAX >> 1 &&
	       ret_mapping->end - ret_mapping->start <= LENGTH_MAX &&
	       ret_mapping->offset <= UINT64_MAX >> 1;
}

/* Huge pages of hugetlbfs without a file have no page table entries for single pages. */
static bool is_file(const struct kt_mapped_file *file, struct kt_span path)
{
	return file->inode && path.n && path.p[0] == '/' && !kt_span_starts(path, "/anon_hugepage");
}

static struct kt_err *parse_maps(
	struct kt_snapshot *snap, const struct kt_text *text, struct index *index)
{
	struct kt_span rest = kt_text_span(text), line, path = kt_span_str(text->path);
	struct kt_mapping mapping, *slot;
	struct kt_mapped_file file;
	uint64_t pid;

	if (!kt_span_skip(&path, "proc/") || !kt_span_take_u64(&path, &pid) || pid > PID_MAX_)
		return kt_err_new(KT_ERR_PARSE, "%s: not a process", text->path);
	while (kt_span_line(&rest, &line) && snap->mappings.count < MAPPINGS_MAX) {
		if (!parse_line(line, &mapping, &file, &path) || !is_file(&file, path))
			continue;
		if (!file_of(index, snap, file.device, file.inode, path, &mapping.file))
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
		mapping.pid = (uint32_t)pid;
		slot = kt_list_push(&snap->arena, &snap->mappings);
		if (slot)
			*slot = mapping;
	}
	return NULL;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct index index = { 0 };
	struct kt_err *err = parse_maps(snap, text, &index);

	free(index.slots);
	return err;
}

static struct kt_err *read_maps(struct kt_root *root, struct kt_snapshot *snap, int64_t pid,
	struct index *index, size_t *nr_bytes)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err;
	char path[64];

	snprintf(path, sizeof(path), "proc/%lld/maps", (long long)pid);
	err = kt_root_read_head(root, path, BYTES_MAX - *nr_bytes, &text);
	if (err)
		return err;
	*nr_bytes += text.size;
	return parse_maps(snap, &text, index);
}

/*
 * Reads the processes that the source "tasks" found; a process that has ended meanwhile is normal.
 */
static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	struct index index = { 0 };
	struct kt_err *first = NULL, *err = NULL;
	size_t nr_bytes = 0, nr_read = 0;

	for (size_t i = 0; i < snap->tasks.count; i++) {
		const struct kt_task *task = &snap->tasks.items[i];

		if (task->kernel || task->zombie)
			continue;
		if (nr_bytes >= BYTES_MAX || snap->mappings.count >= MAPPINGS_MAX) {
			snap->nr_maps_left_out++;
			continue;
		}
		err = read_maps(root, snap, task->pid, &index, &nr_bytes);
		nr_read += !err;
		if (err && kt_err_code(err) == KT_ERR_DENIED)
			snap->nr_maps_left_out++;
		if (first)
			kt_arena_ignore(&snap->arena, err);
		else
			first = err;
	}
	free(index.slots);
	if (nr_read) {
		kt_arena_ignore(&snap->arena, first);
		return NULL;
	}
	return first ? first : kt_err_new(KT_ERR_ABSENT, "proc/PID/maps: no process is there");
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	(void)snap;
	return want & KT_WANT_EXPENSIVE;
}

/* Keeps nothing: paths name users and customers, and addresses help attackers. */
static void scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	(void)text, (void)ret_text;
}

const struct kt_source kt_source_mappings = {
	.name = "mappings",
	.summary = "which files every process maps",
	.paths = { "proc/*/maps" },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "'ktally pagetables --shared' does not show which files are mapped many times",
	.gives = "root",
	.unwanted = "only 'ktally pagetables --shared' and --expensive read it",
	.wanted = wanted,
	.parse = parse,
	.read = read_it,
	.scrub = scrub,
};
