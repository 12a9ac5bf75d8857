// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files in memory as a root: from a bundle, or from texts. Of a text that may be large it has the
// descriptor instead of the text.

#include "base/buf.h"
#include "dump/formats.h"
#include "root/members.h"
#include "root/root_ops.h"
#include "root/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct member {
	const char *path; /* owned */
	char *data, *refused, *target;
	size_t size, index;
	enum kt_err_code code; /* error code of `refused` */
	int fd;		       /* of a file that is not in memory, or -1 */
	bool shared;	       /* another member owns `data` */
	kt_root_make make;     /* makes `data` of a dump's memory; NULL: it is there */
};

struct root_memory {
	struct kt_root base;
	struct member *members;
	size_t count, room;
	bool sorted;
	/* of a dump */
	int dump_fds[KT_DUMP_FILES];
	size_t nr_dump_fds;
	void *dump;
	void (*close_dump)(void *dump);
	const char *later; /* a directory without its files; outlives the root */
	kt_root_fill fill; /* NULL: there is none */
};

/* Fills the directory that was put off, if the path leads to it or into it. */
static struct kt_err *fill_on_way(struct root_memory *memory, const char *path)
{
	kt_root_fill fill = memory->fill;

	if (!fill || (!kt_path_below(path, memory->later) && !kt_path_below(memory->later, path) &&
			     strcmp(path, memory->later) != 0))
		return NULL;
	memory->fill = NULL;
	return fill(&memory->base, memory->dump);
}

/* Sorts by path; of two files with one path the first one that was added comes first. */
static int by_path(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* Sorts the files that were added since the last call. */
static size_t first_from(struct root_memory *memory, const char *path)
{
	if (!memory->sorted && memory->count)
		qsort(memory->members, memory->count, sizeof(*memory->members), by_path);
	memory->sorted = true;
	return kt_members_from(memory->members, memory->count, sizeof(*memory->members), path);
}

static struct member *find(struct root_memory *memory, const char *path)
{
	size_t at = first_from(memory, path);

	return at < memory->count && strcmp(memory->members[at].path, path) == 0
		       ? &memory->members[at]
		       : NULL;
}

static struct kt_err *make(struct member *member, void *dump)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_err *err = member->make(dump, member->path, &text);

	if (err)
		return kt_err_prepend(err, "%s", member->path);
	member->size = text.size;
	member->data = kt_buf_take(&text);
	if (!member->data)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", member->path);
	member->make = NULL;
	return NULL;
}

static struct kt_err *find_text(
	struct kt_root *root, const char *path, const struct member **ret_member)
{
	struct root_memory *memory = (struct root_memory *)root;
	struct kt_err *err = fill_on_way(memory, path);
	struct member *member = err ? NULL : find(memory, path);

	*ret_member = member;
	if (err)
		return err;
	if (!member)
		return kt_err_os(ENOENT, "%s", path);
	if (member->refused)
		return kt_err_new(member->code, "%s: %s", path, member->refused);
	return member->make ? make(member, memory->dump) : NULL;
}

static struct kt_err *memory_read(struct kt_root *root, const char *path, uint64_t offset,
	size_t size_max, bool whole, struct kt_text *ret_text)
{
	const struct member *member;
	struct kt_err *err = find_text(root, path, &member);
	size_t size;

	if (err)
		return err;
	if (member->fd >= 0)
		return lseek(member->fd, (off_t)offset, SEEK_SET) < 0
			       ? kt_err_os(errno, "%s", path)
			       : kt_root_slurp(member->fd, path, size_max, whole, ret_text);
	size = offset > member->size ? 0 : member->size - (size_t)offset;
	if (size > size_max && whole)
		return kt_err_new(KT_ERR_LIMIT, "%s: larger than %zu MiB", path, size_max >> 20);
	if (size > size_max)
		size = size_max;
	/* never 0 bytes, for which malloc() may return NULL */
	ret_text->data = malloc(size + 1);
	if (!ret_text->data)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	if (size)
		memcpy(ret_text->data, member->data + offset, size);
	ret_text->size = size;
	return NULL;
}

/* Reads from its beginning on; kt_stream_begin() sets the offset. */
static struct kt_err *stream_fd(int fd, const char *path, struct kt_stream **ret_stream)
{
	int again = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return again < 0 ? kt_err_os(errno, "%s", path)
			 : kt_stream_of_fd(again, KT_STREAM_AT, path, ret_stream);
}

static struct kt_err *memory_stream(
	struct kt_root *root, const char *path, uint64_t offset, struct kt_stream **ret_stream)
{
	const struct member *member;
	struct kt_err *err = find_text(root, path, &member);
	size_t from;

