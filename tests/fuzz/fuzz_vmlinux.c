// SPDX-License-Identifier: GPL-2.0-or-later
//
// The ELF file of a kernel: any file, or one made by hand with damage at places that the input
// names.

#include "fuzz.h"

#include "vmlinux_bytes.h"

#include "dump/vmlinux.h"

static void take(void *arg, struct kt_span name, uint64_t address)
{
	(void)address;
	*(size_t *)arg += name.n;
}

static void use(const char *bytes, size_t size)
{
	struct kt_vmlinux vmlinux;
	int fd = dump_file(bytes, size);
	char path[64];
	size_t total = 0;
	uint64_t at;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	kt_err_free(kt_vmlinux_open(path, &vmlinux));
	kt_vmlinux_each(&vmlinux, take, &total);
	kt_vmlinux_symbol(&vmlinux, "_stext", &at);
	kt_vmlinux_has_notes(&vmlinux, (struct kt_span){ bytes, size });
	kt_vmlinux_has_id(&vmlinux, KT_SPAN(DUMP_BUILD_ID));
	kt_vmlinux_cleanup(&vmlinux);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmlinux_file file;
	struct dump_bytes dump;

	if (!size)
		return 0;
	if (data[0] & 1) {
		use((const char *)data + 1, size - 1);
		return 0;
	}
	dump_init(&dump, &(struct dump_opts){ .form = KT_KALLSYMS_RELATIVE });
	vmlinux_make(&file, &dump, &(struct vmlinux_opts){ .types = true, .symbols = true });
	for (data++, size--; size >= 12; data += 12, size -= 12) {
		uint32_t at;

		memcpy(&at, data, sizeof(at));
		memcpy(file.bytes.data + at % (file.bytes.size - 8), data + 4, 8);
	}
	use(file.bytes.data, file.bytes.size);
	vmlinux_fini(&file);
	dump_fini(&dump);
	return 0;
}
