// SPDX-License-Identifier: GPL-2.0-or-later
//
// Types that are found without a symbol, and a vmlinux for what a dump lacks.

#include "vmlinux_bytes.h"

#include "test.h"

#include "target/dump.h"

#include <string.h>

static struct kt_err *open_with(const struct dump_bytes *dump, const struct kt_target_given *given,
	struct kt_target **ret_target)
{
	int fd = dump_file(dump->file, dump->size);
	struct kt_err *err = kt_target_dump(&fd, 1, given, ret_target);

	close(fd);
	return err;
}

static void check_opens(const struct dump_bytes *dump, const struct kt_target_given *given)
{
	KT_CLEANUP(symbol_table) struct kt_symbol_table table = { 0 };
	struct kt_target *target = NULL;
	struct kt_err *err = open_with(dump, given, &target);
	uint64_t at;

	if (!CHECK(!err)) {
		printf("%s\n", kt_err_text(err));
		kt_err_free(err);
		return;
	}
	CHECK_INT(kt_types_size(&target->types, "kmem_cache"), 64);
	CHECK(kt_symbols_find(&target->symbols, "iomem_resource", &at) && at == dump->resources);
	CHECK(!kt_target_dump_symbol_table(target, &table));
	CHECK(kt_symbol_table_find(&table, dump->resources) != NULL);
	kt_target_close(target);
}

static void check_refused(
	const struct dump_bytes *dump, const struct kt_target_given *given, const char *why)
{
	struct kt_target *target = NULL;
	KT_CLEANUP(err) struct kt_err *err = open_with(dump, given, &target);

	if (!CHECK(err != NULL))
		kt_target_close(target);
	else if (!CHECK(strstr(kt_err_text(err), why) != NULL))
		printf("%s\n", kt_err_text(err));
}

TEST(types_without_a_symbol_are_found)
{
	struct dump_bytes dump;
	uint64_t types = dump_address(DUMP_TYPES);

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE, .unnamed = true });
	/* bytes that begin like types */
	memcpy(dump_image(&dump, dump_address(2) + 5), dump_image(&dump, types), 24);
	memcpy(dump_image(&dump, dump_address(3) - 2), "\x9f\xeb\x01", 3);
	check_opens(&dump, NULL);
	/* at any address */
	memmove(dump_image(&dump, types + 7), dump_image(&dump, types), dump.types_bytes);
	check_opens(&dump, NULL);
	/* cut off by the end of the image, or of another program */
	dump_put(&dump, types + 7 + 20, 0x100000, 4);
	check_refused(&dump, NULL, "has no type data");
	dump_fini(&dump);
	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE, .unnamed = true });
	memcpy(memmem(dump_image(&dump, types), dump.types_bytes, "kmem_cache", 10), "KMEM_CACHE",
		10);
	check_refused(&dump, NULL, "has no type data");
	dump_fini(&dump);
}

TEST(a_vmlinux_gives_what_a_dump_lacks)
{
	struct vmlinux_opts opts = { .types = true, .symbols = true };
	const struct dump_opts stripped[] = {
		{ .form = KT_KALLSYMS_RELATIVE, .unnamed = true, .untyped = true },
		{ .form = KT_KALLSYMS_RELATIVE, .nameless = true, .untyped = true },
		{ .form = KT_KALLSYMS_RELATIVE, .nameless = true, .unlisted = true },
		{ .form = KT_KALLSYMS_RELATIVE, .arm64 = true, .nameless = true },
	};

	for (size_t i = 0; i < KT_LEN(stripped); i++) {
		struct vmlinux_file file;
		struct dump_bytes dump;

		dump_init(&dump, &stripped[i]);
		vmlinux_make(&file, &dump, &opts);
		check_refused(&dump, NULL, "--vmlinux FILE");
		check_opens(&dump, &(struct kt_target_given){ .vmlinux = file.path });
		vmlinux_fini(&file);
		dump_fini(&dump);
	}
}

TEST(a_vmlinux_of_another_kernel_is_refused)
{
	const struct {
		struct vmlinux_opts opts;
		const char *why;
	} others[] = {
		{ { .types = true, .symbols = true, .other_id = true }, "its build id is another" },
		{ { .types = true, .symbols = true, .other_id = true, .notes_in_memory = true },
			NULL },
		{ { .types = true, .symbols = true, .no_id = true }, "has no build id" },
		{ { .types = true, .symbols = true, .other_stext = true }, "_stext would be at" },
		{ { .types = true }, NULL },
		{ { .symbols = true }, NULL },
		{ { 0 }, "has neither types" },
		{ { .types = true, .image = true }, "boot image" },
		{ { .types = true, .cut = true }, "is cut off" },
	};

	for (size_t i = 0; i < KT_LEN(others); i++) {
		struct kt_target_given given;
		struct vmlinux_file file;
		struct dump_bytes dump;

		dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE });
		vmlinux_make(&file, &dump, &others[i].opts);
		given = (struct kt_target_given){ .vmlinux = file.path };
		if (others[i].why)
			check_refused(&dump, &given, others[i].why);
		else
			check_opens(&dump, &given);
		vmlinux_fini(&file);
		dump_fini(&dump);
	}
}

/* Opens a dump with the type data of its own kernel in a file, changed by `more` bytes. */
static void check_types(const char *facts, int more, const char *why)
{
	struct kt_target_given given;
	struct dump_bytes dump;
	char path[64];
	int fd;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE, .facts = facts });
	fd = dump_file(dump_image(&dump, dump_address(DUMP_TYPES)), dump.types_bytes);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	given = (struct kt_target_given){ .btf = path };
	/* length of the names, which are the last section */
	if (more) {
		uint32_t length;

		CHECK(pread(fd, &length, sizeof(length), 20) == sizeof(length));
		length += (uint32_t)more;
		CHECK(pwrite(fd, &length, sizeof(length), 20) == sizeof(length));
		CHECK(!ftruncate(fd, (off_t)dump.types_bytes + more));
	}
	if (why)
		check_refused(&dump, &given, why);
	else
		check_opens(&dump, &given);
	close(fd);
	dump_fini(&dump);
}

TEST(type_data_is_checked_by_what_the_kernel_says_of_its_types)
{
	check_types(NULL, 0, NULL);
	check_types("SIZE(zone)=256\nOFFSET(zone.vm_stat)=40\nLENGTH(zone.vm_stat)=2\n"
		    "NUMBER(PG_lru)=5\nSIZE(zone.vm_stat)=16\nOFFSET(zone.lately_gone)=1\n"
		    "SIZE(unknown)=8\nLENGTH(node_data)=64\nNUMBER(PG_head_mask)=64\n",
		0, NULL);
	check_types("SIZE(zone)=264\n", 0, "SIZE(zone) is 256 by its types, 264 in");
	check_types("OFFSET(zone.vm_stat)=48\n", 0, "OFFSET(zone.vm_stat) is 40");
	check_types("LENGTH(zone.vm_stat)=3\n", 0, "LENGTH(zone.vm_stat) is 2");
	check_types("NUMBER(PG_lru)=4\n", 0, "NUMBER(PG_lru) is 5");
	check_types("SIZE(unknown)=8\n", 0, "none of the types");
	check_types(NULL, 4, "bytes of type data, the dumped kernel");
}
