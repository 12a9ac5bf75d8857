// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record/record_marks.h"

#include "base/place.h"
#include "base/span.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 4096

static bool marks_path(const char *recording, char ret[PATH_ROOM])
{
	int n = snprintf(ret, PATH_ROOM, "%s" KT_MARKS_SUFFIX, recording);

	return n > 0 && n < PATH_ROOM;
}

static bool is_line(struct kt_span text)
{
	for (size_t i = 0; i < text.n; i++) {
		if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
			return false;
	}
	return text.n > 0 && text.n <= KT_MARK_BYTES_MAX;
}

/* A recorder holds an exclusive lock on its file. */
static struct kt_err *check_recorder(const char *recording)
{
	int fd = open(recording, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	bool is_free;

	if (fd < 0)
		return kt_err_os(errno, "%s", recording);
	is_free = flock(fd, LOCK_SH | LOCK_NB) == 0;
	close(fd);
	return is_free ? kt_err_new(KT_ERR_REFUSED,
				 "%s: no recorder writes to it, and a mark is put into its next "
				 "sample; start 'ktally record %s' first",
				 recording, recording)
		       : NULL;
}

struct kt_err *kt_record_mark(const char *recording, const char *text)
{
	char path[PATH_ROOM], line[KT_MARK_BYTES_MAX + 2];
	struct kt_err *err;
	bool made, good;
	off_t at = -1;
	int fd, n;

	if (!is_line(kt_span_str(text)))
		return kt_err_new(KT_ERR_USAGE,
			"--mark: a mark is one line of 1 to %u bytes without control characters",
			KT_MARK_BYTES_MAX);
	if (!marks_path(recording, path))
		return kt_err_new(KT_ERR_USAGE, "%s: the path is too long", recording);
	err = check_recorder(recording);
	if (!err)
		err = kt_place_open(path, &fd, &made);
	if (err)
		return err;
	n = snprintf(line, sizeof(line), "%s\n", text);
	good = flock(fd, LOCK_EX) == 0 && (at = lseek(fd, 0, SEEK_END)) >= 0;
	if (good && at + n > KT_MARKS_BYTES_MAX)
		err = kt_err_new(KT_ERR_REFUSED,
			"%s: full of marks that wait for the next sample; try again after it",
			path);
	else if (!good || write(fd, line, (size_t)n) != n)
		err = kt_err_os(errno, "%s", path);
	close(fd);
	return err;
}

void kt_record_marks_put(struct kt_draft *draft, struct kt_span text)
{
	struct kt_span line;
	char mark[KT_MARK_BYTES_MAX + 1];

	while (kt_span_line(&text, &line)) {
		if (!is_line(line))
			continue;
		memcpy(mark, line.p, line.n);
		mark[line.n] = '\0';
		kt_draft_mark(draft, KT_MARK_USER, mark);
	}
}

/* Most samples have none: then this is one call that finds no file. */
void kt_record_marks_take(const char *recording, bool fresh, struct kt_draft *draft)
{
	static char text[KT_MARKS_BYTES_MAX];
	char path[PATH_ROOM];
	struct kt_err *err;
	bool made = false;
	ssize_t n;
	int fd;

	if (!marks_path(recording, path) || access(path, F_OK) < 0)
		return;
	err = kt_place_open(path, &fd, &made);
	if (err) {
		kt_err_free(err);
		return;
	}
	/* while a mark is written, the next sample has it */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		n = read(fd, text, sizeof(text));
		if (n > 0 && !fresh)
			kt_record_marks_put(draft, (struct kt_span){ text, (size_t)n });
		/* a writer that waits has the file open, so it is emptied and stays */
		if (n > 0 && ftruncate(fd, 0) < 0 && errno != EINTR)
			unlink(path);
	}
	close(fd);
}
