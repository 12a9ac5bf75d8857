// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/trace.h"

#include "base/attr.h"
#include "bpf/bpf.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACKS_MAX  8192u /* the kernel hashes them, and keeps none that falls on another */
#define ENOTSUPP    524
#define LOG_BYTES   (1u << 16)
#define ENDED_BYTES (1u << 19)
/*
 * No interval is larger than this part of everything so far: a burst at full rate would else stand
 * for the rest of its bytes with a few samples. Samples grow by the logarithm of the bytes then.
 */
#define SHARES	     500.0
#define COUNTS_BYTES sizeof(struct kt_trace_counts)
/*
 * Ways from an event to its program and back, which the kernel's statistics of programs leave out;
 * the larger one of what was measured on x86-64.
 */
#define DISPATCH_NS 30u

_Static_assert(sizeof(struct kt_trace_counts) == 1u << KT_TRACE_COUNTS_SHIFT, "size of the counts");

struct place {
	struct kt_trace_place is;
	int program, link;
	int second, second_link; /* while events are kept */
	bool untyped;
	uint64_t ns_a_run; /* 0: not measured */
};

struct kt_trace {
	struct kt_trace_opts opts;
	struct kt_trace_maps maps;
	struct place places[KT_TRACE_HOOKS_MAX];
	struct kt_trace_place told[KT_TRACE_HOOKS_MAX];
	size_t nr_places;
	char *state; /* gaps, counts */
	size_t state_bytes;
	uint32_t ended_bytes;
	char *ended; /* the buffer of samples that were freed: its places, then its bytes twice */
	uint64_t *consumer;
	uint32_t stack_bytes;
	int stats; /* the kernel measures programs while this is open */
	uint64_t seen_bytes;
};

static struct kt_trace_counts *counts_of(const struct kt_trace *trace, size_t place, uint32_t cpu)
{
	return (void *)(trace->state + trace->maps.counts_at +
			(place * trace->opts.nr_cpus + cpu) * COUNTS_BYTES);
}

/* ---- maps ---- */

/*
 * Edges of 4,096 equal parts of the exponential distribution; programs go on evenly inside of one.
 * The last part has no end: its mean is 1 after its start, so it goes to 2 after it.
 */
static void fill_gaps(const struct kt_trace *trace)
{
	uint64_t *gaps = (void *)(trace->state + trace->maps.gaps_at);
	const double unit = (double)(1u << KT_TRACE_UNIT);

	for (unsigned i = 0; i < KT_TRACE_GAPS; i++)
		gaps[i] = (uint64_t)(-log1p(-(double)i / KT_TRACE_GAPS) * unit + 0.5);
	gaps[KT_TRACE_GAPS] = gaps[KT_TRACE_GAPS - 1] + (2ull << KT_TRACE_UNIT);
}

static struct kt_err *make_state(struct kt_trace *trace)
{
	size_t gaps = (KT_TRACE_GAPS + 1) * sizeof(uint64_t);
	void *state;

	trace->maps.gaps_at = 0;
	trace->maps.counts_at = (uint32_t)((gaps + COUNTS_BYTES - 1) / COUNTS_BYTES * COUNTS_BYTES);
	trace->state_bytes =
		trace->maps.counts_at + trace->nr_places * trace->opts.nr_cpus * COUNTS_BYTES;
	trace->maps.state = kt_bpf_map(&(struct kt_bpf_map_opts){ .type = BPF_MAP_TYPE_ARRAY,
		.key_bytes = 4,
		.value_bytes = (uint32_t)trace->state_bytes,
		.nr_entries = 1,
		.flags = BPF_F_MMAPABLE,
		.name = "kt_state" });
	if (trace->maps.state < 0)
		return kt_bpf_refused(errno);
	state = mmap(
		NULL, trace->state_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, trace->maps.state, 0);
	if (state == MAP_FAILED)
		return kt_err_os(errno, "memory of a BPF map cannot be mapped");
	trace->state = state;
	fill_gaps(trace);
	return NULL;
}

