// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/boots.h"

#include "base/attr.h"
#include "base/kernel_files.h"

#include <string.h>

#define SLACK_MS   2000	  /* between the time of a sample and the reading of its uptime */
#define MINUTES_MS 120000 /* the same where the uptime has only minutes */
#define STEP_S	   60	  /* the clock that is set moves the time of the boot */

static struct kt_boots_clues no_clues(void)
{
	struct kt_boots_clues clues = { .uptime_ms.value = -1, .start_s.value = -1 };

	for (int i = 0; i < KT_BOOTS_COUNTERS; i++)
		clues.counters[i].value = -1;
	return clues;
}

void kt_boots_init(struct kt_boots *boots)
{
	*boots = (struct kt_boots){ .now = no_clues(), .last = no_clues() };
}

void kt_boots_begin(struct kt_boots *boots, int64_t ms)
{
	boots->now = no_clues();
	boots->ms = ms;
}

/* ---- clues ---- */

void kt_boots_since(struct kt_boots *boots, uint64_t sample)
{
	boots->again |= boots->sample && sample >= boots->first;
}

void kt_boots_id(struct kt_boots *boots, struct kt_span id)
{
	if (*boots->now.id || !id.n || id.n >= sizeof(boots->now.id))
		return;
	memcpy(boots->now.id, id.p, id.n);
	boots->now.id[id.n] = '\0';
}

static void set(const struct kt_boots *boots, struct kt_boots_clue *clue, int64_t value)
{
	if (clue->value < 0)
		*clue = (struct kt_boots_clue){ value, boots->ms, boots->sample };
}

void kt_boots_uptime(struct kt_boots *boots, int64_t uptime_ms)
{
	set(boots, &boots->now.uptime_ms, uptime_ms);
}

static void set_counter(struct kt_boots *boots, struct kt_span line, bool vmstat)
{
	static const struct {
		const char *name;
		bool vmstat; /* else of /proc/stat */
	} names[] = {
		[KT_BOOTS_FAULTS] = { "pgfault", true },
		[KT_BOOTS_MAJOR_FAULTS] = { "pgmajfault", true },
		[KT_BOOTS_FREED] = { "pgfree", true },
		[KT_BOOTS_READ] = { "pgpgin", true },
		[KT_BOOTS_WRITTEN] = { "pgpgout", true },
		[KT_BOOTS_SWITCHES] = { "ctxt", false },
		[KT_BOOTS_FORKS] = { "processes", false },
	};
	struct kt_span name, number;
	int64_t value;

	if (!kt_span_word(&line, &name) || !kt_span_word(&line, &number) || kt_span_trim(line).n ||
		!kt_span_i64(number, &value) || value < 0)
		return;
	if (!vmstat && kt_span_eq(name, "btime"))
		set(boots, &boots->now.start_s, value);
	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (names[i].vmstat == vmstat && kt_span_eq(name, names[i].name))
			set(boots, &boots->now.counters[i], value);
	}
}

static bool take_seconds(struct kt_span *rest, uint64_t *ret_seconds)
{
	struct kt_span word;
	uint64_t part;

	return kt_span_word(rest, &word) && kt_span_take_u64(&word, ret_seconds) &&
	       kt_span_skip(&word, ".") && word.n == 2 && kt_span_u64(word, &part);
}

/* Parses "12345.67 98765.43", the only line of /proc/uptime. */
static int64_t uptime_of_file(struct kt_span line)
{
	uint64_t seconds, idle;

	return take_seconds(&line, &seconds) && take_seconds(&line, &idle) &&
			       !kt_span_trim(line).n && seconds < 1ull << 32
		       ? (int64_t)seconds * 1000
		       : -1;
}

void kt_boots_file(struct kt_boots *boots, const char *path, struct kt_span text)
{
	struct kt_span line;

	if (strcmp(path, KT_FILE_BOOT_ID) == 0)
		kt_boots_id(boots, kt_span_trim(text));
	else if (strcmp(path, KT_FILE_UPTIME) == 0 && kt_span_line(&text, &line))
		kt_boots_uptime(boots, uptime_of_file(line));
	else if (strcmp(path, KT_FILE_VMSTAT) == 0) {
		while (kt_span_line(&text, &line))
			set_counter(boots, line, true);
	}
}

