// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/sampler.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 18 /* digits of a number that surely fits; a longer number stays text */

struct line {
	uint32_t at, size; /* bytes; place and length in the file's last text */
	uint32_t id;	   /* index in the draft */
};

/*
 * Maps a line's text, and its count k among equal lines of a file, to the same line of the draft
 * each time.
 */
struct known {
	uint64_t hash; /* hash of text and k; 0: the slot is free */
	uint32_t id;
	/* for k = 0: the last pass over the file; lines of this text met in that pass */
	uint32_t pass, met;
};

struct file {
	const char *path; /* owned by the draft */
	uint32_t id;	  /* index in the draft */
	char *last;	  /* text of the last sample */
	size_t last_size, last_room;
	struct line *lines;
	uint32_t nr_lines, room;
	struct known *known; /* open hash table, power of two in size; NULL: one layout only */
	uint32_t nr_known, known_room, pass;
	enum { FILE_TEXT, FILE_GONE, FILE_UNREAD } state;
	uint32_t sample; /* last sample that had the file, plus 1 */
	const char *why; /* reason for FILE_UNREAD; owned by the draft */
};

struct kt_sampler {
	struct file *files;
	uint32_t nr_files, room;
	struct kt_map paths; /* paths of the files */
	struct kt_line_parts parts;
	struct line *next; /* lines of the current text */
	uint32_t nr_next, next_room;
	uint32_t *ids; /* scratch for layouts */
	uint32_t ids_room;
	uint32_t nr_dropped;
};

struct kt_sampler *kt_sampler_new(void)
{
	return calloc(1, sizeof(struct kt_sampler));
}

/* Forgets paths too: over months there are more cgroups than a block may have files. */
void kt_sampler_restart(struct kt_sampler *sampler)
{
	for (size_t i = 0; i < sampler->nr_files; i++) {
		struct file *file = &sampler->files[i];

		free(file->lines);
		free(file->known);
		free(file->last);
	}
	free(sampler->files);
	kt_map_fini(&sampler->paths);
	free(sampler->next);
	free(sampler->ids);
	kt_buf_cleanup(&sampler->parts.text);
	memset(sampler, 0, sizeof(*sampler));
}

void kt_sampler_free(struct kt_sampler *sampler)
{
	if (!sampler)
		return;
	kt_sampler_restart(sampler);
	free(sampler);
}

/* Grows by half; the first size is enough for a file of one line. */
static bool grow(void *array, uint32_t *room, uint32_t need, size_t element)
{
	uint32_t more = *room + *room / 2;
	void **items = array, *grown;

	if (need <= *room)
		return true;
	more = more < need ? need : more;
	grown = realloc(*items, more * element);
	if (!grown)
		return false;
	*items = grown;
	*room = more;
	return true;
}

/* Same for memory that a draft needs; the draft fails when memory is out. */
static bool make(struct kt_draft *draft, void *array, uint32_t *room, uint32_t need, size_t element)
{
	bool made = grow(array, room, need, element);

	draft->failed |= !made;
	return made;
}

/* ---- one line ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Whether a number may start here: at the start of a word or after punctuation, so not in
 * "kmalloc-64".
 */
static bool may_start(struct kt_span line, size_t at)
{
	char before = at ? line.p[at - 1] : ' ';

	if (line.p[at] == '-')
		return at + 1 < line.n && is_digit(line.p[at + 1]) && before == ' ';
	return is_digit(line.p[at]) && (before == '\t' || (before && strchr(" =:,(<[|", before)));
}

/* Returns the digits of a decimal number as printf("%lld") writes it, or 0. */
static size_t number_at(struct kt_span line, size_t at, int64_t *ret_value)
{
	bool negative = line.p[at] == '-';
	size_t first = at + negative, end = first;

	*ret_value = 0;
	for (; end < line.n && is_digit(line.p[end]) && end - first <= DIGITS_MAX; end++) {
		if (end - first < DIGITS_MAX)
			*ret_value = *ret_value * 10 + (line.p[end] - '0');
	}
	if (end - first > DIGITS_MAX || (line.p[first] == '0' && (end - first > 1 || negative)) ||
		(end < line.n && (line.p[end] == 'x' || line.p[end] == 'X')))
		return 0;
	*ret_value = negative ? -*ret_value : *ret_value;
	return end - at;
}