/* Stacks have as many frames as the kernel allows (kernel.perf_event_max_stack). */
static struct kt_err *make_stacks(struct kt_trace *trace)
{
	for (uint32_t frames = KT_TRACE_FRAMES; frames; frames /= 2) {
		trace->stack_bytes = frames * 8;
		trace->maps.stacks =
			kt_bpf_map(&(struct kt_bpf_map_opts){ .type = BPF_MAP_TYPE_STACK_TRACE,
				.key_bytes = 4,
				.value_bytes = trace->stack_bytes,
				.nr_entries = STACKS_MAX,
				.name = "kt_stacks" });
		if (trace->maps.stacks >= 0)
			return NULL;
	}
	return kt_bpf_refused(errno);
}

/* The places of the writer are read only for a process; it writes the places of the reader. */
static struct kt_err *make_ended(struct kt_trace *trace)
{
	size_t page = trace->opts.page_bytes;
	uint32_t bytes = trace->opts.keep ? trace->opts.ring_bytes : ENDED_BYTES;
	void *consumer, *ended;

	trace->ended_bytes = bytes;
	trace->maps.ended = kt_bpf_map(&(struct kt_bpf_map_opts){
		.type = BPF_MAP_TYPE_RINGBUF, .nr_entries = bytes, .name = "kt_ended" });
	if (trace->maps.ended < 0)
		return kt_bpf_refused(errno);
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, trace->maps.ended, 0);
	if (consumer == MAP_FAILED)
		return kt_err_os(errno, "memory of a BPF map cannot be mapped");
	trace->consumer = consumer;
	ended = mmap(
		NULL, page + 2ull * bytes, PROT_READ, MAP_SHARED, trace->maps.ended, (off_t)page);
	if (ended == MAP_FAILED)
		return kt_err_os(errno, "memory of a BPF map cannot be mapped");
	trace->ended = ended;
	return NULL;
}

static struct kt_err *make_maps(struct kt_trace *trace)
{
	struct kt_err *err = make_state(trace);

	if (!err && !trace->opts.keep)
		err = make_stacks(trace);
	if (!err)
		err = make_ended(trace);
	if (err || trace->opts.keep)
		return err;
	/* a program may not allocate here: the table has its memory from the start */
	trace->maps.live = kt_bpf_map(&(struct kt_bpf_map_opts){ .type = BPF_MAP_TYPE_HASH,
		.key_bytes = 8,
		.value_bytes = sizeof(struct kt_trace_sample),
		.nr_entries = KT_TRACE_LIVE_MAX,
		.name = "kt_live" });
	return trace->maps.live < 0 ? kt_bpf_refused(errno) : NULL;
}

/* ---- programs ---- */

static int load(const struct kt_trace *trace, size_t number, char *log)
{
	static const uint32_t types[] = { [KT_TRACE_POINT] = BPF_TRACE_RAW_TP,
		[KT_TRACE_ENTRY] = BPF_TRACE_FENTRY,
		[KT_TRACE_EXIT] = BPF_TRACE_FEXIT };
	const struct kt_trace_hook *hook = &trace->places[number].is.hook;
	struct kt_bpf_code *code = malloc(sizeof(*code));
	struct kt_trace_opts opts = trace->opts;
	bool untyped = trace->places[number].untyped;
	int fd = -1, saved = ENOMEM;

	opts.typed = !untyped;
	if (code && !kt_trace_program(hook, (uint32_t)number, &opts, &trace->maps, code)) {
		saved = E2BIG;
	} else if (code) {
		fd = kt_bpf_program(&(struct kt_bpf_program_opts){
			.type = untyped ? BPF_PROG_TYPE_RAW_TRACEPOINT : BPF_PROG_TYPE_TRACING,
			.attach_type = untyped ? 0 : types[hook->way],
			.attach_id = untyped ? 0 : hook->id,
			.insns = code->insns,
			.nr_insns = code->count,
			.name = "kt_watch",
			.log = log,
			.log_bytes = log ? LOG_BYTES : 0 });
		saved = errno;
	}
	free(code);
	errno = saved;
	return fd;
}

