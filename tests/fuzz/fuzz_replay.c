// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files of one machine that change from sample to sample. What a replay makes of the changes
// is what it makes of all files read anew. The data, split at NUL bytes, is texts that begin
// with one byte: '.' ends a sample, any other byte says which file the text is from now on; a
// text of one '!' removes the file.

#include "fuzz.h"
#include "same.h"

#include "history/replay.h"
#include "root/root_ops.h"

#define SAMPLES_MAX 4u

static const char *const paths[] = { "proc/meminfo", "proc/vmstat", "proc/zoneinfo",
	"proc/slabinfo", "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "ktally/dmesg",
	"proc/uptime", "proc/iomem" };
#define NR_PATHS KT_LEN(paths)

struct machine {
	struct kt_span texts[NR_PATHS]; /* p == NULL: there is no such file */
	bool changed[NR_PATHS];
	struct kt_replay *replay, *anew;
};

static void must(bool truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static struct kt_root *root_of(const struct machine *machine)
{
	struct kt_root *root = NULL;

	must(!kt_root_memory_new(KT_ROOT_BUNDLE, &root), "out of memory");
	for (size_t i = 0; i < NR_PATHS; i++) {
		struct kt_span text = machine->texts[i];
		char *copy = text.p ? malloc(text.n + 1) : NULL;

		if (!text.p)
			continue;
		must(copy != NULL, "out of memory");
		memcpy(copy, text.p, text.n);
		copy[text.n] = '\0';
		must(!kt_root_memory_add(root, paths[i], copy, text.n), "out of memory");
	}
	return root;
}

static void compare_lists(const struct kt_snapshot *a, const struct kt_snapshot *b)
{
	must(a->entries.count == b->entries.count && a->zones.count == b->zones.count &&
			a->caches.count == b->caches.count && a->events.count == b->events.count &&
			a->notes.count == b->notes.count,
		"a list has another length");
	for (size_t i = 0; i < a->entries.count; i++)
		must(same_entry(&a->entries.items[i], &b->entries.items[i]), "another entry");
	for (size_t i = 0; i < a->zones.count; i++)
		must(same_zone(&a->zones.items[i], &b->zones.items[i]), "another zone");
	for (size_t i = 0; i < a->caches.count; i++)
		must(same_cache(&a->caches.items[i], &b->caches.items[i]), "another cache");
	for (size_t i = 0; i < a->events.count; i++)
		must(a->events.items[i].count == b->events.items[i].count, "another event");
}

static void compare_accounts(struct kt_snapshot *a, struct kt_snapshot *b)
{
	KT_CLEANUP(account) struct kt_account left = { 0 }, right = { 0 };
	struct kt_err *err = kt_account_compute(a, KT_NO_NODE, &left);
	struct kt_err *other = kt_account_compute(b, KT_NO_NODE, &right);

	must(!err == !other && left.lines.count == right.lines.count, "another account");
	for (size_t i = 0; i < left.lines.count; i++)
		must(same_text(left.lines.items[i].id, right.lines.items[i].id) &&
				left.lines.items[i].val.state == right.lines.items[i].val.state &&
				left.lines.items[i].val.value == right.lines.items[i].val.value,
			"another line of the account");
	kt_err_free(err);
	kt_err_free(other);
}

/*
 * A sample is over: both replays read it, the second one everything. The account follows from
 * what was read; it is compared after the last sample.
 */
static void compare(struct machine *machine, bool last)
{
	struct kt_changes changes = { 0 };
	struct kt_changes all = { .all = true };
	const char *changed[NR_PATHS];
	KT_CLEANUP(root) struct kt_root *root = root_of(machine);
	struct kt_snapshot *snap = NULL, *whole = NULL;
	struct kt_err *err, *other;

	for (size_t i = 0; i < NR_PATHS; i++) {
		if (machine->changed[i])
			changed[changes.count++] = paths[i];
		machine->changed[i] = false;
	}
	changes.paths = changed;
	err = kt_replay_read(machine->replay, root, &changes, &snap);
	other = kt_replay_read(machine->anew, root, &all, &whole);
	must(!err == !other, "one of two readings failed");
	if (!err) {
		compare_lists(snap, whole);
		if (last)
			compare_accounts(snap, whole);
	}
	kt_err_free(err);
	kt_err_free(other);
}

static bool take(struct machine *machine, const uint8_t *text, size_t size)
{
	size_t index;

	if (!size)
		return false;
	if (text[0] == '.') {
		compare(machine, false);
		return true;
	}
	index = text[0] % NR_PATHS;
	machine->changed[index] = true;
	machine->texts[index] = (struct kt_span){ (const char *)text + 1, size - 1 };
	if (size == 2 && text[1] == '!')
		machine->texts[index].p = NULL;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine machine = { .replay = kt_replay_new(), .anew = kt_replay_new() };
	unsigned samples = 0;

	must(machine.replay && machine.anew, "out of memory");
	while (size && samples < SAMPLES_MAX) {
		const uint8_t *end = memchr(data, '\0', size);
		size_t n = end ? (size_t)(end - data) : size;

		samples += take(&machine, data, n);
		n += end != NULL;
		data += n;
		size -= n;
	}
	compare(&machine, true);
	kt_replay_free(machine.replay);
	kt_replay_free(machine.anew);
	return 0;
}
