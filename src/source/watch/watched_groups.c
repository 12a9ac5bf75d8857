// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/watch/watched_groups.h"

#include "base/attr.h"
#include "base/map.h"
#include "source/watch/way_in.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX   8192u /* stacks; the kernel keeps no more of them */
#define SAMPLES_MAX  65536u
#define VMALLOC	     "__vmalloc_node_range"
#define MS_NS	     1000000u
#define FUNCTION_MAX (1u << 20) /* bytes; a program has no symbol, unless that is switched on */
#define WAY_IN_MAX   12u	/* frames from the event to the program, at most */
#define MISSED	     4.605	/* -ln 0.01 */

/* Samples of one stack. */
struct group {
	struct kt_watched is;
	int32_t stack;
	uint32_t hook;
	uint64_t site;
	int64_t votes, cgroup_votes; /* for the task, the cgroup that has most of them */
	char comm[KT_TRACE_COMM + 1];
};

enum fate {
	FATE_UNKNOWN, /* not looked at */
	FATE_FOUND,   /* allocated */
	FATE_OTHER,   /* allocated, and something else by now, or with a counter of its own */
};

struct left {
	struct kt_trace_sample sample;
	enum fate fate;
};

struct kt_watched_groups {
	struct kt_trace *trace;
	const struct kt_symbol_table *symbols;
	struct kt_snapshot *snap;
	struct kt_arena arena;
	KT_LIST(struct group) groups;
	KT_LIST(struct left) left;
	struct kt_map stacks;		     /* stack and site: index of the group */
	struct kt_map addresses;	     /* of samples that are left: index */
	uint64_t interval_bytes;	     /* the largest that a sample was drawn with */
	uint64_t largest_bytes, freed_bytes; /* of a sample; of samples that were freed */
	bool failed;
};

struct kt_err *kt_watched_groups_new(struct kt_trace *trace, const struct kt_symbol_table *symbols,
	struct kt_snapshot *snap, struct kt_watched_groups **ret_groups)
{
	struct kt_watched_groups *groups = calloc(1, sizeof(*groups));

	*ret_groups = groups;
	if (!groups)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	groups->trace = trace;
	groups->symbols = symbols;
	groups->snap = snap;
	return NULL;
}

void kt_watched_groups_free(struct kt_watched_groups *groups)
{
	if (!groups)
		return;
	kt_map_fini(&groups->stacks);
	kt_map_fini(&groups->addresses);
	kt_arena_fini(&groups->arena);
	free(groups);
}

/* ---- sums ---- */

static struct group *group_of(
	struct kt_watched_groups *groups, const struct kt_trace_sample *sample)
{
	/*
	 * A stack has its site in it; without a stack the site is all there is. Tasks of one name
	 * are together, also where they run the same code as others.
	 */
	uint64_t key[4] = { (uint64_t)(int64_t)(sample->stack < 0 ? -1 : sample->stack),
		sample->stack < 0 ? sample->site : 0 };
	struct group *group;
	uint32_t *index;
	bool added = false;

	if (sample->interval_bytes > groups->interval_bytes)
		groups->interval_bytes = sample->interval_bytes;
	if (sample->bytes > groups->largest_bytes)
		groups->largest_bytes = sample->bytes;
	memcpy(&key[2], sample->comm, sizeof(sample->comm));
	if (groups->groups.count >= GROUPS_MAX)
		memset(key, 0xff, sizeof(key)); /* all further ones are one group */
	index = kt_map_add(&groups->stacks, (struct kt_span){ (const char *)key, sizeof(key) },
		&groups->arena, &added);
	if (!index)
		return NULL;
	if (!added)
		return &groups->groups.items[*index];
	group = kt_list_push(&groups->arena, &groups->groups);
	if (!group)
		return NULL;
	*index = (uint32_t)groups->groups.count - 1;
	*group = (struct group){ .is = { .pid = KT_UNKNOWN, .cgroup = KT_UNKNOWN },
		.stack = key[0] == UINT64_MAX ? -1 : sample->stack,
		.hook = sample->hook,
		.site = sample->site };
	return group;
}

/* Probability that an allocation was drawn: each of its bytes is, with 1 / interval. */
static double chance(const struct kt_trace_sample *sample)
{
	double interval = (double)(sample->interval_bytes ? sample->interval_bytes : 1);
	double p = -expm1(-(double)sample->bytes / interval);

	return p > 0 ? p : 1;
}

static void add(struct kt_sampled_sum *sum, const struct kt_trace_sample *sample, uint64_t bytes)
{
	double p = chance(sample), size = (double)bytes;

	sum->nr++;
	sum->seen_bytes += size;
	sum->objects += 1 / p;
	sum->objects_variance += (1 - p) / (p * p);
	sum->bytes += size / p;
	sum->bytes_variance += size * size * (1 - p) / (p * p);
}

