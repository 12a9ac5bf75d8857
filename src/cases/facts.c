// SPDX-License-Identifier: GPL-2.0-or-later
#include "cases/facts.h"

#include "model/unknown.h"

#include <math.h>
#include <string.h>

const struct kt_fact_about kt_facts_about[KT_FACT_WORDS] = {
#define FACT(id, word, fact_unit, text)      \
	[KT_FACT_##id] = { .name = (word),   \
		.length = sizeof(word) - 1,  \
		.unit = KT_FACT_##fact_unit, \
		.doc = (text) },
#include "cases/facts.def"
#undef FACT
};

void kt_facts_init(struct kt_facts *facts)
{
	*facts = (struct kt_facts){ 0 };
}

void kt_facts_cleanup(struct kt_facts *facts)
{
	kt_map_fini(&facts->by_name);
	kt_arena_fini(&facts->arena);
	*facts = (struct kt_facts){ 0 };
}

enum kt_fact_word kt_fact_word_of(struct kt_span name)
{
	for (enum kt_fact_word i = 0; i < KT_FACT_WORDS; i++) {
		const struct kt_fact_about *about = &kt_facts_about[i];
		bool is_prefix = about->name[about->length - 1] == ':';

		if (name.n >= about->length + is_prefix && name.p[0] == about->name[0] &&
			(is_prefix || name.n == about->length) &&
			memcmp(name.p, about->name, about->length) == 0)
			return i;
	}
	return KT_FACT_WORDS;
}

/* There are thousands of facts, so nothing is formatted. */
static const char *name_of(
	struct kt_arena *arena, const struct kt_fact_about *about, const char *thing)
{
	size_t n = strlen(thing) + 1;
	char *name = kt_arena_alloc(arena, about->length + n);

	if (name) {
		memcpy(name, about->name, about->length);
		memcpy(name + about->length, thing, n);
	}
	return name;
}

void kt_facts_add(struct kt_facts *facts, enum kt_fact_word word, const char *thing, double value)
{
	const char *name;
	uint32_t *place;
	struct kt_fact *slot;
	bool added;

	if (!isfinite(value))
		return;
	name = name_of(&facts->arena, &kt_facts_about[word], thing);
	place = name ? kt_map_add(&facts->by_name, kt_span_str(name), NULL, &added) : NULL;
	if (!place) {
		facts->arena.failed = true;
		return;
	}
	if (!added) {
		/* a place without an item: memory ran out when it was added */
		if (*place < facts->items.count)
			facts->items.items[*place].value += value;
		return;
	}
	*place = (uint32_t)facts->items.count;
	slot = kt_list_push(&facts->arena, &facts->items);
	if (slot)
		*slot = (struct kt_fact){ .name = name, .word = word, .value = value };
}

void kt_facts_add_known(
	struct kt_facts *facts, enum kt_fact_word word, const char *thing, int64_t value)
{
	if (kt_known(value))
		kt_facts_add(facts, word, thing, (double)value);
}

void kt_facts_add_text(struct kt_facts *facts, const char *name, const char *text)
{
	struct kt_fact_text *slot = text ? kt_list_push(&facts->arena, &facts->texts) : NULL;

	if (slot)
		*slot = (struct kt_fact_text){ name,
			kt_arena_name(&facts->arena, kt_span_str(text)) };
}

double kt_facts_value(const struct kt_facts *facts, struct kt_span name)
{
	const uint32_t *place = kt_map_find(&facts->by_name, name);
	enum kt_fact_word word;

	if (place && *place < facts->items.count)
		return facts->items.items[*place].value;
	word = kt_fact_word_of(name);
	return word < KT_FACT_WORDS && facts->complete[word] ? 0 : NAN;
}

const char *kt_facts_text(const struct kt_facts *facts, struct kt_span name)
{
	for (size_t i = 0; i < facts->texts.count; i++) {
		if (kt_span_eq(name, facts->texts.items[i].name))
			return facts->texts.items[i].text;
	}
	return NULL;
}

/* Goes back to the last `*` only, so the time is bounded by the product of the lengths. */
bool kt_fact_matches(struct kt_span pattern, const char *name)
{
	size_t p = 0, star = SIZE_MAX, n = strlen(name), i = 0, from = 0;

	while (i < n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			from = i;
		} else if (p < pattern.n && pattern.p[p] == name[i]) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++from;
		} else
			return false;
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}
