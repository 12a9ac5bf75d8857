// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/cgroup.h"

#include <string.h>

static void add(struct kt_cgroup_amount *sum, struct kt_cgroup_amount part, int sign)
{
	int64_t bytes;

	if (!part.known || __builtin_mul_overflow(part.bytes, sign, &bytes) ||
		__builtin_add_overflow(sum->bytes, bytes, &bytes))
		return;
	*sum = (struct kt_cgroup_amount){ true, bytes };
}

/* A sum that is not known where any of its parts is not. */
static void add_all(struct kt_cgroup_amount *sum, struct kt_cgroup_amount part, bool first)
{
	bool known = part.known && (first || sum->known);

	if (!known || __builtin_add_overflow(sum->bytes, part.bytes, &sum->bytes))
		*sum = (struct kt_cgroup_amount){ 0 };
	else
		sum->known = true;
}

static struct kt_cgroup_amount known(int64_t bytes)
{
	return (struct kt_cgroup_amount){ bytes >= 0, bytes >= 0 ? bytes : 0 };
}

/* ---- amounts in a group's files ---- */

static struct kt_cgroup_amount sum_of(
	const struct kt_cgroup *group, enum kt_cgroup_key first, enum kt_cgroup_key second)
{
	struct kt_cgroup_amount sum = { 0 };

	add(&sum, known(group->keys[first]), 1);
	add(&sum, known(group->keys[second]), 1);
	return sum;
}

/*
 * True if the kernel does not count page tables per cgroup: threads have page tables, so a 0 in
 * memory.stat is not a count. Linux 6.18 (commit f0c92726e89f) counts them only per node
 * (include/linux/mm.h, __pagetable_ctor: mod_node_page_state), other kernels also for the charged
 * cgroup (lruvec_stat_add_folio).
 */
static bool counts_no_tables(const struct kt_cgroup *root)
{
	return root->keys[KT_CGROUP_TABLES] == 0 && root->keys[KT_CGROUP_STACKS] > 0 &&
	       root->keys[KT_CGROUP_ANON] > 0;
}

/*
 * Fills the amounts of a group. Newer kernels state KERNEL; for older kernels with v2 it is the sum
 * of the kinds. The kinds of v1 are unknown; KERNEL minus the kinds would then be all of KERNEL.
 */
static void fill_all(
	const struct kt_cgroup *group, bool without_tables, struct kt_cgroup_amount *all)
{
	struct kt_cgroup_amount kinds = { 0 };

	all[KT_CGROUP_KIND_SLAB] = known(group->keys[KT_CGROUP_SLAB]);
	if (!all[KT_CGROUP_KIND_SLAB].known)
		all[KT_CGROUP_KIND_SLAB] = sum_of(group, KT_CGROUP_SLAB_R, KT_CGROUP_SLAB_U);
	all[KT_CGROUP_KIND_STACKS] = known(group->keys[KT_CGROUP_STACKS]);
	if (!without_tables)
		all[KT_CGROUP_KIND_TABLES] = sum_of(group, KT_CGROUP_TABLES, KT_CGROUP_SEC_TABLES);
	all[KT_CGROUP_KIND_PERCPU] = known(group->keys[KT_CGROUP_PERCPU]);
	all[KT_CGROUP_KIND_VMALLOC] = known(group->keys[KT_CGROUP_VMALLOC]);
	all[KT_CGROUP_KIND_SOCK] = known(group->keys[KT_CGROUP_SOCK]);
	for (size_t i = KT_CGROUP_KIND_SLAB; i < KT_CGROUP_KIND_OTHER; i++)
		add(&kinds, all[i], 1);
	all[KT_CGROUP_KIND_KERNEL] = known(group->keys[KT_CGROUP_KERNEL]);
	if (!all[KT_CGROUP_KIND_KERNEL].known) {
		all[KT_CGROUP_KIND_KERNEL] = kinds;
	} else if (kinds.known) {
		all[KT_CGROUP_KIND_OTHER] = all[KT_CGROUP_KIND_KERNEL];
		add(&all[KT_CGROUP_KIND_OTHER], kinds, -1);
	}
}

/* ---- own amounts of a group ---- */

/* Arrays with one element per group. */
struct scratch {
	struct kt_cgroup_amount *below;
	bool *covered, *has_children;
};

