// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/sampler.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 18 /* of a number that surely fits; longer ones stay text */

struct line {
	uint32_t at, size; /* in the file's last text */
	uint32_t id;	   /* in the draft */
};

/* The k-th line of a file that has this text is always the same line of the draft. */
struct known {
	uint64_t hash; /* of text and k; 0: free */
	uint32_t id;
	/* of k = 0: how many lines of this text the pass over the file has met */
	uint32_t pass, met;
};

struct file {
	char *path;
	uint32_t id; /* in the draft; UINT32_MAX: not there yet */
	struct kt_buf last;
	struct line *lines;
	uint32_t nr_lines, room;
	struct known *known; /* open hash table, a power of two in size */
	uint32_t nr_known, known_room, pass;
	bool present;
	bool seen; /* in a sample */
	uint32_t sample;
};

struct kt_sampler {
	struct file *files;
	size_t nr_files, room;
	struct kt_line_parts parts;
	struct line *next; /* lines of the text that is being taken in */
	uint32_t nr_next, next_room;
	uint32_t *ids; /* scratch for layouts */
	uint32_t ids_room;
};

struct kt_sampler *kt_sampler_new(void)
{
	return calloc(1, sizeof(struct kt_sampler));
}

/* Paths too: over months there are more cgroups than files in a block. */
void kt_sampler_restart(struct kt_sampler *sampler)
{
	for (size_t i = 0; i < sampler->nr_files; i++) {
		struct file *file = &sampler->files[i];

		free(file->path);
		free(file->lines);
		free(file->known);
		kt_buf_cleanup(&file->last);
	}
	sampler->nr_files = 0;
}

void kt_sampler_free(struct kt_sampler *sampler)
{
	if (!sampler)
		return;
	kt_sampler_restart(sampler);
	free(sampler->files);
	free(sampler->next);
	free(sampler->ids);
	kt_buf_cleanup(&sampler->parts.text);
	free(sampler);
}

static bool grow(void *array, uint32_t *room, uint32_t need, size_t element)
{
	uint32_t more = *room ? *room : 64;
	void **items = array, *grown;

	if (need <= *room)
		return true;
	while (more < need)
		more *= 2;
	grown = realloc(*items, more * element);
	if (!grown)
		return false;
	*items = grown;
	*room = more;
	return true;
}

/* ---- one line ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A number starts where a word does, or behind a sign of punctuation: not in "kmalloc-64". */
static bool may_start(struct kt_span line, size_t at)
{
	char before = at ? line.p[at - 1] : ' ';

	if (line.p[at] == '-')
		return at + 1 < line.n && is_digit(line.p[at + 1]) && before == ' ';
	return is_digit(line.p[at]) && (before == '\t' || (before && strchr(" =:,(<[|", before)));
}

/* Digits of a decimal number as printf("%lld") writes it, or 0. */
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

static struct file *file_of(struct kt_sampler *sampler, const char *path)
{
	struct file *grown;
	size_t i;

	for (i = 0; i < sampler->nr_files; i++) {
		if (strcmp(sampler->files[i].path, path) == 0)
			return &sampler->files[i];
	}
	if (sampler->nr_files >= KT_BLOCK_FILES_MAX)
		return NULL;
	if (sampler->nr_files == sampler->room) {
		grown = realloc(sampler->files, (sampler->room * 2 + 16) * sizeof(*grown));
		if (!grown)
			return NULL;
		sampler->files = grown;
		sampler->room = sampler->room * 2 + 16;
	}
	sampler->files[i] = (struct file){ .path = strdup(path), .id = UINT32_MAX };
	if (!sampler->files[i].path)
		return NULL;
	sampler->nr_files++;
	return &sampler->files[i];
}

