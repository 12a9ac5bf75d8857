// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the server says of the past, from a recording of hostile files and times. Three bytes:
// the stretch and the step that a client asks for; the step says of what, too. Then texts
// between NUL bytes, the first byte of each saying what it is: '.' ends a sample, the next byte
// being the time since the one before; ':' the same with all eight bytes of a time, in hexadecimal;
// 'b' begins a block, '=' is the boot's id, '@' an event; any other byte says which file the text
// is from now on.

#include "fuzz_record.h"

#include "cmd/slab/slab.h"
#include "output/output.h"
#include "record/draft.h"
#include "record/frame.h"
#include "record/sampler.h"
#include "serve/past.h"

#include <ctype.h>
#include <sys/mman.h>
#include <unistd.h>

extern const struct kt_cmd kt_cmd_diagnose;

#define SAMPLES_MAX 12u
#define DEPTH_MAX   8
#define START_MS    1700000000000ll

static const char *const paths[] = { "proc/meminfo", "proc/vmstat", "proc/slabinfo",
	"proc/zoneinfo", "proc/vmallocinfo", "ktally/dmesg" };

struct script {
	struct kt_draft draft;
	struct kt_sampler *sampler;
	struct kt_buf file;
	int64_t time_ms, low_ms, high_ms;
	bool back; /* the clock was set back */
	unsigned samples;
};

/* ---- the recording ---- */

static void begin(struct script *script)
{
	kt_draft_init(&script->draft);
	script->sampler = kt_sampler_new();
	fuzz_must(script->sampler != NULL, "out of memory");
}

static void end_block(struct script *script)
{
	kt_draft_finish(&script->draft);
	if (script->draft.block.nr_samples)
		kt_err_free(kt_frame_write(&script->draft.block, script->samples, &script->file));
	kt_draft_fini(&script->draft);
	kt_sampler_free(script->sampler);
}

static void end_sample(struct script *script, int64_t time_ms)
{
	script->back |= script->samples && time_ms < script->time_ms;
	script->time_ms = time_ms;
	if (!script->samples || time_ms < script->low_ms)
		script->low_ms = time_ms;
	if (!script->samples || time_ms > script->high_ms)
		script->high_ms = time_ms;
	kt_draft_end_sample(&script->draft, time_ms, script->samples * 1000);
	script->samples++;
}

static void take(struct script *script, const char *text, size_t n)
{
	struct kt_span rest = { text + 1, n - 1 };
	uint64_t time;
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)(rest.n < 60 ? rest.n : 60), rest.p);
	switch (text[0]) {
	case '.':
		end_sample(script, (int64_t)((uint64_t)script->time_ms +
					     (rest.n ? (uint64_t)(int64_t)rest.p[0] : 1) * 1000));
		break;
	case ':':
		if (kt_span_hex(rest, &time) && kt_block_is_clock((int64_t)time))
			end_sample(script, (int64_t)time);
		break;
	case 'b':
		end_block(script);
		begin(script);
		break;
	case '=': kt_draft_fact(&script->draft, "boot_id", word); break;
	case '@': kt_draft_mark(&script->draft, "memreport", word); break;
	default:
		kt_sampler_text(script->sampler, &script->draft,
			paths[(unsigned char)text[0] % KT_LEN(paths)], rest);
	}
}

static void write_script(struct script *script, const uint8_t *data, size_t size)
{
	begin(script);
	while (size && script->samples < SAMPLES_MAX) {
		const uint8_t *end = memchr(data, '\0', size);
		size_t n = end ? (size_t)(end - data) : size;

		if (n)
			take(script, (const char *)data, n);
		n += end != NULL;
		data += n;
		size -= n;
	}
	end_block(script);
}

/* ---- the answer ---- */

static const char *skip_value(const char *p, int depth);

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\n')
		p++;
	return p;
}

static const char *skip_string(const char *p)
{
	fuzz_must(*p == '"', "no string where one has to be");
	for (p++; *p != '"'; p++) {
		fuzz_must((unsigned char)*p >= ' ', "a control character in a string");
		if (*p == '\\')
			p++;
	}
	return p + 1;
}

/* An array or an object; `p` is behind its first bracket. */
static const char *skip_items(const char *p, char end, int depth)
{
	fuzz_must(depth < DEPTH_MAX, "deeper than the answer is");
	p = skip_blanks(p);
	while (*p != end) {
		if (end == '}') {
			p = skip_blanks(skip_string(skip_blanks(p)));
			fuzz_must(*p == ':', "a name without a value");
			p++;
		}
		p = skip_blanks(skip_value(skip_blanks(p), depth + 1));
		fuzz_must(*p == ',' || *p == end, "no comma between two items");
		if (*p == ',')
			p = skip_blanks(p + 1);
	}
	return p + 1;
}

