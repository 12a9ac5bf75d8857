// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/streams.h"

#include "serve/response.h"

#include <stdlib.h>
#include <string.h>

#define LIVE_MAX    160u  /* most live streams, so that connections remain for requests */
#define BLOCK_BYTES 4096u /* bytes of a stream in one write */

/*
 * A client of a stream. Holds a reference to the event that is being sent: a new sample may replace
 * the desk's event while half of the old one is still on its way.
 */
struct kt_stream {
	struct kt_streams *streams;
	struct MHD_Connection *connection;
	struct kt_answer *event;
	size_t offset;
	uint64_t turn;	/* number of the event */
	uint32_t watch; /* number of the watch; 0: it is the live view */
	bool last;	/* no event follows */
	bool waits;
	struct kt_stream *next, **link;
};

static uint64_t turn_of(const struct kt_stream *stream)
{
	const struct kt_site *site = stream->streams->site;

	return stream->watch ? kt_arming_turn(site->arming) : kt_desk_turn(site->desk);
}

static void next_event(struct kt_stream *stream)
{
	struct kt_site *site = stream->streams->site;
	bool runs = true;

	kt_answer_unref(stream->event);
	if (stream->watch)
		stream->event = kt_arming_line(site->arming, &runs);
	else
		stream->event = kt_desk_live(site->desk);
	stream->last = !runs;
	stream->turn = turn_of(stream);
	stream->offset = 0;
}

/*
 * Sends the bytes that exist; without any, the connection sleeps until kt_streams_wake(). Suspended
 * connections cost no wake-ups: otherwise the library would call this in a loop.
 */
static ssize_t read_stream(void *cls, uint64_t at, char *data, size_t room)
{
	struct kt_stream *stream = cls;
	size_t left;

	(void)at;
	if (stream->streams->ends)
		return MHD_CONTENT_READER_END_OF_STREAM;
	/* a slow client gets the newest event and skips the events in between */
	if (!stream->event || (stream->offset == stream->event->size && !stream->last &&
				      stream->turn != turn_of(stream)))
		next_event(stream);
	if (!stream->event)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	left = stream->event->size - stream->offset;
	if (!left && stream->last)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!left) {
		stream->waits = true;
		stream->streams->site->lib->suspend_connection(stream->connection);
		return 0;
	}
	left = left < room ? left : room;
	memcpy(data, stream->event->data + stream->offset, left);
	stream->offset += left;
	return (ssize_t)left;
}

/* libmicrohttpd calls it when either side has closed the connection. */
static void end_stream(void *cls)
{
	struct kt_stream *stream = cls;

	*stream->link = stream->next;
	if (stream->next)
		stream->next->link = stream->link;
	if (stream->watch)
		kt_arming_left(stream->streams->site->arming, stream->watch);
	else
		stream->streams->nr_live--;
	kt_answer_unref(stream->event);
	free(stream);
}

/* X-Accel-Buffering asks a reverse proxy to pass events on at once, instead of collecting them. */
static enum MHD_Result begin(struct kt_streams *streams, struct MHD_Connection *connection,
	uint32_t watch, const char *type)
{
	const struct kt_site *site = streams->site;
	struct kt_stream *stream = calloc(1, sizeof(*stream));
	struct MHD_Response *response;

	if (!stream)
		return MHD_NO;
	*stream = (struct kt_stream){ .streams = streams,
		.connection = connection,
		.watch = watch,
		.next = streams->first,
		.link = &streams->first };
	response = site->lib->create_response_from_callback(
		MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_stream, stream, end_stream);
	if (!response) {
		free(stream);
		return MHD_NO;
	}
	if (streams->first)
		streams->first->link = &stream->next;
	streams->first = stream;
	streams->nr_live += !watch;
	site->lib->add_response_header(response, "X-Accel-Buffering", "no");
	return kt_response_send(site, connection, response, 200, type, "no-store");
}

/* HEAD gets only the header: a stream would take one of LIVE_MAX places without sending anything.
 */
enum MHD_Result kt_streams_live(
	struct kt_streams *streams, struct MHD_Connection *connection, const char *method)
{
	if (strcmp(method, "HEAD") == 0)
		return kt_response_empty(
			streams->site, connection, 200, "X-Accel-Buffering", "no", false);
	if (streams->nr_live >= LIVE_MAX)
		return kt_response_answer(streams->site, connection,
			kt_answer_problem(503, "too many live streams; try again later"), false);
	kt_desk_freshen(streams->site->desk);
	return begin(streams, connection, 0, "text/event-stream");
}

enum MHD_Result kt_streams_watch(struct kt_streams *streams, struct MHD_Connection *connection)
{
	struct kt_arming *arming = streams->site->arming;
	uint32_t number = kt_arming_number(arming);
	enum MHD_Result result = begin(streams, connection, number, "application/x-ndjson");

	if (result != MHD_YES)
		kt_arming_left(arming, number);
	return result;
}

void kt_streams_wake(struct kt_streams *streams)
{
	for (struct kt_stream *stream = streams->first; stream; stream = stream->next) {
		if (stream->waits)
			streams->site->lib->resume_connection(stream->connection);
		stream->waits = false;
	}
}
