// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/place.h"

#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], part[80];
static int nr_folders_synced;

/* Stands for the C library's: which directories are waited for? */
int fsync(int fd)
{
	struct stat status;

	nr_folders_synced += fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
	return (int)syscall(SYS_fsync, fd);
}

static const char *path_of(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void make_folder(void)
{
	snprintf(folder, sizeof(folder), "/tmp/ktally-place-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	snprintf(part, sizeof(part), "%s/a.part", folder);
}

static void remove_folder(void)
{
	static const char *const names[] = { "a", "b", "a.part" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path_of(names[i]));
	CHECK(rmdir(folder) == 0);
}

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

/* Is the file refused, for a reason in which these words are? */
static bool refused(const char *path, const char *words)
{
	int fd;
	bool made;
	KT_CLEANUP(err) struct kt_err *err = kt_place_open(path, &fd, &made);

	if (!err) {
		close(fd);
		return false;
	}
	CHECK_INT(fd, -1);
	return kt_err_code(err) == KT_ERR_REFUSED && strstr(kt_err_text(err), words);
}

static bool is_there(const char *name)
{
	struct stat status;

	return lstat(path_of(name), &status) == 0;
}

TEST(a_file_that_others_can_write_to_is_refused)
{
	int fd;
	bool made = false;

	make_folder();
	CHECK(fine(kt_place_open(path_of("a"), &fd, &made)));
	CHECK(made);
	close(fd);
	CHECK(fine(kt_place_open(path_of("a"), &fd, &made)));
	CHECK(!made);
	close(fd);
	CHECK(chmod(path_of("a"), 0620) == 0 && refused(path_of("a"), "write to it"));
	CHECK(chmod(path_of("a"), 0602) == 0 && refused(path_of("a"), "write to it"));
	CHECK(chmod(path_of("a"), 0644) == 0 && !refused(path_of("a"), ""));
	CHECK(link(path_of("a"), path_of("b")) == 0 && refused(path_of("a"), "second hard link"));
	CHECK(unlink(path_of("b")) == 0);
	if (geteuid() == 0) {
		CHECK(chown(path_of("a"), 65534, 65534) == 0);
		CHECK(refused(path_of("a"), "owns it"));
	}
	unlink(path_of("a"));
	CHECK(symlink("b", path_of("a")) == 0 && refused(path_of("a"), "regular"));
	CHECK(!is_there("b"));
	unlink(path_of("a"));
	CHECK(mkfifo(path_of("a"), 0600) == 0 && refused(path_of("a"), "regular"));
	CHECK(refused(folder, "regular"));
	remove_folder();
}

TEST(a_file_that_was_renamed_is_not_in_its_place)
{
	int fd;
	bool made;

	make_folder();
	CHECK(fine(kt_place_open(path_of("a"), &fd, &made)));
	CHECK(kt_place_holds(path_of("a"), fd));
	CHECK(rename(path_of("a"), path_of("b")) == 0 && !kt_place_holds(path_of("a"), fd));
	CHECK(kt_place_holds(path_of("b"), fd));
	CHECK(unlink(path_of("b")) == 0 && !kt_place_holds(path_of("b"), fd));
	close(fd);
	remove_folder();
}

TEST(the_directory_of_a_name_is_synced)
{
	make_folder();
	nr_folders_synced = 0;
	CHECK(fine(kt_place_sync(path_of("a"))));
	CHECK_INT(nr_folders_synced, 1);
	CHECK(fine(kt_place_sync("in the current directory")));
	CHECK_INT(nr_folders_synced, 2);
	CHECK(!fine(kt_place_sync("/no such directory/a")));
	remove_folder();
}

TEST(a_file_without_a_name_gets_one_or_leaves_nothing)
{
	struct kt_unnamed file;
	bool exists;

	make_folder();
	CHECK(fine(kt_unnamed_make(part, &file)));
	CHECK(write(file.fd, "one", 3) == 3);
	kt_unnamed_close(&file);
	CHECK(!is_there("a") && !is_there("a.part"));
	for (int i = 0; i < 2; i++) {
		CHECK(fine(kt_unnamed_make(part, &file)));
		CHECK(write(file.fd, "one", 3) == 3);
		CHECK(!is_there("a") || i);
		/* the second time there is one, which is kept, and replaced when that is wanted */
		CHECK(fine(kt_unnamed_name(&file, part, path_of("a"), false, &exists)) == !i);
		CHECK_INT(exists, i);
		if (i)
			CHECK(fine(kt_unnamed_name(&file, part, path_of("a"), true, &exists)));
		kt_unnamed_close(&file);
		CHECK(is_there("a") && !is_there("a.part"));
	}
	remove_folder();
}

/* A child that is ended while it writes; `named`: on a file system without unnamed files. */
static void end_child(int number)
{
	struct kt_unnamed file;
	int status, fds[2];
	pid_t child;
	char byte;

	CHECK(pipe(fds) == 0);
	child = fork();
	if (child == 0) {
		kt_err_free(kt_unnamed_make(part, &file));
		if (file.fd < 0 || write(file.fd, "one", 3) != 3 || write(fds[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	CHECK(read(fds[0], &byte, 1) == 1);
	CHECK(kill(child, number) == 0 && waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == number);
	close(fds[0]);
	close(fds[1]);
	CHECK(!is_there("a") && !is_there("a.part"));
}

TEST(whatever_signal_ends_the_program_nothing_is_left)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ, SIGUSR1,
		SIGKILL };

	make_folder();
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		end_child(numbers[i]);
	kt_unnamed_forbid(true);
	for (size_t i = 0; i + 1 < sizeof(numbers) / sizeof(numbers[0]); i++)
		end_child(numbers[i]);
	kt_unnamed_forbid(false);
	remove_folder();
}

TEST(where_files_need_a_name_they_get_it_all_the_same)
{
	kt_unnamed_forbid(true);
	a_file_without_a_name_gets_one_or_leaves_nothing();
	kt_unnamed_forbid(false);
}
