// SPDX-License-Identifier: GPL-2.0-or-later
//
// A trace of allocations as text. Its events can be replayed with every allocator, and no allocator
// holds less than is asked for.

#include "fuzz_simulated.h"

#include "simulate/trace.h"

struct reading {
	struct kt_sim_trace *trace;
	struct kt_span rest;
};

static struct kt_err *read_lines(
	void *arg, struct kt_sim_event *ret_events, size_t room, size_t *ret_count)
{
	struct reading *reading = arg;
	struct kt_err *err = NULL;
	struct kt_span line;
	size_t count;

	*ret_count = 0;
	while (!err && *ret_count + 2 <= room && kt_span_line(&reading->rest, &line)) {
		err = kt_sim_trace_read(reading->trace, line, ret_events + *ret_count, &count);
		*ret_count += err ? 0 : count;
	}
	return err;
}

static void replay(struct reading *reading)
{
	struct kt_sim_stream stream = kt_sim_trace_stream(reading->trace);
	struct kt_arena arena = { 0 };
	struct kt_sim_result result;
	struct kt_err *err;

	stream.read = read_lines;
	stream.arg = reading;
	err = kt_simulate(&arena, &stream, kt_sim_allocators, kt_nr_sim_allocators,
		&(struct kt_sim_wants){ .buddy = true }, &result);
	fuzz_must(!err || kt_err_code(err) != KT_ERR_PARSE, "an event that cannot be");
	if (!err)
		fuzz_holds_enough(&result);
	kt_err_free(err);
	kt_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading reading = { kt_sim_trace_new(), { (const char *)data, size } };
	struct kt_span rest = reading.rest, line;
	struct kt_err *err = NULL;

	fuzz_must(reading.trace, "no memory");
	while (!err && kt_span_line(&rest, &line))
		err = kt_sim_trace_learn(reading.trace, line);
	if (!err)
		err = kt_sim_trace_learned(reading.trace);
	if (!err)
		replay(&reading);
	kt_err_free(err);
	kt_sim_trace_free(reading.trace);
	return 0;
}
