// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_SOCKET_H
#define KT_SERVE_SOCKET_H

#include "base/err.h"
#include "serve/guard.h"

/** A listening socket: created by ktally, or opened by the service manager. */
struct kt_socket {
	int fd;
	struct kt_address address; /* the real address: with the chosen port instead of 0 */
	bool passed;		   /* by the service manager */
};

struct kt_err *kt_socket_listen(
	const struct kt_address *address, struct kt_socket *ret_socket) KT_MUST_CHECK;
/** Takes socket `fd` of socket activation. */
struct kt_err *kt_socket_passed(int fd, struct kt_socket *ret_socket) KT_MUST_CHECK;
/** Removes the name of a UNIX socket that ktally created; does not close the descriptor. */
void kt_socket_remove(const struct kt_socket *socket);

#endif
