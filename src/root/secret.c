// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/secret.h"

#include "root/root_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 4096u

struct kt_err *kt_secret_read(const char *path, struct kt_text *ret_text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct kt_err *err = NULL;
	struct stat st;

	if (fd < 0)
		return kt_err_os(errno, "%s", path);
	if (fstat(fd, &st) != 0)
		err = kt_err_os(errno, "%s", path);
	else if (!S_ISREG(st.st_mode))
		err = kt_err_new(KT_ERR_REFUSED, "%s: no regular file", path);
	else if (st.st_mode & (S_IRWXG | S_IRWXO))
		err = kt_err_new(KT_ERR_REFUSED,
			"%s: others may read or change this secret; chmod 600 it", path);
	if (!err)
		err = kt_root_slurp(fd, path, SECRET_MAX, true, ret_text);
	close(fd);
	return err;
}
