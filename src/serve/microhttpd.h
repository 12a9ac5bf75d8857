// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_MICROHTTPD_H
#define KT_SERVE_MICROHTTPD_H

#include "base/err.h"

#include <microhttpd.h>

/** The part of libmicrohttpd that ktally uses: `name` stands for the symbol MHD_NAME. */
#define KT_MICROHTTPD_SYMBOLS(X)         \
	X(start_daemon)                  \
	X(stop_daemon)                   \
	X(run)                           \
	X(run_from_select)               \
	X(get_fdset2)                    \
	X(get_timeout)                   \
	X(get_connection_info)           \
	X(get_connection_values_n)       \
	X(lookup_connection_value)       \
	X(suspend_connection)            \
	X(resume_connection)             \
	X(queue_response)                \
	X(destroy_response)              \
	X(add_response_header)           \
	X(create_response_from_buffer)   \
	X(create_response_from_callback) \
	X(create_response_from_buffer_with_free_callback_cls)

struct kt_microhttpd {
#define X(name) __typeof__(MHD_##name) *name;
	KT_MICROHTTPD_SYMBOLS(X)
#undef X
};

/** Opens libmicrohttpd on first use; the table stays valid until the program ends. */
struct kt_err *kt_microhttpd(const struct kt_microhttpd **ret_lib) KT_MUST_CHECK;

#endif
