// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_KERNEL_BTF_H
#define KT_KERNEL_BTF_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * The kernel's type data (BTF), in the byte order of this machine: its structs, their sizes, and
 * the offsets of their members. Format: Documentation/bpf/btf.rst.
 *
 * Points into the caller's bytes and allocates nothing. Every length in the data is checked against
 * the bytes that exist. A kind that neither this file nor the data describes ends a walk.
 */

#define KT_BTF_HEADER_BYTES 24u /* bytes; the header that all versions have */

/** Places of the sections, as byte offsets in the file. */
struct kt_btf_header {
	uint64_t types_at, types_bytes;
	uint64_t strings_at, strings_bytes;
	uint64_t layout_at, layout_bytes; /* length 0: the data does not describe its kinds */
};

/**
 * Reads the header from the first bytes of a file; `head` may be longer. PARSE: not type data, of
 * the other byte order, or sections larger than 64 MiB.
 */
struct kt_err *kt_btf_parse_header(
	struct kt_span head, struct kt_btf_header *ret_header) KT_MUST_CHECK;

struct kt_btf {
	struct kt_span types, strings, layout;
};

/**
 * Finds the sections in a complete file, which must outlive `ret_btf`. PARSE: a section is cut off.
 */
struct kt_err *kt_btf_parse(struct kt_span file, struct kt_btf *ret_btf) KT_MUST_CHECK;

enum kt_btf_kind {
	KT_BTF_INT = 1,
	KT_BTF_PTR,
	KT_BTF_ARRAY,
	KT_BTF_STRUCT,
	KT_BTF_UNION,
	KT_BTF_ENUM,
	KT_BTF_FWD,
	KT_BTF_TYPEDEF,
	KT_BTF_VOLATILE,
	KT_BTF_CONST,
	KT_BTF_RESTRICT,
	KT_BTF_FUNC,
	KT_BTF_FUNC_PROTO,
	KT_BTF_VAR,
	KT_BTF_DATASEC,
	KT_BTF_FLOAT,
	KT_BTF_DECL_TAG,
	KT_BTF_TYPE_TAG,
	KT_BTF_ENUM64,
	KT_BTF_KNOWN_KINDS
};

struct kt_btf_type {
	uint32_t id;   /* from 1, in the order of the data */
	uint32_t kind; /* enum kt_btf_kind; KT_BTF_KNOWN_KINDS or more: newer than this file */
	struct kt_span name; /* empty: anonymous */
	uint32_t size; /* bytes of a struct, union, integer or enum; else the id of another type */
	uint32_t nr_elems;    /* members, values, parameters */
	bool flag;	      /* struct only: offsets of its members hold sizes of bit-fields */
	struct kt_span elems; /* the elements, as stored in the data */
};

/** Returns the string at an offset of the string section; empty: no such string. */
struct kt_span kt_btf_string(const struct kt_btf *btf, uint32_t offset);

struct kt_btf_walk {
	const struct kt_btf *btf;
	struct kt_span rest;
	uint32_t id;
};

void kt_btf_walk_begin(struct kt_btf_walk *walk, const struct kt_btf *btf);
/** Returns the next type; false at the end, or at a type of unknown length. */
bool kt_btf_next(struct kt_btf_walk *walk, struct kt_btf_type *ret_type);
/** Whether a walk that returned false has seen every type. */
bool kt_btf_walk_is_complete(const struct kt_btf_walk *walk);

struct kt_btf_member {
	struct kt_span name; /* empty: an anonymous struct or union */
	uint32_t type;	     /* id */
	uint32_t offset_bits;
	uint32_t bits; /* size of a bit-field; 0: not a bit-field */
};

/** Returns member `index` of a struct or union; false: no such member. */
bool kt_btf_member(const struct kt_btf *btf, const struct kt_btf_type *type, uint32_t index,
	struct kt_btf_member *ret_member);
/** Whether a struct or union itself has a member of this name. */
bool kt_btf_has_member(const struct kt_btf *btf, const struct kt_btf_type *type, const char *name);

#endif
