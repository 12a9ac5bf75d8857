// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernels whose VMCOREINFO lacks the tables have them in this order, each at a multiple of 8
// (scripts/kallsyms.c, write_src(), from 4.20 to 5.19):
//
//	addresses, or offsets and base | number of symbols | names | markers | tokens | index
//
// A marker is the place of each 256th name. The index has the places of the tokens.

#include "dump/kallsyms_find.h"

#include "base/attr.h"
#include "dump/image_search.h"

#include <stdlib.h>
#include <string.h>

#define TOKENS_MAX  8192u      /* bytes of the table of tokens */
#define MARKERS_MAX 4096u      /* of 256 symbols */
#define LAST_MAX    (1u << 17) /* bytes of the names after the last marker */
#define WALKS_MAX   256u       /* walks over the last names */
#define TRIES_MAX   64u	       /* places that look like the table of tokens */

/* Digits are in names of all kernels, and so are tokens of their own. */
static const char digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
#define DIGITS_BYTES sizeof(digits)

struct finding {
	struct kt_kallsyms *kallsyms;
	uint64_t stext;
	unsigned nr_tries, nr_walks;
	struct kt_err *err; /* of the latest table that was not accepted; NULL */
	uint32_t *markers;  /* the words before the tokens */
	char *names;	    /* the bytes in which the last names end */
};

static uint64_t aligned(uint64_t at)
{
	return (at + 7) & ~7ull;
}

/* ---- tokens ---- */

/* Finds the index after the tokens, and checks it against them; `at`: of the token "0". */
static bool find_tokens(struct finding *finding, uint64_t at)
{
	struct kt_kallsyms *kallsyms = finding->kallsyms;
	uint16_t index[256];
	char bytes[TOKENS_MAX];
	uint32_t place = 0;

	if (!kt_target_read(kallsyms->target, at, bytes, sizeof(bytes)))
		return false;
	for (unsigned i = '0'; i < 256; i++) {
		const char *end = memchr(bytes + place, '\0', sizeof(bytes) - place);

		if (!end)
			return false;
		place = (uint32_t)(end - bytes) + 1;
	}
	kallsyms->token_index = aligned(at + place);
	if (!kt_target_read(kallsyms->target, kallsyms->token_index, index, sizeof(index)) ||
		index[0])
		return false;
	kallsyms->token_table = at - index['0'];
	for (unsigned i = 1; i < 256; i++) {
		uint32_t from = index[i] - index['0'];

		if (index[i] <= index[i - 1])
			return false;
		if (i > '0' && (from >= sizeof(bytes) || bytes[from - 1]))
			return false;
	}
	return true;
}

/* ---- names ---- */

/* Places grow from 0 on to the last one; returns how many there are. */
static uint32_t find_markers(struct finding *finding, uint64_t *ret_start)
{
	struct kt_kallsyms *kallsyms = finding->kallsyms;
	uint64_t end = kallsyms->token_table;
	uint32_t i = MARKERS_MAX, *words = finding->markers, last;

	/* the pages before may be unreadable, so fewer words are read then */
	for (uint32_t count = MARKERS_MAX; count; count /= 2) {
		if (kt_target_read(kallsyms->target, end - count * sizeof(*words),
			    words + MARKERS_MAX - count, count * sizeof(*words)))
			break;
		memset(words, 0, MARKERS_MAX * sizeof(*words));
	}
	if (!words[i - 1]) /* for the alignment of what follows */
		i--;
	last = i;
	while (i && words[i - 1] && (i == last || words[i - 1] < words[i]))
		i--;
	if (!i || words[i - 1] || i == last)
		return 0;
	i--;
	*ret_start = end - (MARKERS_MAX - i) * sizeof(*words);
	memmove(words, words + i, (last - i) * sizeof(*words));
	return last - i;
}

/* Skips names; false: they do not end in time. */
static bool skip_names(const char *bytes, size_t size, uint32_t count, size_t *at)
{
	for (; count; count--) {
		uint32_t length;

		if (*at >= size)
			return false;
		length = (unsigned char)bytes[(*at)++];
		if (length & 0x80) {
			if (*at >= size)
				return false;
			length = (length & 0x7f) | (uint32_t)(unsigned char)bytes[(*at)++] << 7;
		}
		if (!length || length > size - *at)
			return false;
		*at += length;
	}
	return true;
}

