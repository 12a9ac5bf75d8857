// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/needs.h"

#include "base/arena.h"
#include "record/tail.h"
#include "remote/ssh.h"
#include "root/kept.h"
#include "root/root.h"
#include "source/source.h"

#include <limits.h>
#include <string.h>

/* Files that a command reads, and whether another user may have written them. */
struct inputs {
	struct kt_confine_needs needs;
	struct kt_arena arena; /* of the paths */
	bool strangers, cheap;
	struct kt_err *err; /* the first library that cannot be opened */
};

static void keep(struct inputs *inputs, struct kt_err *err)
{
	if (inputs->err)
		kt_err_free(err);
	else
		inputs->err = err;
}

/* A file with the tail of a recording, which may be next to it. */
static void allow_file(struct inputs *inputs, const char *path)
{
	kt_confine_read(&inputs->needs, path);
	kt_confine_read(
		&inputs->needs, kt_arena_printf(&inputs->arena, "%s%s", path, KT_TAIL_SUFFIX));
	keep(inputs, kt_root_prepare(path));
}

static void add_file(struct inputs *inputs, const char *path)
{
	allow_file(inputs, path);
	inputs->strangers = true;
}

#define SSH_PATHS_MAX 1024u

/* The stream is read before the confinement, and taken apart in it. */
static void add_machine(struct inputs *inputs, const char *source)
{
	const char *paths[SSH_PATHS_MAX];
	struct kt_ssh_paths list = { paths, 0 };
	enum kt_cost most = inputs->cheap ? KT_COST_CHEAP : KT_COST_STOPS;

	for (size_t i = 0; i < kt_nr_sources; i++) {
		const struct kt_source *one = kt_sources[i];

		for (size_t k = 0; k < KT_SOURCE_PATHS && one->paths[k] && one->cost <= most; k++) {
			if (list.count < SSH_PATHS_MAX)
				paths[list.count++] = one->paths[k];
		}
	}
	keep(inputs, kt_ssh_fetch(source, list));
	inputs->strangers = true;
}

/* "FILE@TIME" may also be the name of a file. */
static void add_source(struct inputs *inputs, const char *source)
{
	const char *at = source ? strrchr(source, '@') : NULL;

	if (!source)
		return;
	if (kt_ssh_host(source)) {
		add_machine(inputs, source);
		return;
	}
	add_file(inputs, source);
	if (at && at != source)
		add_file(inputs,
			kt_arena_printf(&inputs->arena, "%.*s", (int)(at - source), source));
}

/* The directory of a file that is made. */
static const char *directory(struct inputs *inputs, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (!path)
		return NULL;
	if (!slash)
		return ".";
	return kt_arena_printf(
		&inputs->arena, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* A file that is made. */
static void add_new_file(struct inputs *inputs, const char *path, struct kt_err *(*prepare)(void))
{
	inputs->needs.writes = directory(inputs, path);
	if (prepare)
		keep(inputs, prepare());
}

/* A file that the command itself takes apart: no library is for it. */
static void add_input(struct inputs *inputs, const char *path)
{
	kt_confine_read(&inputs->needs, path);
	inputs->strangers = true;
}

static void add_operand(struct inputs *inputs, const struct kt_operand *operand, const char *text)
{
	if (operand->kind == KT_ARG_SOURCE && strcmp(text, "live") == 0)
		inputs->needs.machine = true;
	else if (operand->kind == KT_ARG_SOURCE || operand->kind == KT_ARG_RECORDING)
		add_source(inputs, text);
	else if (operand->kind == KT_ARG_INPUT)
		add_input(inputs, text);
	else if (operand->kind == KT_ARG_NEW_FILE)
		add_new_file(inputs, text, operand->prepare);
}

static void add_operands(
	struct inputs *inputs, const struct kt_cmd *cmd, const struct kt_call *call)
{
	for (int i = 0; i < call->nr_operands; i++)
		add_operand(inputs, kt_cmd_operand(cmd, i), call->operands[i]);
	/* -s may name a recording too */
	for (size_t i = (size_t)call->nr_operands; i < cmd->nr_operands; i++) {
		const struct kt_operand *operand = &cmd->operands[i];

		if (operand->usual && !(operand->kind == KT_ARG_RECORDING && call->machine.source))
			add_operand(inputs, operand, operand->usual);
	}
	for (size_t i = 0; i < cmd->nr_options; i++) {
		const struct kt_option *option = &cmd->options[i];
		const char *const *path =
			(const void *)((const char *)kt_call_own(call) + option->offset);

		if (option->kind == KT_ARG_NEW_FILE && *path)
			add_new_file(inputs, *path, option->prepare);
		if (option->kind == KT_ARG_DIRECTORY)
			kt_confine_read(&inputs->needs, *path);
		if (option->kind == KT_ARG_SOURCE)
			add_source(inputs, *path);
		/* of this machine: by itself it is no reason to give up rights */
		if (option->kind == KT_ARG_RECORDING && *path)
			allow_file(inputs, *path);
	}
	kt_confine_read(&inputs->needs, cmd->reads);
}

/*
 * The kernel checks the capabilities of the process that opened these files, not of the reader. The
 * kernel log needs CAP_SYSLOG (do_syslog's check in devkmsg_open(), kernel/printk/printk.c),
 * addresses in /proc/iomem CAP_SYS_ADMIN (r_show() in kernel/resource.c), addresses in
 * /proc/modules CAP_SYSLOG (modules_open() in kernel/module/procfs.c).
 */
static const char *const opened[] = { "dev/kmsg", KT_FILE_IOMEM, KT_FILE_MODULES };

/*
 * Here it checks the reader: CAP_SYS_ADMIN, dmi_sysfs_attr_show() in drivers/firmware/dmi-sysfs.c.
 */
static void keep_texts(void)
{
	struct kt_arena arena = { 0 };
	struct kt_root *root = NULL;
	kt_names names = { 0 };
	struct kt_err *err = kt_root_open_live(&root);

	if (!err)
		err = kt_source_files(root, &kt_source_dmi, &arena, &names);
	for (size_t i = 0; !err && i < names.count; i++)
		kt_kept_text(root, names.items[i]);
	kt_err_free(err);
	kt_root_free(root);
	kt_arena_fini(&arena);
}

void kt_needs_keep_machine(void)
{
	for (size_t i = 0; i < KT_LEN(opened); i++)
		kt_kept_open(opened[i]);
	keep_texts();
}

struct kt_err *kt_needs_confine(
	const struct kt_cmd *cmd, const struct kt_call *call, struct kt_confine_needs needs)
{
	struct inputs inputs = { .needs = needs, .cheap = call->machine.cheap };

	add_source(&inputs, call->machine.source);
	/* the types of a dump's kernel are read after the confinement */
	if (call->machine.btf)
		kt_confine_read(&inputs.needs, call->machine.btf);
	if (call->machine.vmlinux)
		kt_confine_read(&inputs.needs, call->machine.vmlinux);
	add_operands(&inputs, cmd, call);
	if (call->show.output && call->show.output->prepare)
		keep(&inputs, call->show.output->prepare());
	if (inputs.arena.failed) /* a path missing in the list would be refused later */
		keep(&inputs, kt_err_new(KT_ERR_NOMEM, "out of memory"));
	if (inputs.strangers && !inputs.err && inputs.needs.machine)
		kt_needs_keep_machine();
	if (inputs.strangers && !inputs.err)
		kt_confine(&inputs.needs);
	kt_arena_fini(&inputs.arena);
	return inputs.strangers ? inputs.err : (kt_err_free(inputs.err), NULL);
}
