// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_KERNEL_TYPES_H
#define KT_KERNEL_TYPES_H

#include "base/map.h"
#include "kernel/btf.h"

/**
 * Finds members of the kernel's structs by name: their place, size, and bits. A member inside an
 * anonymous struct or union is found like any other one, since kernels move members into such
 * unions and out of them. Presence of a member decides how memory is read, never a version.
 */
struct kt_types {
	struct kt_btf btf;
	uint32_t *starts; /* bytes; place of the type with this id in the section of types; [0]
			     unused */
	uint32_t count;	  /* types; ids are 1 to count */
	uint32_t pointer_bytes;
	struct kt_map structs, enums; /* name -> id of the first type of that name */
	struct kt_map typedefs;
};

/** Indexes the types; `file` must outlive them. PARSE: not type data. The caller cleans up. */
struct kt_err *kt_types_init(
	struct kt_types *types, struct kt_span file, uint32_t pointer_bytes) KT_MUST_CHECK;
void kt_types_fini(struct kt_types *types);

/** Returns the type with an id; false: there is none. */
bool kt_types_by_id(const struct kt_types *types, uint32_t id, struct kt_btf_type *ret_type);

/** Place of a member in its struct. */
struct kt_field {
	bool exists;
	uint32_t offset; /* bytes; of a bit-field: of the byte with its first bit */
	uint32_t size;	/* bytes of the member, or of one element of an array; at most 8 for numbers
			 */
	uint32_t count; /* elements of an array; 1: not an array; 0: flexible array */
	uint32_t shift,
		bits; /* of a bit-field: its first bit in the byte, its length; bits 0: none */
};

/**
 * Finds a member such as "oo.x" of a struct such as "kmem_cache". A path goes through arrays, to
 * their first element; the size of an element comes from kt_types_size(). False: no such member.
 */
bool kt_types_field(const struct kt_types *types, const char *type, const char *path,
	struct kt_field *ret_field);
/** Returns the size of a struct or union in bytes; 0: there is none with this name. */
uint32_t kt_types_size(const struct kt_types *types, const char *type);
/**
 * Says which words of a struct may hold a pointer: ret_words[i] for the bytes from i times the size
 * of a pointer on. Words after the struct's end are left alone. Any word of a struct that is too
 * long to be looked at may hold one. False: there is no such struct.
 */
bool kt_types_pointers(
	const struct kt_types *types, const char *type, bool *ret_words, size_t nr_words);
/** Finds an enumerator by its name and the name of its enum; "": an enum without a name. */
bool kt_types_enum(
	const struct kt_types *types, const char *type, const char *name, int64_t *ret_value);

/** One member that a reader of memory needs. */
struct kt_field_want {
	const char *type, *path;
	size_t place;	/* offsetof the struct kt_field in the caller's struct */
	bool mandatory; /* without it the memory cannot be read */
};

/** Finds all members; ABSENT: names the first mandatory one that does not exist. */
struct kt_err *kt_types_fields(const struct kt_types *types, const struct kt_field_want *wants,
	size_t count, void *ret_fields) KT_MUST_CHECK;

/**
 * Reads a number of 1 to 8 bytes, or a bit-field, from a copy of its struct in the byte order of
 * this machine. 0 if the member does not exist or is outside the copy: callers check presence
 * first.
 */
uint64_t kt_field_get(const struct kt_field *field, const void *copy, size_t size);

#endif
