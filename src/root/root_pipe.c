// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads how many bytes a pipe of another process can hold. /proc does not have the number, and
// opening the pipe there would make this process its reader or writer. So the descriptor is
// duplicated (pidfd_getfd, 8649c322f75c) and closed at once.

#include "root/root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static struct kt_err *failed(const char *what)
{
	enum kt_err_code code = errno == EPERM || errno == EACCES ? KT_ERR_DENIED
				: errno == ENOSYS		  ? KT_ERR_DENIED
								  : KT_ERR_ABSENT;

	return kt_err_new(code, "%s: %s", what, strerror(errno));
}

struct kt_err *kt_root_pipe(
	struct kt_root *root, int pid, int fd, int64_t *ret_room_bytes, int64_t *ret_queued_bytes)
{
	struct kt_err *err = NULL;
	int process, copy = -1, room, queued = 0;

	if (kt_root_kind(root) != KT_ROOT_LIVE)
		return kt_err_new(
			KT_ERR_ABSENT, "the sizes of pipes are read only on the running machine");
	process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process < 0)
		return failed("pidfd_open");
	copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	if (copy < 0)
		err = failed("pidfd_getfd");
	if (!err) {
		room = fcntl(copy, F_GETPIPE_SZ);
		if (room < 0 || ioctl(copy, FIONREAD, &queued) < 0)
			err = failed("F_GETPIPE_SZ");
		*ret_room_bytes = room;
		*ret_queued_bytes = queued;
		close(copy);
	}
	close(process);
	return err;
}
