// SPDX-License-Identifier: GPL-2.0-or-later

#include "source/alloc_site.h"

#include "base/attr.h"
#include "model/metric.h"

/* Units of string_get_size(), lib/string_helpers.c, and of numfmt; none of them is decimal. */
static const struct {
	const char *name;
	unsigned shift;
} units[] = { { "B", 0 }, { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 }, { "TiB", 40 }, { "K", 10 },
	{ "M", 20 }, { "G", 30 }, { "T", 40 }, { "Ki", 10 }, { "Mi", 20 }, { "Gi", 30 },
	{ "Ti", 40 } };

static bool shift_of(struct kt_span unit, unsigned *ret_shift)
{
	for (size_t i = 0; i < KT_LEN(units); i++) {
		if (kt_span_eq(unit, units[i].name)) {
			*ret_shift = units[i].shift;
			return true;
		}
	}
	return false;
}

/* Parses "38.4" or "512" in units of 1/1000. */
static bool take_decimal(struct kt_span *rest, uint64_t *ret_thousandths)
{
	uint64_t whole, step = 100, thousandths = 0;

	if (!kt_span_take_u64(rest, &whole) || whole > 9999999)
		return false;
	if (kt_span_skip(rest, ".")) {
		for (; rest->n && (unsigned char)(rest->p[0] - '0') < 10; step /= 10) {
			thousandths += step * (uint64_t)(rest->p[0] - '0');
			*rest = kt_span_from(*rest, 1);
		}
	}
	*ret_thousandths = whole * 1000 + thousandths;
	return true;
}

/* "38.4 MiB", "39M", "1.2G"; bytes below 1 KiB are exact. */
static bool take_rounded(struct kt_span *rest, struct kt_span number, struct kt_alloc_site *site)
{
	struct kt_span word = number, unit;
	uint64_t thousandths;
	unsigned shift;

	if (!take_decimal(&word, &thousandths))
		return false;
	if (!word.n && !kt_span_word(rest, &unit))
		return false;
	if (word.n)
		unit = word;
	if (!shift_of(unit, &shift) || (thousandths << shift) >> shift != thousandths)
		return false;
	site->bytes = (int64_t)((thousandths << shift) / 1000);
	site->rounded = shift > 0;
	site->size = (struct kt_span){ number.p, (size_t)(unit.p + unit.n - number.p) };
	return site->bytes <= KT_AMOUNT_MAX;
}

/* The second number is the number of allocations; a rounded size may be two words. */
static bool take_numbers(struct kt_span *rest, struct kt_alloc_site *site)
{
	struct kt_span word, ahead;
	uint64_t calls;

	if (!kt_span_word(rest, &word))
		return false;
	ahead = *rest;
	if (kt_span_i64(word, &site->bytes)) {
		site->size = word;
		if (kt_span_word(&ahead, &word) && kt_span_eq(word, "B")) {
			*rest = ahead;
			site->size.n = (size_t)(word.p + word.n - site->size.p);
		}
	} else if (!take_rounded(rest, word, site))
		return false;
	if (!kt_span_word(rest, &word) || !kt_span_u64(word, &calls) ||
		calls > (uint64_t)KT_AMOUNT_MAX)
		return false;
	site->nr = (int64_t)calls;
	return site->bytes <= KT_AMOUNT_MAX && site->bytes >= -KT_AMOUNT_MAX;
}

/* "mm/slub.c:2305"; a name that was too long for its field has lost its start. */
static bool is_place(struct kt_span place)
{
	struct kt_span file;
	uint64_t line;

	return kt_span_until(&place, ':', &file) && file.n && kt_span_u64(place, &line);
}

/* Words after the function are pairs of a name and a value; unknown ones are of newer kernels. */
static void take_words(struct kt_span rest, struct kt_alloc_site *site)
{
	struct kt_span word;

	while (kt_span_word(&rest, &word))
		site->inexact |= kt_span_eq(word, "accurate:no");
}

bool kt_alloc_site(struct kt_span line, struct kt_alloc_site *ret_site)
{
	struct kt_span word;

	*ret_site = (struct kt_alloc_site){ 0 };
	if (!take_numbers(&line, ret_site) || !kt_span_word(&line, &ret_site->place) ||
		!is_place(ret_site->place) || !kt_span_word(&line, &word))
		return false;
	if (kt_span_skip(&word, "[")) {
		if (!kt_span_ends(word, "]") || word.n < 2)
			return false;
		ret_site->module = (struct kt_span){ word.p, word.n - 1 };
		if (!kt_span_word(&line, &word))
			return false;
	}
	if (!kt_span_skip(&word, "func:") || !word.n)
		return false;
	ret_site->function = word;
	take_words(line, ret_site);
	return true;
}

struct kt_user kt_alloc_site_user(
	struct kt_arena *arena, enum kt_user_file file, const struct kt_alloc_site *site)
{
	struct kt_user user = kt_user_unknown(file);

	user.function = kt_arena_name(arena, site->function);
	user.place = kt_arena_name(arena, site->place);
	user.module = site->module.n ? kt_arena_name(arena, site->module) : NULL;
	user.nr = site->nr;
	user.bytes = site->bytes;
	user.has_bytes = true;
	user.rounded = site->rounded;
	user.inexact = site->inexact;
	return user;
}