static uint64_t hash_of(struct kt_span text, uint32_t turn)
{
	uint64_t hash = kt_span_hash(KT_HASH_START + turn, text);

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

static bool same(struct kt_span a, struct kt_span b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* The line of the draft for the next line of this text in the file. */
static uint32_t line_of(struct kt_draft *draft, struct file *file, struct kt_span text)
{
	uint64_t first = hash_of(text, 0);
	struct known *slot = known_slot(file, first);
	uint32_t turn = slot && slot->hash && slot->pass == file->pass ? slot->met : 0, id;

	for (; turn < KT_BLOCK_LINES_MAX; turn++) {
		slot = known_slot(file, hash_of(text, turn));
		if (!slot)
			return UINT32_MAX;
		if (!slot->hash) {
			id = kt_draft_line(draft, file->id, text);
			if (id == UINT32_MAX)
				return id;
			*slot = (struct known){ .hash = hash_of(text, turn), .id = id };
			file->nr_known++;
		} else if (!same(line_text(draft, slot->id), text))
			continue; /* another text of the same hash */
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

/* Splits the text into lines; false where they are too many, or memory is out. */
static bool cut_lines(struct kt_sampler *sampler, struct kt_span text)
{
	struct kt_span rest = text, line;

	sampler->nr_next = 0;
	while (kt_span_line(&rest, &line)) {
		if (sampler->nr_next >= KT_BLOCK_LINES_MAX ||
			!grow(&sampler->next, &sampler->next_room, sampler->nr_next + 1,
				sizeof(*sampler->next)))
			return false;
		sampler->next[sampler->nr_next++] =
			(struct line){ (uint32_t)(line.p - text.p), (uint32_t)line.n, UINT32_MAX };
	}
	return true;
}

/* Takes the lines over from the last text where only their numbers differ. */
static bool follow(
	struct kt_sampler *sampler, struct kt_draft *draft, struct file *file, struct kt_span text)
{
	if (!file->present || file->nr_lines != sampler->nr_next)
		return false;
	for (uint32_t i = 0; i < sampler->nr_next; i++) {
		struct line *now = &sampler->next[i];
		const struct line *old = &file->lines[i];

		now->id = old->id;
		if (now->size == old->size &&
			memcmp(text.p + now->at, file->last.data + old->at, now->size) == 0)
			continue;
		kt_line_split((struct kt_span){ text.p + now->at, now->size }, &sampler->parts);
		if (!same(parts_text(&sampler->parts), line_text(draft, now->id)))
			return false;
		set_numbers(draft, now->id, &sampler->parts);
	}
	return true;
}

static void drop_absent(struct kt_sampler *sampler, struct kt_draft *draft, struct file *file)
{
	size_t nr_lines = draft->block.lines.count;
	unsigned char *kept = calloc(nr_lines / 8 + 1, 1);

	for (uint32_t i = 0; kept && i < sampler->nr_next; i++)
		kept[sampler->next[i].id / 8] |= (unsigned char)(1u << sampler->next[i].id % 8);
	for (uint32_t i = 0; kept && i < file->nr_lines; i++) {
		uint32_t id = file->lines[i].id;
		const struct kt_block_line *line = &draft->block.lines.items[id];

		for (uint32_t k = 0; !(kept[id / 8] & 1u << id % 8) && k < line->nr_numbers; k++)
			kt_draft_set_absent(draft, line->first + k);
	}
	free(kept);
}

static bool lay_out(
	struct kt_sampler *sampler, struct kt_draft *draft, struct file *file, struct kt_span text)
{
	if (!grow(&sampler->ids, &sampler->ids_room, sampler->nr_next + 1, sizeof(*sampler->ids)))
		return false;
	file->pass++;
	for (uint32_t i = 0; i < sampler->nr_next; i++) {
		struct line *now = &sampler->next[i];

		kt_line_split((struct kt_span){ text.p + now->at, now->size }, &sampler->parts);
		now->id = line_of(draft, file, parts_text(&sampler->parts));
		if (now->id == UINT32_MAX)
			return false;
		sampler->ids[i] = now->id;
		set_numbers(draft, now->id, &sampler->parts);
	}
	drop_absent(sampler, draft, file);
	kt_draft_layout(draft, file->id, sampler->ids, sampler->nr_next);
	return true;
}

static void keep(struct kt_sampler *sampler, struct file *file, struct kt_span text)
{
	file->present = false;
	if (!grow(&file->lines, &file->room, sampler->nr_next, sizeof(*file->lines)))
		return;
	if (sampler->nr_next)
		memcpy(file->lines, sampler->next, sampler->nr_next * sizeof(*file->lines));
	file->nr_lines = sampler->nr_next;
	file->last.size = 0;
	kt_buf_add(&file->last, text.p, text.n);
	file->present = !file->last.failed;
}

void kt_sampler_text(
	struct kt_sampler *sampler, struct kt_draft *draft, const char *path, struct kt_span text)
{
	struct file *file = file_of(sampler, path);

	if (file && file->seen && file->sample == draft->block.nr_samples)
		return;
	if (file && file->id == UINT32_MAX)
		file->id = kt_draft_file(draft, path);
	if (file) {
		file->seen = true;
		file->sample = draft->block.nr_samples;
	}
	if (!file || file->id == UINT32_MAX ||
		(file->present && same(text, (struct kt_span){ file->last.data, file->last.size })))
		return;
	if (text.n <= KT_BLOCK_BYTES_MAX && cut_lines(sampler, text) &&
		(follow(sampler, draft, file, text) || lay_out(sampler, draft, file, text)))
		keep(sampler, file, text);
	else /* its last text is not its text any more */
		kt_sampler_gone(sampler, draft, path);
}

void kt_sampler_gone(struct kt_sampler *sampler, struct kt_draft *draft, const char *path)
{
	struct file *file = file_of(sampler, path);

	if (!file || !file->present)
		return;
	sampler->nr_next = 0;
	drop_absent(sampler, draft, file);
	kt_draft_layout(draft, file->id, NULL, 0);
	file->present = false;
	file->nr_lines = 0;
}

void kt_sampler_drop_untold(struct kt_sampler *sampler, struct kt_draft *draft)
{
	for (size_t i = 0; i < sampler->nr_files; i++) {
		const struct file *file = &sampler->files[i];

		if (!file->seen || file->sample != draft->block.nr_samples)
			kt_sampler_gone(sampler, draft, file->path);
	}
}
