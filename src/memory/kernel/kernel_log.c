// SPDX-License-Identifier: GPL-2.0-or-later
//
// kernel/printk. Since 5.10 (896fbe20b4e2) there are two rings: of descriptors, each with the state
// and the place of a record, and of texts. A place is a position that only grows: its remainder by
// the ring's size is the place in the ring, so a text that was overwritten is found out. Each text
// begins with the number of its descriptor, which is checked too.
//
// Before, there was one ring, whose records have their length; a length of 0 leads to the start.

#include "memory/kernel/kernel_log.h"

#include "base/attr.h"

#include <stddef.h>
#include <stdlib.h>

#define COUNT_BITS_MAX 22u /* of the number of descriptors */
#define SIZE_BITS_MAX  31u /* of the bytes of texts */
#define RECORD_MAX     65536u
#define STRUCT_MAX     256u
#define UNREAD_MAX     4096u	    /* descriptors that cannot be read before the log ends */
#define TEXT_MAX       (256u << 20) /* bytes that are written at most */
#define STATE_BITS     2u	    /* at the top of a descriptor's word */
#define COMMITTED      1u	    /* kernel/printk/printk_ringbuffer.h, enum desc_state */
#define FINALIZED      2u
#define NO_TEXT	       1u /* a place with this bit: the record has no text */
#define CONTINUED      8u /* LOG_CONT, kernel/printk/internal.h */

struct fields {
	struct kt_field count_bits, descs, infos, head, tail, size_bits, data; /* rings */
	struct kt_field state, begin, next;				       /* descriptor */
	struct kt_field seq, time, length, facility, flags, level, caller;     /* printk_info */
	struct kt_field old_time, old_bytes, old_length, old_facility, old_flags, old_level,
		old_caller; /* printk_log */
};

#define WANT(type, path, member)                                  \
	{                                                         \
		type, path, offsetof(struct fields, member), true \
	}

static const struct kt_field_want ring_wants[] = {
	WANT("printk_ringbuffer", "desc_ring.count_bits", count_bits),
	WANT("printk_ringbuffer", "desc_ring.descs", descs),
	WANT("printk_ringbuffer", "desc_ring.infos", infos),
	WANT("printk_ringbuffer", "desc_ring.head_id", head),
	WANT("printk_ringbuffer", "desc_ring.tail_id", tail),
	WANT("printk_ringbuffer", "text_data_ring.size_bits", size_bits),
	WANT("printk_ringbuffer", "text_data_ring.data", data),
	WANT("prb_desc", "state_var", state),
	WANT("prb_desc", "text_blk_lpos.begin", begin),
	WANT("prb_desc", "text_blk_lpos.next", next),
	WANT("printk_info", "seq", seq),
	WANT("printk_info", "ts_nsec", time),
	WANT("printk_info", "text_len", length),
	WANT("printk_info", "facility", facility),
	WANT("printk_info", "flags", flags),
	WANT("printk_info", "level", level),
	WANT("printk_info", "caller_id", caller),
};
static const struct kt_field_want record_wants[] = {
	WANT("printk_log", "ts_nsec", old_time),
	WANT("printk_log", "len", old_bytes),
	WANT("printk_log", "text_len", old_length),
	WANT("printk_log", "facility", old_facility),
	WANT("printk_log", "flags", old_flags),
	WANT("printk_log", "level", old_level),
	{ "printk_log", "caller_id", offsetof(struct fields, old_caller), false },
};

/* The parts of a line of /dev/kmsg. */
struct record {
	uint64_t seq, time_ns, facility, level, flags, caller;
	bool has_caller;
	const char *text;
	size_t length;
};

struct log {
	struct kt_target *target;
	struct fields fields;
	struct kt_buf *text;
	uint32_t desc_bytes, info_bytes, record_bytes;
	char *copy; /* of a text, RECORD_MAX bytes */
	uint64_t nr_records, nr_unread;
};

/* Bytes that are not printable have the form that /dev/kmsg gives them. */
static void put_text(struct kt_buf *text, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c < ' ' || c >= 127 || c == '\\')
			kt_buf_printf(text, "\\x%02x", c);
		else
			kt_buf_add(text, p + i, 1);
	}
}

/* The top bit of a caller says that it is a CPU; all bits set: the kernel does not keep it. */
static void put_record(struct log *log, const struct record *record)
{
	if (log->text->size > TEXT_MAX)
		return;
	kt_buf_printf(log->text, "%llu,%llu,%llu,%c",
		(unsigned long long)(record->facility << 3 | record->level),
		(unsigned long long)record->seq, (unsigned long long)(record->time_ns / 1000),
		record->flags & CONTINUED ? 'c' : '-');
	if (record->has_caller && record->caller)
		kt_buf_printf(log->text, ",caller=%c%llu", record->caller >> 31 ? 'C' : 'T',
			(unsigned long long)(record->caller & 0x7fffffff));
	kt_buf_puts(log->text, ";");
	put_text(log->text, record->text, record->length);
	kt_buf_puts(log->text, "\n");
	log->nr_records++;
}

