// SPDX-License-Identifier: GPL-2.0-or-later
#include "bpf/code.h"

#include <string.h>

void kt_code_begin(struct kt_bpf_code *code)
{
	memset(code, 0, sizeof(*code));
}

void kt_code_put(struct kt_bpf_code *code, const struct bpf_insn *insns, size_t count)
{
	if (count > KT_CODE_INSNS - code->count) {
		code->failed = true;
		return;
	}
	memcpy(&code->insns[code->count], insns, count * sizeof(*insns));
	code->count += (uint32_t)count;
}

uint32_t kt_code_label(struct kt_bpf_code *code)
{
	if (code->nr_labels == KT_CODE_LABELS) {
		code->failed = true;
		return 0;
	}
	code->labels[code->nr_labels] = -1;
	return code->nr_labels++;
}

void kt_code_place(struct kt_bpf_code *code, uint32_t label)
{
	code->labels[label] = (int32_t)code->count;
}

void kt_code_jump(struct kt_bpf_code *code, struct bpf_insn insn, uint32_t label)
{
	if (code->nr_jumps == KT_CODE_JUMPS) {
		code->failed = true;
		return;
	}
	code->jumps[code->nr_jumps].insn = code->count;
	code->jumps[code->nr_jumps++].label = label;
	kt_code_put(code, &insn, 1);
}

bool kt_code_end(struct kt_bpf_code *code)
{
	for (uint32_t i = 0; i < code->nr_jumps && !code->failed; i++) {
		int32_t to = code->labels[code->jumps[i].label];

		code->failed = to < 0;
		/* a jump is counted from the instruction after it */
		code->insns[code->jumps[i].insn].off =
			(int16_t)(to - (int32_t)code->jumps[i].insn - 1);
	}
	return !code->failed;
}
