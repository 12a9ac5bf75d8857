// SPDX-License-Identifier: GPL-2.0-or-later
//
// The only code that creates a listening socket. It is apart from guard.c, which only looks at
// texts and can be fuzzed without a network.

#include "serve/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64 /* connections that wait to be accepted */

union any_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

static socklen_t fill(const struct kt_address *address, union any_address *to)
{
	memset(to, 0, sizeof(*to));
	if (address->kind == KT_ADDRESS_UNIX) {
		to->local.sun_family = AF_UNIX;
		memcpy(to->local.sun_path, address->text, sizeof(to->local.sun_path));
		return sizeof(to->local);
	}
	if (address->v6) {
		to->v6.sin6_family = AF_INET6;
		to->v6.sin6_port = htons(address->port);
		inet_pton(AF_INET6, address->text, &to->v6.sin6_addr);
		return sizeof(to->v6);
	}
	to->v4.sin_family = AF_INET;
	to->v4.sin_port = htons(address->port);
	inet_pton(AF_INET, address->text, &to->v4.sin_addr);
	return sizeof(to->v4);
}

/*
 * Asks the kernel for the address instead of trusting the request: port 0 becomes the chosen port,
 * and a passed socket may have any address. The last byte of `text` stays NUL: sun_path need not
 * end in one.
 */
static struct kt_err *look(int fd, struct kt_address *address)
{
	union any_address name = { 0 };
	socklen_t size = sizeof(name);

	if (getsockname(fd, &name.any, &size) != 0)
		return kt_err_os(errno, "the socket");
	*address = (struct kt_address){ .kind = KT_ADDRESS_TCP };
	switch (name.any.sa_family) {
	case AF_UNIX:
		address->kind = KT_ADDRESS_UNIX;
		memcpy(address->text, name.local.sun_path, sizeof(address->text) - 1);
		return NULL;
	case AF_INET:
		address->port = ntohs(name.v4.sin_port);
		inet_ntop(AF_INET, &name.v4.sin_addr, address->text, sizeof(address->text));
		return NULL;
	case AF_INET6:
		address->v6 = true;
		address->port = ntohs(name.v6.sin6_port);
		inet_ntop(AF_INET6, &name.v6.sin6_addr, address->text, sizeof(address->text));
		return NULL;
	default: return kt_err_new(KT_ERR_REFUSED, "a socket of an unsupported address family");
	}
}

/*
 * Removes the name that an earlier server left; keeps a socket on which a process listens. A
 * socket's file stays after a crash and would make each restart fail. Only a refused connection is
 * proof that it is dead; on any other error, such as a missing permission, the file stays.
 */
static bool remove_stale(const struct kt_address *address)
{
	union any_address name;
	socklen_t size = fill(address, &name);
	struct stat st;
	bool dead;
	int fd;

	if (lstat(address->text, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* ECONNREFUSED: the socket exists and no process listens on it */
	dead = fd >= 0 && connect(fd, &name.any, size) != 0 && errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	return dead && unlink(address->text) == 0;
}

/*
 * The umask is set around bind(), because chmod() afterwards would leave a time in which any user
 * may connect.
 */
struct kt_err *kt_socket_listen(const struct kt_address *address, struct kt_socket *ret_socket)
{
	union any_address name;
	socklen_t size = fill(address, &name);
	int on = 1, fd = socket(name.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool bound;
	mode_t mask;
	struct kt_err *err;

	*ret_socket = (struct kt_socket){ .fd = fd, .address = *address };
	if (fd < 0)
		return kt_err_os(errno, "a socket");
	/* a restart must not wait until old connections leave TIME_WAIT */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* only owner and group may connect to a UNIX socket */
	mask = umask(0117);
	bound = bind(fd, &name.any, size) == 0;
	if (!bound && errno == EADDRINUSE && address->kind == KT_ADDRESS_UNIX &&
		remove_stale(address))
		bound = bind(fd, &name.any, size) == 0;
	umask(mask);
	if (bound && listen(fd, BACKLOG) == 0)
		return look(fd, &ret_socket->address);
	err = kt_err_os(errno, "cannot listen on %s%s%s", address->text,
		address->kind == KT_ADDRESS_TCP ? ", port " : "",
		address->kind == KT_ADDRESS_TCP ? "in use or not permitted" : "");
	close(fd);
	ret_socket->fd = -1;
	return err;
}

struct kt_err *kt_socket_passed(int fd, struct kt_socket *ret_socket)
{
	*ret_socket = (struct kt_socket){ .fd = fd, .passed = true };
	/* the flags depend on the service manager; a blocking accept() would stop all clients */
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return look(fd, &ret_socket->address);
}

void kt_socket_remove(const struct kt_socket *socket)
{
	/* the name of a passed socket belongs to the service manager */
	if (socket->address.kind == KT_ADDRESS_UNIX && !socket->passed && socket->fd >= 0)
		unlink(socket->address.text);
}