void kt_line_split(struct kt_span line, struct kt_line_parts *parts)
{
	bool begun = false;

	parts->text.size = 0;
	parts->nr_numbers = 0;
	if (!kt_buf_reserve(&parts->text, line.n + 1))
		return;
	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i] == KT_LINE_NUMBER || !line.p[i] ? '?' : line.p[i];
		int64_t value;
		size_t n = 0;

		begun |= c != ' ';
		if (c == ' ' && begun && i && line.p[i - 1] == ' ')
			continue;
		if (parts->nr_numbers < KT_LINE_NUMBERS_MAX && may_start(line, i))
			n = number_at(line, i, &value);
		if (n) {
			parts->numbers[parts->nr_numbers++] = value;
			c = KT_LINE_NUMBER;
			i += n - 1;
		}
		parts->text.data[parts->text.size++] = c;
	}
}

/* ---- one file ---- */

static struct file *find_file(const struct kt_sampler *sampler, const char *path)
{
	const uint32_t *index = kt_map_find(&sampler->paths, kt_span_str(path));

	return index ? &sampler->files[*index] : NULL;
}

/* Finds a file, and adds it to the draft where it is new; NULL: there are too many. */
static struct file *file_of(struct kt_sampler *sampler, struct kt_draft *draft, const char *path)
{
	struct file *file = find_file(sampler, path);
	uint32_t id, *slot;

	if (file)
		return file;
	if (!make(draft, &sampler->files, &sampler->room, sampler->nr_files + 1,
		    sizeof(*sampler->files)))
		return NULL;
	id = kt_draft_file(draft, path);
	if (kt_draft_failed(draft))
		return NULL;
	if (id == UINT32_MAX) {
		sampler->nr_dropped++;
		return NULL;
	}
	path = draft->block.files.items[id].path;
	slot = kt_map_add(&sampler->paths, kt_span_str(path), NULL, NULL);
	draft->failed |= !slot;
	if (!slot)
		return NULL;
	*slot = sampler->nr_files;
	file = &sampler->files[sampler->nr_files++];
	*file = (struct file){ .path = path, .id = id, .state = FILE_GONE };
	return file;
}

static uint64_t hash_of(struct kt_span text, uint32_t turn)
{
	uint64_t hash = kt_map_hash(text) + turn * 0x9e3779b97f4a7c15ull;

	return hash ? hash : 1;
}

static struct known *slot_of(struct known *known, uint32_t room, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (room - 1);

	while (known[at].hash && known[at].hash != hash)
		at = (at + 1) & (room - 1);
	return &known[at];
}

static struct known *known_slot(struct file *file, uint64_t hash)
{
	uint32_t room = file->known_room ? file->known_room * 2 : 64;
	struct known *known;

	if (file->nr_known < file->known_room / 2)
		return slot_of(file->known, file->known_room, hash);
	known = calloc(room, sizeof(*known));
	if (!known)
		return NULL;
	for (uint32_t i = 0; i < file->known_room; i++) {
		if (file->known[i].hash)
			*slot_of(known, room, file->known[i].hash) = file->known[i];
	}
	free(file->known);
	file->known = known;
	file->known_room = room;
	return slot_of(file->known, file->known_room, hash);
}

static struct kt_span line_text(const struct kt_draft *draft, uint32_t id)
{
	return kt_span_str(draft->block.lines.items[id].text);
}

/*
 * Returns the line of the draft for the next line of this text in the file. If there is none yet:
 * `id`, or a new line if `id` is UINT32_MAX.
 */
static uint32_t line_of(struct kt_draft *draft, struct file *file, struct kt_span text, uint32_t id)
{
	uint64_t first = hash_of(text, 0);
	struct known *slot = known_slot(file, first);
	uint32_t turn = slot && slot->hash && slot->pass == file->pass ? slot->met : 0;

	for (; turn < KT_BLOCK_LINES_MAX; turn++) {
		slot = known_slot(file, hash_of(text, turn));
		draft->failed |= !slot;
		if (!slot)
			return UINT32_MAX;
		if (!slot->hash) {
			if (id == UINT32_MAX)
				id = kt_draft_line(draft, file->id, text);
			if (id == UINT32_MAX)
				return id;
			*slot = (struct known){ .hash = hash_of(text, turn), .id = id };
			file->nr_known++;
		} else if (!kt_span_same(line_text(draft, slot->id), text))
			continue; /* another text with the same hash */
		id = slot->id;
		slot = known_slot(file, first);
		if (slot) {
			slot->pass = file->pass;
			slot->met = turn + 1;
		}
		return id;
	}
	return UINT32_MAX;
}

static void set_numbers(struct kt_draft *draft, uint32_t id, const struct kt_line_parts *parts)
{
	uint32_t first = draft->block.lines.items[id].first;

	for (uint32_t i = 0; i < parts->nr_numbers; i++)
		kt_draft_set(draft, first + i, parts->numbers[i]);
}

