// SPDX-License-Identifier: GPL-2.0-or-later
//
// Members found by name, in type data made by hand.

#include "kernel/types.h"
#include "kernel_bytes.h"
#include "test.h"

/*
 * struct inner { int a; int b; };
 * struct outer { struct { union inner_like; int flags:3; int rest:29; }; inner_t items[5]; void *p;
 * };
 */
static char *make(size_t *ret_size)
{
	struct made_types made = { 0 };
	uint32_t number = made_int(&made, "int", 4);
	uint32_t pointer = made_pointer(&made, 0);
	const struct made_member of_inner[] = { { "a", number, 0, 0 }, { "b", number, 32, 0 } };
	uint32_t inner = made_struct(&made, "inner", 8, of_inner, 2);
	uint32_t inner_t = made_typedef(&made, "inner_t", inner);
	uint32_t items = made_array(&made, inner_t, 5);
	const struct made_member of_nameless[] = { { "", inner, 0, 0 }, { "flags", number, 64, 3 },
		{ "rest", number, 67, 29 } };
	uint32_t nameless = made_struct(&made, "", 12, of_nameless, 3);
	const struct made_member of_outer[] = { { "", nameless, 0, 0 }, { "items", items, 128, 0 },
		{ "p", pointer, 448, 0 } };
	char *file;

	made_struct(&made, "outer", 64, of_outer, 3);
	made_typedef(&made, "outer_t", made.count);
	file = made_file(&made, ret_size);
	made_fini(&made);
	return file;
}

static void check_place(const struct kt_types *types, const char *type, const char *path,
	uint32_t offset, uint32_t size, uint32_t count)
{
	struct kt_field field;

	CHECK(kt_types_field(types, type, path, &field));
	CHECK_INT(field.offset, offset);
	CHECK_INT(field.size, size);
	CHECK_INT(field.count, count);
}

TEST(members_are_found_through_nameless_structs_arrays_and_typedefs)
{
	size_t size;
	char *file = make(&size);
	struct kt_types types;
	struct kt_field field;

	CHECK(!kt_types_init(&types, (struct kt_span){ file, size }, 8));
	check_place(&types, "outer", "a", 0, 4, 1);
	check_place(&types, "outer", "b", 4, 4, 1);
	check_place(&types, "outer_t", "b", 4, 4, 1);
	check_place(&types, "outer", "items", 16, 8, 5);
	check_place(&types, "outer", "items.b", 20, 4, 1);
	check_place(&types, "outer", "p", 56, 8, 1);
	CHECK(!kt_types_field(&types, "outer", "c", &field));
	CHECK(!field.exists);
	CHECK(!kt_types_field(&types, "outer", "p.a", &field));
	CHECK(!kt_types_field(&types, "outer", "", &field));
	CHECK(!kt_types_field(&types, "none", "a", &field));
	CHECK_INT(kt_types_size(&types, "outer"), 64);
	CHECK_INT(kt_types_size(&types, "none"), 0);
	kt_types_fini(&types);
	free(file);
}

TEST(bit_fields_are_read_and_what_does_not_exist_is_zero)
{
	size_t size;
	char *file = make(&size);
	struct kt_types types;
	struct kt_field field;
	uint32_t copy[16] = { 7, 9, 5 | 1234567u << 3 };

	CHECK(!kt_types_init(&types, (struct kt_span){ file, size }, 8));
	CHECK(kt_types_field(&types, "outer", "flags", &field));
	CHECK_INT(kt_field_get(&field, copy, sizeof(copy)), 5);
	CHECK(kt_types_field(&types, "outer", "rest", &field));
	CHECK_INT(kt_field_get(&field, copy, sizeof(copy)), 1234567);
	CHECK(kt_types_field(&types, "outer", "b", &field));
	CHECK_INT(kt_field_get(&field, copy, sizeof(copy)), 9);
	CHECK_INT(kt_field_get(&field, copy, 7), 0);
	field.exists = false;
	CHECK_INT(kt_field_get(&field, copy, sizeof(copy)), 0);
	kt_types_fini(&types);
	free(file);
}

TEST(enumerators_are_found_in_their_enum_or_in_those_without_a_name)
{
	struct made_types made = { 0 };
	struct kt_types types;
	int64_t value = 0;
	size_t size;
	char *file;

	made_enum(&made, "pagetype", "PGTY_slab", 0xf5);
	made_enum(&made, "", "CSS_NO_REF", 1);
	made_enum(&made, "", "CSS_ONLINE", 2);
	file = made_file(&made, &size);
	made_fini(&made);
	CHECK(!kt_types_init(&types, (struct kt_span){ file, size }, 8));
	CHECK(kt_types_enum(&types, "pagetype", "PGTY_slab", &value));
	CHECK_INT(value, 0xf5);
	CHECK(kt_types_enum(&types, "", "CSS_ONLINE", &value));
	CHECK_INT(value, 2);
	CHECK(!kt_types_enum(&types, "", "PGTY_slab", &value));
	CHECK(!kt_types_enum(&types, "pagetype", "CSS_ONLINE", &value));
	kt_types_fini(&types);
	free(file);
}

