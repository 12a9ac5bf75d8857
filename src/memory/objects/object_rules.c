// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/objects/object_rules.h"

#include "base/attr.h"

/* The first that fits. */
static const struct kt_object_rule *const rules[] = {
	&kt_rule_dentry,
	&kt_rule_file,
	&kt_rule_socket_inode,
	&kt_rule_socket,
	&kt_rule_small_socket,
	&kt_rule_packet,
	&kt_rule_packet_pair,
	&kt_rule_packet_head,
	&kt_rule_task,
	&kt_rule_cred,
	&kt_rule_kernfs,
	&kt_rule_inode,
};

/* "*part*" is anywhere in the name; other patterns are the name. */
static bool fits(const char *pattern, const char *name)
{
	struct kt_span part = kt_span_str(pattern);

	if (!kt_span_skip(&part, "*"))
		return strcmp(pattern, name) == 0;
	for (; *name; name++) {
		if (strncmp(name, part.p, part.n - 1) == 0)
			return true;
	}
	return false;
}

static bool is_of(const struct kt_object_rule *rule, const char *name)
{
	for (const char *const *pattern = rule->caches; *pattern; pattern++) {
		if (fits(*pattern, name))
			return true;
	}
	return false;
}

const struct kt_object_rule *kt_object_rule_of(const char *const *names)
{
	for (; *names; names++) {
		for (size_t i = 0; i < KT_LEN(rules); i++) {
			if (is_of(rules[i], *names))
				return rules[i];
		}
	}
	return NULL;
}

struct kt_err *kt_describing_begin(
	struct kt_describing *describing, const struct kt_object_rule *rule)
{
	const struct kt_types *types = &describing->target->types;
	struct kt_err *err = kt_file_structs_find(types, &describing->files);

	if (err)
		return err;
	return kt_types_fields(types, rule->wants, rule->nr_wants, &describing->layout);
}

bool kt_describing_failed(const struct kt_describing *describing)
{
	return describing->arena.failed || describing->supers.numbers.failed ||
	       describing->protocols.numbers.failed || describing->namespaces.numbers.failed ||
	       describing->devices.numbers.failed || describing->operations.numbers.failed ||
	       describing->dirs.failed || describing->pointed.failed ||
	       describing->line_numbers.failed;
}

void kt_describing_end(struct kt_describing *describing)
{
	kt_map_fini(&describing->supers.numbers);
	kt_map_fini(&describing->protocols.numbers);
	kt_map_fini(&describing->namespaces.numbers);
	kt_map_fini(&describing->devices.numbers);
	kt_map_fini(&describing->operations.numbers);
	kt_map_fini(&describing->dirs);
	kt_map_fini(&describing->pointed);
	kt_map_fini(&describing->line_numbers);
	kt_arena_fini(&describing->arena);
}
