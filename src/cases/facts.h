// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CASES_FACTS_H
#define KT_CASES_FACTS_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/map.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Facts: what is known of a machine at one time, as numbers with a name and a unit. Cases are
 * written in terms of facts. A fact that no source gives is not in the list: it is unknown, never
 * zero.
 *
 * A name is a word ("ram"), or a prefix and the name of a thing ("slab:dentry", "row:percpu").
 * facts.def lists the words and prefixes with their units.
 */

enum kt_fact_unit {
	KT_FACT_TRUTH, /* 0 or 1 */
	KT_FACT_NUMBER,
	KT_FACT_SHARE, /* a ratio: 0.5 is written as 50 %; else like a number */

	KT_FACT_BYTES,
	KT_FACT_SECONDS,
	KT_FACT_RATE, /* bytes per hour */
};

enum kt_fact_word {
#define FACT(id, ...) KT_FACT_##id,
#include "cases/facts.def"
#undef FACT
	KT_FACT_WORDS
};

/** An entry of facts.def. */
struct kt_fact_about {
	const char *name; /* a word, or a prefix that ends with a colon */
	size_t length;	  /* bytes of the name */
	enum kt_fact_unit unit;
	const char *doc;
};
extern const struct kt_fact_about kt_facts_about[KT_FACT_WORDS];

struct kt_fact {
	const char *name; /* in full */
	enum kt_fact_word word;
	double value; /* in the unit of the word */
};

/** A fact that is a name: of the hypervisor, of the largest process. */
struct kt_fact_text {
	const char *name, *text;
};

struct kt_facts {
	struct kt_arena arena;
	KT_LIST(struct kt_fact) items;
	KT_LIST(struct kt_fact_text) texts;
	struct kt_map by_name;
	/* prefixes of which every name is known: a name that is missing has zero of it */
	bool complete[KT_FACT_WORDS];
	bool of_log; /* a memory report of a log: commands here show another machine */
	const struct kt_facts *older; /* the same machine, earlier; NULL: none */
	double older_s;		      /* seconds between the two */
};

void kt_facts_init(struct kt_facts *facts);
void kt_facts_cleanup(struct kt_facts *facts);
/** Adds `value` to the fact of that name, or makes it; `thing` is "" for words. NaN is ignored. */
void kt_facts_add(struct kt_facts *facts, enum kt_fact_word word, const char *thing, double value);
/** Likewise for an int64_t of the snapshot, which may be KT_UNKNOWN. */
void kt_facts_add_known(
	struct kt_facts *facts, enum kt_fact_word word, const char *thing, int64_t value);
void kt_facts_add_text(struct kt_facts *facts, const char *name, const char *text);

/** Finds the word or prefix of a name; KT_FACT_WORDS: no fact is called so. */
enum kt_fact_word kt_fact_word_of(struct kt_span name);
/** The value of a fact; NaN: unknown. */
double kt_facts_value(const struct kt_facts *facts, struct kt_span name);
/** The text of a name; NULL: unknown. */
const char *kt_facts_text(const struct kt_facts *facts, struct kt_span name);
/** Whether a name matches a pattern, in which each `*` stands for any characters. */
bool kt_fact_matches(struct kt_span pattern, const char *name);

#endif
