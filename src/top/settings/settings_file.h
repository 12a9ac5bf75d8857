// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_SETTINGS_SETTINGS_FILE_H
#define KT_TOP_SETTINGS_SETTINGS_FILE_H

#include "base/buf.h"
#include "base/err.h"

/**
 * The file of the settings: ktally/top in the directory for configuration. It is read and written
 * only if the directories and the file belong to the user that the process runs as: root with the
 * HOME of another user neither reads what that user wrote, nor leaves files of root there.
 */
struct kt_settings_file {
	char *path;			   /* NULL: settings are not kept */
	struct kt_settings_keeper *keeper; /* writes in place of a confined process; NULL: none */
	int ask_fd, done_fd;		   /* of the keeper */
};

#define KT_SETTINGS_FILE_NONE ((struct kt_settings_file){ .ask_fd = -1, .done_fd = -1 })

/**
 * Finds the file below `config` (XDG_CONFIG_HOME) or else below `home` (HOME), each of which may be
 * NULL, and reads it into `ret_text`, which stays empty if there is no file. Makes nothing.
 */
void kt_settings_file_open(struct kt_settings_file *file, const char *config, const char *home,
	struct kt_buf *ret_text);
/**
 * Makes the process that writes for a process that is confined later. `names`: the lists, see
 * kt_settings_parse(), by which it checks the text that it is to write.
 */
struct kt_err *kt_settings_file_keep(
	struct kt_settings_file *file, const char *names) KT_MUST_CHECK;
/** Replaces the file, and makes its directory. */
struct kt_err *kt_settings_file_write(
	struct kt_settings_file *file, const char *text, size_t size) KT_MUST_CHECK;
/** Ends the keeper too. */
void kt_settings_file_close(struct kt_settings_file *file);

#endif
