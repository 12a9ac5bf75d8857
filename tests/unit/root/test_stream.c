// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/root_ops.h"
#include "root/stream.h"

#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT_SIZE (3u << 20)

static struct kt_err *make_fd(const char *text, size_t n, struct kt_stream **ret_stream)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, text, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0);
	return kt_stream_of_fd(fd, KT_STREAM_BYTES, "some/file", ret_stream);
}

static struct kt_err *make_span(const char *text, size_t n, struct kt_stream **ret_stream)
{
	return kt_stream_of_span((struct kt_span){ text, n }, "some/file", ret_stream);
}

static struct kt_err *(*const makers[])(
	const char *text, size_t n, struct kt_stream **ret_stream) = { make_fd, make_span };

/* All pieces are the text; each but the last ends with a line. Gives the number of pieces. */
static size_t check_pieces(struct kt_stream *stream, const char *text, size_t n, bool long_lines)
{
	size_t done = 0, nr_pieces = 0;
	struct kt_span piece;

	while (kt_stream_next(stream, &piece)) {
		nr_pieces++;
		if (!CHECK(piece.n && piece.n <= KT_STREAM_PIECE && piece.n <= n - done) ||
			!CHECK(memcmp(piece.p, text + done, piece.n) == 0))
			break;
		CHECK_INT(kt_stream_offset(stream), done);
		done += piece.n;
		CHECK(long_lines || done == n || piece.p[piece.n - 1] == '\n');
	}
	CHECK_INT(done, n);
	CHECK_INT(kt_stream_offset(stream), n);
	CHECK(!kt_stream_next(stream, &piece) && !kt_stream_err(stream));
	return nr_pieces;
}

TEST(pieces_are_whole_lines_and_the_whole_text)
{
	char *text = malloc(TEXT_SIZE);

	srand(7);
	for (size_t i = 0; i < TEXT_SIZE; i++)
		text[i] = rand() % 80 ? 'x' : '\n';
	for (size_t k = 0; k < 2; k++) {
		struct kt_stream *stream = NULL;

		CHECK(!makers[k](text, TEXT_SIZE, &stream));
		CHECK_INT(check_pieces(stream, text, TEXT_SIZE, false), 13);
		kt_stream_free(stream);
	}
	free(text);
}

TEST(short_texts_with_and_without_a_last_newline)
{
	static const char *const texts[] = { "", "a", "a\n", "a\nb", "\n\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (size_t k = 0; k < 2; k++) {
			struct kt_stream *stream = NULL;

			CHECK(!makers[k](texts[i], strlen(texts[i]), &stream));
			CHECK_INT(check_pieces(stream, texts[i], strlen(texts[i]), false),
				*texts[i] ? 1 : 0);
			kt_stream_free(stream);
		}
	}
}

/* A line as long as the limit is whole; a longer one comes in parts, and nothing is lost. */
TEST(long_lines)
{
	static const size_t lengths[] = { KT_STREAM_LINE_MAX, KT_STREAM_LINE_MAX + 2,
		KT_STREAM_PIECE, TEXT_SIZE - 200000 };
	char *text = malloc(TEXT_SIZE);

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(text, 'x', TEXT_SIZE);
		for (size_t at = 100; at < 150000; at += 100)
			text[at] = '\n';
		text[149000 + lengths[i]] = '\n';
		for (size_t k = 0; k < 2; k++) {
			struct kt_stream *stream = NULL;

			CHECK(!makers[k](text, 150000 + lengths[i], &stream));
			check_pieces(stream, text, 150000 + lengths[i], i > 0);
			kt_stream_free(stream);
		}
	}
	free(text);
}

static void note_size(
	void *arg, const char *path, const struct kt_text *text, const struct kt_err *err)
{
	(void)path;
	*(int64_t *)arg = err ? -1 : (int64_t)text->size;
}

TEST(a_root_streams_its_files_from_an_offset)
{
	struct kt_root *root = NULL;
	struct kt_stream *stream = NULL;
	struct kt_span piece = { 0 };
	struct kt_err *err;
	int64_t watched = 0;

	CHECK(!kt_root_memory_new(KT_ROOT_SINGLE, &root));
	CHECK(!kt_root_memory_add(root, "a", strdup("one\ntwo\n"), 8));
	CHECK(!kt_root_stream(root, "a", 4, &stream) && kt_stream_next(stream, &piece));
	CHECK(piece.n == 4 && memcmp(piece.p, "two\n", 4) == 0);
	CHECK_INT(kt_stream_offset(stream), 4);
	kt_stream_free(stream);
	/* behind the end there is nothing */
	CHECK(!kt_root_stream(root, "a", 9, &stream) && !kt_stream_next(stream, &piece));
	kt_stream_free(stream);
	err = kt_root_stream(root, "b", 0, &stream);
	CHECK_INT(kt_err_code(err), KT_ERR_ABSENT);
	CHECK(!stream);
	kt_err_free(err);
	/* what looks on is handed all of it */
	kt_root_set_watch(root, note_size, &watched);
	CHECK(!kt_root_stream(root, "a", 4, &stream) && kt_stream_next(stream, &piece));
	CHECK(piece.n == 4 && watched == 8);
	kt_stream_free(stream);
	kt_root_free(root);
}

/* A directory can be opened and not read: the stream ends, and says why. */
TEST(a_failed_read_is_no_end)
{
	struct kt_stream *stream = NULL;
	struct kt_span piece;
	struct kt_err *err;
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(!kt_stream_of_fd(fd, KT_STREAM_BYTES, "some/file", &stream));
	CHECK(!kt_stream_next(stream, &piece));
	err = kt_stream_err(stream);
	CHECK(err && strstr(kt_err_text(err), "some/file: Is a directory"));
	kt_err_free(err);
	kt_stream_free(stream);
}
