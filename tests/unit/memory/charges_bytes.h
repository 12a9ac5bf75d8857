// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_CHARGES_BYTES_H
#define KT_TEST_CHARGES_BYTES_H

/**
 * A kernel made by hand with cgroups that are charged with slab objects: a memory map, slabs with
 * pointers to the owners of their objects, owners, and cgroups with their names.
 */

#include "slub_bytes.h"

#include "memory/slab_cgroups.h"

#define CHARGES_MAP   0xffffea0000000000ull
#define CHARGES_PAGES (SLUB_BYTES / 4096)
#define CHARGES_FIRST (SLUB_STEP / 4096 + 64) /* PFN from which slabs are made */
#define CHARGES_SLAB  0xf5u		      /* the mark of a slab */
#define CHARGES_PAGE  64u		      /* bytes of a struct page */

/* Where a slab has the pointers to the owners of its objects. */
enum charges_kind {
	CHARGES_OLD,	/* 5.9: an array of pointers, named by struct page */
	CHARGES_VECTOR, /* 6.10: an array of structs, here of 16 bytes */
	CHARGES_STRIDE, /* 7.0: at any distance, here in each object */
};

/* Places of members. */
enum {
	PAGE_TYPE = 48,
	PAGE_OWNERS = 56,
	PAGE_STRIDE = 44,
	EXT_OWNER = 8,
	EXT_BYTES = 16,
	OWNER_REFS = 0,
	OWNER_MEMCG = 16,
	OWNER_BYTES = 48,
	CSS_CGROUP = 0,
	CSS_SS = 8,
	CSS_FLAGS = 16,
	MEMCG_CSS = 16,
	MEMCG_BYTES = 64,
	CGROUP_KN = 8,
	CGROUP_BYTES = 16,
	KN_PARENT = 0,
	KN_NAME = 8,
	KN_BYTES = 16,
};

struct charges_bytes {
	struct slub_bytes slub;
	enum charges_kind kind;
	char *map;
	struct kt_target_piece pieces[2];
	uint64_t subsystem, root; /* the memory controller; the first node of the hierarchy */
	uint32_t next_pfn;
};

static inline void charges_cgroup_types(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_css[] = { { "cgroup", ids->pointer, CSS_CGROUP * 8, 0 },
		{ "ss", ids->pointer, CSS_SS * 8, 0 }, { "flags", ids->number, CSS_FLAGS * 8, 0 } };
	uint32_t css = made_struct(made, "cgroup_subsys_state", 24, of_css, KT_LEN(of_css));
	const struct made_member of_memcg[] = { { "css", css, MEMCG_CSS * 8, 0 } };
	const struct made_member of_ss[] = { { "name", ids->pointer, 0, 0 } };
	const struct made_member of_cgroup[] = { { "kn", ids->pointer, CGROUP_KN * 8, 0 } };
	const struct made_member of_node[] = { { "__parent", ids->pointer, KN_PARENT * 8, 0 },
		{ "name", ids->pointer, KN_NAME * 8, 0 } };
	const struct made_member of_refs[] = { { "percpu_count_ptr", ids->word, 0, 0 } };
	uint32_t refs = made_struct(made, "percpu_ref", 16, of_refs, 1);
	const struct made_member of_owner[] = { { "refcnt", refs, OWNER_REFS * 8, 0 },
		{ "memcg", ids->pointer, OWNER_MEMCG * 8, 0 } };

	made_struct(made, "mem_cgroup", MEMCG_BYTES, of_memcg, 1);
	made_struct(made, "cgroup_subsys", 8, of_ss, 1);
	made_struct(made, "cgroup", CGROUP_BYTES, of_cgroup, 1);
	made_struct(made, "kernfs_node", KN_BYTES, of_node, KT_LEN(of_node));
	made_struct(made, "obj_cgroup", OWNER_BYTES, of_owner, KT_LEN(of_owner));
	made_enum(made, "", "CSS_ONLINE", 2);
	made_enum(made, "pagetype", "PGTY_slab", CHARGES_SLAB);
}

