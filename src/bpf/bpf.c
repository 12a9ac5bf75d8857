// SPDX-License-Identifier: GPL-2.0-or-later
#include "bpf/bpf.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int kt_bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static void put_name(char name[BPF_OBJ_NAME_LEN], const char *from)
{
	size_t length = strlen(from);

	memcpy(name, from, length < BPF_OBJ_NAME_LEN ? length : BPF_OBJ_NAME_LEN - 1);
}

/* Until 5.11 (4b8c6cd3 and others) maps counted as locked memory of the process. */
static void raise_limit(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	(void)setrlimit(RLIMIT_MEMLOCK, &all);
}

int kt_bpf_map(const struct kt_bpf_map_opts *opts)
{
	int fd;

	union bpf_attr attr = { .map_type = opts->type,
		.key_size = opts->key_bytes,
		.value_size = opts->value_bytes,
		.max_entries = opts->nr_entries,
		.map_flags = opts->flags };

	put_name(attr.map_name, opts->name);
	fd = kt_bpf(BPF_MAP_CREATE, &attr);
	if (fd >= 0 || errno != EPERM)
		return fd;
	raise_limit();
	return kt_bpf(BPF_MAP_CREATE, &attr);
}

int kt_bpf_program(const struct kt_bpf_program_opts *opts)
{
	union bpf_attr attr = { .prog_type = opts->type,
		.insn_cnt = opts->nr_insns,
		.insns = (uint64_t)(uintptr_t)opts->insns,
		.license = (uint64_t)(uintptr_t) "GPL",
		.log_level = opts->log ? 1 : 0,
		.log_buf = (uint64_t)(uintptr_t)opts->log,
		.log_size = opts->log ? opts->log_bytes : 0,
		.prog_flags = opts->flags,
		.expected_attach_type = opts->attach_type,
		.attach_btf_id = opts->attach_id };

	put_name(attr.prog_name, opts->name);
	return kt_bpf(BPF_PROG_LOAD, &attr);
}

struct kt_err *kt_bpf_refused(int errnum)
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
