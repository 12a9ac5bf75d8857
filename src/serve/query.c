// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which commands and options a request may name. No value is ever a path: what names a
// source is the server's own option alone.

#include "serve/api.h"
#include "serve/guard.h"

#include <stdio.h>
#include <string.h>

#define LIST "top sort filter"

static const struct kt_api apis[] = {
	{ "account", "node", NULL },
	{ "explain", "", "row" },
	{ "slab", LIST " families details", "cache" },
	{ "vmalloc", LIST " by node", NULL },
	{ "cgroups", LIST, NULL },
	{ "stacks", LIST " by", NULL },
	{ "pagetables", LIST " by", NULL },
	{ "percpu", LIST, NULL },
	{ "modules", LIST, NULL },
	{ "dcache", LIST, NULL },
	{ "buddy", LIST, NULL },
	{ "hash", LIST, NULL },
	{ "boot", LIST, NULL },
	{ "doctor", "", NULL },
	{ "version", "", NULL },
};

bool kt_query_start(const char *command, const struct kt_options *base, struct kt_query *ret_query)
{
	*ret_query = (struct kt_query){ .options = *base, .plain = true };
	for (size_t i = 0; i < KT_LEN(apis); i++) {
		if (strcmp(apis[i].command, command) == 0)
			ret_query->api = &apis[i];
	}
	if (!ret_query->api || !kt_cmd_find(command))
		return false;
	ret_query->key_size = (size_t)snprintf(ret_query->key, KT_QUERY_KEY, "%s", command);
	return true;
}

/* Copies, because options point to their values. */
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

static struct kt_err *set_option(struct kt_query *query, const char *name, const char *value)
{
	const struct kt_cmd *cmd = kt_cmd_find(query->api->command);
	struct kt_err *err = NULL;

	for (size_t i = 0; i < kt_nr_options; i++) {
		const struct kt_option *option = &kt_option_table[i];

		if (strcmp(option->name, name) != 0 || !kt_option_of(option, cmd))
			continue;
		if (!option->arg && strcmp(value, "1") != 0)
			return kt_err_new(KT_ERR_USAGE, "%s is switched on by %s=1", name, name);
		option->set(&query->options, value, &err);
		if (!err && query->options.by &&
			!(cmd->groups && kt_span_has_word(kt_span_str(cmd->groups), value)) &&
			strcmp(name, "by") == 0)
			return kt_err_new(KT_ERR_USAGE, "by takes one of: %s",
				cmd->groups ? cmd->groups : "");
		return err;
	}
	return kt_err_new(KT_ERR_USAGE, "%s does not take %s", cmd->name, name);
}

struct kt_err *kt_query_add(struct kt_query *query, const char *name, const char *value)
{
	const struct kt_api *api = query->api;
	bool operand = api->operand && strcmp(api->operand, name) == 0;
	const char *copy;

	if (!operand && !kt_span_has_word(kt_span_str(api->options), name))
		return kt_err_new(KT_ERR_USAGE, "%s does not take '%.32s'; it takes: %s%s%s",
			api->command, name, api->options, *api->options ? " " : "",
			api->operand ? api->operand : "");
	if (!kt_guard_value(kt_span_str(value)))
		return kt_err_new(KT_ERR_USAGE, "the value of %.32s is too long, or no text", name);
	copy = keep(query, value);
	if (!copy || !note(query, name, value))
		return kt_err_new(KT_ERR_USAGE, "too many values");
	if (!operand)
		return set_option(query, name, copy);
	if (query->options.nr_operands)
		return kt_err_new(KT_ERR_USAGE, "%s is given twice", name);
	query->options.operands[query->options.nr_operands++] = copy;
	return NULL;
}
