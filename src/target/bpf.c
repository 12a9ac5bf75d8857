// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads kernel memory with two BPF programs of a few instructions: one copies memory into an array
// that this process has mapped, one gives the addresses that a walk starts from. Nothing is
// attached: the programs run only when this process asks for it (BPF_PROG_TEST_RUN).
//
// A copy goes through bpf_probe_read_kernel(), which survives an address that does not exist.

#include "target/live.h"

#include "base/attr.h"
#include "bpf/bpf.h"
#include "bpf/insn.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * The array: a page with the arguments of a run and what it answers, then the copy. Arguments that
 * are passed with the call would be copied to a slab cache, which is then another one than before.
 */
#define HEAD_BYTES   4096u
#define COPY_BYTES   (1u << 20) /* bytes that one run copies at most */
#define WINDOW_BYTES (HEAD_BYTES + COPY_BYTES)

struct bpf_target {
	struct kt_target base;
	int window_fd, percpu_fd, read_fd, start_fd;
	char *window;
	bool raw_tracepoint; /* the programs are of the older kind */
};

/* The start of the window, as the programs see it. */
struct head {
	uint64_t address, size, cpu;	 /* arguments */
	uint64_t task, cpu_element, map; /* answers */
};

static int load(const struct bpf_target *target, const struct bpf_insn *code, size_t count,
	const char *name)
{
	const struct kt_bpf_program_opts opts = { .type = target->raw_tracepoint
								  ? BPF_PROG_TYPE_RAW_TRACEPOINT
								  : BPF_PROG_TYPE_SYSCALL,
		.insns = code,
		.nr_insns = (uint32_t)count,
		.name = name,
		/* programs of the first kind must be allowed to sleep */
		.flags = target->raw_tracepoint ? 0 : BPF_F_SLEEPABLE };

	return kt_bpf_program(&opts);
}

#define PLACE(member) offsetof(struct head, member)

/* Copies `size` bytes from `address`; returns 0 or an error. */
static int load_read(const struct bpf_target *target)
{
	const struct bpf_insn code[] = {
		KT_VALUE(BPF_REG_1, target->window_fd, 0),
		KT_LOAD(BPF_DW, BPF_REG_2, BPF_REG_1, PLACE(size)),
		KT_LOAD(BPF_DW, BPF_REG_3, BPF_REG_1, PLACE(address)),
		KT_NUMBER(BPF_REG_0, -E2BIG),
		KT_IF(BPF_JGT, BPF_REG_2, COPY_BYTES, 2),
		KT_ADD(BPF_REG_1, HEAD_BYTES),
		KT_CALL(BPF_FUNC_probe_read_kernel),
		KT_EXIT,
	};

	return load(target, code, KT_LEN(code), "kt_read");
}

/*
 * Gives the task that runs this, the address of a CPU's part of a per-CPU map, and the address of
 * the map. The map's own pointer to its per-CPU memory is an address without a CPU, so the
 * difference is the offset of that CPU.
 */
static int load_start(const struct bpf_target *target)
{
	const struct bpf_insn code[] = {
		KT_VALUE(BPF_REG_6, target->window_fd, 0),
		KT_LOAD(BPF_DW, BPF_REG_3, BPF_REG_6, PLACE(cpu)),
		KT_STORE_K(BPF_W, BPF_REG_10, -4, 0),
		KT_MAP(BPF_REG_1, target->percpu_fd),
		KT_STORE(BPF_DW, BPF_REG_6, PLACE(map), BPF_REG_1),
		KT_COPY(BPF_REG_2, BPF_REG_10),
		KT_ADD(BPF_REG_2, -4),
		KT_CALL(BPF_FUNC_map_lookup_percpu_elem),
		KT_STORE(BPF_DW, BPF_REG_6, PLACE(cpu_element), BPF_REG_0),
		KT_CALL(BPF_FUNC_get_current_task),
		KT_STORE(BPF_DW, BPF_REG_6, PLACE(task), BPF_REG_0),
		KT_NUMBER(BPF_REG_0, 0),
		KT_EXIT,
	};

	return load(target, code, KT_LEN(code), "kt_start");
}

/* The same without the per-CPU map, whose helper came later (5.19, 07343110b293). */
static int load_task(const struct bpf_target *target)
{
	const struct bpf_insn code[] = {
		KT_VALUE(BPF_REG_6, target->window_fd, 0),
		KT_CALL(BPF_FUNC_get_current_task),
		KT_STORE(BPF_DW, BPF_REG_6, PLACE(task), BPF_REG_0),
		KT_NUMBER(BPF_REG_0, 0),
		KT_EXIT,
	};

	return load(target, code, KT_LEN(code), "kt_task");
}