/* The last line of the verifier's text but its statistics says why. */
static const char *reason_in(char *log)
{
	const char *reason = NULL;

	for (char *line = log, *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (*line && strncmp(line, "processed ", 10) != 0)
			reason = line;
	}
	return reason;
}

/* Why the program of a tracepoint is refused; the verifier is asked once more, with its text. */
static struct kt_err *why_refused(const struct kt_trace *trace, size_t number, int errnum)
{
	char *log = calloc(1, LOG_BYTES);
	int fd = log ? load(trace, number, log) : -1;
	const char *reason = log && fd < 0 ? reason_in(log) : NULL;
	struct kt_err *err =
		reason ? kt_err_new(KT_ERR_ABSENT,
				 "this kernel refuses a program at the tracepoint %s: %.200s",
				 trace->places[number].is.hook.name, reason)
		       : kt_bpf_refused(errnum);

	if (fd >= 0)
		close(fd);
	free(log);
	return err;
}

/* kmalloc() has caches of its own; what kfree() gets may be of any. */
static bool is_needed(const struct kt_trace *trace, const struct kt_trace_hook *hook)
{
	return !trace->opts.cache || trace->opts.is_kmalloc || !hook->generic || hook->frees;
}

/* Hooks of functions may be refused: what they would show is then not seen, and said. */
static struct kt_err *load_all(struct kt_trace *trace)
{
	for (size_t i = 0; i < trace->nr_places; i++) {
		struct place *place = &trace->places[i];

		if (!place->is.hook.id || !is_needed(trace, &place->is.hook))
			continue;
		place->program = load(trace, i, NULL);
		if (place->program < 0 && place->is.hook.way == KT_TRACE_POINT) {
			place->untyped = true;
			place->program = load(trace, i, NULL);
		}
		if (place->program < 0)
			place->is.refused = errno;
		if (place->program < 0 && place->is.hook.way == KT_TRACE_POINT &&
			!place->is.hook.areas)
			return why_refused(trace, i, errno);
		if (place->program >= 0 && trace->opts.keep)
			place->second = load(trace, i, NULL);
	}
	return NULL;
}

