// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>

const struct kt_cmd *kt_cmd_find(const struct kt_cmds *cmds, const char *name)
{
	for (size_t i = 0; i < cmds->count; i++) {
		const struct kt_cmd *cmd = cmds->items[i];

		if (strcmp(cmd->name, name) == 0 || (cmd->alias && strcmp(cmd->alias, name) == 0))
			return cmd;
	}
	return NULL;
}

size_t kt_cmds_group(const struct kt_cmds *cmds, size_t cmd)
{
	size_t group = 0;

	while (group + 1 < cmds->nr_groups && cmds->groups[group + 1].first <= cmd)
		group++;
	return group;
}

/*
 * In builds for development: a report that differs is a bug. Reports for people may lack what
 * text shows in another way.
 */
static struct kt_err *check_shape(const struct kt_call *call, const struct kt_report *report)
{
#ifdef KTALLY_CHECKED
	bool people = call->show.output && call->show.output->for_people;

	return report->streamed || people ? NULL : kt_shape_check(report);
#else
	(void)call;
	(void)report;
	return NULL;
#endif
}

struct kt_err *kt_cmd_run(
	const struct kt_cmd *cmd, const struct kt_call *call, struct kt_report *report)
{
	struct kt_call own = *call;
	struct kt_err *err;

	if (call->own_of != cmd)
		memset(&own.own, 0, sizeof(own.own));
	err = cmd->run(&own, report);
	if (!err && !report->arena.failed)
		err = check_shape(call, report);
	if (!report->arena.failed)
		return err; /* cppcheck-suppress returnDanglingLifetime */
	kt_err_free(err);   /* its text may be incomplete too */
	return kt_err_new(KT_ERR_NOMEM, "out of memory");
}

const struct kt_option *kt_cmd_option(const struct kt_cmd *cmd, const char *name)
{
	for (size_t i = 0; i < cmd->nr_options; i++) {
		if (strcmp(cmd->options[i].name, name) == 0)
			return &cmd->options[i];
	}
	return NULL;
}

bool kt_cmd_uses(const struct kt_cmd *cmd, enum kt_option_groups group)
{
	switch (group) {
	case KT_GROUP_MACHINE: return !cmd->alone;
	case KT_GROUP_LISTS: return cmd->lists || cmd->web == KT_WEB_LISTS;
	case KT_GROUP_TIME: return cmd->repeats || cmd->paced;
	default: return true;
	}
}

int kt_cmd_operands_max(const struct kt_cmd *cmd)
{
	if (cmd->nr_operands && cmd->operands[cmd->nr_operands - 1].many)
		return KT_OPERANDS_MAX;
	return (int)cmd->nr_operands;
}

const struct kt_operand *kt_cmd_operand(const struct kt_cmd *cmd, int index)
{
	if (index >= kt_cmd_operands_max(cmd))
		return NULL;
	return &cmd->operands[(size_t)index < cmd->nr_operands ? (size_t)index
							       : cmd->nr_operands - 1];
}

const char *kt_cmd_usage(const struct kt_cmd *cmd, char ret[KT_USAGE])
{
	size_t n = 0;

	*ret = '\0';
	for (size_t i = 0; i < cmd->nr_operands && n < KT_USAGE; i++) {
		const struct kt_operand *operand = &cmd->operands[i];

		n += (size_t)snprintf(ret + n, KT_USAGE - n, "%s%s%s%s%s", i ? " " : "",
			operand->optional ? "[" : "", operand->name, operand->many ? "..." : "",
			operand->optional ? "]" : "");
	}
	return ret;
}
