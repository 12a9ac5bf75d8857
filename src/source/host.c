// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds what kind of machine this is, for the head of a report. No number depends on it.

#include "source/host.h"
#include "source/source.h"

#include <string.h>

#define CPUS_MAX 65536 /* CPUs; longer lists are impossible */

/* Counts the members of a list such as "0-3,8"; KT_UNKNOWN: not a list. */
static int64_t list_length(struct kt_span list)
{
	struct kt_span rest = kt_span_trim(list);
	int64_t count = 0;
	uint64_t low, high;

	while (kt_span_take_u64(&rest, &low)) {
		high = low;
		if (kt_span_skip(&rest, "-") && !kt_span_take_u64(&rest, &high))
			return KT_UNKNOWN;
		if (high < low || high - low >= CPUS_MAX)
			return KT_UNKNOWN;
		count += (int64_t)(high - low + 1);
		if (!kt_span_skip(&rest, ","))
			break;
	}
	return rest.n || !count ? KT_UNKNOWN : count;
}

/* Vendors as DMI and the kernel log name them. */
static const struct {
	const char *word, *hypervisor;
} hypervisors[] = {
	{ "QEMU", "QEMU" },
	{ "KVM", "KVM" },
	{ "VMware", "VMware" },
	{ "innotek", "VirtualBox" },
	{ "VirtualBox", "VirtualBox" },
	{ "Xen", "Xen" },
	{ "xen", "Xen" },
	{ "Microsoft Hyper-V", "Hyper-V" },
	{ "Amazon EC2", "Amazon EC2" },
	{ "Google Compute Engine", "Google Compute Engine" },
	{ "OpenStack", "OpenStack" },
	{ "Bochs", "Bochs" },
	{ "Parallels", "Parallels" },
	{ "Apple Virtualization", "Apple" },
	{ "bhyve", "bhyve" },
	{ "BHYVE", "bhyve" },
	{ "Virtual Machine", "Hyper-V" },
};

void kt_host_hypervisor(struct kt_snapshot *snap, struct kt_span text)
{
	for (size_t i = 0; i < KT_LEN(hypervisors) && !snap->host.hypervisor; i++) {
		if (kt_span_find(text, hypervisors[i].word) == text.n)
			continue;
		snap->host.hypervisor = hypervisors[i].hypervisor;
		snap->host.kind = KT_MACHINE_VIRTUAL;
	}
}

static void parse_hostname(struct kt_snapshot *snap, struct kt_span text)
{
	snap->host.name = kt_arena_name(&snap->arena, text);
}

static void parse_release(struct kt_snapshot *snap, struct kt_span text)
{
	snap->host.release = kt_arena_name(&snap->arena, text);
}

static void parse_uptime(struct kt_snapshot *snap, struct kt_span text)
{
	uint64_t seconds;

	if (kt_span_take_u64(&text, &seconds) && seconds < INT64_MAX)
		snap->host.uptime_s = (int64_t)seconds;
}

static void parse_cpus(struct kt_snapshot *snap, struct kt_span text)
{
	snap->host.nr_cpus = list_length(text);
}

static void parse_possible(struct kt_snapshot *snap, struct kt_span text)
{
	snap->host.nr_cpus_possible = list_length(text);
}

static void parse_present(struct kt_snapshot *snap, struct kt_span text)
{
	snap->host.nr_cpus_present = list_length(text);
}

static void parse_nodes(struct kt_snapshot *snap, struct kt_span text)
{
	snap->host.nr_nodes = list_length(text);
}

static void parse_isolated(struct kt_snapshot *snap, struct kt_span text)
{
	if (text.n && !kt_span_eq(text, "(null)"))
		snap->host.isolated_cpus = true;
}

static void parse_vendor(struct kt_snapshot *snap, struct kt_span text)
{
	kt_host_hypervisor(snap, text);
	if (!snap->host.hypervisor && text.n && snap->host.kind == KT_MACHINE_UNKNOWN)
		snap->host.kind = KT_MACHINE_PHYSICAL;
}

/*
 * x86 only. Reads only the first CPU's lines, because a machine with 500 CPUs takes long to print
 * all.
 */
static void parse_cpuinfo(struct kt_snapshot *snap, struct kt_span text)
{
	struct kt_span line, word;

	while (kt_span_line(&text, &line)) {
		if (!kt_span_starts(line, "flags"))
			continue;
		while (kt_span_word(&line, &word)) {
			if (kt_span_eq(word, "hypervisor"))
				snap->host.kind = KT_MACHINE_VIRTUAL;
		}
		if (snap->host.kind == KT_MACHINE_UNKNOWN)
			snap->host.kind = KT_MACHINE_PHYSICAL;
		return;
	}
}