int64_t kt_boots_uptime_of(struct kt_span line)
{
	size_t at = kt_span_find(line, " up ");
	struct kt_span rest = kt_span_from(line, at + sizeof(" up ") - 1), part;
	uint64_t minutes = 0, value;
	bool known = false;

	/* the number of users or the load follows */
	if (at == line.n || !at || line.p[at - 1] < '0' || line.p[at - 1] > '9' ||
		kt_span_find(rest, "load average") == rest.n)
		return -1;
	for (int i = 0; i < 2 && kt_span_until(&rest, ',', &part); i++) {
		part = kt_span_trim(part);
		if (!kt_span_take_u64(&part, &value) || value > 1u << 20)
			break;
		if (kt_span_skip(&part, ":")) {
			minutes += value * 60;
			if (!kt_span_u64(part, &value))
				return -1;
		} else if (kt_span_starts(part, " day"))
			value *= 24ull * 60;
		else if (!kt_span_starts(part, " min"))
			break;
		minutes += value;
		known = true;
	}
	return known ? (int64_t)minutes * 60000 : -1;
}

void kt_boots_line(struct kt_boots *boots, struct kt_span line)
{
	line = kt_span_trim(line);
	if (!line.n)
		return;
	if (kt_span_starts(line, "btime ") || kt_span_starts(line, "ctxt ") ||
		kt_span_starts(line, "processes "))
		set_counter(boots, line, false);
	else if (line.p[0] >= '0' && line.p[0] <= '9') {
		int64_t uptime_ms = uptime_of_file(line);

		kt_boots_uptime(boots, uptime_ms < 0 ? kt_boots_uptime_of(line) : uptime_ms);
	}
}

/* ---- boots ---- */

/* Whether a clue was last seen after the last boot that is known. */
static bool counts(const struct kt_boots *boots, const struct kt_boots_clue *now,
	const struct kt_boots_clue *last)
{
	return now->value >= 0 && last->value >= 0 && last->sample >= boots->first;
}

/* An uptime that fell, or that is shorter than the time since the sample before. */
static bool is_less(int64_t last_ms, int64_t now_ms, int64_t between_ms, bool minutes)
{
	return now_ms + SLACK_MS < last_ms ||
	       now_ms + (minutes ? MINUTES_MS : SLACK_MS) < between_ms;
}

static bool uptime_fell(const struct kt_boots *boots)
{
	const struct kt_boots_clue *now = &boots->now.uptime_ms, *last = &boots->last.uptime_ms;

	return counts(boots, now, last) &&
	       is_less(last->value, now->value, now->ms - last->ms, now->value % 60000 == 0);
}

/* A clock that was set moves the time of the boot, and the times of the samples by as much. */
static bool start_moved(const struct kt_boots *boots)
{
	const struct kt_boots_clue *now = &boots->now.start_s, *last = &boots->last.start_s;

	return counts(boots, now, last) && now->value > last->value + STEP_S &&
	       is_less(last->ms - last->value * 1000, now->ms - now->value * 1000,
		       now->ms - last->ms, false);
}

/* Counters of 32 bits start again on their own, but not most of them at the same time. */
static bool counters_fell(const struct kt_boots *boots)
{
	int nr_fell = 0, nr_rose = 0;

	for (int i = 0; i < KT_BOOTS_COUNTERS; i++) {
		const struct kt_boots_clue *now = &boots->now.counters[i];
		const struct kt_boots_clue *last = &boots->last.counters[i];

		if (!counts(boots, now, last))
			continue;
		nr_fell += now->value < last->value;
		nr_rose += now->value > last->value;
	}
	return nr_fell > nr_rose;
}

static bool is_new(const struct kt_boots *boots)
{
	bool ids = *boots->now.id && *boots->last.id && boots->last.id_sample >= boots->first;

	if (!boots->sample)
		return true;
	if (ids)
		return strcmp(boots->now.id, boots->last.id) != 0;
	return boots->again || uptime_fell(boots) || start_moved(boots) || counters_fell(boots);
}

static void keep(struct kt_boots_clue *last, const struct kt_boots_clue *now)
{
	if (now->value >= 0)
		*last = *now;
}

bool kt_boots_end(struct kt_boots *boots)
{
	bool new = is_new(boots);

	if (new)
		boots->first = boots->sample;
	keep(&boots->last.uptime_ms, &boots->now.uptime_ms);
	keep(&boots->last.start_s, &boots->now.start_s);
	for (int i = 0; i < KT_BOOTS_COUNTERS; i++)
		keep(&boots->last.counters[i], &boots->now.counters[i]);
	if (*boots->now.id) {
		memcpy(boots->last.id, boots->now.id, sizeof(boots->last.id));
		boots->last.id_sample = boots->sample;
	}
	boots->again = false;
	boots->sample++;
	return new;
}
