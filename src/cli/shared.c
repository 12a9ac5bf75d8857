// SPDX-License-Identifier: GPL-2.0-or-later
//
// The options that every command takes. They may come before the command, so the parser has to
// know them before it knows the command.

#include "cli/cmd.h"

#define COUNT_MAX 1000000000

static const struct kt_option machine_options[] = {
	{ 's', "source", "SOURCE",
		"a directory with proc/ and sys/ in it, a tar of one, a bundle of 'ktally "
		"capture', a recording (FILE@TIME), a kernel log (LOG@N: its Nth memory report, "
		"-1 the last), a dump of memory or the directory of a split one, a text with such "
		"files in it, a directory or tar of texts, or ssh:HOST, another machine that ssh "
		"reaches; default: this machine",
		.kind = KT_ARG_SOURCE, KT_AT(struct kt_call, machine.source) },
	{ 0, "pick", "N", "use the Nth memory report of that log; default: the last whole one",
		.kind = KT_ARG_NUMBER, KT_AT(struct kt_call, machine.pick), .min = 1,
		.max = COUNT_MAX, .takes = "a number from the list of 'ktally memreports'" },
	{ 0, "cheap", NULL,
		"read nothing that walks long lists or wakes other CPUs: coarser, and safer on a "
		"machine in trouble",
		.kind = KT_ARG_FLAG, KT_AT(struct kt_call, machine.cheap) },
	{ 0, "expensive", NULL,
		"also read sources that delay the rest of the machine for longer; 'ktally doctor' "
		"lists them",
		.kind = KT_ARG_FLAG, KT_AT(struct kt_call, machine.expensive) },
	{ 0, "btf", "FILE",
		"types of this machine's kernel, for what reads kernel memory: a file that pahole "
		"made from its debug information; default: the kernel's own",
		.kind = KT_ARG_FILE, KT_AT(struct kt_call, machine.btf) },
	{ 0, "vmlinux", "FILE",
		"types and symbols of this machine's kernel, for what reads kernel memory: the ELF "
		"file vmlinux of exactly this build; default: the kernel's own",
		.kind = KT_ARG_FILE, KT_AT(struct kt_call, machine.vmlinux) },
};

static const struct kt_option output_options[] = {
	{ 'o', "output", "FORMAT", "the format; 'ktally help -a' lists them", .kind = KT_ARG_OUTPUT,
		KT_AT(struct kt_call, show.output) },
	{ 'b', "bytes", NULL,
		"exact bytes instead of KiB, MiB and GiB; with 'top', -b is --batch, as in top(1)",
		.kind = KT_ARG_FLAG, KT_AT(struct kt_call, show.exact_bytes) },
	{ 'd', "depth", "N",
		"show N levels of the tree, 1 to 9; default: 2, and always unattributed",
		.kind = KT_ARG_NUMBER, KT_AT(struct kt_call, show.depth), .min = 1, .max = 9,
		.takes = "a number from 1 to 9" },
	{ 0, "utc", NULL,
		"read and show times in UTC; default: in the local zone, which TZ sets; JSON, CSV "
		"and OpenMetrics always have UTC",
		.kind = KT_ARG_FLAG, KT_AT(struct kt_call, machine.utc) },
	{ 'a', "all", NULL, "show every row and column, also empty and missing ones",
		.kind = KT_ARG_FLAG, KT_AT(struct kt_call, show.all) },
};

static const struct kt_option list_options[] = {
	{ 0, "top", "N", "lists: show the first N rows, and the sum of the other rows as one row",
		.kind = KT_ARG_NUMBER, KT_AT(struct kt_call, list.top), .min = 1, .max = COUNT_MAX,
		.takes = "a number of rows, 1 or more", .web = true },
	{ 0, "sort", "COLUMN", "lists: sort by this column, named as in JSON: bytes, name, growth",
		.kind = KT_ARG_COLUMN, KT_AT(struct kt_call, list.sort), .web = true },
	{ 0, "filter", "PATTERN",
		"lists: show only rows whose name contains PATTERN or matches it as a shell "
		"pattern, and the sum of the other rows as one row",
		.kind = KT_ARG_PATTERN, KT_AT(struct kt_call, list.filter), .web = true },
};

static const struct kt_option time_options[] = {
	{ 'i', "interval", "SECONDS",
		"repeat every SECONDS until Ctrl-C or -n, with the growth since the start and per "
		"second; lists show what grew most first",
		.kind = KT_ARG_SECONDS, KT_AT(struct kt_call, interval_s) },
	{ 'n', "count", "N", "end after N repetitions; without -i, one a second",
		.kind = KT_ARG_NUMBER, KT_AT(struct kt_call, count), .min = 1, .max = COUNT_MAX,
		.takes = "a number, 1 or more" },
};

const struct kt_option_group kt_option_groups[KT_NR_GROUPS] = {
	[KT_GROUP_MACHINE] = { "Source", machine_options, KT_LEN(machine_options) },
	[KT_GROUP_OUTPUT] = { "Output", output_options, KT_LEN(output_options) },
	[KT_GROUP_LISTS] = { "Lists", list_options, KT_LEN(list_options) },
	[KT_GROUP_TIME] = { "Time", time_options, KT_LEN(time_options) },
};
