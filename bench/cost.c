// SPDX-License-Identifier: GPL-2.0-or-later
//
// Runs a command and prints what it cost: milliseconds of CPU (user and system) and KiB at the
// peak. A small program, because a child's peak is at least that of the one that forked it.
// usage: cost COMMAND [ARGUMENT...]

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	pid_t pid = argc > 1 ? fork() : -1;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || !WIFEXITED(status) ||
		WEXITSTATUS(status) != 0)
		return EXIT_FAILURE;
	printf("%.3f %ld\n",
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3,
		usage.ru_maxrss);
	return EXIT_SUCCESS;
}
