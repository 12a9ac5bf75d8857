// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BPF_CODE_H
#define KT_BPF_CODE_H

#include "bpf/insn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A program while it is written: instructions, and jumps to places that are not known yet. */

#define KT_CODE_INSNS  512u
#define KT_CODE_LABELS 24u
#define KT_CODE_JUMPS  64u

struct kt_bpf_code {
	struct bpf_insn insns[KT_CODE_INSNS];
	uint32_t count;
	int32_t labels[KT_CODE_LABELS]; /* instruction of each; -1: not placed yet */
	uint32_t nr_labels;
	struct {
		uint32_t insn, label;
	} jumps[KT_CODE_JUMPS];
	uint32_t nr_jumps;
	bool failed; /* no room, or a jump without a place */
};

void kt_code_begin(struct kt_bpf_code *code);
void kt_code_put(struct kt_bpf_code *code, const struct bpf_insn *insns, size_t count);
/** Puts one or more instructions. */
#define KT_PUT(code, ...)                                           \
	kt_code_put(code, (const struct bpf_insn[]){ __VA_ARGS__ }, \
		sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn))
/** Returns a new label, for jumps before or after it is placed. */
uint32_t kt_code_label(struct kt_bpf_code *code);
void kt_code_place(struct kt_bpf_code *code, uint32_t label);
/** Jumps to a label; with an instruction of KT_IF or BPF_JA. */
void kt_code_jump(struct kt_bpf_code *code, struct bpf_insn insn, uint32_t label);
/** Fills in the jumps; false: the program is not whole. */
bool kt_code_end(struct kt_bpf_code *code);

#endif