	if (err)
		return err;
	if (member->fd >= 0)
		return stream_fd(member->fd, path, ret_stream);
	from = offset < member->size ? (size_t)offset : member->size;
	return kt_stream_of_span(
		(struct kt_span){ member->data ? member->data + from : "", member->size - from },
		path, ret_stream);
}

static struct kt_err *memory_link(
	struct kt_root *root, const char *path, struct kt_text *ret_target)
{
	const struct member *member = find((struct root_memory *)root, path);

	if (!member || !member->target)
		return kt_err_os(ENOENT, "%s", path);
	ret_target->data = strdup(member->target);
	if (!ret_target->data)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	ret_target->size = strlen(member->target);
	return NULL;
}

/* Returns the index of the first member after all members of a directory: '0' comes after '/'. */
static size_t behind(struct root_memory *memory, const char *folder, const char *name, size_t at)
{
	char *bound = NULL;
	size_t index = at + 1;

	if (asprintf(&bound, "%s%s%s0", folder, *folder ? "/" : "", name) < 0)
		return index;
	index = first_from(memory, bound);
	free(bound);
	return index > at ? index : at + 1;
}

static struct kt_err *memory_list(struct kt_root *root, const char *path, bool folders,
	struct kt_arena *arena, kt_names *ret_names)
{
	struct root_memory *memory = (struct root_memory *)root;
	struct kt_err *err = fill_on_way(memory, path);
	bool any = false;

	if (err)
		return err;
	/* siblings such as "a-b" sort between "a" and "a/c", so the walk skips them */
	for (size_t i = first_from(memory, path);
		i < memory->count && strncmp(memory->members[i].path, path, strlen(path)) == 0;) {
		const char *rest = kt_path_below(memory->members[i].path, path), *name, **slot;
		size_t n;

		if (!rest || !*rest) {
			i++;
			continue;
		}
		any = true;
		n = strcspn(rest, "/");
		name = kt_arena_printf(arena, "%.*s", (int)n, rest);
		slot = folders && !rest[n] ? NULL : kt_list_push(arena, ret_names);
		if (slot)
			*slot = name;
		i = rest[n] ? behind(memory, path, name, i) : i + 1;
	}
	return any ? NULL : kt_err_os(ENOENT, "%s", path);
}

static bool memory_has(struct kt_root *root, const char *path)
{
	struct root_memory *memory = (struct root_memory *)root;
	char *folder = NULL;
	size_t at;
	bool has;

	kt_err_free(fill_on_way(memory, path));
	if (!*path || find(memory, path))
		return *path || memory->count;
	if (asprintf(&folder, "%s/", path) < 0)
		return false;
	at = first_from(memory, folder);
	has = at < memory->count && kt_path_below(memory->members[at].path, path);
	free(folder);
	return has;
}

static void memory_free(struct kt_root *root)
{
	struct root_memory *memory = (struct root_memory *)root;

	for (size_t i = 0; i < memory->count; i++) {
		free((char *)memory->members[i].path);
		if (!memory->members[i].shared)
			free(memory->members[i].data);
		free(memory->members[i].refused);
		free(memory->members[i].target);
		if (memory->members[i].fd >= 0)
			close(memory->members[i].fd);
	}
	if (memory->close_dump)
		memory->close_dump(memory->dump);
	for (size_t i = 0; i < memory->nr_dump_fds; i++)
		close(memory->dump_fds[i]);
	free(memory->members);
	free(memory);
}

static const struct kt_root_ops memory_ops = {
	.read = memory_read,
	.stream = memory_stream,
	.link = memory_link,
	.list = memory_list,
	.has = memory_has,
	.free = memory_free,
};

struct kt_err *kt_root_memory_new(enum kt_root_kind kind, struct kt_root **ret_root)
{
	struct root_memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	memory->base.ops = &memory_ops;
	memory->base.kind = kind;
	*ret_root = &memory->base;
	return NULL;
}

static struct kt_err *add(
	struct root_memory *memory, const char *path, char *data, size_t size, char *refused)
{
	char *name = strdup(path);

	if (memory->count == memory->room) {
		size_t room = memory->room ? memory->room * 2 : 32;
		void *grown = realloc(memory->members, room * sizeof(*memory->members));

		if (grown) {
			memory->members = grown;
			memory->room = room;
		}
	}
	if (!name || memory->count == memory->room) {
		free(name);
		free(data);
		free(refused);
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	}
	memory->members[memory->count] = (struct member){ .path = name,
		.data = data,
		.refused = refused,
		.size = size,
		.index = memory->count,
		.code = KT_ERR_REFUSED,
		.fd = -1 };
	memory->count++;
	/* sorted at the next search, not after each file of a large bundle */
	memory->sorted = false;
	return NULL;
}