/* ---- descriptors ---- */

struct ring {
	uint64_t descs, infos, data, count, size, id_mask;
};

/* Finds a record's text, the bytes after its descriptor's number; false: it was overwritten. */
static bool find_text(struct log *log, const struct ring *ring, uint64_t id, const char *desc,
	struct record *record)
{
	uint32_t word = log->target->types.pointer_bytes;
	uint64_t begin = kt_field_get(&log->fields.begin, desc, STRUCT_MAX);
	uint64_t next = kt_field_get(&log->fields.next, desc, STRUCT_MAX);
	uint64_t at = begin % ring->size, end = next % ring->size, own;

	record->text = log->copy + word;
	if ((begin & NO_TEXT) && (next & NO_TEXT)) {
		record->length = 0;
		return true;
	}
	if (!end && next > begin)
		end = ring->size; /* it ends where the ring does */
	else if (begin / ring->size != next / ring->size)
		at = 0; /* it did not fit at the end of the ring */
	if (end < at + word || end - at > RECORD_MAX ||
		!kt_target_read(log->target, ring->data + at, log->copy, end - at) ||
		!kt_target_number(log->target, ring->data + at, word, &own) || own != id)
		return false;
	if (record->length > end - at - word)
		record->length = end - at - word;
	return true;
}

static void take_desc(struct log *log, const struct ring *ring, uint64_t id)
{
	const struct fields *fields = &log->fields;
	uint64_t index = id % ring->count, state;
	char desc[STRUCT_MAX], info[STRUCT_MAX];
	struct record record = { .has_caller = true };

	if (!kt_target_read(
		    log->target, ring->descs + index * log->desc_bytes, desc, log->desc_bytes) ||
		!kt_target_read(log->target, ring->infos + index * log->info_bytes, info,
			log->info_bytes)) {
		log->nr_unread++;
		return;
	}
	state = kt_field_get(&fields->state, desc, log->desc_bytes);
	if ((state & ring->id_mask) != id || (state / (ring->id_mask + 1) != COMMITTED &&
						     state / (ring->id_mask + 1) != FINALIZED))
		return;
	record.seq = kt_field_get(&fields->seq, info, log->info_bytes);
	record.time_ns = kt_field_get(&fields->time, info, log->info_bytes);
	record.facility = kt_field_get(&fields->facility, info, log->info_bytes);
	record.level = kt_field_get(&fields->level, info, log->info_bytes);
	record.flags = kt_field_get(&fields->flags, info, log->info_bytes);
	record.caller = kt_field_get(&fields->caller, info, log->info_bytes);
	record.length = kt_field_get(&fields->length, info, log->info_bytes);
	if (find_text(log, ring, id, desc, &record))
		put_record(log, &record);
}

static bool read_ring(struct log *log, uint64_t at, struct ring *ret_ring, uint64_t *ret_first,
	uint64_t *ret_last)
{
	const struct fields *fields = &log->fields;
	struct kt_target *target = log->target;
	uint32_t word = target->types.pointer_bytes;
	uint64_t count_bits, size_bits;

	if (!kt_target_number(target, at + fields->count_bits.offset, 4, &count_bits) ||
		!kt_target_number(target, at + fields->size_bits.offset, 4, &size_bits) ||
		!kt_target_pointer(target, at + fields->descs.offset, &ret_ring->descs) ||
		!kt_target_pointer(target, at + fields->infos.offset, &ret_ring->infos) ||
		!kt_target_pointer(target, at + fields->data.offset, &ret_ring->data) ||
		!kt_target_number(target, at + fields->tail.offset, word, ret_first) ||
		!kt_target_number(target, at + fields->head.offset, word, ret_last) ||
		count_bits > COUNT_BITS_MAX || size_bits > SIZE_BITS_MAX)
		return false;
	ret_ring->count = 1ull << count_bits;
	ret_ring->size = 1ull << size_bits;
	ret_ring->id_mask = (1ull << (word * 8 - STATE_BITS)) - 1;
	return *ret_first <= ret_ring->id_mask && *ret_last <= ret_ring->id_mask;
}

/* Numbers of descriptors begin anew after the largest one. */
static struct kt_err *take_ring(struct log *log, uint64_t variable)
{
	struct kt_err *err =
		kt_types_fields(&log->target->types, ring_wants, KT_LEN(ring_wants), &log->fields);
	uint64_t at, id, last;
	struct ring ring;

