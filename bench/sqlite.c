// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a recording would cost in SQLite: the same compressed blocks as rows of one table,
// the steps since the last block as rows of another, a transaction every ten samples. See
// "Why not a database" in docs/RECORDING.md.
//
//   sqlite STREAM DATABASE [sync]

#include "stream.h"

#include "record/frame.h"
#include "record/sampler.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLUSH_SAMPLES 10
#define BLOCK_SAMPLES 3600
#define BLOCK_BYTES   (384u << 10)

struct base {
	sqlite3 *db;
	sqlite3_stmt *block, *tail, *empty;
};

static void must(struct base *base, int status)
{
	if (status == SQLITE_OK || status == SQLITE_DONE)
		return;
	fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(base->db));
	exit(EXIT_FAILURE);
}

static void run(struct base *base, const char *sql)
{
	must(base, sqlite3_exec(base->db, sql, NULL, NULL, NULL));
}

static void base_open(struct base *base, const char *path, bool sync)
{
	must(base, sqlite3_open(path, &base->db));
	run(base, "PRAGMA journal_mode=WAL");
	run(base, sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
	run(base, "CREATE TABLE block(sequence INTEGER PRIMARY KEY, data BLOB)");
	run(base, "CREATE TABLE tail(number INTEGER PRIMARY KEY, steps BLOB)");
	must(base, sqlite3_prepare_v2(
			   base->db, "INSERT INTO block VALUES(?, ?)", -1, &base->block, NULL));
	must(base, sqlite3_prepare_v2(
			   base->db, "INSERT INTO tail(steps) VALUES(?)", -1, &base->tail, NULL));
	must(base, sqlite3_prepare_v2(base->db, "DELETE FROM tail", -1, &base->empty, NULL));
}

static void put_tail(struct base *base, struct kt_buf *log)
{
	must(base, sqlite3_bind_blob(base->tail, 1, log->data, (int)log->size, SQLITE_STATIC));
	must(base, sqlite3_step(base->tail));
	must(base, sqlite3_reset(base->tail));
	log->size = 0;
}

static void put_block(struct base *base, struct kt_draft *draft, uint64_t sequence)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	struct kt_err *err;

	kt_draft_finish(draft);
	err = kt_frame_write(&draft->block, sequence, &bytes);
	if (err) {
		fprintf(stderr, "sqlite: %s\n", kt_err_text(err));
		exit(EXIT_FAILURE);
	}
	run(base, "BEGIN");
	must(base, sqlite3_bind_int64(base->block, 1, (int64_t)sequence));
	must(base, sqlite3_bind_blob(base->block, 2, bytes.data, (int)bytes.size, SQLITE_STATIC));
	must(base, sqlite3_step(base->block));
	must(base, sqlite3_reset(base->block));
	must(base, sqlite3_step(base->empty));
	must(base, sqlite3_reset(base->empty));
	run(base, "COMMIT");
}

static unsigned long long written(void)
{
	FILE *file = fopen("/proc/self/io", "re");
	unsigned long long bytes = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "wchar: %llu", &bytes);
	if (file)
		fclose(file);
	return bytes;
}

static void report(const char *path, uint64_t nr_samples, const char *when)
{
	struct rusage usage;
	struct stat status = { 0 };

	getrusage(RUSAGE_SELF, &usage);
	stat(path, &status);
	printf("%s: %llu samples, %lld bytes, %llu written, CPU %.1f s, RSS at most %ld KiB\n",
		when, (unsigned long long)nr_samples, (long long)status.st_size, written(),
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
		usage.ru_maxrss);
}

int main(int argc, char **argv)
{
	struct kt_sampler *sampler = kt_sampler_new();
	struct base base = { 0 };
	struct kt_draft draft;
	struct stream_item item;
	enum stream_event event;
	struct stream_in *in;
	uint64_t sequence = 0, nr_samples = 0;

	if (argc < 3 || access(argv[2], F_OK) == 0) {
		fprintf(stderr, "usage: sqlite STREAM NEW_DATABASE [sync]\n");
		return EXIT_FAILURE;
	}
	in = stream_open(argv[1]);
	base_open(&base, argv[2], argc > 3);
	kt_draft_init(&draft);
	while ((event = stream_next(in, &item)) != STREAM_END) {
		if (event == STREAM_FILE)
			kt_sampler_text(sampler, &draft, item.path,
				(struct kt_span){ item.text, item.size });
		if (event == STREAM_GONE)
			kt_sampler_gone(sampler, &draft, item.path);
		if (event != STREAM_SAMPLE)
			continue;
		kt_draft_end_sample(&draft, item.real_ms, item.boot_ms);
		if (++nr_samples % FLUSH_SAMPLES == 0)
			put_tail(&base, &draft.log);
		if (draft.block.nr_samples < BLOCK_SAMPLES && draft.nr_bytes < BLOCK_BYTES)
			continue;
		put_block(&base, &draft, sequence);
		sequence += draft.block.nr_samples;
		kt_draft_fini(&draft);
		kt_draft_init(&draft);
		kt_sampler_restart(sampler);
	}
	put_block(&base, &draft, sequence);
	run(&base, "PRAGMA wal_checkpoint(TRUNCATE)");
	report(argv[2], nr_samples, "in a database");
	run(&base, "VACUUM");
	run(&base, "PRAGMA wal_checkpoint(TRUNCATE)");
	report(argv[2], nr_samples, "packed");
	sqlite3_finalize(base.block);
	sqlite3_finalize(base.tail);
	sqlite3_finalize(base.empty);
	sqlite3_close(base.db);
	kt_draft_fini(&draft);
	kt_sampler_free(sampler);
	stream_free(in);
	return EXIT_SUCCESS;
}
