// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbol_table.h"
#include "kernel/target.h"
#include "test.h"

static struct kt_target *target_of(const struct kt_target_piece *pieces, size_t count)
{
	struct kt_target *target = NULL;

	CHECK(!kt_target_of_bytes(pieces, count, &target));
	target->types.pointer_bytes = 8;
	return target;
}

TEST(memory_is_read_where_it_is_and_nowhere_else)
{
	const uint64_t numbers[] = { 0x1122334455667788, 42 };
	const struct kt_target_piece piece = { 0xffff888000001000, numbers, sizeof(numbers) };
	struct kt_target *target = target_of(&piece, 1);
	uint64_t value;
	char bytes[32];

	CHECK(kt_target_pointer(target, piece.address + 8, &value));
	CHECK_INT(value, 42);
	CHECK(kt_target_number(target, piece.address, 2, &value));
	CHECK_INT(value, 0x7788);
	CHECK(!kt_target_number(target, piece.address, 9, &value));
	CHECK(!kt_target_pointer(target, piece.address + 9, &value));
	CHECK(!kt_target_pointer(target, piece.address - 1, &value));
	CHECK(!kt_target_read(target, UINT64_MAX - 3, bytes, 8));
	CHECK_INT(target->nr_failed, 3);
	kt_target_close(target);
}

TEST(texts_end_and_are_printable)
{
	char page[4096], next[16] = "rest";
	const struct kt_target_piece pieces[] = { { 0x10000, page, sizeof(page) },
		{ 0x11000, next, sizeof(next) } };
	struct kt_target *target = target_of(pieces, 2);
	char text[16];

	memset(page, 'x', sizeof(page));
	memcpy(page, "dentry", 7);
	memcpy(page + 16, "a\nb", 4);
	page[32] = '\0';
	CHECK(kt_target_text(target, 0x10000, text, sizeof(text)));
	CHECK_STR(text, "dentry");
	CHECK(!kt_target_text(target, 0x10010, text, sizeof(text)));
	CHECK(!kt_target_text(target, 0x10020, text, sizeof(text)));
	/* across the end of a page, in two reads */
	CHECK(kt_target_text(target, 0x10ffd, text, sizeof(text)));
	CHECK_STR(text, "xxxrest");
	CHECK(kt_target_text(target, 0x10040, text, sizeof(text)));
	CHECK_INT(strlen(text), sizeof(text) - 1);
	CHECK(!kt_target_text(target, 0x20000, text, sizeof(text)));
	/* a name has any bytes */
	CHECK(kt_target_name(target, 0x10010, text, sizeof(text)));
	CHECK_STR(text, "a\nb");
	CHECK(!kt_target_name(target, 0x10020, text, sizeof(text)));
	CHECK(!kt_target_name(target, 0x20000, text, sizeof(text)));
	kt_target_close(target);
}

TEST(symbols_are_kept_where_they_are_wanted)
{
	struct kt_symbols symbols = { 0 };
	uint64_t address;

	kt_symbols_take(&symbols, KT_SPAN("ffffffff81000000 T _stext\n"
					  "ffffffff81000010 T nobody_wants_this\n"
					  "ffffffffc0000000 t slab_caches\t[a_module]\n"
					  "ffffffffc0000100 b nf_conntrack_hash\t[a_module]\n"
					  "ffffffffc0000200 b nf_conntrack_hash\t[nf_conntrack]\n"
					  "ffffffff82000000 D slab_caches\n"
					  "ffffffff83000000 D slab_caches\n"
					  "nonsense\n"));
	CHECK_INT(symbols.names.count, 3);
	CHECK(kt_symbols_find(&symbols, "nf_conntrack_hash", &address));
	CHECK_INT(address, 0xffffffffc0000200);
	CHECK(kt_symbols_find(&symbols, "_stext", &address));
	CHECK_INT(address, 0xffffffff81000000);
	CHECK(kt_symbols_find(&symbols, "slab_caches", &address));
	CHECK_INT(address, 0xffffffff82000000);
	CHECK(!kt_symbols_find(&symbols, "nobody_wants_this", &address));
	kt_symbols_fini(&symbols);
	/* kptr_restrict shows zeros */
	kt_symbols_take(&symbols, KT_SPAN("0000000000000000 T _stext\n"));
	CHECK(!kt_symbols_find(&symbols, "_stext", &address));
	kt_symbols_fini(&symbols);
}

/* The kernel's own come sorted; modules lie above them on x86-64, and below them on arm64. */
TEST(symbols_of_modules_are_sorted_in)
{
	static const char *const modules[] = {
		"ffffffffc0000100 t late\t[m]\nffffffffc0000000 t early\t[m]\n",
		"ffffffff80000100 t late\t[m]\nffffffff80000000 t early\t[m]\n"
	};
	static const uint64_t bases[] = { 0xffffffffc0000000, 0xffffffff80000000 };

	for (unsigned i = 0; i < 2; i++) {
		struct kt_symbol_table table = { 0 };

		kt_symbol_table_take(&table, KT_SPAN("ffffffff81000000 T first\n"
						     "ffffffff81000000 t other\n"
						     "ffffffff81000010 T second\n"));
		kt_symbol_table_take(&table, kt_span_str(modules[i]));
		CHECK(!kt_symbol_table_end(&table));
		CHECK_STR(kt_symbol_name(&table, kt_symbol_table_find(&table, bases[i] + 0x80)),
			"early [m]");
		CHECK_STR(kt_symbol_name(&table, kt_symbol_table_find(&table, bases[i] + 0x110)),
			"late [m]");
		CHECK_STR(kt_symbol_name(&table, kt_symbol_table_find(&table, 0xffffffff8100000f)),
			"first");
		CHECK_STR(kt_symbol_name(&table, kt_symbol_table_find(&table, 0xffffffff81000010)),
			"second");
		kt_symbol_table_fini(&table);
	}
}

TEST(the_offset_of_a_cpu_comes_from_its_table)
{
	const uint64_t offsets[] = { 0x1000, 0x2000 };
	const struct kt_target_piece piece = { 0xffffffff82000000, offsets, sizeof(offsets) };
	struct kt_target *target = target_of(&piece, 1);
	uint64_t offset;

	CHECK(!kt_target_cpu_offset(target, 1, &offset));
	kt_symbols_add(&target->symbols, KT_SPAN("__per_cpu_offset"), piece.address);
	CHECK(kt_target_cpu_offset(target, 1, &offset));
	CHECK_INT(offset, 0x2000);
	CHECK(!kt_target_cpu_offset(target, 2, &offset));
	kt_target_close(target);
}
