// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/live.h"

#include "base/attr.h"
#include "base/kernel_files.h"
#include "base/open.h"
#include "root/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define NOTES_MAX 65536u /* bytes */

/* /proc/kcore needs no program in the kernel, so it comes first. */
static struct kt_err *open_memory(struct kt_target **ret_target)
{
	KT_CLEANUP(err) struct kt_err *kcore = kt_target_kcore(ret_target);
	struct kt_err *bpf, *told;

	if (!kcore)
		return NULL;
	if (kt_err_code(kcore) == KT_ERR_NOMEM) {
		bpf = kcore;
		kcore = NULL;
		return bpf;
	}
	bpf = kt_target_bpf(ret_target);
	if (!bpf || kt_err_code(bpf) == KT_ERR_NOMEM)
		return bpf;
	told = kt_err_new(kt_err_code(bpf), "cannot read kernel memory: %s; %s", kt_err_text(kcore),
		kt_err_text(bpf));
	kt_err_free(bpf);
	return told;
}

static struct kt_err *no_types(void)
{
	return kt_err_new(KT_ERR_ABSENT,
		"/" KT_FILE_BTF " does not exist, so members of kernel structs cannot be found "
		"(CONFIG_DEBUG_INFO_BTF): 'pahole --btf_encode_detached kernel.btf vmlinux' makes "
		"such a file from this kernel's debug information, for --btf kernel.btf, and "
		"--vmlinux takes a vmlinux that has it");
}

static struct kt_err *read_own_types(struct kt_root *root, struct kt_buf *ret_file)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = kt_root_read_at(root, KT_FILE_BTF, 0, KT_ROOT_FILE_MAX, &text);

	if (err && kt_err_code(err) == KT_ERR_ABSENT) {
		kt_err_free(err);
		return no_types();
	}
	if (err)
		return err;
	*ret_file = (struct kt_buf){ .data = text.data, .size = text.size, .room = text.size };
	text.data = NULL;
	return NULL;
}

static struct kt_err *read_given_types(const char *path, struct kt_buf *ret_file)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	int fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE, O_RDONLY | O_CLOEXEC);
	struct kt_span piece;
	struct kt_err *err;

	if (fd < 0)
		return kt_err_os(errno, "%s", path);
	err = kt_stream_of_fd(fd, KT_STREAM_AT, path, &stream);
	while (!err && kt_stream_next(stream, &piece)) {
		if (ret_file->size + piece.n > KT_ROOT_FILE_MAX)
			return kt_err_new(KT_ERR_LIMIT,
				"%s: larger than %u MiB, so it is no type data", path,
				KT_ROOT_FILE_MAX >> 20);
		kt_buf_add(ret_file, piece.p, piece.n);
	}
	if (!err)
		err = kt_stream_err(stream);
	return err || !ret_file->failed ? err : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

/* Gives the file to the target, which owns it from then on. */
static struct kt_err *take_types(
	struct kt_target *target, const char *path, struct kt_buf *file, struct kt_err *err)
{
	struct kt_span span = { file->data, file->size };

	if (err)
		return err;
	target->file = file->data;
	*file = (struct kt_buf){ 0 };
	err = kt_types_init(&target->types, span, sizeof(void *));
	return err ? kt_err_prepend(err, "%s", path) : NULL;
}

struct kt_err *kt_target_given_types(const char *path, struct kt_target *target)
{
	KT_CLEANUP(buf) struct kt_buf file = { 0 };

	return take_types(target, path, &file, read_given_types(path, &file));
}

static struct kt_err *check_vmlinux(
	struct kt_root *root, const struct kt_vmlinux *vmlinux, const char *path)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = kt_root_read_at(root, KT_FILE_NOTES, 0, NOTES_MAX, &text);

	if (!err && !kt_vmlinux_has_notes(vmlinux, kt_text_span(&text)))
		err = kt_err_new(KT_ERR_PARSE,
			"%s: is of another kernel than the running one: its build id is another "
			"one than in /" KT_FILE_NOTES,
			path);
	return err;
}

/* Symbols of the running kernel are in /proc/kallsyms, where KASLR has put them. */
static struct kt_err *read_vmlinux(struct kt_root *root, const char *path, struct kt_target *target)
{
	KT_CLEANUP(vmlinux) struct kt_vmlinux vmlinux;
	struct kt_err *err = kt_vmlinux_open(path, &vmlinux);

	if (!err && !vmlinux.types.n)
		err = kt_err_new(
			KT_ERR_ABSENT, "%s: has no types (.BTF, CONFIG_DEBUG_INFO_BTF)", path);
	if (!err)
		err = check_vmlinux(root, &vmlinux, path);
	return err ? err : kt_given_vmlinux_types(&vmlinux, path, target);
}

static struct kt_err *read_types(
	struct kt_root *root, const struct kt_target_given *given, struct kt_target *target)
{
	KT_CLEANUP(buf) struct kt_buf file = { 0 };

	if (given->btf)
		return kt_target_given_types(given->btf, target);
	if (given->vmlinux)
		return read_vmlinux(root, given->vmlinux, target);
	return take_types(target, "/" KT_FILE_BTF, &file, read_own_types(root, &file));
}

struct kt_err *kt_target_symbol_table(struct kt_root *root, struct kt_symbol_table *ret_table)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_err *err = kt_root_stream(root, KT_FILE_KALLSYMS, 0, &stream);
	struct kt_span piece;

	*ret_table = (struct kt_symbol_table){ 0 };
	while (!err && kt_stream_next(stream, &piece))
		kt_symbol_table_take(ret_table, piece);
	if (!err)
		err = kt_stream_err(stream);
	return err ? err : kt_symbol_table_end(ret_table);
}

static struct kt_err *read_symbols(struct kt_root *root, struct kt_target *target)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_err *err = kt_root_stream(root, KT_FILE_KALLSYMS, 0, &stream);
	struct kt_span piece;

	while (!err && kt_stream_next(stream, &piece))
		kt_symbols_take(&target->symbols, piece);
	if (!err)
		err = kt_stream_err(stream);
	if (!err && kt_symbols_failed(&target->symbols))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	/* symbols are one way of several: a kernel without them is not an error */
	if (err && kt_err_code(err) != KT_ERR_NOMEM) {
		kt_err_free(err);
		err = NULL;
	}
	return err;
}

struct kt_err *kt_target_live(
	struct kt_root *root, const struct kt_target_given *given, struct kt_target **ret_target)
{
	struct kt_target *target = NULL;
	struct kt_err *err = open_memory(&target);

	if (err)
		return err;
	target->page_bytes = (uint32_t)sysconf(_SC_PAGESIZE);
	target->nr_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
	err = read_types(root, given, target);
	if (!err)
		err = read_symbols(root, target);
	if (err) {
		kt_target_close(target);
		return err;
	}
	*ret_target = target;
	return NULL;
}