static inline void charges_page_type(
	struct made_types *made, const struct slub_ids *ids, const char *owners, bool stride)
{
	const struct made_member of_page[] = { { "flags", ids->word, 0, 0 },
		{ "compound_head", ids->word, 64, 0 },
		{ "page_type", ids->number, PAGE_TYPE * 8, 0 },
		{ owners, ids->word, PAGE_OWNERS * 8, 0 },
		{ stride ? "stride" : "no_stride", ids->number, PAGE_STRIDE * 8, 0 } };

	made_struct(made, "page", CHARGES_PAGE, of_page, KT_LEN(of_page));
	charges_cgroup_types(made, ids);
}

static inline void charges_old_types(struct made_types *made, const struct slub_ids *ids)
{
	charges_page_type(made, ids, "obj_cgroups", false);
}

static inline void charges_vector_types(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_ext[] = { { "tag", ids->word, 0, 0 },
		{ "objcg", ids->pointer, EXT_OWNER * 8, 0 } };

	made_struct(made, "slabobj_ext", EXT_BYTES, of_ext, KT_LEN(of_ext));
	charges_page_type(made, ids, "obj_exts", false);
}

static inline void charges_stride_types(struct made_types *made, const struct slub_ids *ids)
{
	/* under no name that is known */
	const struct made_member of_ext[] = { { "owner", ids->pointer, 0, 0 } };

	made_struct(made, "slabobj_ext", 8, of_ext, KT_LEN(of_ext));
	charges_page_type(made, ids, "obj_exts", true);
}

static inline uint64_t charges_text(struct charges_bytes *charges, const char *text)
{
	uint64_t at = slub_take(&charges->slub, (uint32_t)strlen(text) + 1);

	memcpy(charges->slub.memory + (at - SLUB_BASE), text, strlen(text) + 1);
	return at;
}

/* A directory of the hierarchy; its memory cgroup is made by charges_group(). */
static inline uint64_t charges_node(
	struct charges_bytes *charges, uint64_t parent, const char *name)
{
	uint64_t node = slub_take(&charges->slub, KN_BYTES);

	slub_set64(&charges->slub, node + KN_PARENT, parent);
	slub_set64(&charges->slub, node + KN_NAME, charges_text(charges, name));
	return node;
}

static inline uint64_t charges_group(struct charges_bytes *charges, uint64_t node, bool online)
{
	uint64_t memcg = slub_take(&charges->slub, MEMCG_BYTES);
	uint64_t cgroup = slub_take(&charges->slub, CGROUP_BYTES);

	slub_set64(&charges->slub, cgroup + CGROUP_KN, node);
	slub_set64(&charges->slub, memcg + MEMCG_CSS + CSS_CGROUP, cgroup);
	slub_set64(&charges->slub, memcg + MEMCG_CSS + CSS_SS, charges->subsystem);
	slub_set(&charges->slub, memcg + MEMCG_CSS + CSS_FLAGS, online ? 2 : 0, 4);
	return memcg;
}

static inline uint64_t charges_owner(struct charges_bytes *charges, uint64_t memcg, bool dead)
{
	uint64_t owner = slub_take(&charges->slub, OWNER_BYTES);

	slub_set64(&charges->slub, owner + OWNER_REFS, dead ? 3 : 0x1000);
	slub_set64(&charges->slub, owner + OWNER_MEMCG, memcg);
	return owner;
}

