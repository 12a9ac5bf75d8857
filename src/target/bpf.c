// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads kernel memory with two BPF programs of a few instructions: one copies memory into an array
// that this process has mapped, one gives the addresses that a walk starts from. Nothing is
// attached: the programs run only when this process asks for it (BPF_PROG_TEST_RUN).
//
// The programs are written as instructions and not compiled: they use no type and no map that would
// have to be relocated, so neither a compiler for BPF nor libbpf is needed to build or to run them.
//
// A copy goes through bpf_probe_read_kernel(), which survives an address that does not exist.

#include "target/live.h"

#include "base/attr.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
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

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* ---- instructions ---- */

#define INSN(op, to, from, place, number) \
	((struct bpf_insn){ .code = (op), \
		.dst_reg = (to),          \
		.src_reg = (from),        \
		.off = (place),           \
		.imm = (number) })
#define COPY(to, from)		  INSN(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define NUMBER(to, number)	  INSN(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, number)
#define ADD(to, number)		  INSN(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, number)
#define LOAD(to, from, place)	  INSN(BPF_LDX | BPF_MEM | BPF_DW, to, from, place, 0)
#define STORE(to, place, from)	  INSN(BPF_STX | BPF_MEM | BPF_DW, to, from, place, 0)
#define ZERO(to, place)		  INSN(BPF_ST | BPF_MEM | BPF_W, to, 0, place, 0)
#define IF_ABOVE(reg, than, over) INSN(BPF_JMP | BPF_JGT | BPF_K, reg, 0, over, than)
#define CALL(helper)		  INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define EXIT			  INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* two instructions: the address of a map, or of the value of its first element */
#define MAP(to, fd) \
	INSN(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
#define VALUE(to, fd) \
	INSN(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_VALUE, 0, fd), INSN(0, 0, 0, 0, 0)

static int load(const struct bpf_target *target, const struct bpf_insn *code, size_t count,
	const char *name)
{
	union bpf_attr attr = { .prog_type = target->raw_tracepoint ? BPF_PROG_TYPE_RAW_TRACEPOINT
								    : BPF_PROG_TYPE_SYSCALL,
		.insn_cnt = (uint32_t)count,
		.insns = (uint64_t)(uintptr_t)code,
		.license = (uint64_t)(uintptr_t) "GPL",
		/* programs of the first kind must be allowed to sleep */
		.prog_flags = target->raw_tracepoint ? 0 : BPF_F_SLEEPABLE };

	memcpy(attr.prog_name, name, strlen(name));
	return bpf(BPF_PROG_LOAD, &attr);
}

#define PLACE(member) offsetof(struct head, member)

/* Copies `size` bytes from `address`; returns 0 or an error. */
static int load_read(const struct bpf_target *target)
{
	const struct bpf_insn code[] = {
		VALUE(BPF_REG_1, target->window_fd),
		LOAD(BPF_REG_2, BPF_REG_1, PLACE(size)),
		LOAD(BPF_REG_3, BPF_REG_1, PLACE(address)),
		NUMBER(BPF_REG_0, -E2BIG),
		IF_ABOVE(BPF_REG_2, COPY_BYTES, 2),
		ADD(BPF_REG_1, HEAD_BYTES),
		CALL(BPF_FUNC_probe_read_kernel),
		EXIT,
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
		VALUE(BPF_REG_6, target->window_fd),
		LOAD(BPF_REG_3, BPF_REG_6, PLACE(cpu)),
		ZERO(BPF_REG_10, -4),
		MAP(BPF_REG_1, target->percpu_fd),
		STORE(BPF_REG_6, PLACE(map), BPF_REG_1),
		COPY(BPF_REG_2, BPF_REG_10),
		ADD(BPF_REG_2, -4),
		CALL(BPF_FUNC_map_lookup_percpu_elem),
		STORE(BPF_REG_6, PLACE(cpu_element), BPF_REG_0),
		CALL(BPF_FUNC_get_current_task),
		STORE(BPF_REG_6, PLACE(task), BPF_REG_0),
		NUMBER(BPF_REG_0, 0),
		EXIT,
	};

	return load(target, code, KT_LEN(code), "kt_start");
}

/* The same without the per-CPU map, whose helper came later (5.19, 07343110b293). */
static int load_task(const struct bpf_target *target)
{
	const struct bpf_insn code[] = {
		VALUE(BPF_REG_6, target->window_fd),
		CALL(BPF_FUNC_get_current_task),
		STORE(BPF_REG_6, PLACE(task), BPF_REG_0),
		NUMBER(BPF_REG_0, 0),
		EXIT,
	};

	return load(target, code, KT_LEN(code), "kt_task");
}

/* ---- runs ---- */

static bool run(const struct bpf_target *target, int fd, const struct head *arguments)
{
	union bpf_attr attr = { .test = { .prog_fd = (uint32_t)fd } };

	memcpy(target->window, arguments, sizeof(*arguments));
	return bpf(BPF_PROG_TEST_RUN, &attr) == 0 && attr.test.retval == 0;
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
	union bpf_attr attr = { .map_type = type,
		.key_size = sizeof(uint32_t),
		.value_size = bytes,
		.max_entries = 1,
		.map_flags = flags };

	memcpy(attr.map_name, "ktally", sizeof("ktally"));
	return bpf(BPF_MAP_CREATE, &attr);
}

/* lockdown=confidentiality refuses a program that reads kernel memory with EINVAL. */
static struct kt_err *refused(int errnum)
{
	switch (errnum) {
	case EPERM:
	case EACCES:
		return kt_err_new(KT_ERR_DENIED,
			"BPF may not be used (needs root, or CAP_BPF and CAP_PERFMON)");
	case ENOSYS:
		return kt_err_new(KT_ERR_ABSENT, "this kernel has no BPF (CONFIG_BPF_SYSCALL)");
	case EINVAL:
		return kt_err_new(KT_ERR_DENIED,
			"BPF may not read kernel memory (lockdown=confidentiality forbids it)");
	default: return kt_err_os(errnum, "BPF program cannot be loaded");
	}
}

static struct kt_err *open_maps(struct bpf_target *target)
{
	void *window;

	target->window_fd = make_map(BPF_MAP_TYPE_ARRAY, WINDOW_BYTES, BPF_F_MMAPABLE);
	if (target->window_fd < 0)
		return refused(errno);
	target->percpu_fd = make_map(BPF_MAP_TYPE_PERCPU_ARRAY, 8, 0);
	if (target->percpu_fd < 0)
		return refused(errno);
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
		return refused(errno);
	target->start_fd = load_start(target);
	if (target->start_fd < 0)
		target->start_fd = load_task(target);
	return target->start_fd < 0 ? refused(errno) : NULL;
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
