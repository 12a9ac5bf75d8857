// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/start.h"

/* One step: the pointer in a member of a struct. */
static bool follow(struct kt_target *target, const char *type, const char *member, uint64_t *at)
{
	struct kt_field field;

	return kt_types_field(&target->types, type, member, &field) &&
	       kt_target_pointer(target, *at + field.offset, at) && *at;
}

/* An open file of the task that reads. */
static bool find_file(struct kt_target *target, int fd, uint64_t *ret_file)
{
	uint64_t at;

	if (!target->ops->current_task || !target->ops->current_task(target, &at) ||
		!follow(target, "task_struct", "files", &at) ||
		!follow(target, "files_struct", "fdt", &at) ||
		!follow(target, "fdtable", "fd", &at))
		return false;
	return kt_target_pointer(target, at + (uint64_t)fd * target->types.pointer_bytes, ret_file);
}

bool kt_start_cache(struct kt_target *target, int socket_fd, uint64_t *ret_cache)
{
	return find_file(target, socket_fd, ret_cache) &&
	       follow(target, "file", "private_data", ret_cache) &&
	       follow(target, "socket", "sk", ret_cache) &&
	       follow(target, "sock", "__sk_common.skc_prot", ret_cache) &&
	       follow(target, "proto", "slab", ret_cache);
}

bool kt_start_page(struct kt_target *target, int pipe_fd, uint64_t *ret_page)
{
	return find_file(target, pipe_fd, ret_page) &&
	       follow(target, "file", "f_inode", ret_page) &&
	       follow(target, "inode", "i_pipe", ret_page) &&
	       follow(target, "pipe_inode_info", "bufs", ret_page) &&
	       follow(target, "pipe_buffer", "page", ret_page);
}
