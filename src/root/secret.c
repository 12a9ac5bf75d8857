// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/secret.h"

#include "base/open.h"
#include "root/root_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 4096u /* bytes of a file with a secret */

struct kt_err *kt_secret_read(const char *path, struct kt_text *ret_text)
{
	int fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE, O_RDONLY);
	struct kt_err *err = NULL;
	struct stat st;

	if (fd < 0 && (errno == KT_OPEN_OTHER || errno == EISDIR))
		return kt_err_new(KT_ERR_REFUSED, "%s: not a regular file", path);
	if (fd < 0)
		return kt_err_os(errno, "%s", path);
	if (fstat(fd, &st) != 0)
		err = kt_err_os(errno, "%s", path);
	else if (st.st_mode & (S_IRWXG | S_IRWXO))
		err = kt_err_new(KT_ERR_REFUSED,
			"%s: other users may read or change this secret; chmod 600 it", path);
	if (!err)
		err = kt_root_slurp(fd, path, SECRET_MAX, true, ret_text);
	close(fd);
	return err;
}