/* ---- runs ---- */

static bool run(const struct bpf_target *target, int fd, const struct head *arguments)
{
	union bpf_attr attr = { .test = { .prog_fd = (uint32_t)fd } };

	memcpy(target->window, arguments, sizeof(*arguments));
	return kt_bpf(BPF_PROG_TEST_RUN, &attr) == 0 && attr.test.retval == 0;
}

static bool read_memory(struct kt_target *base, uint64_t address, void *to, size_t size)
{
	const struct bpf_target *target = (const struct bpf_target *)base;

	for (size_t done = 0; done < size;) {
		size_t step = size - done < COPY_BYTES ? size - done : COPY_BYTES;
		struct head arguments = { .address = address + done, .size = step };

		if (!run(target, target->read_fd, &arguments))
			return false;
		memcpy((char *)to + done, target->window + HEAD_BYTES, step);
		done += step;
	}
	return true;
}

static bool start(const struct bpf_target *target, unsigned cpu, struct head *ret_head)
{
	struct head arguments = { .cpu = cpu };

	if (!run(target, target->start_fd, &arguments))
		return false;
	memcpy(ret_head, target->window, sizeof(*ret_head));
	return true;
}

static bool current_task(struct kt_target *base, uint64_t *ret_address)
{
	struct head head;

	if (!start((struct bpf_target *)base, 0, &head))
		return false;
	*ret_address = head.task;
	return head.task != 0;
}

static bool cpu_offset(struct kt_target *base, unsigned cpu, uint64_t *ret_offset)
{
	struct kt_field pointers;
	uint64_t without;
	struct head head;

	if (!start((struct bpf_target *)base, cpu, &head) || !head.cpu_element ||
		!kt_types_field(&base->types, "bpf_array", "pptrs", &pointers) ||
		!kt_target_pointer(base, head.map + pointers.offset, &without))
		return false;
	*ret_offset = head.cpu_element - without;
	return true;
}

static void close_target(struct kt_target *base)
{
	struct bpf_target *target = (struct bpf_target *)base;
	const int fds[] = { target->window_fd, target->percpu_fd, target->read_fd,
		target->start_fd };

	if (target->window)
		munmap(target->window, WINDOW_BYTES);
	for (size_t i = 0; i < KT_LEN(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	free(target);
}

/* ---- opening ---- */

static int make_map(uint32_t type, uint32_t bytes, uint32_t flags)
{
	const struct kt_bpf_map_opts opts = { .type = type,
		.key_bytes = sizeof(uint32_t),
		.value_bytes = bytes,
		.nr_entries = 1,
		.flags = flags,
		.name = "ktally" };

	return kt_bpf_map(&opts);
}

static struct kt_err *open_maps(struct bpf_target *target)
{
	void *window;

	target->window_fd = make_map(BPF_MAP_TYPE_ARRAY, WINDOW_BYTES, BPF_F_MMAPABLE);
	if (target->window_fd < 0)
		return kt_bpf_refused(errno);
	target->percpu_fd = make_map(BPF_MAP_TYPE_PERCPU_ARRAY, 8, 0);
	if (target->percpu_fd < 0)
		return kt_bpf_refused(errno);
	window = mmap(NULL, WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, target->window_fd, 0);
	if (window != MAP_FAILED) {
		target->window = window;
		return NULL;
	}
	return kt_err_os(errno, "memory of a BPF map cannot be mapped");
}

static struct kt_err *open_programs(struct bpf_target *target)
{
	target->read_fd = load_read(target);
	if (target->read_fd < 0) { /* before 5.14 (79a7f8bdb159) no program was of its own kind */
		target->raw_tracepoint = true;
		target->read_fd = load_read(target);
	}
	if (target->read_fd < 0)
		return kt_bpf_refused(errno);
	target->start_fd = load_start(target);
	if (target->start_fd < 0)
		target->start_fd = load_task(target);
	return target->start_fd < 0 ? kt_bpf_refused(errno) : NULL;
}

struct kt_err *kt_target_bpf(struct kt_target **ret_target)
{
	static const struct kt_target_ops ops = { .read = read_memory,
		.cpu_offset = cpu_offset,
		.current_task = current_task,
		.close = close_target };
	struct bpf_target *target = calloc(1, sizeof(*target));
	struct kt_err *err;

	if (!target)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	target->base = (struct kt_target){ .ops = &ops, .name = "BPF" };
	target->window_fd = target->percpu_fd = target->read_fd = target->start_fd = -1;
	err = open_maps(target);
	if (!err)
		err = open_programs(target);
	if (err) {
		close_target(&target->base);
		return err;
	}
	*ret_target = &target->base;
	return NULL;
}
