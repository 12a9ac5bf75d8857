// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_LOOK_H
#define KT_ROOT_LOOK_H

#include "recognise/recognise.h"
#include "root/root.h"
#include "root/stream.h"

/** A look through a text: the files that are in it, and whether it is a kernel log. */

#define KT_LOOK_MAX (64u << 20) /* bytes in which files are looked for; a log may be longer */

struct kt_look {
	struct kt_recogniser *recogniser;
	uint64_t report_line;		/* line of the first memory report; 0: none was seen */
	uint64_t boot_first, boot_last; /* lines of the boot that were seen; 0: none */
	unsigned boot_signs;		/* kinds of lines of a boot that were seen, as bits */
	unsigned mends;			/* enum kt_mend of the whole text */
	const char *endless;		/* path of the long file that the text is; NULL */
	bool ended_early;		/* the rest of the text was not looked at */
	struct kt_buf decoded;		/* the text in UTF-8, if it was in UTF-16 */
};

/** Looks through a text from its start; `name`: see kt_recogniser_titles(). */
struct kt_err *kt_look(struct kt_stream *stream, kt_root_filter wanted, const char *name,
	struct kt_look *ret_look) KT_MUST_CHECK;
/** True if the text has lines of a boot: few texts that are no kernel log have two kinds of them.
 */
bool kt_look_has_boot(const struct kt_look *look);
/**
 * True if files of the text may be used: a log may have lines that look like a file after a report,
 * so that it takes a whole meminfo there.
 */
bool kt_look_has_files(const struct kt_look *look);
/**
 * Path of a text that is one file as the kernel printed it, at most indented; NULL: it is not, so
 * that it cannot be read where it is.
 */
const char *kt_look_whole(const struct kt_look *look);
void kt_look_fini(struct kt_look *look);

#endif