static struct kt_span parts_text(const struct kt_line_parts *parts)
{
	return (struct kt_span){ parts->text.data, parts->text.size };
}

/* Splits the text into lines; false: there are too many, or memory is out. */
static bool cut_lines(struct kt_sampler *sampler, struct kt_draft *draft, struct kt_span text)
{
	struct kt_span rest = text, line;

	sampler->nr_next = 0;
	while (kt_span_line(&rest, &line)) {
		if (sampler->nr_next >= KT_BLOCK_LINES_MAX ||
			!make(draft, &sampler->next, &sampler->next_room, sampler->nr_next + 1,
				sizeof(*sampler->next)))
			return false;
		sampler->next[sampler->nr_next++] =
			(struct line){ (uint32_t)(line.p - text.p), (uint32_t)line.n, UINT32_MAX };
	}
	return true;
}

/* Reuses the lines of the last text if only their numbers differ. */
static bool follow(
	struct kt_sampler *sampler, struct kt_draft *draft, struct file *file, struct kt_span text)
{
	if (file->state != FILE_TEXT || file->nr_lines != sampler->nr_next)
		return false;
	for (uint32_t i = 0; i < sampler->nr_next; i++) {
		struct line *now = &sampler->next[i];
		const struct line *old = &file->lines[i];

		now->id = old->id;
		if (now->size == old->size &&
			memcmp(text.p + now->at, file->last + old->at, now->size) == 0)
			continue;
		kt_line_split((struct kt_span){ text.p + now->at, now->size }, &sampler->parts);
		draft->failed |= sampler->parts.text.failed;
		if (!kt_span_same(parts_text(&sampler->parts), line_text(draft, now->id)))
			return false;
		set_numbers(draft, now->id, &sampler->parts);
	}
	return true;
}

static void drop_line(struct kt_draft *draft, uint32_t id)
{
	const struct kt_block_line *line = &draft->block.lines.items[id];

	for (uint32_t k = 0; k < line->nr_numbers; k++)
		kt_draft_set_absent(draft, line->first + k);
}

/* Ends the numbers of lines that the file had before and does not have now. */
static bool drop_absent(struct kt_sampler *sampler, struct kt_draft *draft, struct file *file)
{
	uint32_t first = UINT32_MAX, last = 0;
	unsigned char *kept;

	for (uint32_t i = 0; i < file->nr_lines; i++) {
		first = file->lines[i].id < first ? file->lines[i].id : first;
		last = file->lines[i].id > last ? file->lines[i].id : last;
	}
	if (first > last)
		return true;
	kept = calloc((last - first) / 8 + 1, 1);
	draft->failed |= !kept;
	if (!kept)
		return false;
	for (uint32_t i = 0; i < sampler->nr_next; i++) {
		uint32_t id = sampler->next[i].id;

		if (id >= first && id <= last)
			kept[(id - first) / 8] |= (unsigned char)(1u << (id - first) % 8);
	}
	for (uint32_t i = 0; i < file->nr_lines; i++) {
		uint32_t id = file->lines[i].id;

		if (!(kept[(id - first) / 8] & 1u << (id - first) % 8))
			drop_line(draft, id);
	}
	free(kept);
	return true;
}

/*
 * Makes the table of a file's lines when they first change. Before that all lines are from its
 * first layout, so they need no table.
 */
static bool make_known(struct kt_draft *draft, struct file *file)
{
	file->pass++;
	for (uint32_t i = 0; i < file->nr_lines; i++) {
		uint32_t id = file->lines[i].id;

		if (line_of(draft, file, line_text(draft, id), id) == UINT32_MAX)
			return false;
	}
	return true;
}

static bool lay_out(
	struct kt_sampler *sampler, struct kt_draft *draft, struct file *file, struct kt_span text)
{
	if (!make(draft, &sampler->ids, &sampler->ids_room, sampler->nr_next + 1,
		    sizeof(*sampler->ids)) ||
		(!file->known && !make_known(draft, file)))
		return false;
	file->pass++;
	for (uint32_t i = 0; i < sampler->nr_next; i++) {
		struct line *now = &sampler->next[i];

		kt_line_split((struct kt_span){ text.p + now->at, now->size }, &sampler->parts);
		draft->failed |= sampler->parts.text.failed;
		now->id = file->known
				  ? line_of(draft, file, parts_text(&sampler->parts), UINT32_MAX)
				  : kt_draft_line(draft, file->id, parts_text(&sampler->parts));
		if (now->id == UINT32_MAX)
			return false;
		sampler->ids[i] = now->id;
		set_numbers(draft, now->id, &sampler->parts);
	}
	if (!drop_absent(sampler, draft, file))
		return false;
	kt_draft_layout(draft, file->id, sampler->ids, sampler->nr_next);
	return true;
}