TEST(a_missing_mandatory_member_is_named)
{
	struct {
		struct kt_field a, none;
	} fields;
	const struct kt_field_want wants[] = { { "outer", "a", 0, true },
		{ "outer", "none", sizeof(struct kt_field), false },
		{ "outer", "never", sizeof(struct kt_field), true } };
	size_t size;
	char *file = make(&size);
	struct kt_types types;
	struct kt_err *err;

	CHECK(!kt_types_init(&types, (struct kt_span){ file, size }, 8));
	CHECK(!kt_types_fields(&types, wants, 2, &fields));
	CHECK(fields.a.exists && !fields.none.exists);
	err = kt_types_fields(&types, wants, 3, &fields);
	CHECK(err && kt_err_code(err) == KT_ERR_ABSENT);
	CHECK(err && strstr(kt_err_text(err), "never in struct outer"));
	kt_err_free(err);
	kt_types_fini(&types);
	free(file);
}

TEST(type_data_that_is_cut_or_turns_in_circles_ends)
{
	size_t size;
	char *file = make(&size);
	struct made_types made = { 0 };
	struct kt_types types;
	struct kt_field field;

	for (size_t i = 0; i < size; i++) {
		struct kt_err *err = kt_types_init(&types, (struct kt_span){ file, i }, 8);

		CHECK(err != NULL);
		kt_err_free(err);
		kt_types_fini(&types);
	}
	free(file);
	/* a typedef of itself, an array of itself, a struct in itself without a name */
	{
		const struct made_member of_self[] = { { "", 3, 0, 0 }, { "t", 1, 0, 0 },
			{ "r", 2, 0, 0 } };

		made_typedef(&made, "self", 1);
		made_array(&made, 2, 3);
		made_struct(&made, "turning", 8, of_self, 3);
	}
	file = made_file(&made, &size);
	CHECK(!kt_types_init(&types, (struct kt_span){ file, size }, 8));
	CHECK(!kt_types_field(&types, "turning", "missing", &field));
	CHECK(!kt_types_field(&types, "self", "missing", &field));
	CHECK(kt_types_field(&types, "turning", "t", &field));
	CHECK(kt_types_field(&types, "turning", "r", &field));
	CHECK(!kt_types_field(&types, "turning", "r.x", &field));
	kt_types_fini(&types);
	made_fini(&made);
	free(file);
}

TEST(structs_without_names_that_are_in_themselves_many_times_end)
{
	struct made_types made = { 0 };
	struct made_member of_it[40];
	struct kt_types types;
	struct kt_field field;
	size_t size;
	char *file;

	/* 40^16 ways to the end */
	for (unsigned i = 0; i < KT_LEN(of_it); i++)
		of_it[i] = (struct made_member){ i ? "" : "there", 1, 8 * i, 0 };
	made_struct(&made, "it", 64, of_it, KT_LEN(of_it));
	file = made_file(&made, &size);
	made_fini(&made);
	CHECK(!kt_types_init(&types, (struct kt_span){ file, size }, 8));
	CHECK(!kt_types_field(&types, "it", "missing", &field));
	CHECK(kt_types_field(&types, "it", "there", &field));
	kt_types_fini(&types);
	free(file);
}

/* ---- pointers ---- */

#define WORDS 16u

/* Finds the words of struct "it" that may hold a pointer, as "x" and "."; "?": they are left alone.
 */
static const char *pointers_of(const struct made_types *made, char text[WORDS + 1])
{
	bool words[WORDS], other[WORDS];
	struct kt_types types;
	size_t size;
	char *file = made_file(made, &size);

	memset(words, false, sizeof(words));
	memset(other, true, sizeof(other));
	CHECK(!kt_types_init(&types, (struct kt_span){ file, size }, 8));
	CHECK(kt_types_pointers(&types, "it", words, WORDS));
	CHECK(kt_types_pointers(&types, "it", other, WORDS));
	CHECK(!kt_types_pointers(&types, "none", other, WORDS));
	for (unsigned i = 0; i < WORDS; i++)
		text[i] = words[i] != other[i] ? '?' : words[i] ? 'x' : '.';
	text[WORDS] = '\0';
	kt_types_fini(&types);
	free(file);
	return text;
}