/*
 * Tries where the names may begin: so that the names after the last marker end where the markers
 * begin, and their number is before them.
 */
static bool find_names(struct finding *finding)
{
	struct kt_kallsyms *kallsyms = finding->kallsyms;
	uint32_t nr_markers, count;
	uint64_t markers, last;

	nr_markers = find_markers(finding, &markers);
	if (nr_markers < 2)
		return false;
	last = finding->markers[nr_markers - 1];
	for (uint64_t bytes = 8; bytes < LAST_MAX; bytes += 8) {
		uint64_t names = (markers - bytes - last) & ~7ull, number;
		size_t at = 0;

		if (!kt_target_number(kallsyms->target, names - 8, 8, &number) ||
			number <= (uint64_t)(nr_markers - 1) * 256 ||
			number > (uint64_t)nr_markers * 256)
			continue;
		if (finding->nr_walks++ >= WALKS_MAX)
			return false;
		count = (uint32_t)number - (nr_markers - 1) * 256;
		bytes = markers - last - names;
		if (!kt_target_read(kallsyms->target, names + last, finding->names, bytes) ||
			!skip_names(finding->names, bytes, count, &at) ||
			aligned(names + last + at) != markers)
			continue;
		kallsyms->names = names;
		kallsyms->num_syms = names - 8;
		kallsyms->count = (uint32_t)number;
		return true;
	}
	return false;
}

/* ---- addresses ---- */

/* Tries each place at which kernels have the addresses. */
static bool find_addresses(struct finding *finding)
{
	const struct kt_kallsyms found = *finding->kallsyms;
	uint64_t count = found.count, before = found.num_syms - 8;
	const struct {
		uint64_t addresses, offsets, base;
	} tries[] = {
		{ 0, before - aligned(count * 4), before },
		{ found.num_syms - count * 8, 0, 0 },
	};

	for (size_t i = 0; i < KT_LEN(tries); i++) {
		kt_kallsyms_cleanup(finding->kallsyms);
		*finding->kallsyms = found;
		finding->kallsyms->addresses = tries[i].addresses;
		finding->kallsyms->offsets = tries[i].offsets;
		finding->kallsyms->relative_base = tries[i].base;
		kt_err_free(finding->err);
		finding->err = kt_kallsyms_open(finding->kallsyms, finding->stext);
		if (!finding->err)
			return true;
	}
	kt_kallsyms_cleanup(finding->kallsyms);
	*finding->kallsyms = found;
	return false;
}

/* ---- the image ---- */

static bool try_at(struct finding *finding, uint64_t at)
{
	return find_tokens(finding, at) && find_names(finding) && find_addresses(finding);
}

static bool look(void *arg, uint64_t address, const char *bytes, size_t size)
{
	struct finding *finding = arg;

	for (size_t i = 0; size - i >= DIGITS_BYTES; i++) {
		const char *next = memmem(bytes + i, size - i, digits, DIGITS_BYTES);

		if (!next || finding->nr_tries >= TRIES_MAX)
			return false;
		i = (size_t)(next - bytes);
		finding->nr_tries++;
		if (try_at(finding, address + i))
			return true;
	}
	return false;
}

struct kt_err *kt_kallsyms_find(struct kt_kallsyms *kallsyms, uint64_t from, uint64_t stext)
{
	struct finding finding = { .kallsyms = kallsyms,
		.stext = stext,
		.markers = calloc(MARKERS_MAX, sizeof(*finding.markers)),
		.names = malloc(LAST_MAX + 8) };
	struct kt_err *err = NULL;
	bool found = false;

	if (!finding.markers || !finding.names)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	else
		err = kt_image_search(kallsyms->target, from, DIGITS_BYTES, look, &finding, &found);
	if (!err && !found) {
		err = finding.err ? finding.err
				  : kt_err_new(KT_ERR_PARSE,
					    "the kernel's symbols are not found in the dump "
					    "(CONFIG_KALLSYMS)");
		finding.err = NULL;
	}
	kt_err_free(finding.err);
	free(finding.markers);
	free(finding.names);
	return err;
}