	if (err)
		return err;
	log->desc_bytes = kt_types_size(&log->target->types, "prb_desc");
	log->info_bytes = kt_types_size(&log->target->types, "printk_info");
	if (log->desc_bytes > STRUCT_MAX || log->info_bytes > STRUCT_MAX ||
		!kt_target_pointer(log->target, variable, &at) ||
		!read_ring(log, at, &ring, &id, &last))
		return kt_err_new(KT_ERR_PARSE, "the kernel's log cannot be read");
	for (uint64_t i = 0; i < ring.count; i++) {
		take_desc(log, &ring, id);
		if (id == last || log->nr_unread > UNREAD_MAX)
			break;
		id = (id + 1) & ring.id_mask;
	}
	return NULL;
}

/* ---- records ---- */

/* Takes a record; false: there is none. Its text follows its struct. */
static bool take_old(struct log *log, uint64_t at, uint64_t seq, uint64_t *ret_bytes)
{
	const struct fields *fields = &log->fields;
	struct record record = { .seq = seq, .has_caller = fields->old_caller.exists };
	char copy[STRUCT_MAX];

	if (!kt_target_read(log->target, at, copy, log->record_bytes))
		return false;
	*ret_bytes = kt_field_get(&fields->old_bytes, copy, log->record_bytes);
	if (!*ret_bytes)
		return true;
	record.length = kt_field_get(&fields->old_length, copy, log->record_bytes);
	if (*ret_bytes < log->record_bytes || record.length > *ret_bytes - log->record_bytes ||
		*ret_bytes > RECORD_MAX ||
		!kt_target_read(log->target, at + log->record_bytes, log->copy, record.length))
		return false;
	record.time_ns = kt_field_get(&fields->old_time, copy, log->record_bytes);
	record.facility = kt_field_get(&fields->old_facility, copy, log->record_bytes);
	record.level = kt_field_get(&fields->old_level, copy, log->record_bytes);
	record.flags = kt_field_get(&fields->old_flags, copy, log->record_bytes);
	record.caller = kt_field_get(&fields->old_caller, copy, log->record_bytes);
	record.text = log->copy;
	put_record(log, &record);
	return true;
}

static struct kt_err *take_records(struct log *log)
{
	const struct kt_symbols *symbols = &log->target->symbols;
	uint64_t variable, bytes_at, first_at, next_at, seq_at;
	uint64_t buffer, size, at, end, seq = 0, bytes;
	struct kt_err *err;

	if (!kt_symbols_find(symbols, "log_buf", &variable) ||
		!kt_symbols_find(symbols, "log_buf_len", &bytes_at) ||
		!kt_symbols_find(symbols, "log_first_idx", &first_at) ||
		!kt_symbols_find(symbols, "log_next_idx", &next_at))
		return kt_err_new(
			KT_ERR_ABSENT, "the kernel does not name its log (CONFIG_KALLSYMS_ALL)");
	err = kt_types_fields(
		&log->target->types, record_wants, KT_LEN(record_wants), &log->fields);
	if (err)
		return err;
	log->record_bytes = kt_types_size(&log->target->types, "printk_log");
	if (!log->record_bytes || log->record_bytes > STRUCT_MAX ||
		!kt_target_pointer(log->target, variable, &buffer) ||
		!kt_target_number(log->target, bytes_at, 4, &size) || size >> SIZE_BITS_MAX ||
		!kt_target_number(log->target, first_at, 4, &at) ||
		!kt_target_number(log->target, next_at, 4, &end))
		return kt_err_new(KT_ERR_PARSE, "the kernel's log cannot be read");
	if (kt_symbols_find(symbols, "log_first_seq", &seq_at) &&
		!kt_target_number(log->target, seq_at, 8, &seq))
		seq = 0;
	/* it goes round once at most, and each record is longer than nothing */
	for (bool round = false; at != end && at < size;) {
		if (!take_old(log, buffer + at, seq, &bytes) || (!bytes && round))
			break;
		round |= !bytes;
		seq += bytes > 0;
		at = bytes ? at + bytes : 0;
	}
	return NULL;
}

struct kt_err *kt_file_kernel_log(struct kt_target *target, struct kt_buf *ret_text)
{
	struct log log = { .target = target, .text = ret_text, .copy = malloc(RECORD_MAX) };
	struct kt_err *err;
	uint64_t variable;

	if (!log.copy)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_symbols_find(&target->symbols, "prb", &variable) ? take_ring(&log, variable)
								  : take_records(&log);
	free(log.copy);
	if (!err && !log.nr_records)
		err = kt_err_new(KT_ERR_PARSE, "the kernel's log has no record that can be read");
	return err;
}
