// SPDX-License-Identifier: GPL-2.0-or-later
//
// Decides which commands and options a request may use: those whose descriptors allow it
// (cli/option.h). No value is ever a path; only the server's own option names a source.

#include "serve/query.h"

#include "base/buf.h"
#include "serve/guard.h"

#include <stdio.h>
#include <string.h>

bool kt_query_start(const char *command, const struct kt_call *base, struct kt_query *ret_query)
{
	const struct kt_cmd *cmd = kt_cmd_find(base->cmds, command);

	*ret_query = (struct kt_query){ .cmd = cmd, .call = *base, .plain = true };
	if (!cmd || !cmd->web)
		return false;
	/* the base has own arguments of one command */
	if (base->own_of != cmd)
		memset(&ret_query->call.own, 0, sizeof(ret_query->call.own));
	ret_query->call.own_of = cmd;
	ret_query->key_size = (size_t)snprintf(ret_query->key, KT_QUERY_KEY, "%s", command);
	return true;
}

/*
 * Copies a value, because a call points to the values. Request texts end with the answer, but the
 * query's values must last as long as the query.
 */
static const char *keep(struct kt_query *query, const char *value)
{
	size_t size = strlen(value) + 1;
	char *copy = query->values + query->values_size;

	if (size > KT_QUERY_VALUES - query->values_size)
		return NULL;
	memcpy(copy, value, size);
	query->values_size += size;
	return copy;
}

/*
 * Adds the option to the key in the order of the request: the same options in another order are
 * made twice, which costs time but is never wrong. An answer under a cut key would be wrong, so a
 * key that is too long is an error.
 */
static bool note(struct kt_query *query, const char *name, const char *value)
{
	int n = snprintf(query->key + query->key_size, KT_QUERY_KEY - query->key_size, "&%s=%s",
		name, value);

	query->plain = false;
	if (n < 0 || (size_t)n >= KT_QUERY_KEY - query->key_size)
		return false;
	query->key_size += (size_t)n;
	return true;
}

static const struct kt_option_group *const lists = &kt_option_groups[KT_GROUP_LISTS];

static void add_names(const struct kt_option *options, size_t count, struct kt_buf *names)
{
	for (size_t i = 0; i < count; i++) {
		if (options[i].web)
			kt_buf_printf(names, "%s%s", names->size ? " " : "", options[i].name);
	}
}

void kt_query_names(const struct kt_cmd *cmd, struct kt_buf *ret_names)
{
	if (cmd->web == KT_WEB_LISTS)
		add_names(kt_option_groups[KT_GROUP_LISTS].options, lists->count, ret_names);
	add_names(cmd->options, cmd->nr_options, ret_names);
	for (size_t i = 0; i < cmd->nr_operands; i++) {
		if (cmd->operands[i].web)
			kt_buf_printf(ret_names, "%s%s", ret_names->size ? " " : "",
				cmd->operands[i].web);
	}
}

static bool is_operand(const struct kt_cmd *cmd, const char *name)
{
	const char *web = cmd->nr_operands ? cmd->operands[0].web : NULL;

	return web && strcmp(web, name) == 0;
}

/*
 * Finds an option, and where its value goes in *ret_base; NULL: requests may not use it. An option
 * of the command hides an option of all lists with the same name, as on the command line. An option
 * that requests may not use looks like an unknown one.
 */
static const struct kt_option *find(struct kt_query *query, const char *name, void **ret_base)
{
	const struct kt_option *own = kt_cmd_option(query->cmd, name);

	*ret_base = &query->call.own;
	if (own)
		return own->web ? own : NULL;
	*ret_base = &query->call;
	for (size_t i = 0; query->cmd->web == KT_WEB_LISTS && i < lists->count; i++) {
		const struct kt_option *option = &lists->options[i];

		if (option->web && strcmp(option->name, name) == 0)
			return option;
	}
	return NULL;
}

static struct kt_err *refuse(const struct kt_cmd *cmd, const char *name)
{
	KT_CLEANUP(buf) struct kt_buf names = { 0 };

	kt_query_names(cmd, &names);
	if (!names.size)
		return kt_err_new(KT_ERR_USAGE, "%s does not take '%.32s'; it takes only 'at'",
			cmd->name, name);
	kt_buf_add(&names, "", 1);
	return kt_err_new(KT_ERR_USAGE, "%s does not take '%.32s'; it takes: %s", cmd->name, name,
		names.failed ? "" : names.data);
}

/*
 * The value is checked before it is parsed or becomes part of a key. A second operand is refused,
 * because the array for operands has a fixed size and the answer would not match the request.
 */
struct kt_err *kt_query_add(struct kt_query *query, const char *name, const char *value)
{
	bool operand = is_operand(query->cmd, name);
	const struct kt_option *option;
	const char *copy;
	void *base;

	option = find(query, name, &base);
	if (!operand && !option)
		return refuse(query->cmd, name);
	if (!kt_guard_value(kt_span_str(value)))
		return kt_err_new(
			KT_ERR_USAGE, "the value of %.32s is too long, or not text", name);
	copy = keep(query, value);
	if (!copy || !note(query, name, value))
		return kt_err_new(KT_ERR_USAGE, "too many values");
	if (operand && query->call.nr_operands)
		return kt_err_new(KT_ERR_USAGE, "%s is given twice", name);
	if (operand) {
		query->call.operands[query->call.nr_operands++] = copy;
		return NULL;
	}
	if (option->kind == KT_ARG_FLAG && strcmp(value, "1") != 0)
		return kt_err_new(KT_ERR_USAGE, "%s is a switch: use %s=1", name, name);
	return kt_option_set(option, base, copy);
}

/*
 * Values that cannot change while a machine runs are not taken over: the recording may be of
 * another boot.
 */
struct kt_err *kt_query_at(struct kt_query *query, const char *recording, int64_t at_ms)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)at_ms);
	if (query->past)
		return kt_err_new(KT_ERR_USAGE, "at is given twice");
	if (!note(query, "at", text))
		return kt_err_new(KT_ERR_USAGE, "too many values");
	query->past = true;
	query->call.machine.source = recording;
	query->call.machine.time_ms = at_ms;
	query->call.machine.still = NULL;
	return NULL;
}
