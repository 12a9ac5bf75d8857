// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BPF_INSN_H
#define KT_BPF_INSN_H

#include <linux/bpf.h>

/**
 * Instructions of BPF, one macro each. Programs are written as instructions and not compiled: they
 * use no type that would have to be relocated, so that neither a compiler for BPF nor libbpf is
 * needed to build or to run them.
 */
#define KT_INSN(op, to, from, place, number) \
	((struct bpf_insn){ .code = (op),    \
		.dst_reg = (to),             \
		.src_reg = (from),           \
		.off = (place),              \
		.imm = (number) })

/** to = from, to = number, to += number, to += from, and so on; all of 64 bits. */
#define KT_COPY(to, from)	KT_INSN(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define KT_NUMBER(to, number)	KT_INSN(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, number)
#define KT_MATH(op, to, number) KT_INSN(BPF_ALU64 | (op) | BPF_K, to, 0, 0, number)
#define KT_MATH_X(op, to, from) KT_INSN(BPF_ALU64 | (op) | BPF_X, to, from, 0, 0)
#define KT_ADD(to, number)	KT_MATH(BPF_ADD, to, number)
/** The lower 32 bits of a register; the upper ones become 0. */
#define KT_LOW(to, from) KT_INSN(BPF_ALU | BPF_MOV | BPF_X, to, from, 0, 0)

/** to = *(from + place), *(to + place) = from; of `size` BPF_W (4 bytes) or BPF_DW (8 bytes). */
#define KT_LOAD(size, to, from, place)	 KT_INSN(BPF_LDX | BPF_MEM | (size), to, from, place, 0)
#define KT_STORE(size, to, place, from)	 KT_INSN(BPF_STX | BPF_MEM | (size), to, from, place, 0)
#define KT_STORE_K(size, to, place, imm) KT_INSN(BPF_ST | BPF_MEM | (size), to, 0, place, imm)

/** if (reg op number) skip `over` instructions. */
#define KT_IF(op, reg, number, over) KT_INSN(BPF_JMP | (op) | BPF_K, reg, 0, over, number)

#define KT_CALL(helper) KT_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define KT_EXIT		KT_INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/** Two instructions each: a map, the address `at` bytes into its only value, a number of 64 bits.
 */
#define KT_MAP(to, fd) \
	KT_INSN(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, fd), KT_INSN(0, 0, 0, 0, 0)
#define KT_VALUE(to, fd, at) \
	KT_INSN(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_VALUE, 0, fd), KT_INSN(0, 0, 0, 0, at)
#define KT_LONG(to, number)                                                   \
	KT_INSN(BPF_LD | BPF_DW | BPF_IMM, to, 0, 0, (__s32)(__u32)(number)), \
		KT_INSN(0, 0, 0, 0, (__s32)(__u32)((__u64)(number) >> 32))

#endif
