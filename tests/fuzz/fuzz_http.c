// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bytes of a client, as they come from its socket, through libmicrohttpd. The first byte
// says how the server is set up, the second one where the client stops for a moment. The server
// answers in HTTP or ends the connection, gives no page without the token, and goes on.

#include "fuzz_record.h"

#include "commands.h"

#include "record/draft.h"
#include "record/frame.h"
#include "record/sampler.h"
#include "serve/http.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TOKEN	   "0123456789abcdef"
#define TURNS_MAX  64u /* and one more for each byte: that many requests there may be */
#define ANSWER_MAX (1u << 20)

int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct kt_site site;
static struct kt_http *http;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static char recording[64], machine[64];

/* ---- the server ---- */

static void put_file(const char *data, size_t size, char path[64])
{
	int fd = memfd_create("http", MFD_CLOEXEC);

	fuzz_must(fd >= 0 && pwrite(fd, data, size, 0) == (ssize_t)size, "no file in memory");
	snprintf(path, 64, "/proc/self/fd/%d", fd);
}

static void make_files(void)
{
	static const char meminfo[] = "MemTotal: 975360 kB\nMemFree: 500000 kB\nSlab: 100 kB\n";
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_draft draft;

	put_file(meminfo, sizeof(meminfo) - 1, machine);
	kt_draft_init(&draft);
	kt_sampler_text(sampler, &draft, "proc/meminfo", kt_span_str(meminfo));
	kt_draft_end_sample(&draft, 1700000000000, 1000);
	kt_draft_finish(&draft);
	fuzz_must(!kt_frame_write(&draft.block, 0, &bytes), "no recording");
	put_file(bytes.data, bytes.size, recording);
	kt_draft_fini(&draft);
	kt_sampler_free(sampler);
}

static int listen_here(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* a name that is in no directory */
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "ktally-fuzz-%d",
		(int)getpid());
	fuzz_must(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
			  listen(fd, 8) == 0,
		"no socket");
	return fd;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct kt_call call = { .machine.source = machine, .cmds = &kt_commands };
	struct kt_err *err = kt_microhttpd(&site.lib);

	(void)argc, (void)argv;
	if (err) {
		fprintf(stderr, "not run: %s\n", kt_err_text(err));
		exit(0);
	}
	make_files();
	fuzz_must(!kt_desk_new(&call, 1000000000, &site.desk), "no desk");
	snprintf(site.session, sizeof(site.session), "%064d", 7);
	fuzz_must(!kt_http_new(&site, listen_here(), &http), "no server");
	return 0;
}

/* ---- a client ---- */

static bool has(const uint8_t *data, size_t size, const char *word)
{
	return memmem(data, size, word, strlen(word)) != NULL;
}

/* Only what has the token, or writes it in another way, may be answered with a page. */
static void check(struct kt_buf *answer, const uint8_t *data, size_t size)
{
	int status = 0;

	if (!answer->size)
		return;
	kt_buf_add(answer, "", 1);
	fuzz_must(answer->size > 12 && memcmp(answer->data, "HTTP/1.", 7) == 0 &&
			  sscanf(answer->data + 8, " %3d ", &status) == 1 && status >= 100,
		"an answer that is none");
	if (site.token && !has(data, size, TOKEN) && !has(data, size, site.session) &&
		!has(data, size, "%"))
		fuzz_must(status >= 400, "answered without the token");
}

/* False where the server has ended the connection. */
static bool take_answer(int fd, struct kt_buf *answer)
{
	char part[4096];
	ssize_t n = recv(fd, part, sizeof(part), MSG_DONTWAIT);

	if (n > 0)
		kt_buf_add(answer, part, (size_t)n);
	fuzz_must(answer->size < ANSWER_MAX, "an answer without an end");
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void turn(int fd)
{
	bool ready;

	fuzz_must(!kt_http_wait(http, &fd, 1, &ready), "the server cannot wait");
}

static void send_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n <= 0)
			return; /* it has ended the connection, or would wait for more room */
		data += n;
		size -= (size_t)n;
	}
}

static void converse(int fd, const uint8_t *data, size_t size, size_t cut)
{
	KT_CLEANUP(buf) struct kt_buf answer = { 0 };
	size_t turns = 0, turns_max = TURNS_MAX + size;

	cut = cut < size ? cut : size;
	send_all(fd, data, cut);
	if (cut < size) {
		turn(fd);
		send_all(fd, data + cut, size - cut);
	}
	shutdown(fd, SHUT_WR);
	do
		turn(fd);
	while (take_answer(fd, &answer) && ++turns < turns_max);
	fuzz_must(turns < turns_max, "a connection without an end");
	check(&answer, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd;

	if (size < 2)
		return 0;
	kt_budget_init(&site.budget, 0);
	site.budget.left_ns = data[0] & 1 ? KT_BUDGET_ALL_NS : 0;
	site.budget.seen_ns = INT64_MAX / 2;
	site.any_host = data[0] & 2;
	site.token = data[0] & 4 ? TOKEN : NULL;
	site.recording = data[0] & 8 ? recording : NULL;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fuzz_must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0,
		"the server is gone");
	converse(fd, data + 2, size - 2, (size_t)data[1] * 4);
	close(fd);
	kt_http_expire(http);
	fuzz_must(kt_http_nr_live(http) == 0, "a client of the live stream is left");
	return 0;
}
