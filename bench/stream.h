// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BENCH_STREAM_H
#define KT_BENCH_STREAM_H

/**
 * Raw texts of a machine's files, sample after sample, in one compressed file: what a
 * recording is held against, and what benchmarks play back as often as they like. Nothing
 * of src/record is used for it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream_out;
struct stream_in;

/** All of these end the program with a message where something fails. */
struct stream_out *stream_create(const char *path);
void stream_put_file(struct stream_out *out, const char *path, const char *text, size_t size);
void stream_put_gone(struct stream_out *out, const char *path);
void stream_put_end(struct stream_out *out, int64_t real_ms, int64_t boot_ms);
void stream_close(struct stream_out *out);

enum stream_event { STREAM_FILE, STREAM_GONE, STREAM_SAMPLE, STREAM_END };

struct stream_item {
	const char *path; /* of a file; these live until the next item */
	const char *text;
	size_t size;
	int64_t real_ms, boot_ms; /* of a sample, behind its files */
};

struct stream_in *stream_open(const char *path);
/** A stream that was cut short ends where it was cut. */
enum stream_event stream_next(struct stream_in *in, struct stream_item *ret_item);
void stream_free(struct stream_in *in);

#endif