struct kt_err *kt_trace_open(
	const struct kt_types *types, const struct kt_trace_opts *opts, struct kt_trace **ret_trace)
{
	struct kt_trace_hook hooks[KT_TRACE_HOOKS_MAX];
	struct kt_trace *trace = calloc(1, sizeof(*trace));
	struct kt_err *err;

	*ret_trace = trace;
	if (!trace)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	trace->opts = *opts;
	trace->maps = (struct kt_trace_maps){ .state = -1, .live = -1, .stacks = -1, .ended = -1 };
	trace->stats = -1;
	trace->nr_places = kt_trace_hooks(types, opts->pool, hooks);
	for (size_t i = 0; i < trace->nr_places; i++)
		trace->places[i] = (struct place){ .is = { .hook = hooks[i] },
			.program = -1,
			.link = -1,
			.second = -1,
			.second_link = -1 };
	err = make_maps(trace);
	return err ? err : load_all(trace);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void kt_trace_close(struct kt_trace *trace)
{
	if (!trace)
		return;
	kt_trace_stop(trace);
	for (size_t i = 0; i < trace->nr_places; i++) {
		close_fd(&trace->places[i].program);
		close_fd(&trace->places[i].second);
	}
	if (trace->state)
		munmap(trace->state, trace->state_bytes);
	if (trace->consumer)
		munmap(trace->consumer, trace->opts.page_bytes);
	if (trace->ended)
		munmap(trace->ended, trace->opts.page_bytes + 2ull * trace->ended_bytes);
	close_fd(&trace->maps.state);
	close_fd(&trace->maps.live);
	close_fd(&trace->maps.stacks);
	close_fd(&trace->maps.ended);
	close_fd(&trace->stats);
	free(trace);
}

/* ---- attaching ---- */

static int attach_program(const struct place *place, int program)
{
	/* a program without types is attached by name; another one knows its place */
	const char *name = place->untyped ? place->is.hook.name : NULL;
	union bpf_attr attr = { .raw_tracepoint = { .name = (uint64_t)(uintptr_t)name,
					.prog_fd = (uint32_t)program } };

	return kt_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
}

static void attach(struct place *place)
{
	if (place->program < 0)
		return;
	if (place->second >= 0)
		place->second_link = attach_program(place, place->second);
	place->link = attach_program(place, place->program);
	place->is.attached = place->link >= 0;
	place->is.refused = place->link < 0 ? errno : 0;
}

/* A random gap of a new interval, for a CPU that may not get to its old one for long. */
static void set_interval(struct kt_trace_counts *counts, double bytes)
{
	double interval = bytes < 1 ? 1 : bytes > 1e11 ? 1e11 : bytes;
	double gap = -log1p(-((double)random() / ((double)RAND_MAX + 1.0))) * interval;

	counts->next_bytes = (uint64_t)interval;
	counts->interval_bytes = (uint64_t)interval;
	counts->left = (int64_t)gap;
}

/* The kernel's own code for what it does not support is none of the C library. */
const char *kt_trace_why(int errnum)
{
	return errnum == ENOTSUPP ? "not supported" : strerror(errnum);
}

/* Says what the kernel has and does not allow, if there is anything. */
static struct kt_err *none_attached(const struct kt_trace *trace)
{
	for (size_t i = 0; i < trace->nr_places; i++) {
		const struct kt_trace_place *is = &trace->places[i].is;

		if (!is->hook.frees && is->refused)
			return kt_err_new(KT_ERR_ABSENT,
				"no allocation can be watched: this kernel allows no program at "
				"%s(): %s",
				is->hook.name, kt_trace_why(is->refused));
	}
	return kt_err_new(KT_ERR_ABSENT,
		"no allocation can be watched: this kernel has no tracepoint of it with type data");
}

struct kt_err *kt_trace_start(struct kt_trace *trace)
{
	union bpf_attr stats = { .enable_stats = { .type = BPF_STATS_RUN_TIME } };
	size_t nr_allocs = 0;

	for (size_t i = 0; i < trace->nr_places; i++) {
		for (uint32_t cpu = 0; cpu < trace->opts.nr_cpus; cpu++)
			set_interval(counts_of(trace, i, cpu), 1);
	}
	trace->stats = kt_bpf(BPF_ENABLE_STATS, &stats);
	for (int frees = 1; frees >= 0; frees--) {
		for (size_t i = 0; i < trace->nr_places; i++) {
			const struct kt_trace_hook *hook = &trace->places[i].is.hook;

			if (hook->frees != frees || (hook->areas && nr_allocs))
				continue;
			attach(&trace->places[i]);
			nr_allocs += !frees && trace->places[i].is.attached;
		}
	}
	return nr_allocs ? NULL : none_attached(trace);
}

void kt_trace_end_allocations(struct kt_trace *trace)
{
	for (size_t i = 0; i < trace->nr_places; i++) {
		if (!trace->places[i].is.hook.frees)
			close_fd(&trace->places[i].link);
	}
}

void kt_trace_stop(struct kt_trace *trace)
{
	for (size_t i = 0; i < trace->nr_places; i++) {
		close_fd(&trace->places[i].link);
		close_fd(&trace->places[i].second_link);
	}
}

/* ---- samples ---- */

/* Called with what a program wrote. */
typedef void (*entry_fn)(void *arg, const void *entry, uint32_t bytes);

/* Takes what the programs wrote, up to an entry that is still being written. */
static void take_entries(struct kt_trace *trace, entry_fn fn, void *arg)
{
	const uint64_t *producer = (const void *)trace->ended;
	const char *bytes = trace->ended + trace->opts.page_bytes;
	uint64_t at = __atomic_load_n(trace->consumer, __ATOMIC_ACQUIRE);
	uint64_t end = __atomic_load_n(producer, __ATOMIC_ACQUIRE);

	while (at < end) {
		const uint32_t *head = (const void *)(bytes + (at & (trace->ended_bytes - 1)));
		uint32_t length = __atomic_load_n(head, __ATOMIC_ACQUIRE);

		if (length & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(length & BPF_RINGBUF_DISCARD_BIT))
			fn(arg, head + 2, length);
		length &= ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		at += (length + BPF_RINGBUF_HDR_SZ + 7u) & ~7ull;
		__atomic_store_n(trace->consumer, at, __ATOMIC_RELEASE);
	}
}

struct taking {
	kt_trace_sample_fn sample;
	kt_trace_event_fn event;
	void *arg;
};

static void take_sample(void *arg, const void *entry, uint32_t bytes)
{
	const struct taking *taking = arg;
	struct kt_trace_sample sample;

	if (bytes != sizeof(sample))
		return;
	memcpy(&sample, entry, sizeof(sample));
	taking->sample(taking->arg, &sample);
}

static void take_event(void *arg, const void *entry, uint32_t bytes)
{
	const struct taking *taking = arg;
	struct kt_trace_event event;

	if (bytes != sizeof(event))
		return;
	memcpy(&event, entry, sizeof(event));
	taking->event(taking->arg, &event);
}

void kt_trace_events(struct kt_trace *trace, kt_trace_event_fn fn, void *arg)
{
	take_entries(trace, take_event, &(struct taking){ .event = fn, .arg = arg });
}

/*
 * Draws about as many samples of a CPU as it allocates of the whole. A CPU whose interval is far
 * from it gets a new gap; an object is still kept with the probability of the interval that is
 * stored with it, as that depends only on what was before.
 */
static void set_intervals(struct kt_trace *trace, uint64_t elapsed_ns)
{
	double rate, interval;
	uint64_t bytes = 0;

	for (size_t i = 0; i < trace->nr_places; i++) {
		for (uint32_t cpu = 0; cpu < trace->opts.nr_cpus; cpu++)
			bytes += trace->places[i].is.hook.frees ? 0
								: counts_of(trace, i, cpu)->bytes;
	}
	rate = (double)(bytes - trace->seen_bytes) / ((double)elapsed_ns / 1e9 + 1e-9);
	trace->seen_bytes = bytes;
	interval = rate / trace->opts.samples_a_second;
	if (interval > (double)bytes / SHARES)
		interval = (double)bytes / SHARES;
	for (size_t i = 0; i < trace->nr_places; i++) {
		for (uint32_t cpu = 0; cpu < trace->opts.nr_cpus; cpu++) {
			struct kt_trace_counts *counts = counts_of(trace, i, cpu);

			counts->burst = 0;
			if ((double)counts->next_bytes > 2 * interval + 1 ||
				(double)counts->next_bytes < interval / 2)
				set_interval(counts, interval);
		}
	}
}

void kt_trace_poll(struct kt_trace *trace, uint64_t elapsed_ns, kt_trace_sample_fn fn, void *arg)
{
	take_entries(trace, take_sample, &(struct taking){ .sample = fn, .arg = arg });
	set_intervals(trace, elapsed_ns);
}

void kt_trace_rest(struct kt_trace *trace, kt_trace_sample_fn fn, void *arg)
{
	struct kt_trace_sample sample;
	uint64_t key = 0, next = 0;
	union bpf_attr attr = { .map_fd = (uint32_t)trace->maps.live,
		.next_key = (uint64_t)(uintptr_t)&next };

	for (uint32_t i = 0; i < KT_TRACE_LIVE_MAX && kt_bpf(BPF_MAP_GET_NEXT_KEY, &attr) == 0;
		i++) {
		union bpf_attr look = { .map_fd = (uint32_t)trace->maps.live,
			.key = (uint64_t)(uintptr_t)&next,
			.value = (uint64_t)(uintptr_t)&sample };

		if (kt_bpf(BPF_MAP_LOOKUP_ELEM, &look) == 0)
			fn(arg, &sample);
		key = next;
		attr.key = (uint64_t)(uintptr_t)&key;
	}
}

uint32_t kt_trace_stack(
	struct kt_trace *trace, int32_t stack, uint64_t *ret_frames, uint32_t nr_frames)
{
	uint64_t frames[KT_TRACE_FRAMES] = { 0 };
	union bpf_attr attr = { .map_fd = (uint32_t)trace->maps.stacks,
		.key = (uint64_t)(uintptr_t)&stack,
		.value = (uint64_t)(uintptr_t)frames };
	uint32_t count = 0;

	if (stack < 0 || kt_bpf(BPF_MAP_LOOKUP_ELEM, &attr) < 0)
		return 0;
	while (count < nr_frames && count < trace->stack_bytes / 8 && frames[count]) {
		ret_frames[count] = frames[count];
		count++;
	}
	return count;
}

/* ---- counts and cost ---- */

static void program_info(int program, struct bpf_prog_info *ret_info)
{
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)program,
					.info_len = sizeof(*ret_info),
					.info = (uint64_t)(uintptr_t)ret_info } };

	memset(ret_info, 0, sizeof(*ret_info));
	if (program < 0 || kt_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0)
		memset(ret_info, 0, sizeof(*ret_info));
}

