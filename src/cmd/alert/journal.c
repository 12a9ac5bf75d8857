// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/alert/journal.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_PATH "/run/systemd/journal/socket"
/* name the kinds of messages for 'journalctl MESSAGE_ID=...' */
#define FOUND_ID    "5d1b4c3f0e7a4c9d9a6d0c2b7f3e8a11"
#define RESOLVED_ID "5d1b4c3f0e7a4c9d9a6d0c2b7f3e8a12"

/* syslog(3): 2 critical, 4 warning, 6 informational */
static int priority_of(const struct kt_notice *notice)
{
	if (notice->event == KT_NOTICE_RESOLVED)
		return 6;
	return notice->finding->severity == KT_SEVERITY_CRITICAL ? 2 : 4;
}

void kt_journal_entry(const struct kt_notice *notice, struct kt_buf *ret_entry)
{
	struct kt_notice_field fields[KT_NOTICE_FIELDS];
	bool resolved = notice->event == KT_NOTICE_RESOLVED;

	kt_notice_fields(notice, fields);
	kt_buf_printf(ret_entry, "MESSAGE=%s: %s\n",
		resolved ? "resolved" : kt_severity_name(notice->finding->severity),
		fields[5].value);
	kt_buf_printf(ret_entry, "PRIORITY=%d\nSYSLOG_IDENTIFIER=ktally\nMESSAGE_ID=%s\n",
		priority_of(notice), resolved ? RESOLVED_ID : FOUND_ID);
	for (size_t i = 0; i < KT_NOTICE_FIELDS; i++) {
		if (*fields[i].value)
			kt_buf_printf(ret_entry, "KTALLY_%s=%s\n", fields[i].name, fields[i].value);
	}
}

bool kt_journal_send(const struct kt_buf *entry)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = SOCKET_PATH };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (!entry->failed && entry->size)
		n = sendto(fd, entry->data, entry->size, MSG_NOSIGNAL, (struct sockaddr *)&to,
			sizeof(to));
	close(fd);
	return n == (ssize_t)entry->size && n > 0;
}