static void parse_container(struct kt_snapshot *snap, struct kt_span text)
{
	if (text.n)
		snap->host.container = kt_arena_name(&snap->arena, text);
}

static void parse_docker(struct kt_snapshot *snap, struct kt_span text)
{
	(void)text; /* the file is empty; its presence is the information */
	if (!snap->host.container)
		snap->host.container = "docker";
}

static void parse_podman(struct kt_snapshot *snap, struct kt_span text)
{
	(void)text;
	if (!snap->host.container)
		snap->host.container = "podman";
}

static void parse_cgroup(struct kt_snapshot *snap, struct kt_span text)
{
	static const char *const engines[] = { "kubepods", "docker", "lxc", "libpod", "garden" };

	for (size_t i = 0; i < KT_LEN(engines) && !snap->host.container; i++) {
		if (kt_span_find(text, engines[i]) < text.n)
			snap->host.container = engines[i];
	}
}

static const struct {
	const char *path;
	void (*parse)(struct kt_snapshot *snap, struct kt_span text);
} files[] = {
	{ KT_FILE_HOSTNAME, parse_hostname },
	{ KT_FILE_OSRELEASE, parse_release },
	{ "proc/uptime", parse_uptime },
	{ KT_FILE_CPUS_ONLINE, parse_cpus },
	{ KT_FILE_CPUS_POSSIBLE, parse_possible },
	{ KT_FILE_CPUS_PRESENT, parse_present },
	{ "sys/devices/system/cpu/isolated", parse_isolated },
	{ "sys/devices/system/cpu/nohz_full", parse_isolated },
	{ "sys/devices/system/node/online", parse_nodes },
	{ KT_DIR_DMI_ID "sys_vendor", parse_vendor },
	{ KT_DIR_DMI_ID "product_name", parse_vendor },
	{ "sys/hypervisor/type", parse_vendor },
	{ "proc/cpuinfo", parse_cpuinfo },
	{ "run/systemd/container", parse_container },
	{ ".dockerenv", parse_docker },
	{ "run/.containerenv", parse_podman },
	{ KT_FILE_INIT_CGROUP, parse_cgroup },
};

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	for (size_t i = 0; i < KT_LEN(files); i++) {
		if (strcmp(files[i].path, text->path) == 0)
			files[i].parse(snap, kt_span_trim(kt_text_span(text)));
	}
	return NULL;
}

static struct kt_err *read_host(struct kt_root *root, struct kt_snapshot *snap)
{
	for (size_t i = 0; i < KT_LEN(files); i++) {
		KT_CLEANUP(text) struct kt_text text = { 0 };
		KT_CLEANUP(err) struct kt_err *err = NULL;

		err = kt_root_read_head(root, files[i].path, 4096, &text);
		if (!err)
			files[i].parse(snap, kt_span_trim(kt_text_span(&text)));
	}
	return NULL;
}

/* Keeps only the lines of proc/cpuinfo that are read: on some machines it has a serial number. */
static void scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_span rest = kt_text_span(text), line;

	if (strcmp(text->path, "proc/cpuinfo") != 0) {
		kt_buf_add(ret_text, text->data, text->size);
		return;
	}
	while (kt_span_line(&rest, &line)) {
		if (kt_span_starts(line, "flags"))
			kt_buf_printf(ret_text, "%.*s\n", (int)line.n, line.p);
	}
}

const struct kt_source kt_source_host = {
	.name = "host",
	.summary = "name, kernel, CPUs, nodes, hypervisor, container",
	.paths = { KT_FILE_HOSTNAME, KT_FILE_OSRELEASE, "proc/uptime", "proc/cpuinfo",
		KT_FILE_INIT_CGROUP, KT_FILE_CPUS_ONLINE, KT_FILE_CPUS_POSSIBLE,
		KT_FILE_CPUS_PRESENT, "sys/devices/system/cpu/isolated",
		"sys/devices/system/cpu/nohz_full", "sys/devices/system/node/online",
		(KT_DIR_DMI_ID "sys_vendor"), (KT_DIR_DMI_ID "product_name"), "sys/hypervisor/type",
		"run/systemd/container", "run/.containerenv", ".dockerenv" },
	.cost = KT_COST_CHEAP,
	.lack = "the head of a report shows less",
	.gives = "a mounted /proc and /sys",
	.parse = parse,
	.scrub = scrub,
	.read = read_host,
};