/*
 * Goes from the last group to the first, so that children come before their parents. `below` is the
 * sum of a group's children; a child without a number counts as the sum of its own children. A
 * group without its own number is as large as the groups below it.
 */
static void split(const struct kt_snapshot *snap, struct kt_cgroup_amounts *groups, size_t kind,
	struct kt_cgroup_amount *below)
{
	memset(below, 0, snap->cgroups.groups.count * sizeof(*below));
	for (size_t i = snap->cgroups.groups.count; i-- > 0;) {
		const struct kt_cgroup *group = &snap->cgroups.groups.items[i];
		struct kt_cgroup_amount all = groups[i].all[kind], up = all;

		groups[i].own[kind] = all;
		if (all.known && group->inclusive)
			add(&groups[i].own[kind], below[i], -1);
		else if (all.known)
			add(&up, below[i], 1);
		else
			up = below[i];
		if (group->parent != KT_CGROUP_NO_PARENT)
			add(&below[group->parent], up, 1);
	}
}

/* True if the amount of every group below the root is contained in a known number. */
static bool is_covered(const struct kt_snapshot *snap, const struct kt_cgroup_amounts *groups,
	size_t kind, struct scratch *scratch)
{
	size_t count = snap->cgroups.groups.count;

	memset(scratch->covered, true, count);
	memset(scratch->has_children, false, count);
	for (size_t i = count; i-- > 0;) {
		const struct kt_cgroup *group = &snap->cgroups.groups.items[i];
		bool tells = groups[i].all[kind].known;

		scratch->covered[i] &= tells || scratch->has_children[i];
		scratch->covered[i] |= tells && group->inclusive;
		if (group->parent == KT_CGROUP_NO_PARENT)
			continue;
		scratch->has_children[group->parent] = true;
		scratch->covered[group->parent] &= scratch->covered[i];
	}
	return scratch->covered[0];
}

/*
 * Adds the slab caches of groups, on kernels with caches per cgroup; they do not include the groups
 * below.
 */
static void fill_own_caches(const struct kt_snapshot *snap, struct kt_cgroup_sums *sums)
{
	struct kt_cgroup_amount *total = &sums->total[KT_CGROUP_KIND_SLAB];

	for (size_t i = 0; i < snap->cgroups.groups.count && kt_known(snap->host.page_bytes); i++) {
		int64_t pages = snap->cgroups.groups.items[i].nr_slab_pages;

		if (pages < 0)
			continue;
		sums->groups[i].own[KT_CGROUP_KIND_SLAB] =
			known(kt_known_times(pages, snap->host.page_bytes));
		add(total, sums->groups[i].own[KT_CGROUP_KIND_SLAB], 1);
		sums->kinds = true;
	}
}

int64_t kt_cgroups_dying(const struct kt_snapshot *snap)
{
	const struct kt_cgroups *cgroups = &snap->cgroups;
	int64_t nr_removed;

	if (!cgroups->v1 || !cgroups->groups.count)
		return cgroups->groups.count && kt_known(cgroups->groups.items[0].nr_dying)
			       ? cgroups->groups.items[0].nr_dying
			       : cgroups->nr_dying;
	if (!kt_known(cgroups->nr_counted) || cgroups->cut ||
		(snap->host.container && !cgroups->whole))
		return KT_UNKNOWN;
	nr_removed = cgroups->nr_counted - kt_cgroups_count(cgroups);
	return nr_removed >= 0 ? nr_removed : KT_UNKNOWN;
}

static void sum_dying(const struct kt_snapshot *snap, struct kt_cgroup_sums *sums)
{
	const struct kt_cgroups *cgroups = &snap->cgroups;

	for (size_t i = 0; i < cgroups->groups.count; i++)
		sums->groups[i].own_dying = known(cgroups->groups.items[i].nr_dying);
	for (size_t i = 1; i < cgroups->groups.count; i++) {
		struct kt_cgroup_amounts *parent = &sums->groups[cgroups->groups.items[i].parent];

		parent->has_children = true;
		add(&parent->own_dying, known(cgroups->groups.items[i].nr_dying), -1);
	}
	sums->nr_dying = known(kt_cgroups_dying(snap));
}

