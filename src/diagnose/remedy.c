// SPDX-License-Identifier: GPL-2.0-or-later
//
// Remedies of growth, by the kind of holder. The first rule that fits a holder gives the sentence.

#include "diagnose/holder.h"

#include "base/buf.h"

#include <inttypes.h>
#include <string.h>

static bool can_unload(const struct kt_holder *holder)
{
	return holder->is_loaded && holder->module_refs == 0;
}

static bool is_used(const struct kt_holder *holder)
{
	return holder->is_loaded && kt_known(holder->module_refs);
}

static bool is_used_by_modules(const struct kt_holder *holder)
{
	return is_used(holder) && holder->module_users;
}

static bool has_gone(const struct kt_holder *holder)
{
	return holder->module && !holder->is_loaded;
}

static bool may_be_used(const struct kt_holder *holder)
{
	return holder->is_loaded && holder->refs_unread;
}

static bool has_pid(const struct kt_holder *holder)
{
	return kt_known(holder->pid);
}

static bool is_all_free(const struct kt_holder *holder)
{
	return holder->count > 0 && holder->kept == 0;
}

static bool is_part_free(const struct kt_holder *holder)
{
	return holder->count > 0;
}

/* In the texts: {name} {hierarchy} {module} {users} {refs} {pid} {count} {kept} {bytes}. */
static const struct rule {
	enum kt_holder_kind kind;
	bool (*fits)(const struct kt_holder *holder); /* NULL: always */
	const char *remedy, *costs;
} rules[] = {
	{ KT_HOLDER_FUNCTION, can_unload,
		"Unload the module, which nothing uses: rmmod {module}; a correct module then "
		"frees all that it holds",
		"the function of {module} is missing until it is loaded again" },
	{ KT_HOLDER_FUNCTION, is_used_by_modules,
		"Unload the modules that use {module} ({users}), then rmmod {module}",
		"the functions of these modules are missing until they are loaded again" },
	{ KT_HOLDER_FUNCTION, is_used,
		"Stop the devices and programs that use {module} ({refs} uses), then rmmod "
		"{module}",
		"these devices and programs are interrupted" },
	{ KT_HOLDER_FUNCTION, may_be_used,
		"Unload {module} if nothing uses it: rmmod {module}; a correct module then frees "
		"all that it holds. If it cannot be unloaded, restart the machine",
		"the function of {module} is missing until it is loaded again" },
	{ KT_HOLDER_FUNCTION, has_gone,
		"Restart the machine before memory is short: {module} was unloaded and did "
		"not free this memory; report it to the supplier of {module}",
		"all services are interrupted" },
	{ KT_HOLDER_FUNCTION, NULL,
		"Restart the machine before memory is short, and report {name} to the supplier of "
		"the kernel: no command frees this memory",
		"all services are interrupted" },
	{ KT_HOLDER_PROCESS, has_pid,
		"Restart the service of process {name}, or end the process: kill {pid}; its memory "
		"comes back when it ends",
		"{name} is interrupted" },
	{ KT_HOLDER_PROCESS, NULL,
		"Restart the service that runs {name}; the memory comes back when its processes "
		"end",
		"{name} is interrupted" },
	{ KT_HOLDER_CGROUPS, NULL,
		"Have their manager remove them, and remove those without processes now (rmdir "
		"refuses the others): find /sys/fs/cgroup{hierarchy}{name} -mindepth 1 -maxdepth 1 "
		"-type d -print0 | xargs -0 rmdir",
		NULL },
	{ KT_HOLDER_DYING, NULL,
		"Free the cached pages that keep removed cgroups: echo 3 "
		">/proc/sys/vm/drop_caches; files in tmpfs that they wrote must be deleted",
		"disks are read again for a while" },
	{ KT_HOLDER_HUGE_PAGES, is_all_free,
		"Give back the {count} huge pages, all free: echo 0 >/proc/sys/vm/nr_hugepages",
		"programs that want huge pages find none" },
	{ KT_HOLDER_HUGE_PAGES, is_part_free,
		"Give back the {count} free huge pages: echo {kept} >/proc/sys/vm/nr_hugepages",
		"programs that want more huge pages find none" },
	{ KT_HOLDER_HUGE_PAGES, NULL,
		"End the programs that map huge pages, then lower vm.nr_hugepages: all of them are "
		"in use",
		"these programs are interrupted" },
	{ KT_HOLDER_RECLAIMABLE, NULL,
		"Nothing needs to be done: the kernel frees it when memory is short. To free up to "
		"{bytes} now: echo 2 >/proc/sys/vm/drop_caches",
		"files are looked up on disk again for a while" },
};

static void put_number(struct kt_buf *buf, int64_t number)
{
	if (kt_known(number))
		kt_buf_printf(buf, "%" PRId64, number);
	else
		kt_buf_puts(buf, "?");
}

static void put_word(struct kt_buf *buf, struct kt_report *report, const char *word, size_t n,
	const struct kt_finding *finding, const struct kt_holder *holder)
{
	const struct {
		const char *word, *text;
		int64_t number;
	} values[] = {
		{ "name", holder->name ? holder->name : "?", 0 },
		{ "hierarchy", holder->hierarchy ? holder->hierarchy : "", 0 },
		{ "module", holder->module ? holder->module : "?", 0 },
		{ "users", holder->module_users ? holder->module_users : "?", 0 },
		{ "bytes", kt_report_bytes(report, finding->bytes), 0 },
		{ "refs", NULL, holder->module_refs },
		{ "pid", NULL, holder->pid },
		{ "count", NULL, holder->count },
		{ "kept", NULL, holder->kept },
	};

	for (size_t i = 0; i < KT_LEN(values); i++) {
		if (strlen(values[i].word) != n || memcmp(values[i].word, word, n) != 0)
			continue;
		if (values[i].text)
			kt_buf_puts(buf, values[i].text);
		else
			put_number(buf, values[i].number);
	}
}

static const char *fill(struct kt_report *report, const char *text,
	const struct kt_finding *finding, const struct kt_holder *holder)
{
	KT_CLEANUP(buf) struct kt_buf buf = { 0 };
	const char *open, *close;

	while ((open = strchr(text, '{')) && (close = strchr(open, '}'))) {
		kt_buf_add(&buf, text, (size_t)(open - text));
		put_word(&buf, report, open + 1, (size_t)(close - open - 1), finding, holder);
		text = close + 1;
	}
	kt_buf_puts(&buf, text);
	return buf.failed ? NULL : kt_arena_printf(&report->arena, "%.*s", (int)buf.size, buf.data);
}

void kt_remedy_put(
	struct kt_report *report, struct kt_finding *finding, const struct kt_holder *holder)
{
	for (size_t i = 0; i < KT_LEN(rules); i++) {
		const struct rule *rule = &rules[i];

		if (rule->kind != holder->kind || (rule->fits && !rule->fits(holder)))
			continue;
		finding->remedy = fill(report, rule->remedy, finding, holder);
		finding->costs = rule->costs ? fill(report, rule->costs, finding, holder) : NULL;
		return;
	}
}
