// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_FUZZ_TREE_H
#define KT_FUZZ_TREE_H

#include "fuzz.h"

#include "root/root_ops.h"

/**
 * A tree of files in memory: "path\0content\0" again and again. A path that begins with '@' is
 * a symbolic link and the content its target. Contents in which NUL matters are the rest of the
 * data, after an empty path: "\0path\0content".
 */

static inline struct kt_span fuzz_take(const uint8_t **data, size_t *size)
{
	const uint8_t *end = memchr(*data, 0, *size);
	struct kt_span taken = { (const char *)*data, end ? (size_t)(end - *data) : *size };

	*size -= taken.n + (end != NULL);
	*data += taken.n + (end != NULL);
	return taken;
}

static inline void fuzz_add(struct kt_root *root, struct kt_span path, struct kt_span content)
{
	char name[256], *copy = malloc(content.n + 1);

	if (!copy)
		abort();
	snprintf(name, sizeof(name), "%.*s", (int)path.n, path.p);
	if (content.n)
		memcpy(copy, content.p, content.n);
	copy[content.n] = '\0';
	if (*name == '@') {
		kt_err_free(kt_root_memory_link(root, name + 1, copy));
		free(copy);
	} else {
		kt_err_free(kt_root_memory_add(root, name, copy, content.n));
	}
}

static inline struct kt_root *fuzz_tree(const uint8_t *data, size_t size)
{
	struct kt_root *root = NULL;

	kt_err_free(kt_root_memory_new(KT_ROOT_BUNDLE, &root));
	if (!root)
		abort();
	while (size) {
		struct kt_span path = fuzz_take(&data, &size);

		if (!path.n && size) {
			path = fuzz_take(&data, &size);
			fuzz_add(root, path, (struct kt_span){ (const char *)data, size });
			break;
		}
		fuzz_add(root, path, fuzz_take(&data, &size));
	}
	return root;
}

#endif
