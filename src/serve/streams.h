// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_STREAMS_H
#define KT_SERVE_STREAMS_H

#include "serve/route.h"

/** Responses that go on: the live view, with an event for each sample, and the course of a watch.
 */
struct kt_stream;

struct kt_streams {
	struct kt_site *site;
	struct kt_stream *first;
	size_t nr_live; /* clients of the live view */
	bool ends;
};

enum MHD_Result kt_streams_live(
	struct kt_streams *streams, struct MHD_Connection *connection, const char *method);
/** To the client that has started the watch. The watch ends with the stream. */
enum MHD_Result kt_streams_watch(struct kt_streams *streams, struct MHD_Connection *connection);
/** Call after news: sends what has changed. */
void kt_streams_wake(struct kt_streams *streams);

#endif
