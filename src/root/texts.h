// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_TEXTS_H
#define KT_ROOT_TEXTS_H

#include "root/root.h"

/**
 * Texts that become one root: each is looked through, the files that are found get their own paths,
 * and the first log with memory reports and the first with a boot are logs of the root.
 */
struct kt_texts;

struct kt_err *kt_texts_new(kt_root_filter wanted, struct kt_texts **ret_texts) KT_MUST_CHECK;
/**
 * Looks through a text from a file; takes `fd` over. `name`: of a text among others; NULL: the only
 * one.
 */
struct kt_err *kt_texts_add_file(struct kt_texts *texts, const char *name, int fd) KT_MUST_CHECK;
/** Same from memory; takes `data` over. */
struct kt_err *kt_texts_add_data(
	struct kt_texts *texts, const char *name, char *data, size_t size) KT_MUST_CHECK;
/**
 * Notes a text that cannot be read, so that it does not hide the others. Takes `err` over, which
 * names the text; returns it if memory is out.
 */
struct kt_err *kt_texts_skip(struct kt_texts *texts, struct kt_err *err) KT_MUST_CHECK;
/** True if a limit on the number or size of the texts is reached: no other is looked through. */
bool kt_texts_is_full(const struct kt_texts *texts);
/**
 * Makes the root; NULL: nothing was found. An error if nothing was found and a text was skipped.
 * Frees the texts in any case.
 */
struct kt_err *kt_texts_end(struct kt_texts *texts, struct kt_root **ret_root) KT_MUST_CHECK;
void kt_texts_free(struct kt_texts *texts); /* accepts NULL */

#endif
