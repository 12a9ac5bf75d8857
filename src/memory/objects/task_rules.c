// SPDX-License-Identifier: GPL-2.0-or-later
//
// Tasks by name, credentials by user.

#include "memory/objects/object_rules.h"

#include "base/attr.h"

#include <stddef.h>

#define AT(member)  offsetof(struct kt_object_layout, member)
#define COMM_BYTES  17u
#define NANOSECONDS 1000000000u
#define PF_KTHREAD  0x00200000u /* include/linux/sched.h */

/* ---- tasks ---- */

static bool describe_task(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_buf *line)
{
	const struct kt_object_layout *layout = &describing->layout;
	char comm[COMM_BYTES] = { 0 };
	const char *name = comm;
	bool kernel = kt_object_get(describing, &layout->task_flags, object, 0) & PF_KTHREAD;

	(void)address;
	if (layout->comm.offset + COMM_BYTES - 1 > describing->bytes)
		return false;
	memcpy(comm, object + layout->comm.offset, COMM_BYTES - 1);
	if (!comm[0])
		return false;
	for (size_t i = 0; comm[i]; i++) {
		if ((unsigned char)comm[i] < ' ')
			comm[i] = '?';
	}
	/* threads of the kernel have the number of a CPU in their names */
	if (kernel)
		name = kt_thread_family(&describing->arena, comm);
	kt_buf_printf(line, "%s%s%s", name, kernel ? " (kernel thread)" : "",
		kt_object_get(describing, &layout->exit_state, object, 0) ? ", exited" : "");
	return true;
}

/* In nanoseconds of the clock that /proc/uptime has. */
static bool age_of_task(
	struct kt_describing *describing, uint64_t address, const char *object, int64_t *ret_age_s)
{
	const struct kt_object_layout *layout = &describing->layout;
	const struct kt_field *start =
		layout->task_start.exists ? &layout->task_start : &layout->task_old_start;
	int64_t uptime_s = describing->snap->host.uptime_s;

	(void)address;
	if (!start->exists || !kt_known(uptime_s))
		return false;
	*ret_age_s =
		uptime_s - (int64_t)(kt_object_get(describing, start, object, 0) / NANOSECONDS);
	return true;
}

static const struct kt_field_want task_wants[] = {
	{ "task_struct", "comm", AT(comm), true },
	{ "task_struct", "flags", AT(task_flags), true },
	{ "task_struct", "exit_state", AT(exit_state), true },
	/* cf25e24db61c gave it another name */
	{ "task_struct", "start_boottime", AT(task_start), false },
	{ "task_struct", "real_start_time", AT(task_old_start), false },
};

const struct kt_object_rule kt_rule_task = {
	.caches = (const char *const[]){ "task_struct", NULL },
	.wants = task_wants,
	.nr_wants = KT_LEN(task_wants),
	.describe = describe_task,
	.age = age_of_task,
};

/* ---- credentials ---- */

/* Both the credentials and their user have the number. */
static bool describe_cred(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_buf *line)
{
	const struct kt_object_layout *layout = &describing->layout;
	uint64_t uid = kt_object_get(describing, &layout->cred_uid, object, 0), of_user;

	(void)address;
	if (!kt_object_read(describing, kt_object_get(describing, &layout->cred_user, object, 0),
		    &layout->user_uid, &of_user) ||
		of_user != uid)
		return false;
	kt_buf_printf(line, "uid %llu", (unsigned long long)uid);
	return true;
}

static const struct kt_field_want cred_wants[] = {
	{ "cred", "uid.val", AT(cred_uid), true },
	{ "cred", "user", AT(cred_user), true },
	{ "user_struct", "uid.val", AT(user_uid), true },
};

const struct kt_object_rule kt_rule_cred = {
	.caches = (const char *const[]){ "cred", "cred_jar", NULL },
	.wants = cred_wants,
	.nr_wants = KT_LEN(cred_wants),
	.describe = describe_cred,
};
