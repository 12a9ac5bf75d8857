// SPDX-License-Identifier: GPL-2.0-or-later
//
// Traces of allocations as text.

#include "test.h"

#include "simulate/trace.h"
#include "simulate/trace_line.h"

#include "base/attr.h"

static struct kt_sim_line line_of(const char *text)
{
	return kt_sim_line_read(kt_span_str(text));
}

static const struct {
	const char *text;
	enum kt_sim_line_kind kind;
	bool typed;
	uint32_t cpu;
	uint64_t requested, allocated;
} kinds[] = {
	/* Linux 5.10 */
	{ "           <...>-85      [001] ....    12.345678: kmalloc: call_site=f+0x1/0x2 "
	  "ptr=00000000f2a5 bytes_req=20 bytes_alloc=32 gfp_flags=GFP_KERNEL",
		KT_SIM_LINE_ALLOC, false, 1, 20, 32 },
	{ "  sh-85 [000] d.h1 12.3: kmem_cache_alloc_node: call_site=f+0x1/0x2 ptr=1 "
	  "bytes_req=200 bytes_alloc=256 gfp_flags=GFP_KERNEL node=-1",
		KT_SIM_LINE_ALLOC, true, 0, 200, 256 },
	/* Linux 6.12 */
	{ "  sh-85 [003] ..... 12.3: kmem_cache_alloc: call_site=f+0x1/0x2 ptr=1 "
	  "bytes_req=200 bytes_alloc=256 gfp_flags=GFP_KERNEL node=-1 accounted=true",
		KT_SIM_LINE_ALLOC, true, 3, 200, 256 },
	{ "  sh-85 [003] ..... 12.3: kmem_cache_free: call_site=f+0x1/0x2 ptr=1 "
	  "name=filp",
		KT_SIM_LINE_FREE, true, 3, 0, 0 },
	{ "  sh-85 [003] ..... 12.3: kfree: call_site=f+0x1/0x2 ptr=1", KT_SIM_LINE_FREE, false, 3,
		0, 0 },
	/* perf script */
	{ "sh   812 [002]  1.2: kmem:kmalloc: call_site=f+0x1 ptr=0xff bytes_req=20 "
	  "bytes_alloc=32",
		KT_SIM_LINE_ALLOC, false, 2, 20, 32 },
	/* a task that calls itself as a place */
	{ "  [9] x: kfree:-85 [003] ..... 12.3: kfree: call_site=f ptr=1", KT_SIM_LINE_OTHER, false,
		9, 0, 0 },
	{ "  a b [x-85 [003] ..... 12.3: kfree: call_site=f ptr=1", KT_SIM_LINE_FREE, false, 3, 0,
		0 },
	{ "  sh-85 [003] ..... 12.3: tracing_mark_write: find", KT_SIM_LINE_MARK, false, 3, 0, 0 },
	{ "CPU:3 [LOST 812 EVENTS]", KT_SIM_LINE_LOST, false, 0, 0, 0 },
	/* no object */
	{ "  sh-85 [003] ..... 12.3: kfree: call_site=f+0x1/0x2 ptr=0000000000000000",
		KT_SIM_LINE_OTHER, false, 3, 0, 0 },
	{ "  sh-85 [003] ..... 12.3: kfree: call_site=f+0x1/0x2 ptr=(null)", KT_SIM_LINE_OTHER,
		false, 3, 0, 0 },
	/* what cannot be */
	{ "  sh-85 [003] ..... 12.3: kmalloc: call_site=f ptr=1 bytes_req=20", KT_SIM_LINE_BAD,
		false, 3, 20, 0 },
	{ "  sh-85 [003] ..... 12.3: kmalloc: call_site=f ptr=1 bytes_req=33 "
	  "bytes_alloc=32",
		KT_SIM_LINE_BAD, false, 3, 33, 32 },
	{ "  sh-85 [003] ..... 12.3: kfree: ptr=1", KT_SIM_LINE_BAD, false, 3, 0, 0 },
	{ "  sh-85 [9999] ..... 12.3: kfree: call_site=f ptr=1", KT_SIM_LINE_OTHER, false, 0, 0,
		0 },
	{ "  sh-85 [003] ..... 12.3: mm_page_free: page=1 pfn=1 order=0", KT_SIM_LINE_OTHER, false,
		3, 0, 0 },
	{ "# tracer: nop", KT_SIM_LINE_OTHER, false, 0, 0, 0 },
	{ "", KT_SIM_LINE_OTHER, false, 0, 0, 0 },
};

TEST(lines_of_each_kind_are_read)
{
	for (size_t i = 0; i < KT_LEN(kinds); i++) {
		struct kt_sim_line line = line_of(kinds[i].text);

		CHECK_INT(line.kind, kinds[i].kind);
		CHECK_INT(line.typed, kinds[i].typed);
		CHECK_INT(line.cpu, kinds[i].cpu);
		CHECK_INT(line.requested_bytes, kinds[i].requested);
		CHECK_INT(line.allocated_bytes, kinds[i].allocated);
	}
	CHECK_INT(line_of("CPU:3 [LOST 812 EVENTS]").nr_lost, 812);
}

#define AT(cpu, event) "  sh-85 [00" #cpu "] ..... 12.3: " event