/* A page of the cache, with all slots in use and without owners. */
static inline uint32_t charges_slab(struct charges_bytes *charges, uint64_t cache, uint32_t size)
{
	uint32_t pfn = charges->next_pfn++, objects = 4096 / size;
	char *page = charges->map + (size_t)pfn * CHARGES_PAGE;
	uint32_t counters = objects | objects << 16, type = CHARGES_SLAB << 24, step = 8;
	uint64_t at = SLUB_BASE + (uint64_t)pfn * 4096, owners;

	if (pfn >= CHARGES_PAGES)
		abort();
	if (charges->kind == CHARGES_STRIDE) {
		owners = (at + size - 8) | 1; /* the last word of each object */
		step = size;
	} else
		owners = slub_take(&charges->slub, objects * EXT_BYTES) | 1;
	memcpy(page + SLAB_CACHE, &cache, 8);
	memcpy(page + SLAB_COUNTERS, &counters, 4);
	memcpy(page + PAGE_STRIDE, &step, 4);
	memcpy(page + PAGE_TYPE, &type, 4);
	memcpy(page + PAGE_OWNERS, &owners, 8);
	return pfn;
}

/* Gives `count` objects of a slab to an owner. */
static inline void charges_own(struct charges_bytes *charges, uint32_t pfn, uint32_t size,
	uint32_t first, uint32_t count, uint64_t owner)
{
	uint64_t owners;

	memcpy(&owners, charges->map + (size_t)pfn * CHARGES_PAGE + PAGE_OWNERS, 8);
	owners &= ~7ull;
	for (uint32_t i = first; i < first + count; i++) {
		uint64_t at =
			owners + (uint64_t)i * (charges->kind == CHARGES_OLD		 ? 8
						       : charges->kind == CHARGES_VECTOR ? EXT_BYTES
											 : size);

		slub_set64(&charges->slub, at + (charges->kind == CHARGES_VECTOR ? EXT_OWNER : 0),
			owner);
	}
}

static inline void charges_init(struct charges_bytes *charges, enum charges_kind kind, bool sheaves)
{
	static const slub_more_types types[] = { [CHARGES_OLD] = charges_old_types,
		[CHARGES_VECTOR] = charges_vector_types,
		[CHARGES_STRIDE] = charges_stride_types };
	struct kt_target_piece *pieces = charges->pieces;
	size_t size;

	*charges = (struct charges_bytes){
		.kind = kind, .map = calloc(CHARGES_PAGES, CHARGES_PAGE), .next_pfn = CHARGES_FIRST
	};
	slub_init_with(&charges->slub, sheaves, true, types[kind], &size);
	kt_target_close(charges->slub.target);
	pieces[0] = charges->slub.piece;
	pieces[1] =
		(struct kt_target_piece){ CHARGES_MAP, charges->map, CHARGES_PAGES * CHARGES_PAGE };
	if (!charges->map || kt_target_of_bytes(pieces, 2, &charges->slub.target))
		abort();
	slub_open(&charges->slub, size);
	kt_symbols_add(&charges->slub.target->symbols, KT_SPAN("vmemmap_base"), SLUB_BASE + 16);
	kt_symbols_add(&charges->slub.target->symbols, KT_SPAN("page_offset_base"), SLUB_BASE + 24);
	slub_set64(&charges->slub, SLUB_BASE + 16, CHARGES_MAP);
	slub_set64(&charges->slub, SLUB_BASE + 24, SLUB_BASE);
	charges->subsystem = slub_take(&charges->slub, 8);
	slub_set64(&charges->slub, charges->subsystem, charges_text(charges, "memory"));
	charges->root = charges_node(charges, 0, "");
}

static inline void charges_fini(struct charges_bytes *charges)
{
	slub_fini(&charges->slub);
	free(charges->map);
}

/** Counts the charged objects of all slabs. */
static inline struct kt_err *charges_walk(struct charges_bytes *charges, struct kt_snapshot *snap,
	struct kt_slab_cgroups_sum *ret_sum)
{
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	const struct kt_page_sample sample = { 0 };
	const struct kt_pfn_range range = { 0, CHARGES_PAGES };
	struct kt_memmap memmap;
	struct kt_err *err = kt_memmap_open(charges->slub.target, &sample, &range, 1, &memmap);

	return err ? err : kt_slab_cgroups_walk(&memmap, &opts, snap, ret_sum);
}

#endif
