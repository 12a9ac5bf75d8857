// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/allocinfo (CONFIG_MEM_ALLOC_PROFILING): bytes and allocations of each call site in
// the code. The file includes slab objects, pages, vmalloc and per-CPU memory, and again the pages
// that slab caches and the per-CPU allocator take: analysis/users.c takes these apart.

#include "source/alloc_site.h"
#include "source/source.h"

#include <string.h>

#define SITES_MAX 131072u /* call sites that are kept; a large kernel has 20,000 */
#define HEADER	  "allocinfo - version: "

static void add(struct kt_snapshot *snap, const struct kt_alloc_site *site)
{
	struct kt_user *user = kt_list_push(&snap->arena, &snap->users);

	if (user)
		*user = kt_alloc_site_user(&snap->arena, KT_USERS_SITES, site);
}

static void take_line(struct kt_snapshot *snap, struct kt_user_list *list, struct kt_span line)
{
	struct kt_alloc_site site;

	if (kt_span_starts(line, HEADER)) {
		list->headless = false;
		return;
	}
	line = kt_span_trim(line);
	if (!line.n || kt_span_starts(line, "#") || kt_span_starts(line, "<size>"))
		return;
	if (!kt_alloc_site(line, &site))
		list->nr_unread++;
	else if (list->nr_records < SITES_MAX) {
		list->nr_records++;
		add(snap, &site);
	} else
		list->nr_folded++;
}

/*
 * A sorted or cut list has the first line elsewhere or nowhere, and so had the first kernels with
 * the file: a text without it has to have a call site.
 */
static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_user_list list = { .file = KT_USERS_SITES,
		.path = KT_FILE_ALLOCINFO,
		.headless = true },
			    *slot;
	struct kt_span rest = kt_text_span(text), line;

	while (kt_span_line(&rest, &line))
		take_line(snap, &list, line);
	if (!list.nr_records && list.headless)
		return kt_err_new(KT_ERR_PARSE, "%s: has no call site", text->path);
	slot = kt_list_push(&snap->arena, &snap->user_lists);
	if (slot)
		*slot = list;
	return NULL;
}

const struct kt_source kt_source_allocinfo = {
	.name = "allocinfo",
	.summary = "memory of each call site in the kernel's code",
	.paths = { KT_FILE_ALLOCINFO },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "'ktally users' does not know the call sites, and 'ktally modules' only the "
		"vmalloc memory of modules",
	.gives = "CONFIG_MEM_ALLOC_PROFILING, sysctl.vm.mem_profiling=1 at boot, and root",
	.parse = parse,
};