static void fill_kinds(
	const struct kt_snapshot *snap, struct scratch *scratch, struct kt_cgroup_sums *sums)
{
	size_t count = snap->cgroups.groups.count;

	sums->without_tables = counts_no_tables(&snap->cgroups.groups.items[0]);
	for (size_t i = 0; i < count; i++) {
		const struct kt_cgroup *group = &snap->cgroups.groups.items[i];

		fill_all(group, sums->without_tables, sums->groups[i].all);
		sums->kinds |= sums->groups[i].all[KT_CGROUP_KIND_SLAB].known;
		sums->lower_bound |= group->keys[KT_CGROUP_KERNEL] < 0 &&
				     sums->groups[i].all[KT_CGROUP_KIND_KERNEL].known;
	}
	for (size_t kind = 0; kind < KT_CGROUP_NR_KINDS; kind++) {
		split(snap, sums->groups, kind, scratch->below);
		if (!is_covered(snap, sums->groups, kind, scratch))
			continue;
		for (size_t i = 0; i < count; i++)
			add(&sums->total[kind], sums->groups[i].own[kind], 1);
	}
}

static void sum_others(const struct kt_snapshot *snap, struct kt_cgroup_sums *sums)
{
	bool first = true;

	for (size_t i = 0; i < snap->cgroups.groups.count; i++) {
		const struct kt_cgroup_amounts *group = &sums->groups[i];

		if (!snap->cgroups.groups.items[i].nr_folded)
			continue;
		for (size_t kind = 0; kind < KT_CGROUP_NR_KINDS; kind++) {
			add_all(&sums->others.own[kind], group->own[kind], first);
			add_all(&sums->others.all[kind], group->all[kind], first);
		}
		add_all(&sums->others.own_dying, group->own_dying, first);
		first = false;
	}
}

bool kt_cgroup_sums(
	const struct kt_snapshot *snap, struct kt_arena *arena, struct kt_cgroup_sums *ret_sums)
{
	size_t count = snap->cgroups.groups.count;
	struct kt_arena temporary = { 0 };
	struct scratch scratch = {
		.below = kt_arena_alloc(&temporary, count * sizeof(*scratch.below)),
		.covered = kt_arena_alloc(&temporary, count),
		.has_children = kt_arena_alloc(&temporary, count),
	};
	bool good;

	*ret_sums = (struct kt_cgroup_sums){
		.groups = kt_arena_alloc(arena, count * sizeof(*ret_sums->groups)),
	};
	arena->failed |= temporary.failed;
	good = !arena->failed;
	if (good && count) {
		fill_kinds(snap, &scratch, ret_sums);
		fill_own_caches(snap, ret_sums);
		sum_dying(snap, ret_sums);
		sum_others(snap, ret_sums);
	}
	kt_arena_fini(&temporary);
	return good;
}

/* ---- names ---- */

#define NAME_COLUMNS   28u
#define COMPONENTS_MAX 66u /* of a path that ktally itself makes */
#define ID_DIGITS_MIN  24u /* digits; container ids have 32 or 64 */
#define ID_DIGITS_KEPT 12u /* digits, as in docker's short ids */
#define UUID_DIGITS    36u
#define UUID_KEPT      8u

static size_t hex_digits(struct kt_span text)
{
	size_t n = 0;

	while (n < text.n &&
		((text.p[n] >= '0' && text.p[n] <= '9') || (text.p[n] >= 'a' && text.p[n] <= 'f')))
		n++;
	return n;
}

/* Accepts "12345678-1234-1234-1234-123456789012", or underscores as systemd writes it. */
static bool is_uuid(struct kt_span text)
{
	static const size_t groups[] = { 8, 4, 4, 4, 12 };

	for (size_t i = 0; i < KT_LEN(groups); i++) {
		if (hex_digits(text) != groups[i])
			return false;
		text = kt_span_from(text, groups[i]);
		if (i + 1 == KT_LEN(groups))
			break;
		if (!text.n || (text.p[0] != '-' && text.p[0] != '_'))
			return false;
		text = kt_span_from(text, 1);
	}
	return true;
}

/*
 * Returns the characters of a long id at the start of `text`, 0: none; `ret_kept`: characters to
 * keep.
 */
