// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads how many objects are in each bucket of the hash tables made at boot, in kernel memory: no
// file has it.

#include "memory/hash/hash_chains.h"
#include "source/memory/open.h"

#include <string.h>

#define TABLES_MAX  64u
#define BUCKETS_MAX (1ll << 28)
#define CHAIN_MAX   (1ll << 20)
#define NUMBERS(of) of nr_buckets, of nr_empty, of nr_objects, of longest, of nr_torn

/* A line for each table; its name may contain blanks. */
static void write_text(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	kt_buf_puts(ret_text, "# buckets empty objects longest torn name\n");
	for (size_t i = 0; i < snap->hash_chains.count; i++) {
		const struct kt_hash_chains *chains = &snap->hash_chains.items[i];
		const int64_t numbers[] = { NUMBERS(chains->) };

		for (size_t k = 0; k < KT_LEN(numbers); k++) {
			kt_buf_number(ret_text, numbers[k]);
			kt_buf_puts(ret_text, " ");
		}
		kt_buf_puts(ret_text, chains->name);
		kt_buf_puts(ret_text, "\n");
	}
}

/* Whether so many objects can be in chains that are as long as the line says. */
static bool is_possible(const struct kt_hash_chains *chains)
{
	int64_t nr_used = chains->nr_buckets - chains->nr_empty - chains->nr_torn;

	if (!chains->nr_buckets || chains->nr_buckets > BUCKETS_MAX ||
		chains->nr_empty > chains->nr_buckets || chains->nr_torn > chains->nr_buckets ||
		nr_used < 0 || chains->longest > CHAIN_MAX)
		return false;
	if (!nr_used)
		return !chains->nr_objects && !chains->longest;
	return chains->longest > 0 && chains->nr_objects >= nr_used - 1 + chains->longest &&
	       chains->nr_objects <= nr_used * chains->longest;
}

static bool has_table(const struct kt_snapshot *snap, const char *name)
{
	for (size_t i = 0; i < snap->hash_chains.count; i++) {
		if (strcmp(snap->hash_chains.items[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool take_line(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_hash_chains chains = { 0 }, *slot;
	int64_t *const numbers[] = { NUMBERS(&chains.) };
	struct kt_span word;

	for (size_t i = 0; i < KT_LEN(numbers); i++) {
		if (!kt_span_word(&line, &word) || !kt_span_i64(word, numbers[i]) ||
			*numbers[i] < 0)
			return false;
	}
	line = kt_span_trim(line);
	if (!line.n || !is_possible(&chains) || snap->hash_chains.count >= TABLES_MAX)
		return false;
	chains.name = kt_arena_name(&snap->arena, line);
	if (has_table(snap, chains.name))
		return false;
	slot = kt_list_push(&snap->arena, &snap->hash_chains);
	if (slot)
		*slot = chains;
	return true;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_err *err = kt_memory_lines(snap, text, take_line, "a hash table");

	return err || snap->hash_chains.count
		       ? err
		       : kt_err_new(KT_ERR_PARSE, "%s: has no hash table", text->path);
}

static struct kt_err *walk(struct kt_memory *memory, struct kt_snapshot *snap)
{
	return kt_hash_chains_walk(memory->target, snap);
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	return kt_memory_read(root, snap, &kt_source_hash_chains, walk, write_text);
}

const struct kt_source kt_source_hash_chains = {
	.name = "hash_chains",
	.summary = "chains of hash tables, in kernel memory",
	.paths = { "ktally/hash_chains" },
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally hash --exact' shows no chains",
	.gives = KT_MEMORY_GIVES ", and CONFIG_KALLSYMS_ALL",
	.parse = parse,
	.read = read_it,
};
