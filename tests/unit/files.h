// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_FILES_H
#define KT_TEST_FILES_H

/** A captured tree made of texts, for sources that read it themselves. */

#include "feed.h"
#include "root/root_ops.h"

typedef const char *const files_text[2];

static inline struct kt_root *root_of_files(files_text *files, size_t count)
{
	struct kt_root *root = NULL;

	kt_err_free(kt_root_memory_new(KT_ROOT_BUNDLE, &root));
	for (size_t i = 0; i < count; i++)
		kt_err_free(kt_root_memory_add(
			root, files[i][0], strdup(files[i][1]), strlen(files[i][1])));
	return root;
}

/** Lets a source read a tree of texts; gives the error's code or NO_ERROR. */
static inline int read_files(
	struct kt_snapshot *snap, const struct kt_source *source, files_text *files, size_t count)
{
	KT_CLEANUP(root) struct kt_root *root = root_of_files(files, count);
	KT_CLEANUP(err) struct kt_err *err = source->read(root, snap);

	return err ? (int)kt_err_code(err) : NO_ERROR;
}

#define READ(snap, name, files) read_files((snap), &kt_source_##name, (files), KT_LEN(files))

#endif
