// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/slab_layout.h"

#include "test.h"

static struct kt_slab_use use_of(const struct kt_cache_folder *folder, int64_t object, int64_t slot)
{
	return (struct kt_slab_use){ .folder = folder, .object_bytes = object, .slot_bytes = slot };
}

static void check_piece(const struct kt_slab_layout *layout, size_t i, enum kt_slot_part part,
	int64_t start, int64_t bytes)
{
	if (!CHECK(i < layout->nr_pieces))
		return;
	CHECK_STR(kt_slot_part_name(layout->pieces[i].part), kt_slot_part_name(part));
	CHECK_INT(layout->pieces[i].start, start);
	CHECK_INT(layout->pieces[i].bytes, bytes);
}

TEST(the_freelist_pointer_is_in_the_middle_of_a_plain_object)
{
	struct kt_cache_folder folder = { .name = "dentry" };
	struct kt_slab_use use = use_of(&folder, 192, 192);
	struct kt_slab_layout layout;

	kt_slab_lay_out(&use, KT_UNKNOWN, &layout);
	CHECK_INT(layout.nr_pieces, 3);
	check_piece(&layout, 0, KT_SLOT_OBJECT, 0, 96);
	check_piece(&layout, 1, KT_SLOT_POINTER_INSIDE, 96, 8);
	check_piece(&layout, 2, KT_SLOT_OBJECT, 104, 88);
}

TEST(a_constructor_puts_the_freelist_pointer_behind_the_object)
{
	struct kt_cache_folder folder = { .name = "ext4_inode_cache", .ctor = "init_once" };
	struct kt_slab_use use = use_of(&folder, 1120, 1128);
	struct kt_slab_layout layout;

	kt_slab_lay_out(&use, KT_UNKNOWN, &layout);
	CHECK_INT(layout.nr_pieces, 2);
	check_piece(&layout, 0, KT_SLOT_OBJECT, 0, 1120);
	check_piece(&layout, 1, KT_SLOT_POINTER, 1120, 8);
}

TEST(where_no_pointer_fits_behind_the_object_its_place_is_not_known)
{
	struct kt_cache_folder folder = { .name = "vm_area_struct", .rcu = 1 };
	struct kt_slab_use use = use_of(&folder, 192, 192);
	struct kt_slab_layout layout;

	kt_slab_lay_out(&use, KT_UNKNOWN, &layout);
	CHECK_INT(layout.nr_pieces, 1);
	check_piece(&layout, 0, KT_SLOT_OBJECT, 0, 192);
}

TEST(the_room_behind_objects_of_rcu_readers_may_be_padding)
{
	struct kt_cache_folder folder = { .name = "filp", .rcu = 1 };
	struct kt_slab_use use = use_of(&folder, 184, 192);
	struct kt_slab_layout layout;

	kt_slab_lay_out(&use, KT_UNKNOWN, &layout);
	CHECK_INT(layout.nr_pieces, 2);
	check_piece(&layout, 1, KT_SLOT_POINTER_MAYBE, 184, 8);
	/* kernel memory has its place */
	kt_slab_lay_out(&use, 144, &layout);
	CHECK_INT(layout.nr_pieces, 4);
	check_piece(&layout, 0, KT_SLOT_OBJECT, 0, 144);
	check_piece(&layout, 1, KT_SLOT_POINTER_INSIDE, 144, 8);
	check_piece(&layout, 2, KT_SLOT_OBJECT, 152, 32);
	check_piece(&layout, 3, KT_SLOT_PADDING, 184, 8);
	kt_slab_lay_out(&use, 184, &layout);
	CHECK_INT(layout.nr_pieces, 2);
	check_piece(&layout, 1, KT_SLOT_POINTER, 184, 8);
}

TEST(alignment_is_padding)
{
	struct kt_cache_folder folder = { .name = "kmem_cache", .hwcache_align = 1 };
	struct kt_slab_use use = use_of(&folder, 229, 256);
	struct kt_slab_layout layout;

	kt_slab_lay_out(&use, KT_UNKNOWN, &layout);
	CHECK_INT(layout.nr_pieces, 4);
	check_piece(&layout, 3, KT_SLOT_PADDING, 229, 27);
}

TEST(debugging_adds_red_zones_a_pointer_and_tracks)
{
	/* slab_debug=FZPU, 64 bytes, align 8: left zone, object, right zone, pointer, tracks */
	struct kt_cache_folder folder = {
		.name = "kmalloc-64", .align_bytes = 8, .red_zone = 1, .poison = 1, .store_user = 1
	};
	struct kt_slab_use use = use_of(&folder, 64, 176);
	struct kt_slab_layout layout;

	kt_slab_lay_out(&use, KT_UNKNOWN, &layout);
	CHECK_INT(layout.nr_pieces, 5);
	check_piece(&layout, 0, KT_SLOT_RED_ZONE, 0, 8);
	check_piece(&layout, 1, KT_SLOT_OBJECT, 8, 64);
	check_piece(&layout, 2, KT_SLOT_RED_ZONE, 72, 8);
	check_piece(&layout, 3, KT_SLOT_POINTER, 80, 8);
	check_piece(&layout, 4, KT_SLOT_TRACKING, 88, 88);
}

TEST(without_the_folder_the_slot_is_one_piece)
{
	struct kt_slab_use use = use_of(NULL, -1, 192);
	struct kt_slab_layout layout;

	kt_slab_lay_out(&use, KT_UNKNOWN, &layout);
	CHECK_INT(layout.nr_pieces, 1);
	check_piece(&layout, 0, KT_SLOT_WHOLE, 0, 192);
	use.slot_bytes = -1;
	kt_slab_lay_out(&use, KT_UNKNOWN, &layout);
	CHECK_INT(layout.nr_pieces, 0);
}

TEST(impossible_sizes_stay_inside_the_slot)
{
	struct kt_cache_folder folder = {
		.name = "x", .align_bytes = 1ll << 52, .red_zone = 1, .store_user = 1
	};
	struct kt_slab_use use = use_of(&folder, 192, 192);
	struct kt_slab_layout layout;
	int64_t sum = 0;

	kt_slab_lay_out(&use, KT_UNKNOWN, &layout);
	for (size_t i = 0; i < layout.nr_pieces; i++)
		sum += layout.pieces[i].bytes;
	CHECK_INT(sum, 192);
}