TEST(pointers_are_found_in_structs_arrays_and_members_without_a_name)
{
	struct made_types made = { 0 };
	uint32_t word = made_int(&made, "long", 8), pointer = made_pointer(&made, word);
	const struct made_member of_list[] = { { "next", pointer, 0, 0 },
		{ "prev", pointer, 64, 0 } };
	uint32_t list = made_struct(&made, "list_head", 16, of_list, 2);
	const struct made_member of_pair[] = { { "number", word, 0, 0 }, { "to", pointer, 64, 0 } };
	uint32_t pair = made_typedef(&made, "pair_t", made_struct(&made, "pair", 16, of_pair, 2));
	uint32_t pairs = made_array(&made, pair, 3), table = made_array(&made, pairs, 1);
	/* a bit-field is no pointer, even of a word that a pointer could have */
	const struct made_member of_nameless[] = { { "", list, 64, 0 }, { "bits", word, 0, 40 } };
	uint32_t nameless = made_struct(&made, "", 24, of_nameless, 2);
	const struct made_member of_it[] = { { "first", word, 0, 0 }, { "", nameless, 64, 0 },
		{ "table", table, 256, 0 }, { "flexible", made_array(&made, pointer, 0), 704, 0 },
		{ "last", pointer, 640, 0 } };
	char text[WORDS + 1];

	made_struct(&made, "it", 88, of_it, 5);
	CHECK_STR(pointers_of(&made, text), "..xx.x.x.xx?????");
	made_fini(&made);
}

TEST(a_word_that_is_a_pointer_in_one_member_of_a_union_may_be_one)
{
	struct made_types made = { 0 };
	uint32_t word = made_int(&made, "long", 8), pointer = made_pointer(&made, 0);
	uint32_t number = made_int(&made, "int", 4), byte = made_int(&made, "char", 1);
	const struct made_member of_union[] = { { "number", word, 0, 0 }, { "to", pointer, 0, 0 } };
	uint32_t either = made_struct(&made, "", 8, of_union, 2);
	/* the second pointer is not at the start of a word, and counts for the word of its start */
	const struct made_member of_it[] = { { "", either, 0, 0 }, { "half", number, 64, 0 },
		{ "packed", pointer, 96, 0 }, { "bytes", made_array(&made, byte, 16), 192, 0 } };
	char text[WORDS + 1];

	made_struct(&made, "it", 40, of_it, 4);
	CHECK_STR(pointers_of(&made, text), "xx...???????????");
	made_fini(&made);
}

TEST(numbers_in_a_long_array_hide_no_pointer_after_them)
{
	struct made_types made = { 0 };
	uint32_t byte = made_int(&made, "char", 1), pointer = made_pointer(&made, 0);
	uint32_t many = made_array(&made, made_array(&made, byte, 1u << 20), 1u << 11);
	/* two views of the same bytes: the array is much longer than the struct says */
	const struct made_member of_it[] = { { "bytes", many, 0, 0 }, { "to", pointer, 64, 0 } };
	char text[WORDS + 1];

	made_struct(&made, "it", 24, of_it, 2);
	CHECK_STR(pointers_of(&made, text), ".x.?????????????");
	made_fini(&made);
}

TEST(an_array_of_itself_ends_and_may_be_any_pointer)
{
	struct made_types made = { 0 };
	uint32_t array = made_array(&made, 2, UINT32_MAX);
	const struct made_member of_nested[] = { { "again", array, 0, 0 } };
	const struct made_member of_it[] = { { "arrays", array, 64, 0 } };
	char text[WORDS + 1];

	made_struct(&made, "nested", 1, of_nested, 1);
	made_struct(&made, "it", 24, of_it, 1);
	CHECK_STR(pointers_of(&made, text), "xxx?????????????");
	made_fini(&made);
}

TEST(more_members_than_are_looked_at_may_be_any_pointer)
{
	struct made_types made = { 0 };
	uint32_t word = made_int(&made, "long", 8);
	struct made_member of_many[300];
	char text[WORDS + 1];

	for (unsigned i = 0; i < KT_LEN(of_many); i++)
		of_many[i] = (struct made_member){ "m", word, 0, 0 };
	for (unsigned level = 0; level < 2; level++) {
		uint32_t inner = made_struct(&made, "many", 8, of_many, KT_LEN(of_many));

		for (unsigned i = 0; i < KT_LEN(of_many); i++)
			of_many[i].type = inner;
	}
	made_struct(&made, "it", 24, of_many, KT_LEN(of_many));
	CHECK_STR(pointers_of(&made, text), "xxx?????????????");
	made_fini(&made);
}

TEST(a_struct_in_itself_ends_and_may_be_any_pointer)
{
	struct made_types made = { 0 };
	const struct made_member of_it[] = { { "again", 1, 0, 0 }, { "more", 1, 64, 0 } };
	char text[WORDS + 1];

	made_struct(&made, "it", 16, of_it, 2);
	CHECK_STR(pointers_of(&made, text), "xx??????????????");
	made_fini(&made);
}
