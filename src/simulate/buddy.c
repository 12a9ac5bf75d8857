// SPDX-License-Identifier: GPL-2.0-or-later
//
// The page allocator as mm/page_alloc.c of Linux 6.1 has it: __rmqueue_smallest() with expand(),
// __free_one_page(), rmqueue_bulk() and free_pcppages_bulk(). A free block whose larger block may
// become whole soon is put last in its list (commit 6dda9d55bf54).
//
// A CPU keeps blocks up to order 3. It takes as many at once as zone_batchsize() says for a large
// zone; it gives back as many when it has four times the batch, which is the least of
// zone_highsize(): more depends on the watermarks, which are not known.

#include "simulate/buddy.h"

#include "simulate/allocator.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ORDER  (KT_SIM_ORDERS - 1)
#define MAX_PAGES  (1u << MAX_ORDER)
#define ZONE_MAX   (1u << 27) /* pages */
#define CPU_ORDERS 4u	      /* orders up to PAGE_ALLOC_COSTLY_ORDER */

/* States of a page: the first one of a block that is free or in use, or any other. */
#define STATE_USED  0x40u /* plus the order */
#define STATE_OTHER 0xffu

struct link {
	uint32_t next, prev; /* pages; KT_SIM_BLOCK_NONE: none */
};

struct blocks {
	uint32_t first, last, count;
};

struct cpu_blocks {
	struct blocks lists[CPU_ORDERS];
	uint32_t count; /* pages */
};

struct kt_sim_buddy {
	struct link *links;
	uint8_t *states;
	uint16_t *asked; /* pages, of a block in use */
	uint32_t zone_pages;
	struct blocks free[KT_SIM_ORDERS];
	struct cpu_blocks *cpus;
	uint32_t cpu, nr_cpus, batch;
	uint64_t asked_pages, given_pages, nr_beyond;
};

static void set_empty(struct blocks *list)
{
	*list = (struct blocks){ KT_SIM_BLOCK_NONE, KT_SIM_BLOCK_NONE, 0 };
}

/* zone_batchsize() for a zone of at least 1 GiB */
static uint32_t batch_of(uint32_t page_bytes)
{
	uint32_t batch = (1u << 20) / page_bytes / 4, power = 1;

	batch = batch ? batch : 1;
	while (power * 2 <= batch + batch / 2)
		power *= 2;
	return power > 1 ? power - 1 : 1;
}

struct kt_sim_buddy *kt_sim_buddy_new(uint32_t page_bytes, uint32_t nr_cpus)
{
	struct kt_sim_buddy *buddy = calloc(1, sizeof(*buddy));

	if (!buddy)
		return NULL;
	buddy->cpus = calloc(nr_cpus, sizeof(*buddy->cpus));
	if (!buddy->cpus) {
		free(buddy);
		return NULL;
	}
	buddy->nr_cpus = nr_cpus;
	buddy->batch = batch_of(page_bytes);
	for (uint32_t i = 0; i < KT_SIM_ORDERS; i++)
		set_empty(&buddy->free[i]);
	for (uint32_t i = 0; i < nr_cpus * CPU_ORDERS; i++)
		set_empty(&buddy->cpus[i / CPU_ORDERS].lists[i % CPU_ORDERS]);
	return buddy;
}

void kt_sim_buddy_free(struct kt_sim_buddy *buddy)
{
	if (!buddy)
		return;
	free(buddy->links);
	free(buddy->states);
	free(buddy->asked);
	free(buddy->cpus);
	free(buddy);
}

void kt_sim_buddy_set_cpu(struct kt_sim_buddy *buddy, uint32_t cpu)
{
	buddy->cpu = cpu < buddy->nr_cpus ? cpu : 0;
}

/* ---- lists ---- */

