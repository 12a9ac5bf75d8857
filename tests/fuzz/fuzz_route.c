// SPDX-License-Identifier: GPL-2.0-or-later
//
// Requests to the server, behind libmicrohttpd: the data, split at NUL bytes, is the URL, three
// headers, then names and values of arguments. Every request has an answer, and without the
// token it is no page.

#include "fuzz_record.h"

#include "commands.h"
#include "serve/route.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 20
#define TOKEN	  "0123456789abcdef"

int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct {
	const char *words[WORDS_MAX];
	size_t count;
} request;

static const char *word(size_t index)
{
	return index < request.count ? request.words[index] : NULL;
}

static const char *lookup(
	struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *key)
{
	(void)connection, (void)kind;
	if (strcmp(key, "Host") == 0)
		return word(1);
	if (strcmp(key, "Authorization") == 0)
		return word(2);
	return strcmp(key, "Cookie") == 0 ? word(3) : NULL;
}

static int values(struct MHD_Connection *connection, enum MHD_ValueKind kind,
	MHD_KeyValueIteratorN take, void *cls)
{
	int count = 0;

	(void)connection;
	for (size_t i = 4; i + 1 < request.count; i += 2, count++) {
		if (take(cls, kind, word(i), strlen(word(i)), word(i + 1), strlen(word(i + 1))) !=
			MHD_YES)
			break;
	}
	return count;
}

static const union MHD_ConnectionInfo *info(
	struct MHD_Connection *connection, enum MHD_ConnectionInfoType type, ...)
{
	(void)connection, (void)type;
	return NULL;
}

static struct kt_microhttpd lib;
static struct kt_site site;
static char file[64];

static void remove_file(void)
{
	unlink(file);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char meminfo[] = "MemTotal: 975360 kB\nMemFree: 500000 kB\nSlab: 100 kB\n";
	struct kt_call call = { .machine.source = file, .cmds = &kt_commands };
	int fd;

	(void)argc, (void)argv;
	snprintf(file, sizeof(file), "/dev/shm/ktally-fuzz-XXXXXX");
	fd = mkstemp(file);
	fuzz_must(fd >= 0 && write(fd, meminfo, sizeof(meminfo) - 1) > 0, "no file in memory");
	close(fd);
	atexit(remove_file);
	lib.lookup_connection_value = lookup;
	lib.get_connection_values_n = values;
	lib.get_connection_info = info;
	site.lib = &lib;
	kt_err_free(kt_desk_new(&call, 1000000000, &site.desk));
	fuzz_must(site.desk != NULL, "no desk");
	snprintf(site.session, sizeof(site.session), "%064d", 7);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = { "GET", "HEAD", "POST" };
	char text[4096];
	struct kt_route route;
	unsigned how = size ? data[0] : 0;
	bool knows = false;

	if (!size || size >= sizeof(text))
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	request.count = 0;
	for (size_t at = 0; at < size && request.count < WORDS_MAX; at += strlen(text + at) + 1)
		request.words[request.count++] = text + at;
	/* most requests are for commands with little left in the budget, as under load */
	kt_budget_init(&site.budget, 0);
	site.budget.left_ns = how & 4 ? KT_BUDGET_ALL_NS : 0;
	site.budget.seen_ns = INT64_MAX / 2;
	site.any_host = how & 8;
	site.token = how & 16 ? TOKEN : NULL;
	route = kt_route_of(&site, NULL, methods[how % 3], word(0) ? word(0) : "/");
	for (size_t i = 0; i < request.count; i++)
		knows |= strstr(word(i), TOKEN) || strstr(word(i), site.session);
	if (site.token && !knows)
		fuzz_must(
			route.answer && route.answer->status >= 400, "answered without the token");
	fuzz_must(route.answer || route.kind != KT_ROUTE_ANSWER, "no answer");
	kt_answer_unref(route.answer);
	return 0;
}