/*
 * Keeps the text, which the next text is compared with. If memory is out the draft fails, because
 * it would be wrong.
 */
static void keep(
	struct kt_sampler *sampler, struct kt_draft *draft, struct file *file, struct kt_span text)
{
	file->state = FILE_TEXT;
	if (text.n > file->last_room) {
		free(file->last);
		file->last_room = text.n + text.n / 64;
		file->last = malloc(file->last_room);
	}
	if ((text.n && !file->last) ||
		!grow(&file->lines, &file->room, sampler->nr_next, sizeof(*file->lines))) {
		file->last_room = file->last ? file->last_room : 0;
		draft->failed = true;
		return;
	}
	if (text.n)
		memcpy(file->last, text.p, text.n);
	file->last_size = text.n;
	if (sampler->nr_next)
		memcpy(file->lines, sampler->next, sampler->nr_next * sizeof(*file->lines));
	file->nr_lines = sampler->nr_next;
}

/* Ends the file's text; keeps its lines, because the file may return with them. */
static void end_text(struct kt_draft *draft, struct file *file)
{
	if (file->state != FILE_TEXT)
		return;
	for (uint32_t i = 0; i < file->nr_lines; i++)
		drop_line(draft, file->lines[i].id);
	kt_draft_layout(draft, file->id, NULL, 0);
	file->state = FILE_GONE;
}

/* ---- why there is no text ---- */

static void mark_file(
	struct kt_draft *draft, const struct file *file, const char *kind, const char *why)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_buf_printf(&text, "%s%s%s", file->path, why ? ": " : "", why ? why : "");
	if (text.failed)
		draft->failed = true;
	else
		kt_draft_mark(draft, kind, text.data);
}

static void set_gone(struct kt_draft *draft, struct file *file)
{
	end_text(draft, file);
	if (file->state == FILE_UNREAD)
		mark_file(draft, file, KT_MARK_GONE, NULL);
	file->state = FILE_GONE;
}

static void set_unread(struct kt_draft *draft, struct file *file, const char *kind, const char *why)
{
	end_text(draft, file);
	if (file->state == FILE_UNREAD && strcmp(file->why, why) == 0)
		return;
	if (!draft->block.files.items[file->id].layouts.count)
		kt_draft_layout(draft, file->id, NULL, 0);
	mark_file(draft, file, kind, why);
	file->why = kt_arena_printf(&draft->block.arena, "%s", why);
	file->state = FILE_UNREAD;
}

static bool is_new_here(struct file *file, const struct kt_draft *draft)
{
	if (file->sample == draft->block.nr_samples + 1)
		return false;
	file->sample = draft->block.nr_samples + 1;
	return true;
}

void kt_sampler_text(
	struct kt_sampler *sampler, struct kt_draft *draft, const char *path, struct kt_span text)
{
	struct file *file = file_of(sampler, draft, path);

	if (!file || !is_new_here(file, draft) ||
		(file->state == FILE_TEXT &&
			kt_span_same(text, (struct kt_span){ file->last, file->last_size })))
		return;
	if (text.n <= KT_BLOCK_BYTES_MAX && cut_lines(sampler, draft, text) &&
		(follow(sampler, draft, file, text) || lay_out(sampler, draft, file, text)))
		keep(sampler, draft, file, text);
	else /* the last text no longer belongs to the file */
		set_unread(draft, file, KT_MARK_UNREAD, "more than a recording can hold");
}

void kt_sampler_gone(struct kt_sampler *sampler, struct kt_draft *draft, const char *path)
{
	struct file *file = find_file(sampler, path);

	if (file)
		set_gone(draft, file);
}

void kt_sampler_unread(struct kt_sampler *sampler, struct kt_draft *draft, const char *path,
	const char *kind, const char *why)
{
	struct file *file = file_of(sampler, draft, path);

	if (!file)
		return;
	is_new_here(file, draft);
	set_unread(draft, file, kind, why);
}

uint32_t kt_sampler_nr_dropped(const struct kt_sampler *sampler)
{
	return sampler->nr_dropped;
}

void kt_sampler_drop_untold(struct kt_sampler *sampler, struct kt_draft *draft)
{
	for (uint32_t i = 0; i < sampler->nr_files; i++) {
		struct file *file = &sampler->files[i];

		if (file->sample != draft->block.nr_samples + 1)
			set_gone(draft, file);
	}
}
