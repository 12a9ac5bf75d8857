// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_SOCKET_H
#define KT_SERVE_SOCKET_H

#include "base/err.h"
#include "serve/guard.h"

/** A listening socket: one of our own, or one that the service manager has opened. */
struct kt_socket {
	int fd;
	struct kt_address address; /* as it is: port 0 has become a real one */
	bool passed;		   /* by the service manager */
};

struct kt_err *kt_socket_listen(
	const struct kt_address *address, struct kt_socket *ret_socket) KT_MUST_CHECK;
/** `fd` of socket activation. */
struct kt_err *kt_socket_passed(int fd, struct kt_socket *ret_socket) KT_MUST_CHECK;
/** Takes the name of a UNIX socket of our own away; the descriptor is not closed. */
void kt_socket_remove(const struct kt_socket *socket);

#endif
