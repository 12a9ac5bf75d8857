// SPDX-License-Identifier: GPL-2.0-or-later
//
// Names of the host in the texts of an import: a recording has one machine.

#include "import/kind.h"

#include <string.h>

#define NAME_MAX_BYTES 253 /* of a name in the DNS */

static bool is_name(struct kt_span text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '.' || c == '_'))
			return false;
	}
	return text.n > 0 && text.n <= NAME_MAX_BYTES;
}

bool kt_import_same_host(const char *a, const char *b)
{
	size_t n = strcspn(a, "."), m = strcspn(b, ".");

	/* one of them may have its domain */
	return a[n] && b[m] ? strcmp(a, b) == 0 : n == m && memcmp(a, b, n) == 0;
}

/* "Linux host1 6.1.0-13-amd64 #1 SMP ..." of "uname -a" */
static bool of_uname(struct kt_span line, struct kt_span *ret_name)
{
	struct kt_span release;
	uint64_t number;

	return kt_span_skip(&line, "Linux ") && kt_span_word(&line, ret_name) &&
	       kt_span_word(&line, &release) && kt_span_take_u64(&release, &number) &&
	       kt_span_skip(&release, ".") && kt_span_starts(kt_span_trim(line), "#");
}

/* "root@host1:~# cat ..." and "[root@host1 ~]$ cat ..." */
static bool of_prompt(struct kt_span line, struct kt_span *ret_name)
{
	bool bracket = kt_span_skip(&line, "[");
	struct kt_span user, head;
	size_t hash = kt_span_find(line, bracket ? "]# " : "# ");
	size_t dollar = kt_span_find(line, bracket ? "]$ " : "$ ");

	head = (struct kt_span){ line.p, hash < dollar ? hash : dollar };
	return head.n < line.n && kt_span_until(&head, '@', &user) && is_name(user) &&
	       kt_span_until(&head, bracket ? ' ' : ':', ret_name);
}

bool kt_import_host_of(struct kt_span line, struct kt_span *ret_name)
{
	return (of_uname(line, ret_name) || of_prompt(line, ret_name)) && is_name(*ret_name);
}

struct kt_err *kt_import_host(
	struct kt_import *import, struct kt_import_input *input, uint64_t line, struct kt_span name)
{
	const struct kt_import_input *named = input->host ? input : import->named;
	const char *host;

	if (!is_name(name))
		return NULL;
	if (input->host && kt_span_eq(name, input->host))
		return NULL;
	host = kt_arena_name(&import->arena, name);
	if (named && !kt_import_same_host(named->host, host))
		return kt_err_new(KT_ERR_REFUSED,
			"%s: line %llu is of host %s, and %s is of host %s; a recording has one "
			"machine",
			input->path, (unsigned long long)line, host,
			named == input ? "a line before it" : named->path, named->host);
	if (!input->host)
		input->host = host;
	if (!import->named)
		import->named = input;
	return NULL;
}

/*
 * A word alone in the first line of each sample may be the output of hostname(1). It is noted when
 * it changes, except where each sample has another one.
 */
void kt_import_first_line(
	struct kt_import *import, struct kt_import_input *input, uint64_t line, struct kt_span text)
{
	text = kt_span_trim(text);
	if (!is_name(text) || text.p[0] < 'A' || input->word_noted)
		return;
	if (!input->word)
		input->word = kt_arena_name(&import->arena, text);
	if (!input->other_word && !kt_span_eq(text, input->word)) {
		input->other_word = kt_arena_name(&import->arena, text);
		input->other_line = line;
	}
	input->nr_words += kt_span_eq(text, input->word);
	if (!input->other_word || input->nr_words < 2)
		return;
	input->word_noted = true;
	kt_import_note(import,
		"%s: line %llu has '%s' where the first sample has '%s'; if these are hosts, "
		"import "
		"the samples of each host apart",
		input->path, (unsigned long long)input->other_line, input->other_word, input->word);
}
