// SPDX-License-Identifier: GPL-2.0-or-later
//
// Texts that are made of a dump's memory.

#include "dump_bytes.h"
#include "test.h"

#include "source/memory/open.h"
#include "source/source.h"

/* The map of physical addresses of a dump, as a text. */
static void check_iomem(const struct dump_bytes *dump, const char *wanted)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(buf) struct kt_buf copy = { 0 };
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_root *root = NULL;
	int fd = dump_file(dump->file, dump->size);
	struct kt_err *err;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = kt_root_open(path, kt_source_inside, &root);
	if (!err)
		err = kt_source_open_dump(root, snap);
	if (!err)
		err = kt_root_read(root, "proc/iomem", &text);
	if (err)
		printf("%s\n", kt_err_text(err));
	CHECK(!err);
	kt_buf_add(&copy, text.data, text.size);
	kt_buf_add(&copy, "", 1);
	CHECK_STR(copy.data, wanted);
	kt_err_free(err);
	kt_root_free(root);
	kt_snapshot_free(snap);
	close(fd);
}

/* The kernel's own map is damaged, or was cut off: the file has ranges, the image has marks. */
TEST(without_a_map_the_image_is_known_by_its_marks)
{
	static const char wanted[] = "00100000-0012ffff : System RAM\n"
				     "00400000-00403fff : System RAM\n"
				     "  00000000-00000fff : Kernel code\n"
				     "  00000000-00001fff : Kernel rodata\n"
				     "  00000000-00002fff : Kernel data\n"
				     "  00000000-00003fff : Kernel bss\n";
	struct dump_bytes dump;

	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE, .in_note = true });
	check_iomem(&dump, "00100000-0012ffff : System RAM\n"
			   "  00100000-00100fff : Kernel code\n"
			   "00400000-00403fff : System RAM\n");
	dump_put(&dump, dump.resources + 32, 0xffffdead00000000ull, 8);
	check_iomem(&dump, wanted);
	dump.size -= 2 * 4096;
	check_iomem(&dump, wanted);
	dump_fini(&dump);
}
