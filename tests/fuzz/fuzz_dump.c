// SPDX-License-Identifier: GPL-2.0-or-later
//
// Dumps of memory: any file, or a dump made by hand with damage at places that the input names.

#include "fuzz.h"

#include "dump_bytes.h"

#include "memory/counters/counters.h"
#include "memory/counters/resources.h"
#include "target/dump.h"

#define SYMBOLS_MAX (1u << 20)
#define TEXT_MAX    (16u << 20) /* bytes; ranges are at most 65,536 */

static void put_text(void *arg, const struct kt_resource *resource)
{
	kt_buf_printf(arg, "%llx %s\n", (unsigned long long)resource->start, resource->name);
}

static void use(struct kt_target *target)
{
	KT_CLEANUP(symbol_table) struct kt_symbol_table table = { 0 };
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	uint64_t direct, page;
	char bytes[8192];

	kt_err_free(kt_target_dump_symbol_table(target, &table));
	if (table.symbols.count > SYMBOLS_MAX)
		abort();
	kt_err_free(kt_resources_each(target, put_text, &text));
	if (text.size > TEXT_MAX)
		abort();
	kt_err_free(kt_file_zoneinfo(target, 4, &text));
	kt_err_free(kt_file_vmstat(target, 4, &text));
	if (target->ops->memory_map(target, 64, &direct, &page))
		kt_target_read(target, direct + DUMP_FIRST - 1, bytes, sizeof(bytes));
	kt_target_dump_nodes(target);
	kt_target_dump_note(target, &text);
	for (unsigned cpu = 0; cpu < 3; cpu++)
		target->ops->status(target, cpu, bytes, sizeof(bytes));
}

static void open_and_use(const char *bytes, size_t size)
{
	struct kt_target *target = NULL;
	int fd = dump_file(bytes, size);
	struct kt_err *err = kt_target_dump(&fd, 1, NULL, &target);

	close(fd);
	if (!err) {
		use(target);
		kt_target_close(target);
	}
	kt_err_free(err);
}

/* Writes 8 bytes at the place in the file that the 4 bytes before say. */
static void damage(struct dump_bytes *dump, const uint8_t *data, size_t size)
{
	for (; size >= 12; data += 12, size -= 12) {
		uint32_t at;

		memcpy(&at, data, sizeof(at));
		memcpy(dump->file + at % (dump->size - 8), data + 4, 8);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dump_bytes dump;

	if (!size)
		return 0;
	if (data[0] & 0x80) {
		open_and_use((const char *)data + 1, size - 1);
		return 0;
	}
	dump_init(&dump, &(struct dump_opts){ .form = (enum kt_kallsyms_form)(data[0] & 3),
				 .arm64 = data[0] & 4,
				 .five_levels = !(data[0] & 4) && (data[0] & 8),
				 .in_note = data[0] & 16,
				 .long_name = data[0] & 32,
				 .unlisted = data[0] & 64,
				 .sections = size & 1 });
	damage(&dump, data + 1, size - 1);
	open_and_use(dump.file, dump.size);
	dump_fini(&dump);
	return 0;
}