static const char *const trace_lines[] = {
	AT(0, "kmem_cache_free: call_site=z ptr=99 name=older"), /* from before the trace */
	AT(0, "kmem_cache_alloc: call_site=a ptr=1 bytes_req=200 bytes_alloc=256"),
	AT(1, "kmem_cache_alloc: call_site=b ptr=2 bytes_req=200 bytes_alloc=256"),
	AT(0, "kmem_cache_alloc: call_site=c ptr=3 bytes_req=200 bytes_alloc=256"),
	AT(0, "kmalloc: call_site=d ptr=4 bytes_req=20 bytes_alloc=32"),
	AT(0, "kmem_cache_alloc: call_site=d ptr=6 bytes_req=192 bytes_alloc=192"),
	AT(0, "tracing_mark_write: first"),
	AT(1, "kmem_cache_free: call_site=z ptr=1 name=filp"),
	AT(1, "kmem_cache_free: call_site=z ptr=2 name=filp"),
	AT(0, "kmem_cache_alloc: call_site=a ptr=1 bytes_req=200 bytes_alloc=256"),
	AT(0, "kmalloc: call_site=d ptr=4 bytes_req=24 bytes_alloc=32"), /* its free was lost */
	AT(0, "kmalloc: call_site=d ptr=5"),
	"CPU:0 [LOST 7 EVENTS]",
};

TEST(a_trace_has_the_caches_that_frees_name)
{
	struct kt_sim_trace *trace = kt_sim_trace_new();
	struct kt_sim_event events[32];
	const struct kt_sim_trace_facts *facts;
	struct kt_sim_stream stream;
	size_t nr_events = 0;

	for (size_t i = 0; i < KT_LEN(trace_lines); i++)
		CHECK(!kt_sim_trace_learn(trace, kt_span_str(trace_lines[i])));
	CHECK(!kt_sim_trace_learned(trace));
	stream = kt_sim_trace_stream(trace);
	CHECK_INT(stream.machine.nr_cpus, 2);
	CHECK_INT(stream.nr_phases, 1);
	CHECK_STR(stream.phases[0], "first");
	/* frees name the cache of callers a and b; c has its sizes, and d others */
	CHECK_INT(stream.nr_caches, 3);
	CHECK_STR(stream.caches[0].name, "kmalloc");
	CHECK_STR(stream.caches[1].name, "filp");
	CHECK_INT(stream.caches[1].bytes, 256);
	CHECK_STR(stream.caches[2].name, "(objects of 192 bytes)");
	for (size_t i = 0; i < KT_LEN(trace_lines); i++) {
		size_t count;

		CHECK(!kt_sim_trace_read(
			trace, kt_span_str(trace_lines[i]), events + nr_events, &count));
		nr_events += count;
	}
	CHECK_INT(nr_events, 11);
	CHECK_INT(events[0].cache, 1);
	CHECK_INT(events[1].cache, 1);
	CHECK_INT(events[1].cpu, 1);
	CHECK_INT(events[2].cache, 1);
	CHECK_INT(events[2].bytes, 200);
	CHECK_INT(events[3].cache, 0);
	CHECK_INT(events[4].cache, 2);
	CHECK_INT(events[5].kind, KT_SIM_MARK);
	CHECK_INT(events[6].object, events[0].object);
	CHECK_INT(events[8].object, events[1].object); /* the last number that was freed */
	CHECK_INT(events[9].kind, KT_SIM_FREE);
	CHECK_INT(events[9].object, events[3].object);
	CHECK_INT(events[10].bytes, 24);
	facts = kt_sim_trace_facts(trace);
	CHECK_INT(facts->nr_unknown, 1);
	CHECK_INT(facts->nr_again, 1);
	CHECK_INT(facts->nr_skipped, 1);
	CHECK_INT(facts->nr_lost, 7);
	kt_sim_trace_free(trace);
}

TEST(sizes_of_several_caches_name_none)
{
	static const char *const lines[] = {
		AT(0, "kmem_cache_alloc: call_site=a ptr=1 bytes_req=200 bytes_alloc=256"),
		AT(0, "kmem_cache_alloc: call_site=b ptr=2 bytes_req=200 bytes_alloc=256"),
		AT(0, "kmem_cache_alloc: call_site=c ptr=3 bytes_req=200 bytes_alloc=256"),
		AT(0, "kmem_cache_free: call_site=z ptr=1 name=filp"),
		AT(0, "kmem_cache_free: call_site=z ptr=2 name=other"),
	};
	struct kt_sim_trace *trace = kt_sim_trace_new();
	struct kt_sim_stream stream;

	for (size_t i = 0; i < KT_LEN(lines); i++)
		CHECK(!kt_sim_trace_learn(trace, kt_span_str(lines[i])));
	CHECK(!kt_sim_trace_learned(trace));
	stream = kt_sim_trace_stream(trace);
	CHECK_INT(stream.nr_caches, 4);
	CHECK_STR(stream.caches[3].name, "(objects of 256 bytes)");
	kt_sim_trace_free(trace);
}

TEST(a_text_without_allocations_is_no_trace)
{
	struct kt_sim_trace *trace = kt_sim_trace_new();
	struct kt_err *err;

	CHECK(!kt_sim_trace_learn(trace, kt_span_str("MemTotal: 12 kB")));
	err = kt_sim_trace_learned(trace);
	CHECK(err && kt_err_code(err) == KT_ERR_PARSE);
	kt_err_free(err);
	kt_sim_trace_free(trace);
}
