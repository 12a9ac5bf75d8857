// SPDX-License-Identifier: GPL-2.0-or-later
//
// mm/kmemleak.c: a list of all objects (struct kmemleak_object). An object is shown if it was
// reported, and still has fewer pointers to it than it needs (unreferenced_object()).

#include "memory/sites/leaks.h"

#include "memory/ring.h"
#include "memory/sites/stack_depot.h"

#include "base/attr.h"

#include <stddef.h>
#include <string.h>

#define OBJECTS_MAX (1u << 26)
#define OBJECT_MAX  1024u /* bytes of a struct kmemleak_object */
#define ALLOCATED   0x1u  /* OBJECT_*, mm/kmemleak.c */
#define REPORTED    0x2u
#define PERCPU	    0x20u
#define BLACK	    (-1)
#define NAME_BYTES  16u

struct layout {
	struct kt_field list, flags, pointer, size, count, min_count, jiffies, pid, name;
	struct kt_field handle, trace, trace_count;
	uint32_t bytes;
};

#define AT(member) offsetof(struct layout, member)

static const struct kt_field_want wants[] = {
	{ "kmemleak_object", "object_list", AT(list), true },
	{ "kmemleak_object", "flags", AT(flags), true },
	{ "kmemleak_object", "pointer", AT(pointer), true },
	{ "kmemleak_object", "size", AT(size), true },
	{ "kmemleak_object", "count", AT(count), true },
	{ "kmemleak_object", "min_count", AT(min_count), true },
	{ "kmemleak_object", "jiffies", AT(jiffies), true },
	{ "kmemleak_object", "pid", AT(pid), true },
	{ "kmemleak_object", "comm", AT(name), true },
	{ "kmemleak_object", "trace_handle", AT(handle), false },
	{ "kmemleak_object", "trace", AT(trace), false },
	{ "kmemleak_object", "trace_len", AT(trace_count), false },
};

struct walk {
	struct kt_target *target;
	const struct kt_code_names *names;
	struct kt_buf *text;
	struct layout layout;
	struct kt_depot depot;
	bool has_depot;
	uint64_t last_scan, min_age;
};

static uint32_t frames_of(struct walk *walk, const char *copy, uint64_t frames[KT_DEPOT_FRAMES])
{
	const struct layout *layout = &walk->layout;
	uint64_t count = kt_field_get(&layout->trace_count, copy, layout->bytes);
	struct kt_field one = layout->trace;

	if (layout->handle.exists)
		return walk->has_depot ? kt_depot_stack(&walk->depot,
						 (uint32_t)kt_field_get(
							 &layout->handle, copy, layout->bytes),
						 frames)
				       : 0;
	if (!one.exists || !layout->trace_count.exists || count > one.count ||
		count > KT_DEPOT_FRAMES)
		return 0;
	one.count = 1;
	for (uint64_t i = 0; i < count; i++, one.offset += one.size)
		frames[i] = kt_field_get(&one, copy, layout->bytes);
	return (uint32_t)count;
}

static bool is_leak(const struct walk *walk, const char *copy)
{
	const struct layout *layout = &walk->layout;
	uint64_t flags = kt_field_get(&layout->flags, copy, layout->bytes);
	int32_t count = (int32_t)kt_field_get(&layout->count, copy, layout->bytes);
	int32_t least = (int32_t)kt_field_get(&layout->min_count, copy, layout->bytes);
	uint64_t made = kt_field_get(&layout->jiffies, copy, layout->bytes);

	return (flags & REPORTED) && (flags & ALLOCATED) && count != BLACK && count < least &&
	       (int64_t)(made + walk->min_age - walk->last_scan) <= 0;
}

static void put_object(struct walk *walk, const char *copy)
{
	const struct layout *layout = &walk->layout;
	uint64_t frames[KT_DEPOT_FRAMES];
	uint32_t count = frames_of(walk, copy, frames);
	char name[NAME_BYTES + 1];

	memcpy(name, copy + layout->name.offset, NAME_BYTES);
	name[NAME_BYTES] = '\0';
	for (size_t i = 0; name[i]; i++) {
		if ((unsigned char)name[i] < ' ' || (unsigned char)name[i] > '~')
			name[i] = '?';
	}
	kt_buf_printf(walk->text,
		"unreferenced object %s0x%llx (size %llu):\n  comm \"%s\", pid %d, jiffies %llu\n"
		"  backtrace:\n",
		kt_field_get(&layout->flags, copy, layout->bytes) & PERCPU ? "(percpu) " : "",
		(unsigned long long)kt_field_get(&layout->pointer, copy, layout->bytes),
		(unsigned long long)kt_field_get(&layout->size, copy, layout->bytes), name,
		(int)(int32_t)kt_field_get(&layout->pid, copy, layout->bytes),
		(unsigned long long)kt_field_get(&layout->jiffies, copy, layout->bytes));
	for (uint32_t i = 0; i < count; i++) {
		kt_buf_puts(walk->text, "    ");
		kt_code_name(walk->names, frames[i], false, walk->text);
		kt_buf_puts(walk->text, "\n");
	}
}

static bool take_object(void *arg, uint64_t address, const char *copy)
{
	struct walk *walk = arg;

	(void)address;
	if (walk->text->failed)
		return false;
	if (is_leak(walk, copy))
		put_object(walk, copy);
	return true;
}

static bool put_list(struct walk *walk, uint64_t head)
{
	const struct layout *layout = &walk->layout;
	const struct kt_ring ring = { head, layout->list.offset, layout->bytes, OBJECTS_MAX };
	char copy[OBJECT_MAX];

	return kt_ring_each(walk->target, &ring, copy, take_object, walk);
}

static struct kt_err *find_layout(struct walk *walk)
{
	const struct kt_types *types = &walk->target->types;
	struct layout *layout = &walk->layout;
	struct kt_err *err = kt_types_fields(types, wants, KT_LEN(wants), layout);

	if (err)
		return err;
	layout->bytes = kt_types_size(types, "kmemleak_object");
	return layout->bytes <= OBJECT_MAX && layout->name.offset + NAME_BYTES <= layout->bytes &&
			       layout->name.count >= NAME_BYTES
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT,
				 "the kernel's type data has objects of kmemleak that are not "
				 "understood");
}

struct kt_err *kt_file_leaks(
	struct kt_target *target, const struct kt_code_names *names, struct kt_buf *ret_text)
{
	struct walk walk = { .target = target, .names = names, .text = ret_text };
	const struct kt_symbols *symbols = &target->symbols;
	uint64_t head, last, age;
	struct kt_err *err = find_layout(&walk);

	if (err)
		return err;
	if (!kt_symbols_find(symbols, "object_list", &head) ||
		!kt_symbols_find(symbols, "jiffies_last_scan", &last) ||
		!kt_symbols_find(symbols, "jiffies_min_age", &age) ||
		!kt_target_pointer(target, last, &walk.last_scan) ||
		!kt_target_pointer(target, age, &walk.min_age))
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel has no kmemleak, or does not name its objects "
			"(CONFIG_DEBUG_KMEMLEAK)");
	if (!walk.last_scan)
		return kt_err_new(KT_ERR_ABSENT, "kmemleak had not scanned (kmemleak=on at boot)");
	walk.has_depot = walk.layout.handle.exists && kt_depot_open(target, &walk.depot);
	if (!put_list(&walk, head)) {
		ret_text->size = 0;
		return kt_err_new(KT_ERR_PARSE, "kmemleak's list of objects is damaged");
	}
	return NULL;
}