static void add(struct kt_sim_buddy *buddy, struct blocks *list, uint32_t page, bool last)
{
	struct link *link = &buddy->links[page];

	link->next = last ? KT_SIM_BLOCK_NONE : list->first;
	link->prev = last ? list->last : KT_SIM_BLOCK_NONE;
	if (link->next != KT_SIM_BLOCK_NONE)
		buddy->links[link->next].prev = page;
	else
		list->last = page;
	if (link->prev != KT_SIM_BLOCK_NONE)
		buddy->links[link->prev].next = page;
	else
		list->first = page;
	list->count++;
}

static void take_off(struct kt_sim_buddy *buddy, struct blocks *list, uint32_t page)
{
	const struct link *link = &buddy->links[page];

	if (link->prev != KT_SIM_BLOCK_NONE)
		buddy->links[link->prev].next = link->next;
	else
		list->first = link->next;
	if (link->next != KT_SIM_BLOCK_NONE)
		buddy->links[link->next].prev = link->prev;
	else
		list->last = link->prev;
	list->count--;
}

static void add_free(struct kt_sim_buddy *buddy, uint32_t page, uint32_t order, bool last)
{
	buddy->states[page] = (uint8_t)order;
	add(buddy, &buddy->free[order], page, last);
}

static void remove_free(struct kt_sim_buddy *buddy, uint32_t page, uint32_t order)
{
	buddy->states[page] = STATE_OTHER;
	take_off(buddy, &buddy->free[order], page);
}

/* ---- the zone ---- */

/* Adds the largest block. False when out of memory. */
static bool grow(struct kt_sim_buddy *buddy)
{
	uint32_t first = buddy->zone_pages, pages = first + MAX_PAGES;
	struct link *links;
	uint8_t *states;
	uint16_t *asked;

	if (pages > ZONE_MAX)
		return false;
	links = reallocarray(buddy->links, pages, sizeof(*links));
	if (links)
		buddy->links = links;
	states = reallocarray(buddy->states, pages, sizeof(*states));
	if (states)
		buddy->states = states;
	asked = reallocarray(buddy->asked, pages, sizeof(*asked));
	if (asked)
		buddy->asked = asked;
	if (!links || !states || !asked)
		return false;
	memset(states + first, STATE_OTHER, MAX_PAGES);
	buddy->zone_pages = pages;
	add_free(buddy, first, MAX_ORDER, false);
	return true;
}

/* Takes the lower end of the smallest free block that is large enough; the rest stays free. */
static uint32_t take_from_zone(struct kt_sim_buddy *buddy, uint32_t order)
{
	uint32_t of = order, page;

	while (of < KT_SIM_ORDERS && !buddy->free[of].count)
		of++;
	if (of == KT_SIM_ORDERS) {
		if (!grow(buddy))
			return KT_SIM_BLOCK_NONE;
		of = MAX_ORDER;
	}
	page = buddy->free[of].first;
	remove_free(buddy, page, of);
	while (of > order) {
		of--;
		add_free(buddy, page + (1u << of), of, false);
	}
	return page;
}

static void give_to_zone(struct kt_sim_buddy *buddy, uint32_t page, uint32_t order)
{
	bool last = false;

	while (order < MAX_ORDER && buddy->states[page ^ (1u << order)] == order) {
		remove_free(buddy, page ^ (1u << order), order);
		page &= ~(1u << order);
		order++;
	}
	if (order < MAX_ORDER - 1) {
		uint32_t above = page & ~(1u << order);

		last = buddy->states[above ^ (1u << (order + 1))] == order + 1;
	}
	add_free(buddy, page, order, last);
}

/* ---- the lists of a CPU ---- */

static uint32_t take_from_cpu(struct kt_sim_buddy *buddy, uint32_t order)
{
	struct cpu_blocks *cpu = &buddy->cpus[buddy->cpu];
	struct blocks *list = &cpu->lists[order];
	uint32_t wanted = buddy->batch >> order, page;

	if (!list->count) {
		wanted = buddy->batch > 1 && wanted < 2 ? 2 : wanted ? wanted : 1;
		for (uint32_t i = 0; i < wanted; i++) {
			page = take_from_zone(buddy, order);
			if (page == KT_SIM_BLOCK_NONE)
				return page;
			add(buddy, list, page, true);
			cpu->count += 1u << order;
		}
	}
	page = list->first;
	take_off(buddy, list, page);
	cpu->count -= 1u << order;
	return page;
}