static void add_counts(struct kt_trace_counts *sum, const struct kt_trace_counts *more)
{
	sum->runs += more->runs;
	sum->objects += more->objects;
	sum->bytes += more->bytes;
	sum->samples += more->samples;
	sum->full += more->full;
	sum->again += more->again;
	sum->no_stack += more->no_stack;
	sum->ended += more->ended;
	sum->not_told += more->not_told;
}

const struct kt_trace_hook *kt_trace_hook(const struct kt_trace *trace, uint32_t number)
{
	return number < trace->nr_places ? &trace->places[number].is.hook : NULL;
}

const struct kt_trace_place *kt_trace_places(struct kt_trace *trace, size_t *ret_count)
{
	for (size_t i = 0; i < trace->nr_places; i++) {
		struct bpf_prog_info info;

		trace->told[i] = trace->places[i].is;
		for (uint32_t cpu = 0; cpu < trace->opts.nr_cpus; cpu++)
			add_counts(&trace->told[i].counts, counts_of(trace, i, cpu));
		program_info(trace->places[i].program, &info);
		trace->told[i].nested = info.recursion_misses;
		if (trace->places[i].second_link < 0)
			continue;
		/* an event is missing if both programs missed it: at most the smaller number */
		program_info(trace->places[i].second, &info);
		if (info.recursion_misses < trace->told[i].nested)
			trace->told[i].nested = info.recursion_misses;
	}
	*ret_count = trace->nr_places;
	return trace->told;
}

