// SPDX-License-Identifier: GPL-2.0-or-later
//
// A record is a kind (F, G, S), two numbers of eight bytes, and what they count: of F the
// sizes of path and text, then both; of G the size of the path and 0; of S the two clocks.

#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define LEVEL	   3
#define WINDOW_LOG 22 /* the last sample is a few hundred kilobytes back at most */
#define SIZE_LIMIT (64u << 20)

struct stream_out {
	FILE *file;
	ZSTD_CCtx *context;
	char room[1 << 17];
};

struct stream_in {
	FILE *file;
	ZSTD_DCtx *context;
	char stored[1 << 17];
	ZSTD_inBuffer input;
	char *data;
	size_t room;
};

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

struct stream_out *stream_create(const char *path)
{
	struct stream_out *out = calloc(1, sizeof(*out));

	if (!out)
		fail("stream");
	out->file = fopen(path, "we");
	out->context = ZSTD_createCCtx();
	if (!out->file || !out->context)
		fail(path);
	ZSTD_CCtx_setParameter(out->context, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(out->context, ZSTD_c_windowLog, WINDOW_LOG);
	return out;
}

static void put(struct stream_out *out, const void *data, size_t size, ZSTD_EndDirective mode)
{
	ZSTD_inBuffer input = { data, size, 0 };
	size_t left;

	do {
		ZSTD_outBuffer output = { out->room, sizeof(out->room), 0 };

		left = ZSTD_compressStream2(out->context, &output, &input, mode);
		if (ZSTD_isError(left) || fwrite(out->room, 1, output.pos, out->file) != output.pos)
			fail("writing a stream");
	} while (mode == ZSTD_e_continue ? input.pos < input.size : left > 0);
}

static void put_record(struct stream_out *out, char kind, uint64_t first, uint64_t second)
{
	char head[17] = { kind };

	memcpy(head + 1, &first, 8);
	memcpy(head + 9, &second, 8);
	put(out, head, sizeof(head), ZSTD_e_continue);
}

void stream_put_file(struct stream_out *out, const char *path, const char *text, size_t size)
{
	put_record(out, 'F', strlen(path), size);
	put(out, path, strlen(path), ZSTD_e_continue);
	put(out, text, size, ZSTD_e_continue);
}

void stream_put_gone(struct stream_out *out, const char *path)
{
	put_record(out, 'G', strlen(path), 0);
	put(out, path, strlen(path), ZSTD_e_continue);
}

void stream_put_end(struct stream_out *out, int64_t real_ms, int64_t boot_ms)
{
	put_record(out, 'S', (uint64_t)real_ms, (uint64_t)boot_ms);
	put(out, NULL, 0, ZSTD_e_flush);
}

void stream_close(struct stream_out *out)
{
	put(out, NULL, 0, ZSTD_e_end);
	ZSTD_freeCCtx(out->context);
	if (fclose(out->file) != 0)
		fail("writing a stream");
	free(out);
}

struct stream_in *stream_open(const char *path)
{
	struct stream_in *in = calloc(1, sizeof(*in));

	if (!in)
		fail("stream");
	in->file = fopen(path, "re");
	in->context = ZSTD_createDCtx();
	if (!in->file || !in->context)
		fail(path);
	return in;
}

static bool take(struct stream_in *in, void *to, size_t size)
{
	ZSTD_outBuffer output = { to, size, 0 };

	while (output.pos < size) {
		size_t n;

		if (in->input.pos == in->input.size) {
			n = fread(in->stored, 1, sizeof(in->stored), in->file);
			if (!n)
				return false;
			in->input = (ZSTD_inBuffer){ in->stored, n, 0 };
		}
		if (ZSTD_isError(ZSTD_decompressStream(in->context, &output, &in->input)))
			return false;
	}
	return true;
}

enum stream_event stream_next(struct stream_in *in, struct stream_item *item)
{
	char head[17];
	uint64_t first, second;

	*item = (struct stream_item){ 0 };
	if (!take(in, head, sizeof(head)))
		return STREAM_END;
	memcpy(&first, head + 1, 8);
	memcpy(&second, head + 9, 8);
	if (head[0] == 'S') {
		item->real_ms = (int64_t)first;
		item->boot_ms = (int64_t)second;
		return STREAM_SAMPLE;
	}
	if (first > SIZE_LIMIT || second > SIZE_LIMIT)
		return STREAM_END;
	if (in->room < first + second + 2) {
		free(in->data);
		in->room = (first + second + 2) * 2;
		in->data = malloc(in->room);
		if (!in->data)
			fail("stream");
	}
	if (!take(in, in->data, first) || !take(in, in->data + first + 1, second))
		return STREAM_END;
	in->data[first] = '\0';
	in->data[first + 1 + second] = '\0';
	item->path = in->data;
	item->text = in->data + first + 1;
	item->size = second;
	return head[0] == 'G' ? STREAM_GONE : STREAM_FILE;
}

void stream_free(struct stream_in *in)
{
	ZSTD_freeDCtx(in->context);
	fclose(in->file);
	free(in->data);
	free(in);
}
