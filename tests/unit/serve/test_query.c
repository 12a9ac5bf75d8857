// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/slab/slab.h"
#include "commands.h"
#include "serve/query.h"

#include "test.h"

#include <string.h>

static const struct kt_call base = { .cmds = &kt_commands };

/* What strangers may run is looked at here as a whole, wherever a descriptor says it. */
TEST(requests_may_give_these_options_of_these_commands_and_no_others)
{
	static const struct {
		const char *command, *names;
	} wanted[] = {
		{ "account", "node" },
		{ "explain", "row" },
		{ "slab", "top sort filter families details cache" },
		{ "modules", "top sort filter" },
		{ "vmalloc", "top sort filter by node" },
		{ "stacks", "top sort filter by" },
		{ "pagetables", "top sort filter by" },
		{ "percpu", "top sort filter" },
		{ "cgroups", "top sort filter" },
		{ "dcache", "top sort filter" },
		{ "buddy", "top sort filter" },
		{ "hash", "top sort filter" },
		{ "boot", "top sort filter" },
		{ "users", "top sort filter what" },
		{ "diagnose", "" },
		{ "doctor", "" },
		{ "version", "" },
	};
	size_t nr_found = 0;

	for (size_t i = 0; i < kt_commands.count; i++) {
		const struct kt_cmd *cmd = kt_commands.items[i];
		KT_CLEANUP(buf) struct kt_buf names = { 0 };
		struct kt_query query;
		size_t k = 0;

		while (k < KT_LEN(wanted) && strcmp(wanted[k].command, cmd->name) != 0)
			k++;
		CHECK(kt_query_start(cmd->name, &base, &query) == (k < KT_LEN(wanted)));
		if (k == KT_LEN(wanted))
			continue;
		nr_found++;
		kt_query_names(cmd, &names);
		kt_buf_add(&names, "", 1);
		CHECK_STR(names.data, wanted[k].names);
	}
	CHECK_INT(nr_found, KT_LEN(wanted));
}

TEST(arguments_of_one_command_in_the_base_reach_no_other)
{
	static const char nothing[sizeof(base.own)];
	const struct kt_slab_args view = { .view = true };
	struct kt_call call = { .cmds = &kt_commands, .own_of = &kt_cmd_slab };
	struct kt_query query;

	memcpy(&call.own, &view, sizeof(view));
	CHECK(kt_query_start("slab", &call, &query));
	CHECK(((const struct kt_slab_args *)kt_call_own(&query.call))->view);
	CHECK(kt_query_start("account", &call, &query));
	CHECK(memcmp(&query.call.own, nothing, sizeof(nothing)) == 0);
}

static bool refuses(const char *command, const char *name, const char *value)
{
	struct kt_query query;
	struct kt_err *err;
	bool refused;

	CHECK(kt_query_start(command, &base, &query));
	err = kt_query_add(&query, name, value);
	refused = err && kt_err_code(err) == KT_ERR_USAGE;
	kt_err_free(err);
	return refused;
}

TEST(values_are_checked_as_on_the_command_line)
{
	CHECK(!refuses("slab", "top", "3"));
	CHECK(refuses("slab", "top", "0"));
	CHECK(!refuses("slab", "families", "1"));
	CHECK(refuses("slab", "families", "yes"));
	CHECK(!refuses("stacks", "by", "process"));
	CHECK(refuses("stacks", "by", "zone"));
	CHECK(refuses("account", "top", "3"));
	CHECK(refuses("account", "source", "/etc"));
	CHECK(refuses("pagetables", "shared", "1"));
	CHECK(refuses("slab", "output", "csv"));
	CHECK(refuses("slab", "expensive", "1"));
}

TEST(an_operand_is_given_by_name_and_once)
{
	KT_CLEANUP(err) struct kt_err *err = NULL;
	struct kt_query query;

	CHECK(kt_query_start("explain", &base, &query));
	CHECK(query.plain);
	CHECK(!kt_query_add(&query, "row", "slab"));
	CHECK_STR(query.call.operands[0], "slab");
	CHECK_STR(query.key, "explain&row=slab");
	err = kt_query_add(&query, "row", "percpu");
	CHECK(err != NULL);
}
