// SPDX-License-Identifier: GPL-2.0-or-later

#include "source/lists/stacks.h"

#include <string.h>

#define FRAME_MAX 256u /* bytes of a frame; longer ones are cut */

static void clear_stack(struct kt_stacks *stacks)
{
	memset(&stacks->stack, 0, sizeof(stacks->stack));
	stacks->stack.handle = KT_UNKNOWN;
	stacks->nr_frames = 0;
	stacks->too_many = false;
}

static void begin_record(struct kt_stacks *stacks)
{
	clear_stack(stacks);
	stacks->open = stacks->broken = stacks->doubtful = false;
	stacks->amounts = kt_user_unknown(stacks->list.file);
}

void kt_stacks_begin(struct kt_stacks *stacks, struct kt_snapshot *snap, enum kt_user_file file,
	const char *path)
{
	*stacks = (struct kt_stacks){ .snap = snap, .first_user = snap->users.count };
	stacks->list = (struct kt_user_list){ .file = file,
		.path = kt_arena_name(&snap->arena, kt_span_str(path)) };
	begin_record(stacks);
}

/* ---- frames ---- */

/* "foo+0x1/0x20" or "0xffffffff81000000": what %pS prints. */
static bool is_symbol(struct kt_span word)
{
	size_t plus = kt_span_find(word, "+0x");
	uint64_t address;

	if (plus < word.n)
		return plus > 0 && kt_span_find(kt_span_from(word, plus), "/0x") < word.n - plus;
	return word.n > 6 && kt_span_starts(word, "0x") && kt_span_hex(word, &address);
}

/* Takes "[<ffffffff81000000>]" off the front, which kernels before %pS alone print. */
static struct kt_span without_address(struct kt_span line)
{
	struct kt_span rest = line, word;

	if (kt_span_word(&rest, &word) && kt_span_starts(word, "[<") && kt_span_ends(word, ">]"))
		return kt_span_trim(rest);
	return line;
}

/* Finds the one text of a frame, so that equal frames have equal pointers; NULL: no room. */
static const char *name_of(struct kt_stacks *stacks, struct kt_span frame)
{
	struct kt_arena *arena = &stacks->snap->arena;
	const char **slot;
	uint32_t *index;
	bool added;

	if (frame.n > FRAME_MAX)
		frame.n = FRAME_MAX;
	index = kt_map_find(&stacks->names, frame);
	if (index)
		return stacks->frames.items[*index];
	if (stacks->nr_text + frame.n > KT_STACKS_TEXT)
		return NULL;
	slot = kt_list_push(arena, &stacks->frames);
	index = slot ? kt_map_add(&stacks->names, frame, arena, &added) : NULL;
	if (!index)
		return NULL;
	*index = (uint32_t)(stacks->frames.count - 1);
	*slot = kt_arena_name(arena, frame);
	stacks->nr_text += frame.n;
	return *slot;
}

bool kt_stacks_frame(struct kt_stacks *stacks, struct kt_span line)
{
	struct kt_span frame = without_address(kt_span_trim(line)), rest = frame, word;
	const char *name;

	if (!kt_span_word(&rest, &word) || !is_symbol(word))
		return false;
	/* words after the module are of newer kernels: build numbers */
	frame.n = word.n;
	if (kt_span_word(&rest, &word) && kt_span_starts(word, "[") && kt_span_ends(word, "]"))
		frame.n = (size_t)(word.p + word.n - frame.p);
	stacks->doubtful |= stacks->broken;
	if (stacks->nr_frames == KT_USER_FRAMES)
		return true;
	name = name_of(stacks, frame);
	stacks->too_many |= !name;
	if (name)
		stacks->stack.frames[stacks->nr_frames++] = name;
	return true;
}

/* ---- records ---- */

static void copy_stack(struct kt_stacks *stacks, struct kt_user *user)
{
	size_t size = stacks->nr_frames * sizeof(const char *);
	const char **frames = size ? kt_arena_alloc(&stacks->snap->arena, size) : NULL;

	user->handle = stacks->stack.handle;
	if (!frames)
		return;
	memcpy(frames, stacks->stack.frames, size);
	user->frames = frames;
	user->nr_frames = stacks->nr_frames;
}

static struct kt_user *new_user(struct kt_stacks *stacks)
{
	struct kt_user *user = kt_list_push(&stacks->snap->arena, &stacks->snap->users);

	if (!user)
		return NULL;
	*user = kt_user_unknown(stacks->list.file);
	user->cache = stacks->cache;
	return user;
}

/* The one user for everything that does not fit. */
static struct kt_user *other_user(struct kt_stacks *stacks)
{
	struct kt_user *user;

	stacks->list.nr_folded++;
	if (stacks->other)
		return &stacks->snap->users.items[stacks->other - 1];
	stacks->other = stacks->snap->users.count + 1;
	user = new_user(stacks);
	if (user)
		user->function = "(other stacks)";
	return user;
}