static unsigned age_of(const struct kt_trace_sample *sample, uint64_t end_ns)
{
	uint64_t ms = end_ns > sample->taken_ns ? (end_ns - sample->taken_ns) / MS_NS : 0;
	unsigned age = 0;

	for (; ms && age < KT_WATCHED_AGES - 1; ms >>= 1)
		age++;
	return age;
}

/* Keeps the task and the cgroup that most samples have, if any has more than half of them. */
static void vote(struct group *group, const struct kt_trace_sample *sample)
{
	int64_t pid = (int64_t)(sample->pid_tgid >> 32);

	if (kt_known(group->is.pid) && pid != group->is.pid)
		group->is.others = true;
	if (group->votes && pid == group->is.pid) {
		group->votes++;
	} else if (group->votes) {
		group->votes--;
	} else {
		group->is.pid = pid;
		group->votes = 1;
		memcpy(group->comm, sample->comm, KT_TRACE_COMM);
	}
	if (group->cgroup_votes && (int64_t)sample->cgroup == group->is.cgroup) {
		group->cgroup_votes++;
	} else if (group->cgroup_votes) {
		group->cgroup_votes--;
	} else {
		group->is.cgroup = (int64_t)sample->cgroup;
		group->cgroup_votes = 1;
	}
}

void kt_watched_take(void *arg, const struct kt_trace_sample *sample)
{
	struct kt_watched_groups *groups = arg;
	struct group *group = group_of(groups, sample);

	groups->freed_bytes += sample->bytes;
	if (!group)
		return;
	vote(group, sample);
	add(&group->is.all, sample, sample->bytes);
	group->is.ended[age_of(sample, sample->freed_ns)] += 1 / chance(sample);
}

/* ---- what is left ---- */

void kt_watched_rest(void *arg, const struct kt_trace_sample *sample)
{
	struct kt_watched_groups *groups = arg;
	struct left *left = groups->left.count < SAMPLES_MAX
				    ? kt_list_push(&groups->arena, &groups->left)
				    : NULL;
	uint32_t *index;

	if (!left)
		return;
	*left = (struct left){ .sample = *sample };
	index = kt_map_add(&groups->addresses,
		(struct kt_span){ (const char *)&sample->address, sizeof(sample->address) },
		&groups->arena, NULL);
	if (index)
		*index = (uint32_t)groups->left.count - 1;
}

void kt_watched_found(struct kt_watched_groups *groups, uint64_t address)
{
	const uint32_t *index = kt_map_find(
		&groups->addresses, (struct kt_span){ (const char *)&address, sizeof(address) });

	if (index)
		groups->left.items[*index].fate = FATE_FOUND;
}

void kt_watched_look_at_pages(
	struct kt_watched_groups *groups, struct kt_memmap *memmap, struct kt_page_words *words)
{
	for (size_t i = 0; i < groups->left.count; i++) {
		struct left *left = &groups->left.items[i];
		uint64_t pfn = (left->sample.address - memmap->base) / memmap->page_struct_bytes;
		struct kt_page_reader reader = { 0 };
		const uint64_t *word;

		if (left->sample.address < memmap->base || pfn >= kt_memmap_end(memmap))
			continue;
		kt_page_words_begin(words);
		if (!kt_page_words_read(words, pfn, 1, &word))
			continue;
		kt_page_read(&reader, *word);
		switch (reader.class) {
		case KT_PAGE_FREE:
		case KT_PAGE_UNREFERENCED:
		case KT_PAGE_UNREAD: break;
		case KT_PAGE_MAPPED:
		case KT_PAGE_COMPOUND:
		case KT_PAGE_NONE:
		case KT_PAGE_OTHER:
		case KT_PAGE_KMALLOC: left->fate = FATE_FOUND; break;
		default: left->fate = FATE_OTHER; break;
		}
	}
}

static bool take_left(
	struct kt_watched_groups *groups, const struct left *left, uint64_t now_ns, bool verified)
{
	struct group *group = group_of(groups, &left->sample);
	const struct kt_trace_sample *sample = &left->sample;

	if (!group)
		return false;
	vote(group, sample);
	if (left->fate == FATE_OTHER) {
		group->is.nr_other++;
		return false;
	}
	add(&group->is.all, sample, sample->bytes);
	if (verified && left->fate != FATE_FOUND)
		return true;
	add(&group->is.held, sample, sample->bytes);
	if (sample->requested_bytes)
		add(&group->is.requested, sample, sample->requested_bytes);
	group->is.lasting[age_of(sample, now_ns)] += 1 / chance(sample);
	return false;
}

int64_t kt_watched_freed_bytes(const struct kt_watched_groups *groups)
{
	return groups->freed_bytes < INT64_MAX ? (int64_t)groups->freed_bytes : INT64_MAX;
}