static size_t id_at(struct kt_span text, size_t *ret_kept)
{
	size_t n = hex_digits(text);

	*ret_kept = ID_DIGITS_KEPT;
	if (n >= ID_DIGITS_MIN)
		return n;
	*ret_kept = UUID_KEPT;
	return is_uuid(text) ? UUID_DIGITS : 0;
}

static bool drop_end(struct kt_span *name, const char *end)
{
	if (!kt_span_ends(*name, end))
		return false;
	name->n -= strlen(end);
	return true;
}

/* Shortens "docker-<64 digits>.scope" to "docker-<12 digits>". */
static const char *short_part(struct kt_arena *arena, struct kt_span part, bool last)
{
	struct kt_span rest = part;
	char *copy = kt_arena_alloc(arena, part.n + 1);
	bool fresh = true, has_id = false;
	size_t n = 0, kept;

	if (!copy)
		return "";
	if (kt_span_find(part, "-pod") < part.n && kt_span_find(part, "kubepods") < part.n)
		rest = kt_span_from(part, kt_span_find(part, "-pod") + 1);
	while (rest.n) {
		size_t id = fresh ? id_at(rest, &kept) : 0;

		if (kt_span_skip(&rest, "\\x2d")) { /* systemd escapes hyphens in names this way */
			copy[n++] = '-';
			continue;
		}
		memcpy(copy + n, rest.p, id ? kept : 1);
		n += id ? kept : 1;
		has_id |= id > 0;
		rest = kt_span_from(rest, id ? id : 1);
		fresh = strchr("-_.:", copy[n - 1]) || (n == 3 && memcmp(copy, "pod", 3) == 0);
	}
	part = (struct kt_span){ copy, n };
	if ((has_id && drop_end(&part, ".scope")) ||
		((has_id || !last) && drop_end(&part, ".slice")))
		copy[part.n] = '\0';
	return copy;
}

/* True if the next part of the path already implies this part. */
static bool is_implied(struct kt_span part, struct kt_span next)
{
	static const char *const known[] = { "system.slice", "kubepods", "besteffort", "burstable",
		"kubepods.slice" };

	for (size_t i = 0; i < KT_LEN(known); i++) {
		if (kt_span_eq(part, known[i]))
			return true;
	}
	/* user.slice/user-1000.slice */
	return drop_end(&part, ".slice") && kt_span_ends(next, ".slice") && next.n > part.n &&
	       memcmp(next.p, part.p, part.n) == 0 && next.p[part.n] == '-';
}

static const char *join(struct kt_arena *arena, const char *const parts[], size_t count)
{
	const char *name = parts[count - 1];
	struct kt_span whole = kt_span_str(name);
	size_t n = whole.n;

	if (n > NAME_COLUMNS && drop_end(&whole, ".service"))
		name = kt_arena_printf(arena, "%.*s", (int)whole.n, name);
	n = whole.n;
	if (n > NAME_COLUMNS)
		return kt_arena_printf(arena, "%.*s…%s", (int)NAME_COLUMNS / 2 - 1, name,
			name + n - NAME_COLUMNS / 2);
	for (size_t i = count - 1; i-- > 0;) {
		if (n + 1 + strlen(parts[i]) + (i ? 2 : 0) > NAME_COLUMNS)
			return n + 2 > NAME_COLUMNS ? name : kt_arena_printf(arena, "…/%s", name);
		n += 1 + strlen(parts[i]);
		name = kt_arena_printf(arena, "%s/%s", parts[i], name);
	}
	return name;
}

const char *kt_cgroup_name(struct kt_arena *arena, const char *path)
{
	struct kt_span rest = kt_span_str(path), part, next;
	const char *parts[COMPONENTS_MAX];
	size_t count = 0;

	kt_span_skip(&rest, "/");
	if (!rest.n)
		return "(root)";
	while (rest.n && count < COMPONENTS_MAX) {
		bool last = !kt_span_until(&rest, '/', &part);

		if (last) {
			part = rest;
			rest.n = 0;
		}
		next = rest;
		next.n = kt_span_find(next, "/");
		if (last || !is_implied(part, next))
			parts[count++] = short_part(arena, part, last);
	}
	return count ? join(arena, parts, count) : "(root)";
}
