// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bytes of a block, uncompressed, as a root that follows a cursor. At each sample it has
// the files and folders of the root that is made of this sample alone.

#include "fuzz_record.h"

#include "root/root.h"
#include "source/source.h"

#define FILES_MAX 32u
#define TEXTS_MAX (1u << 18) /* bytes that are compared of one input */

struct pair {
	struct kt_root *follow, *moment;
	size_t left; /* bytes to compare */
};

static void compare_texts(struct pair *pair, const char *path)
{
	KT_CLEANUP(text) struct kt_text a = { 0 }, b = { 0 };
	struct kt_err *left = kt_root_read(pair->follow, path, &a);
	struct kt_err *right = kt_root_read(pair->moment, path, &b);

	fuzz_must(!left == !right, "a file is in one root only");
	fuzz_must(!left || kt_err_code(left) == kt_err_code(right), "two reasons for one file");
	fuzz_must(!left || strcmp(kt_err_text(left), kt_err_text(right)) == 0,
		"two sentences for one file");
	fuzz_must(a.size == b.size && (!a.size || memcmp(a.data, b.data, a.size) == 0),
		"a file has two texts");
	pair->left -= a.size < pair->left ? a.size : pair->left;
	kt_err_free(left);
	kt_err_free(right);
}

static void compare_part(struct pair *pair, const char *path)
{
	KT_CLEANUP(text) struct kt_text a = { 0 }, b = { 0 };
	struct kt_err *left = kt_root_read_at(pair->follow, path, 3, 5, &a);
	struct kt_err *right = kt_root_read_at(pair->moment, path, 3, 5, &b);

	fuzz_must(!left == !right && a.size == b.size && a.size <= 5 &&
			  (!a.size || memcmp(a.data, b.data, a.size) == 0),
		"a part of a file is another");
	kt_err_free(left);
	kt_err_free(right);
}

static void compare_names(struct pair *pair, const char *path, bool folders)
{
	struct kt_arena arena = { 0 };
	kt_names a = { 0 }, b = { 0 };
	struct kt_err *left =
		(folders ? kt_root_list_folders : kt_root_list)(pair->follow, path, &arena, &a);
	struct kt_err *right =
		(folders ? kt_root_list_folders : kt_root_list)(pair->moment, path, &arena, &b);

	fuzz_must(!left == !right, "a folder is in one root only");
	fuzz_must(a.count == b.count, "a folder has other files");
	for (size_t i = 0; i < a.count; i++)
		fuzz_must(strcmp(a.items[i], b.items[i]) == 0, "a file has another name");
	kt_err_free(left);
	kt_err_free(right);
	kt_arena_fini(&arena);
}

/* A path, and every folder above it. */
static void compare_path(struct pair *pair, const char *path)
{
	char folder[256];

	compare_texts(pair, path);
	compare_part(pair, path);
	snprintf(folder, sizeof(folder), "%s", path);
	for (;;) {
		char *slash = strrchr(folder, '/');

		fuzz_must(kt_root_has(pair->follow, folder) == kt_root_has(pair->moment, folder),
			"a path is in one root only");
		compare_names(pair, folder, false);
		compare_names(pair, folder, true);
		if (!*folder)
			break;
		*(slash ? slash : folder) = '\0';
	}
}

static void compare_sample(const struct kt_cursor *cursor, struct pair *pair, kt_root_filter wanted)
{
	const struct kt_block *block = cursor->block;
	KT_CLEANUP(root) struct kt_root *moment = NULL;
	struct kt_err *err = kt_root_moment(cursor, wanted, &moment);

	if (err) { /* its texts are too large to be in memory at once */
		fuzz_must(kt_err_code(err) == KT_ERR_LIMIT, "no root of one sample");
		kt_err_free(err);
		return;
	}
	pair->moment = moment;
	for (uint32_t i = 0; i < block->files.count && i < FILES_MAX && pair->left; i++)
		compare_path(pair, block->files.items[i].path);
	compare_path(pair, "proc/none");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_block block;
	kt_root_filter wanted = size && data[0] & 1 ? kt_source_inside : NULL;
	struct pair pair = { .left = TEXTS_MAX };
	struct kt_cursor cursor;

	if (!size)
		return 0;
	struct kt_err *err =
		kt_block_decode((struct kt_span){ (const char *)data + 1, size - 1 }, &block);

	if (err) {
		kt_err_free(err);
		return 0;
	}
	cursor = fuzz_cursor(&block);
	fuzz_must(!kt_root_follow(&cursor, wanted, &pair.follow), "no root that follows");
	for (uint32_t i = 0; i < block.nr_samples; i += block.nr_samples / 4 + 1) {
		kt_cursor_move(&cursor, i);
		compare_sample(&cursor, &pair, wanted);
	}
	kt_root_free(pair.follow);
	kt_cursor_fini(&cursor);
	kt_block_cleanup(&block);
	return 0;
}