/* The list that the last block came to is emptied first, its oldest block first. */
static void give_to_cpu(struct kt_sim_buddy *buddy, uint32_t page, uint32_t order)
{
	struct cpu_blocks *cpu = &buddy->cpus[buddy->cpu];
	int64_t left = buddy->batch;

	buddy->states[page] = STATE_OTHER;
	add(buddy, &cpu->lists[order], page, false);
	cpu->count += 1u << order;
	if (cpu->count < 4 * buddy->batch)
		return;
	for (; left > 0 && cpu->count; order = (order + 1) % CPU_ORDERS) {
		struct blocks *list = &cpu->lists[order];

		while (left > 0 && list->count) {
			page = list->last;
			take_off(buddy, list, page);
			cpu->count -= 1u << order;
			left -= 1 << order;
			give_to_zone(buddy, page, order);
		}
	}
}

/* ---- requests ---- */

uint32_t kt_sim_buddy_take(struct kt_sim_buddy *buddy, uint64_t pages)
{
	uint32_t order = 0, page;

	if (pages > MAX_PAGES) {
		buddy->nr_beyond++;
		return KT_SIM_BLOCK_BEYOND;
	}
	while (1u << order < pages)
		order++;
	page = order < CPU_ORDERS ? take_from_cpu(buddy, order) : take_from_zone(buddy, order);
	if (page == KT_SIM_BLOCK_NONE)
		return page;
	buddy->states[page] = (uint8_t)(STATE_USED + order);
	buddy->asked[page] = (uint16_t)pages;
	buddy->asked_pages += pages;
	buddy->given_pages += 1u << order;
	return page;
}

void kt_sim_buddy_give(struct kt_sim_buddy *buddy, uint32_t block)
{
	uint32_t order;

	if (block >= buddy->zone_pages || buddy->states[block] < STATE_USED ||
		buddy->states[block] == STATE_OTHER)
		return;
	order = buddy->states[block] - STATE_USED;
	buddy->asked_pages -= buddy->asked[block];
	buddy->given_pages -= 1u << order;
	buddy->states[block] = STATE_OTHER;
	if (order < CPU_ORDERS)
		give_to_cpu(buddy, block, order);
	else
		give_to_zone(buddy, block, order);
}

/* ---- figures ---- */

void kt_sim_buddy_measure(const struct kt_sim_buddy *buddy, struct kt_sim_blocks *ret)
{
	*ret = (struct kt_sim_blocks){ .known = true,
		.asked_pages = buddy->asked_pages,
		.given_pages = buddy->given_pages,
		.zone_pages = buddy->zone_pages,
		.beyond = buddy->nr_beyond };
	for (uint32_t i = 0; i < buddy->nr_cpus; i++)
		ret->cached_pages += buddy->cpus[i].count;
	for (uint32_t i = 0; i < KT_SIM_ORDERS; i++)
		ret->nr_free[i] = buddy->free[i].count;
}

uint64_t kt_sim_blocks_huge(const struct kt_sim_blocks *blocks)
{
	uint64_t whole = 0;

	for (uint32_t i = KT_SIM_HUGE_ORDER; i < KT_SIM_ORDERS; i++)
		whole += blocks->nr_free[i] << (i - KT_SIM_HUGE_ORDER);
	return (blocks->zone_pages >> KT_SIM_HUGE_ORDER) - whole;
}

uint64_t kt_sim_blocks_huge_least(const struct kt_sim_blocks *blocks)
{
	return (blocks->given_pages + (1u << KT_SIM_HUGE_ORDER) - 1) >> KT_SIM_HUGE_ORDER;
}