static const char *skip_value(const char *p, int depth)
{
	if (*p == '{' || *p == '[')
		return skip_items(p + 1, *p == '{' ? '}' : ']', depth);
	if (*p == '"')
		return skip_string(p);
	if (strncmp(p, "null", 4) == 0)
		return p + 4;
	if (strncmp(p, "true", 4) == 0)
		return p + 4;
	if (strncmp(p, "false", 5) == 0)
		return p + 5;
	p += *p == '-';
	fuzz_must(isdigit((unsigned char)*p), "no value where one has to be");
	return p + strspn(p, "0123456789.e+-");
}

/* Its times are in order and within the stretch, as many as are drawn. */
static void check_times(const char *text, int64_t from_ms, int64_t to_ms)
{
	const char *p = strstr(text, "\"times_ms\": [");
	int64_t last_ms = INT64_MIN;
	unsigned count = 0;

	fuzz_must(p != NULL, "no times");
	for (p += strlen("\"times_ms\": ["); *p != ']'; count++) {
		char *end;
		int64_t ms = strtoll(p, &end, 10);

		fuzz_must(ms >= last_ms && ms >= from_ms && ms <= to_ms, "a time is out of place");
		last_ms = ms;
		p = *end == ',' ? end + 1 : end;
	}
	fuzz_must(count <= SAMPLES_MAX, "more times than samples");
}

static void check(const struct kt_answer *answer, const struct kt_stretch *stretch)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	fuzz_must(answer != NULL, "no answer");
	kt_buf_add(&text, answer->data, answer->size);
	kt_buf_add(&text, "", 1);
	fuzz_must(!text.failed && strlen(text.data) == answer->size, "a NUL in an answer");
	fuzz_must(!*skip_blanks(skip_value(skip_blanks(text.data), 0)), "more than one value");
	if (answer->status == 200 && !stretch->judges)
		check_times(text.data, stretch->from_ms, stretch->to_ms);
}

/* The account, one slab cache, the list of slab caches, or what was wrong, by the step. */
static void choose(struct kt_stretch *stretch, uint8_t byte)
{
	static const struct kt_call call = { .show.output = &kt_output_json };

	if (byte % 8 == 7) {
		stretch->judges = true;
		stretch->cmd = &kt_cmd_diagnose;
		stretch->call = &call;
		stretch->to_ms = stretch->to_ms > 0 ? stretch->to_ms : 1;
		return;
	}
	if (byte % 4 < 2)
		return;
	stretch->cmd = &kt_cmd_slab;
	stretch->call = &call;
	snprintf(stretch->row, sizeof(stretch->row), "%s", byte % 4 == 2 ? "dentry" : "");
}

static int64_t near(const struct script *script, uint8_t byte)
{
	if (byte == 0xff)
		return INT64_MAX;
	if (byte == 0)
		return INT64_MIN;
	return (int64_t)((uint64_t)script->low_ms + (uint64_t)(byte - 16) * 500);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1; /* one file for all: creating it costs more than the rest */
	struct script script = { .time_ms = START_MS };
	struct kt_stretch stretch;
	struct kt_answer *answer;
	int64_t first_ms, last_ms;
	char path[64];

	if (size < 3)
		return 0;
	if (fd < 0)
		fd = memfd_create("past", MFD_CLOEXEC);
	write_script(&script, data + 3, size - 3);
	stretch = (struct kt_stretch){ .from_ms = near(&script, data[0]),
		.to_ms = near(&script, data[1]),
		.step_ms = data[2] * 100,
		.first_ms = INT64_MAX };
	choose(&stretch, data[2]);
	if (fd < 0 || ftruncate(fd, 0) < 0 ||
		pwrite(fd, script.file.data, script.file.size, 0) != (ssize_t)script.file.size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	answer = kt_serve_past_recorded(path, &stretch);
	check(answer, &stretch);
	kt_answer_unref(answer);
	if (kt_serve_past_extent(path, &first_ms, &last_ms) && !script.back)
		fuzz_must(first_ms == script.low_ms && last_ms == script.high_ms,
			"a recording has other ends than its samples");
	kt_buf_cleanup(&script.file);
	return 0;
}
