// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_LIBARCHIVE_H
#define KT_ROOT_LIBARCHIVE_H

#include "base/err.h"

#include <archive.h>
#include <archive_entry.h>

/** The part of libarchive that ktally uses: `name` stands for the symbol archive_NAME. */
#define KT_LIBARCHIVE_SYMBOLS(X)           \
	X(read_new)                        \
	X(read_free)                       \
	X(read_support_filter_gzip)        \
	X(read_support_filter_bzip2)       \
	X(read_support_filter_xz)          \
	X(read_support_filter_zstd)        \
	X(read_support_format_tar)         \
	X(read_support_format_zip)         \
	X(read_support_format_raw)         \
	X(read_open_fd)                    \
	X(read_next_header)                \
	X(read_data_block)                 \
	X(error_string)                    \
	X(entry_pathname)                  \
	X(entry_filetype)                  \
	X(entry_hardlink)                  \
	X(entry_symlink)                   \
	X(entry_set_symlink)               \
	X(entry_new)                       \
	X(entry_free)                      \
	X(entry_set_pathname)              \
	X(entry_set_size)                  \
	X(entry_set_filetype)              \
	X(entry_set_perm)                  \
	X(entry_set_mtime)                 \
	X(write_new)                       \
	X(write_free)                      \
	X(write_close)                     \
	X(write_add_filter_by_name)        \
	X(write_set_format_pax_restricted) \
	X(write_set_bytes_in_last_block)   \
	X(write_open)                      \
	X(write_header)                    \
	X(write_data)

struct kt_libarchive {
#define X(name) __typeof__(archive_##name) *name;
	KT_LIBARCHIVE_SYMBOLS(X)
#undef X
};

/** Opens libarchive on first use; the table stays valid until the program ends. */
struct kt_err *kt_libarchive(const struct kt_libarchive **ret_lib) KT_MUST_CHECK;

#endif
