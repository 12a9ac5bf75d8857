// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/flattened.h"

#include "dump/stored.h"

#include <endian.h>
#include <stdlib.h>

#define HEADER_BYTES 4096u
#define PIECES_MAX   (1u << 21)
#define END	     UINT64_MAX

/* A piece in the order of the stream. */
struct piece {
	uint64_t first, bytes, stored;
};

struct pieces {
	struct piece *items;
	size_t count, room;
};

static bool add(struct pieces *pieces, const struct piece *piece)
{
	if (pieces->count == pieces->room) {
		size_t room = pieces->room ? pieces->room * 2 : 1024;
		struct piece *grown = realloc(pieces->items, room * sizeof(*grown));

		if (!grown)
			return false;
		pieces->items = grown;
		pieces->room = room;
	}
	pieces->items[pieces->count++] = *piece;
	return true;
}

/* Reads the stream from header to header. A piece that the file has in part ends it. */
static struct kt_err *read_stream(
	int fd, uint64_t stored, struct kt_flat *flat, struct pieces *pieces)
{
	uint64_t at = HEADER_BYTES, head[2];

	flat->cut = true;
	while (kt_stored_read(fd, at, head, sizeof(head)) == sizeof(head)) {
		struct piece piece = { be64toh(head[0]), be64toh(head[1]), at + sizeof(head) };

		if (piece.first == END && piece.bytes == END) {
			flat->cut = false;
			break;
		}
		/* offsets are signed in the stream */
		if (!piece.bytes || piece.first > INT64_MAX ||
			piece.bytes > INT64_MAX - piece.first)
			break;
		if (pieces->count >= PIECES_MAX)
			return kt_err_new(KT_ERR_LIMIT,
				"a flattened dump of more than %u pieces; 'makedumpfile -R' makes "
				"a file of it that can be read",
				PIECES_MAX);
		if (piece.bytes > stored - piece.stored)
			piece.bytes = stored - piece.stored;
		if (piece.bytes && !add(pieces, &piece))
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
		at = piece.stored + piece.bytes;
	}
	return NULL;
}

/* ---- later pieces hide earlier ones ---- */

static int by_first(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* A heap of the pieces at an offset, the latest of the stream on top. */
struct heap {
	const struct piece **items;
	size_t count;
};

static void sink(struct heap *heap, size_t at)
{
	for (size_t child = 2 * at + 1; child < heap->count; child = 2 * at + 1) {
		const struct piece *moved = heap->items[at];

		if (child + 1 < heap->count &&
			heap->items[child + 1]->stored > heap->items[child]->stored)
			child++;
		if (moved->stored >= heap->items[child]->stored)
			return;
		heap->items[at] = heap->items[child];
		heap->items[child] = moved;
		at = child;
	}
}

static void push(struct heap *heap, const struct piece *piece)
{
	size_t at = heap->count++;

	while (at && heap->items[(at - 1) / 2]->stored < piece->stored) {
		heap->items[at] = heap->items[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap->items[at] = piece;
}

static void pop(struct heap *heap)
{
	heap->items[0] = heap->items[--heap->count];
	sink(heap, 0);
}

/* Goes through the offsets at which a piece begins or the topmost one ends. */
static void lay_out(struct kt_flat *flat, const struct pieces *sorted, struct heap *heap)
{
	uint64_t at = 0;

	for (size_t next = 0; next < sorted->count || heap->count;) {
		const struct piece *top;
		uint64_t end;

		if (!heap->count && at < sorted->items[next].first)
			at = sorted->items[next].first;
		while (next < sorted->count && sorted->items[next].first <= at)
			push(heap, &sorted->items[next++]);
		top = heap->items[0];
		end = top->first + top->bytes;
		if (end <= at) {
			pop(heap);
			continue;
		}
		if (next < sorted->count && sorted->items[next].first < end)
			end = sorted->items[next].first;
		flat->pieces[flat->nr_pieces++] =
			(struct kt_flat_piece){ at, end - at, top->stored + (at - top->first) };
		at = end;
	}
	flat->size = at;
}

static struct kt_err *arrange(struct kt_flat *flat, struct pieces *pieces)
{
	struct heap heap = { 0 };

	if (!pieces->count)
		return kt_err_new(KT_ERR_PARSE, "a flattened dump without contents");
	/* each piece begins one part and may be interrupted by each other one */
	flat->pieces = calloc(2 * pieces->count, sizeof(*flat->pieces));
	heap.items = calloc(pieces->count, sizeof(*heap.items));
	if (!flat->pieces || !heap.items) {
		free(heap.items);
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	qsort(pieces->items, pieces->count, sizeof(*pieces->items), by_first);
	lay_out(flat, pieces, &heap);
	free(heap.items);
	return NULL;
}

struct kt_err *kt_flat_open(int fd, uint64_t stored, struct kt_flat *ret_flat)
{
	struct pieces pieces = { 0 };
	struct kt_err *err;

	*ret_flat = (struct kt_flat){ 0 };
	err = read_stream(fd, stored, ret_flat, &pieces);
	if (!err)
		err = arrange(ret_flat, &pieces);
	free(pieces.items);
	return err;
}

void kt_flat_fini(struct kt_flat *flat)
{
	free(flat->pieces);
	*flat = (struct kt_flat){ 0 };
}

enum kt_flat_place kt_flat_find(
	const struct kt_flat *flat, uint64_t at, uint64_t *ret_stored, uint64_t *ret_bytes)
{
	const struct kt_flat_piece *pieces = flat->pieces;
	size_t low = 0, high = flat->nr_pieces;

	/* the first piece after the offset */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pieces[middle].first <= at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low && at - pieces[low - 1].first < pieces[low - 1].bytes) {
		uint64_t over = at - pieces[low - 1].first;

		*ret_stored = pieces[low - 1].stored + over;
		*ret_bytes = pieces[low - 1].bytes - over;
		return KT_FLAT_STORED;
	}
	if (low == flat->nr_pieces || flat->cut)
		return KT_FLAT_NONE;
	*ret_stored = 0;
	*ret_bytes = pieces[low].first - at;
	return KT_FLAT_HOLE;
}