/* The user of the record's stack; NULL: out of memory. */
static struct kt_user *user_of(struct kt_stacks *stacks)
{
	struct kt_span key = { (const char *)&stacks->stack, sizeof(stacks->stack) };
	struct kt_user *user;
	uint32_t *index;
	bool added;

	key.n -= (KT_USER_FRAMES - stacks->nr_frames) * sizeof(const char *);
	index = stacks->too_many ? NULL : kt_map_find(&stacks->groups, key);
	if (index)
		return &stacks->snap->users.items[*index];
	if (stacks->too_many || stacks->groups.count >= KT_STACKS_MAX)
		return other_user(stacks);
	index = kt_map_add(&stacks->groups, key, &stacks->snap->arena, &added);
	user = index ? new_user(stacks) : NULL;
	if (!user)
		return NULL;
	*index = (uint32_t)(stacks->snap->users.count - 1);
	copy_stack(stacks, user);
	return user;
}

static void add_known(int64_t *sum, int64_t more)
{
	if (!kt_known(more))
		return;
	if (__builtin_add_overflow(kt_known(*sum) ? *sum : 0, more, sum) || *sum > KT_AMOUNT_MAX)
		*sum = KT_AMOUNT_MAX;
}

static void widen(int64_t *min, int64_t *max, int64_t from, int64_t to)
{
	if (kt_known(from) && (!kt_known(*min) || from < *min))
		*min = from;
	if (kt_known(to) && to > *max)
		*max = to;
}

/* Keeps how large the objects of the record are: the user may have others of other sizes. */
static void add_size(struct kt_stacks *stacks, struct kt_user *user)
{
	int64_t nr = stacks->amounts.nr, waste = kt_known_of(stacks->amounts.waste_bytes, 0);
	struct kt_user_size *size = NULL;

	if (stacks->list.file != KT_USERS_OBJECTS || !kt_known(nr) || nr <= 0)
		return;
	if (waste % nr == 0 && stacks->nr_sizes < KT_STACKS_SIZES)
		size = kt_arena_alloc(&stacks->snap->arena, sizeof(*size));
	if (!size) {
		add_known(&user->nr_unsized, nr);
		return;
	}
	stacks->nr_sizes++;
	*size = (struct kt_user_size){ user->sizes, nr, waste / nr };
	user->sizes = size;
}

static void add_record(struct kt_stacks *stacks)
{
	const struct kt_user *amounts = &stacks->amounts;
	struct kt_user *user;

	if (stacks->doubtful)
		clear_stack(stacks);
	user = user_of(stacks);
	stacks->list.nr_records++;
	if (!user)
		return;
	add_known(&user->nr, amounts->nr);
	add_known(&user->nr_pages, amounts->nr_pages);
	add_known(&user->waste_bytes, amounts->waste_bytes);
	add_size(stacks, user);
	if (amounts->has_bytes) {
		add_known(&user->bytes, amounts->bytes);
		user->has_bytes = true;
	}
	user->inexact |= amounts->inexact;
	if (stacks->doubtful)
		return;
	widen(&user->age_min, &user->age_max, amounts->age_min, amounts->age_max);
	widen(&user->pid_min, &user->pid_max, amounts->pid_min, amounts->pid_max);
}

void kt_stacks_unread(struct kt_stacks *stacks)
{
	stacks->list.nr_unread++;
	stacks->broken |= stacks->open;
}

void kt_stacks_finish(struct kt_stacks *stacks)
{
	if (stacks->open)
		add_record(stacks);
	begin_record(stacks);
}

static struct kt_err *end(struct kt_stacks *stacks, struct kt_err *err)
{
	struct kt_user_list *slot = NULL;

	stacks->snap->arena.failed |= stacks->names.failed || stacks->groups.failed;
	kt_map_fini(&stacks->names);
	kt_map_fini(&stacks->groups);
	if (!err && !stacks->list.nr_records && stacks->list.nr_unread)
		err = kt_err_new(KT_ERR_PARSE, "%s: has no record", stacks->list.path);
	if (err) {
		stacks->snap->users.count = stacks->first_user;
		return err;
	}
	slot = kt_list_push(&stacks->snap->arena, &stacks->snap->user_lists);
	if (slot)
		*slot = stacks->list;
	return NULL;
}

struct kt_err *kt_stacks_take(struct kt_stacks *stacks, struct kt_stream *stream,
	void (*take_line)(struct kt_stacks *stacks, struct kt_span line),
	void (*finish)(struct kt_stacks *stacks))
{
	struct kt_span piece, line;

	while (kt_stream_next(stream, &piece)) {
		while (kt_span_line(&piece, &line))
			take_line(stacks, kt_span_trim(line));
	}
	finish(stacks);
	return end(stacks, kt_stream_err(stream));
}
