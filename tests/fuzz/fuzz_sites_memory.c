// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who allocated, in damaged memory: the input is a list of changes to memory that was made by hand:
// a place and eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/sites_bytes.h"

static void read_all(struct sites_bytes *sites, struct kt_buf *text)
{
	struct kt_target *target = sites->files.slub.target;

	kt_err_free(kt_file_allocinfo(target, text));
	kt_err_free(kt_file_page_stacks(target, &sites->names, text));
	kt_err_free(kt_file_leaks(target, &sites->names, text));
	kt_err_free(sites_pages(sites, text));
	kt_err_free(sites_traces(sites, "tracked", false, text));
	kt_err_free(sites_traces(sites, "tracked", true, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct sites_bytes sites;
	uint32_t handle;
	uint64_t object;

	sites_init(&sites);
	sites_tags(&sites);
	handle = sites_stack(&sites, SITES_CODE + 0x110, SITES_CODE + 0x220, 4);
	sites_owner(&sites, sites_owners(&sites), 3, 0, handle, true);
	object = sites_cache(&sites, "tracked");
	sites_track(&sites, object, false, SITES_CODE + 0x110, handle, 7, 9000);
	sites_leak(&sites, 0xffff888000001000, 3, handle);
	fuzz_damage(sites.files.slub.memory, SLUB_BYTES, SLUB_BASE, data, size);
	read_all(&sites, &text);
	if (text.failed)
		abort();
	sites_fini(&sites);
	return 0;
}