uint64_t kt_watched_largest_bytes(const struct kt_watched_groups *groups)
{
	return groups->largest_bytes;
}

/* An amount is missed with exp(-bytes / interval). */
int64_t kt_watched_unlisted_bytes(const struct kt_watched_groups *groups)
{
	return groups->interval_bytes > 1 ? (int64_t)(MISSED * (double)groups->interval_bytes) : 0;
}

/* ---- names ---- */

static const char *name_of(struct kt_watched_groups *groups, uint64_t address)
{
	const struct kt_symbol *symbol = kt_symbol_table_find(groups->symbols, address);
	const char *name = symbol ? kt_symbol_name(groups->symbols, symbol) : NULL;
	const char *module = name ? strchr(name, ' ') : NULL;

	if (!name || address - symbol->address > FUNCTION_MAX)
		return NULL;
	return kt_arena_printf(&groups->snap->arena, "%.*s+0x%llx%s",
		(int)(module ? module - name : (long)strlen(name)), name,
		(unsigned long long)(address - symbol->address), module ? module : "");
}

/* Whether a frame is of the function that the hook is at: its program is called from there. */
static bool is_hook(
	const struct kt_watched_groups *groups, const struct group *group, const char *frame)
{
	const struct kt_trace_hook *hook = kt_trace_hook(groups->trace, group->hook);
	size_t length = hook ? strlen(hook->name) : 0;

	return frame && hook && strncmp(frame, hook->name, length) == 0 && frame[length] == '+';
}

/*
 * The frame that a stack begins with: the site of the event, the function of the hook, or what
 * comes after the way into the program, which may have no names, or wrong ones. Beyond that,
 * functions of BPF are callers like others: they allocate maps.
 */
static uint32_t first_frame(const struct kt_watched_groups *groups, const struct group *group,
	const char *const *frames, const uint64_t *addresses, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (group->site && addresses[i] == group->site)
			return i;
	}
	for (uint32_t i = 0; i < count && i < WAY_IN_MAX; i++) {
		if (is_hook(groups, group, frames[i]))
			return i;
	}
	return kt_way_in(frames, count);
}

static void put_frames(struct kt_watched_groups *groups, struct group *group)
{
	uint64_t addresses[KT_TRACE_FRAMES];
	uint32_t count = kt_trace_stack(groups->trace, group->stack, addresses, KT_TRACE_FRAMES);
	uint32_t first;
	const char **frames;

	if (!count && group->site)
		addresses[count++] = group->site;
	frames = kt_arena_alloc(&groups->snap->arena, count * sizeof(*frames) + 1);
	if (!frames)
		return;
	for (uint32_t i = 0; i < count; i++)
		frames[i] = name_of(groups, addresses[i]);
	first = first_frame(groups, group, frames, addresses, count);
	for (uint32_t i = first; i < count; i++)
		frames[group->is.nr_frames++] = frames[i] ? frames[i] : "(unknown)";
	group->is.frames = frames;
}

static int by_size(const void *a, const void *b)
{
	const struct kt_watched *x = a, *y = b;

	if (x->held.bytes != y->held.bytes)
		return x->held.bytes < y->held.bytes ? 1 : -1;
	return x->all.bytes < y->all.bytes ? 1 : x->all.bytes > y->all.bytes ? -1 : 0;
}

/* An area that is no memory of its own, such as a mapping of a device, has another function. */
static bool is_memory(const struct kt_watched_groups *groups, const struct group *group)
{
	const struct kt_trace_hook *hook = kt_trace_hook(groups->trace, group->hook);

	if (!hook || !hook->areas)
		return true;
	for (uint32_t i = 0; i < group->is.nr_frames; i++) {
		if (strncmp(group->is.frames[i], VMALLOC, strlen(VMALLOC)) == 0)
			return true;
	}
	return false;
}

int64_t kt_watched_end(struct kt_watched_groups *groups, uint64_t now_ns, bool verified)
{
	struct kt_snapshot *snap = groups->snap;
	int64_t nr_unseen = 0;

	for (size_t i = 0; i < groups->left.count; i++)
		nr_unseen += take_left(groups, &groups->left.items[i], now_ns, verified);
	for (size_t i = 0; i < groups->groups.count; i++) {
		struct group *group = &groups->groups.items[i];
		struct kt_watched *slot;

		put_frames(groups, group);
		if (!is_memory(groups, group))
			continue;
		group->is.comm =
			*group->comm ? kt_arena_name(&snap->arena, kt_span_str(group->comm)) : NULL;
		slot = kt_list_push(&snap->arena, &snap->watched);
		if (slot)
			*slot = group->is;
	}
	if (snap->watched.count)
		qsort(snap->watched.items, snap->watched.count, sizeof(*snap->watched.items),
			by_size);
	snap->arena.failed |=
		groups->arena.failed || groups->stacks.failed || groups->addresses.failed;
	return nr_unseen;
}
