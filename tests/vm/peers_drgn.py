# SPDX-License-Identifier: GPL-2.0-or-later
"""Run by drgn on a dump: prints "NAME SLABS SLOTS IN-USE" of each slab cache, separated by tabs.
Slabs and slots are counted page by page, objects by drgn's own helper."""

import collections

from drgn import FaultError, cast
from drgn.helpers.linux.mm import PageSlab, compound_head, for_each_page
from drgn.helpers.linux.slab import for_each_slab_cache, slab_cache_for_each_allocated_object

slabs, slots = collections.Counter(), collections.Counter()
for page in for_each_page(prog):  # noqa: F821, prog is drgn's
    try:
        if PageSlab(page) and page == compound_head(page):
            slab = cast("struct slab *", page)
            cache = slab.slab_cache.value_()
            slabs[cache] += 1
            slots[cache] += slab.objects.value_()
    except FaultError:
        continue  # memory that the machine does not have
for cache in for_each_slab_cache(prog):  # noqa: F821
    used = sum(1 for _ in slab_cache_for_each_allocated_object(cache, "void *"))
    at = cache.value_()
    print(cache.name.string_().decode(), slabs[at], slots[at], used, sep="\t", flush=True)