void kt_trace_measured(struct kt_trace *trace)
{
	for (size_t i = 0; i < trace->nr_places && trace->stats >= 0; i++) {
		struct bpf_prog_info info;

		program_info(trace->places[i].program, &info);
		if (info.run_cnt)
			trace->places[i].ns_a_run = info.run_time_ns / info.run_cnt;
	}
	close_fd(&trace->stats);
}

uint64_t kt_trace_cpu_ns(struct kt_trace *trace)
{
	size_t count;
	const struct kt_trace_place *places = kt_trace_places(trace, &count);
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (places[i].counts.runs + places[i].nested) *
		       (trace->places[i].ns_a_run + DISPATCH_NS);
	return sum;
}

size_t kt_trace_fds(const struct kt_trace *trace, int ret_fds[KT_TRACE_FDS_MAX])
{
	const int maps[] = { trace->maps.state, trace->maps.live, trace->maps.stacks,
		trace->maps.ended };
	size_t count = 0;

	for (size_t i = 0; i < KT_LEN(maps); i++) {
		if (maps[i] >= 0)
			ret_fds[count++] = maps[i];
	}
	for (size_t i = 0; i < trace->nr_places; i++) {
		if (trace->places[i].program >= 0)
			ret_fds[count++] = trace->places[i].program;
	}
	return count;
}
