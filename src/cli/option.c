// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/option.h"

#include "base/span.h"
#include "output/output.h"

#include <stdio.h>
#include <string.h>

#define INTERVAL_MIN 0.1 /* seconds */
#define INTERVAL_MAX 86400u

static struct kt_err *set_number(const struct kt_option *option, int64_t *ret, const char *text)
{
	uint64_t number;

	if (!kt_span_u64(kt_span_str(text), &number) || number > INT64_MAX ||
		(int64_t)number < option->min || (int64_t)number > option->max)
		return kt_err_new(KT_ERR_USAGE, "--%s takes %s", option->name, option->takes);
	*ret = (int64_t)number;
	return NULL;
}

/* "5", "0.5" */
static struct kt_err *set_seconds(const struct kt_option *option, double *ret, const char *text)
{
	struct kt_span rest = kt_span_str(text);
	uint64_t whole = 0, digit;
	double part = 0.1;
	bool good = kt_span_take_u64(&rest, &whole) && whole <= INTERVAL_MAX;

	*ret = (double)whole;
	if (good && kt_span_skip(&rest, ".")) {
		good = rest.n > 0 && rest.n < 7;
		for (; good && rest.n; rest = kt_span_from(rest, 1), part /= 10) {
			good = kt_span_u64((struct kt_span){ rest.p, 1 }, &digit);
			*ret += part * (double)digit;
		}
	}
	if (good && rest.n == 1) { /* with a unit */
		char unit = rest.p[0];

		good = unit == 's' || unit == 'm' || unit == 'h';
		*ret *= unit == 'm' ? 60 : unit == 'h' ? 3600 : 1;
		rest.n = 0;
	}
	if (!good || rest.n || *ret < INTERVAL_MIN || *ret > INTERVAL_MAX)
		return kt_err_new(KT_ERR_USAGE,
			"--%s takes seconds, from 0.1 to 86400: 5, 0.5, or with a unit: 10m, 1h",
			option->name);
	return NULL;
}

static struct kt_err *set_choice(const struct kt_option *option, int *ret, const char *text)
{
	char words[KT_WORDS_LIST];

	*ret = kt_words_find(option->choices, text);
	if (*ret >= 0)
		return NULL;
	*ret = 0;
	kt_words_list(option->choices, words);
	return kt_err_new(KT_ERR_USAGE, "takes one of %s; not '%.64s'", words, text);
}

static struct kt_err *set_output(const struct kt_output **ret, const char *text)
{
	char names[KT_WORDS_LIST] = "";
	size_t at = 0;

	*ret = kt_output_find(text);
	if (*ret)
		return NULL;
	for (size_t i = 0; i < kt_nr_outputs && at < sizeof(names); i++)
		at += (size_t)snprintf(
			names + at, sizeof(names) - at, "%s%s", i ? ", " : "", kt_outputs[i]->name);
	return kt_err_new(KT_ERR_USAGE, "no output format '%.64s'; use one of %s", text, names);
}

struct kt_err *kt_option_set(const struct kt_option *option, void *base, const char *text)
{
	void *value = (char *)base + option->offset;

	switch (option->kind) {
	case KT_ARG_FLAG: *(bool *)value = true; return NULL;
	case KT_ARG_NUMBER: return set_number(option, value, text);
	case KT_ARG_SECONDS: return set_seconds(option, value, text);
	case KT_ARG_CHOICE: return set_choice(option, value, text);
	case KT_ARG_OUTPUT: return set_output(value, text);
	default: *(const char **)value = text; return NULL;
	}
}

int kt_words_find(const char *words, const char *word)
{
	struct kt_span rest = kt_span_str(words), one;

	for (int i = 0; kt_span_word(&rest, &one); i++) {
		if (kt_span_eq(one, word))
			return i;
	}
	return -1;
}

void kt_words_list(const char *words, char ret[KT_WORDS_LIST])
{
	struct kt_span rest = kt_span_str(words), word;
	size_t at = 0;

	*ret = '\0';
	while (kt_span_word(&rest, &word) && at + word.n + 3 < KT_WORDS_LIST)
		at += (size_t)snprintf(ret + at, KT_WORDS_LIST - at, "%s%.*s", at ? ", " : "",
			(int)word.n, word.p);
}
