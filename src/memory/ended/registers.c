// SPDX-License-Identifier: GPL-2.0-or-later
//
// Each CPU that stops for the crash kernel saves its registers as an ELF note in per-CPU memory,
// whose address `crash_notes` has (kernel/kexec_core.c, crash_save_cpu()): the note of type
// NT_PRSTATUS has a struct elf_prstatus, with the registers in the order of struct pt_regs. The
// same notes are what a dump's file begins with.

#include "memory/ended/registers.h"

#include <elf.h>
#include <string.h>

#define NAME	   "CORE"
#define STATUS_MAX 1024u /* bytes of a struct elf_prstatus */
#define X29	   29u
#define ARM64_USER 0xfu /* PSR_MODE_MASK, arch/arm64/include/uapi/asm/ptrace.h; 0: EL0 */
#define X86_USER   3u	/* ring of the code segment */

static bool find_x86(const struct kt_types *types, struct kt_register_form *form)
{
	return kt_types_field(types, "pt_regs", "ip", &form->ip) &&
	       kt_types_field(types, "pt_regs", "sp", &form->sp) &&
	       kt_types_field(types, "pt_regs", "bp", &form->fp) &&
	       kt_types_field(types, "pt_regs", "cs", &form->cs) &&
	       kt_types_field(types, "pt_regs", "dx", &form->dx) &&
	       kt_types_field(types, "pt_regs", "di", &form->di) &&
	       kt_types_field(types, "pt_regs", "r10", &form->r10) &&
	       kt_types_field(types, "pt_regs", "r13", &form->r13);
}

static bool find_arm64(const struct kt_types *types, struct kt_register_form *form)
{
	if (!kt_types_field(types, "pt_regs", "pc", &form->ip) ||
		!kt_types_field(types, "pt_regs", "sp", &form->sp) ||
		!kt_types_field(types, "pt_regs", "pstate", &form->flags) ||
		!kt_types_field(types, "pt_regs", "regs", &form->fp) || form->fp.count <= X29)
		return false;
	form->fp.offset += X29 * form->fp.size;
	form->fp.count = 1;
	form->arm64 = true;
	return true;
}

bool kt_register_form(const struct kt_types *types, struct kt_register_form *ret_form)
{
	*ret_form = (struct kt_register_form){ .bytes = kt_types_size(types, "pt_regs") };
	return ret_form->bytes && ret_form->bytes <= KT_REGISTERS_MAX &&
	       (find_x86(types, ret_form) || find_arm64(types, ret_form));
}

bool kt_registers_take(
	const struct kt_register_form *form, const char *copy, struct kt_registers *ret_registers)
{
	uint32_t bytes = form->bytes;

	*ret_registers = (struct kt_registers){ .ip = kt_field_get(&form->ip, copy, bytes),
		.sp = kt_field_get(&form->sp, copy, bytes),
		.fp = kt_field_get(&form->fp, copy, bytes),
		.dx = kt_field_get(&form->dx, copy, bytes),
		.di = kt_field_get(&form->di, copy, bytes),
		.r10 = kt_field_get(&form->r10, copy, bytes),
		.r13 = kt_field_get(&form->r13, copy, bytes),
		.has_rest = !form->arm64,
		.is_exact = true };
	if (form->arm64)
		return (kt_field_get(&form->flags, copy, bytes) & ARM64_USER) != 0;
	return (kt_field_get(&form->cs, copy, bytes) & X86_USER) == 0;
}

/* The note is the first of its CPU, and stays empty where nothing was saved. */
static size_t read_note(struct kt_target *target, unsigned cpu, char to[STATUS_MAX])
{
	uint64_t at, notes, offset;
	char name[sizeof(NAME)];
	Elf64_Nhdr note;

	if (!kt_symbols_find(&target->symbols, "crash_notes", &at) ||
		!kt_target_pointer(target, at, &notes) || !notes ||
		!kt_target_cpu_offset(target, cpu, &offset) ||
		!kt_target_read(target, notes + offset, &note, sizeof(note)) ||
		note.n_type != NT_PRSTATUS || note.n_namesz != sizeof(NAME) ||
		note.n_descsz > STATUS_MAX ||
		!kt_target_read(target, notes + offset + sizeof(note), name, sizeof(name)) ||
		memcmp(name, NAME, sizeof(NAME)) != 0)
		return 0;
	at = notes + offset + sizeof(note) + ((sizeof(NAME) + 3) & ~3ull);
	return kt_target_read(target, at, to, note.n_descsz) ? note.n_descsz : 0;
}

/* A hypervisor's dump has the registers in its file: of a CPU that goes round in panic(). */
static size_t read_status(struct kt_target *target, unsigned cpu, char to[STATUS_MAX])
{
	size_t bytes = read_note(target, cpu, to);

	return bytes || !target->ops->status ? bytes
					     : target->ops->status(target, cpu, to, STATUS_MAX);
}

bool kt_registers_saved(struct kt_target *target, const struct kt_register_form *form, unsigned cpu,
	struct kt_registers *ret_registers)
{
	char status[STATUS_MAX] = { 0 }, copy[KT_REGISTERS_MAX] = { 0 };
	size_t bytes = read_status(target, cpu, status), size;
	struct kt_field saved;

	if (!bytes || !kt_types_field(&target->types, "elf_prstatus", "pr_reg", &saved))
		return false;
	/* a machine's own order may end before the last members of struct pt_regs */
	size = (size_t)saved.size * saved.count;
	if (size > form->bytes)
		size = form->bytes;
	if (saved.offset > bytes || size > bytes - saved.offset)
		return false;
	memcpy(copy, status + saved.offset, size);
	return kt_registers_take(form, copy, ret_registers) && ret_registers->ip;
}