struct kt_err *kt_root_memory_add(struct kt_root *root, const char *path, char *data, size_t size)
{
	return add((struct root_memory *)root, path, data, size, NULL);
}

struct kt_err *kt_root_memory_again(struct kt_root *root, const char *path, const char *first)
{
	struct root_memory *memory = (struct root_memory *)root;
	const struct member *owner = find(memory, first);
	char *data = owner ? owner->data : NULL;
	size_t size = owner ? owner->size : 0;
	struct kt_err *err = add(memory, path, NULL, 0, NULL);

	if (err)
		return err;
	memory->members[memory->count - 1].data = data;
	memory->members[memory->count - 1].size = size;
	memory->members[memory->count - 1].shared = true;
	return NULL;
}

struct kt_err *kt_root_memory_file(struct kt_root *root, const char *path, int fd)
{
	struct root_memory *memory = (struct root_memory *)root;
	int again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct kt_err *err =
		again < 0 ? kt_err_os(errno, "%s", path) : add(memory, path, NULL, 0, NULL);

	if (!err)
		memory->members[memory->count - 1].fd = again;
	else if (again >= 0)
		close(again);
	return err;
}

struct kt_err *kt_root_memory_fail(
	struct kt_root *root, const char *path, enum kt_err_code code, const char *why)
{
	struct root_memory *memory = (struct root_memory *)root;
	char *copy = strdup(why);
	struct kt_err *err;

	if (!copy)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	err = add(memory, path, NULL, 0, copy);
	if (!err)
		memory->members[memory->count - 1].code = code;
	return err;
}

struct kt_err *kt_root_memory_refuse(struct kt_root *root, const char *path, const char *why)
{
	return kt_root_memory_fail(root, path, KT_ERR_REFUSED, why);
}

struct kt_err *kt_root_memory_link(struct kt_root *root, const char *path, const char *target)
{
	struct root_memory *memory = (struct root_memory *)root;
	struct kt_err *err;

	/* reading the path fails, while kt_root_link() gives the target */
	err = kt_root_memory_refuse(root, path, "a link in the bundle, which is not followed");
	if (err)
		return err;
	memory->members[memory->count - 1].target = strdup(target);
	if (!memory->members[memory->count - 1].target)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	return NULL;
}

/* ---- dumps ---- */

struct kt_err *kt_root_dump_new(struct kt_root **ret_root)
{
	return kt_root_memory_new(KT_ROOT_DUMP, ret_root);
}

struct kt_err *kt_root_dump_add_file(struct kt_root *root, int fd)
{
	struct root_memory *memory = (struct root_memory *)root;
	int again;

	if (memory->nr_dump_fds == KT_LEN(memory->dump_fds))
		return kt_err_new(
			KT_ERR_LIMIT, "a split dump of more than %u files", KT_DUMP_FILES);
	again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (again < 0)
		return kt_err_os(errno, "the dump cannot be read");
	memory->dump_fds[memory->nr_dump_fds++] = again;
	return NULL;
}

const int *kt_root_dump_files(const struct kt_root *root, size_t *ret_count)
{
	*ret_count = ((const struct root_memory *)root)->nr_dump_fds;
	return ((const struct root_memory *)root)->dump_fds;
}

void kt_root_dump_give(struct kt_root *root, void *memory, void (*close)(void *memory))
{
	((struct root_memory *)root)->dump = memory;
	((struct root_memory *)root)->close_dump = close;
}

void *kt_root_dump_memory(const struct kt_root *root)
{
	return root->kind == KT_ROOT_DUMP ? ((const struct root_memory *)root)->dump : NULL;
}

struct kt_err *kt_root_dump_add(struct kt_root *root, const char *path, kt_root_make maker)
{
	struct root_memory *memory = (struct root_memory *)root;
	struct kt_err *err = add(memory, path, NULL, 0, NULL);

	if (!err)
		memory->members[memory->count - 1].make = maker;
	return err;
}

void kt_root_dump_later(struct kt_root *root, const char *folder, kt_root_fill fill)
{
	((struct root_memory *)root)->later = folder;
	((struct root_memory *)root)->fill = fill;
}

void kt_root_dump_note(struct kt_root *root, const char *note)
{
	snprintf(root->note, sizeof(root->note), "%s", note);
}
