// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel log without what names people, hosts and processes.

#include "root/root.h"
#include "source/kmsg.h"

#include <stdio.h>
#include <string.h>

/* The words that the lines that ktally reads are made of; any other may name a person or a host. */
static const char vocabulary[] =
	" BIOS e820 mem usable reserved ACPI data NVS tables unusable persistent type soft Memory "
	"K "
	"k available kernel code rwdata rodata init bss cma absent highmem Freeing initrd memory "
	"SMP "
	"alternatives unused decrypted image initmem text gap freed percpu PERCPU Embedded pages "
	"cpu "
	"pcpu alloc RAMDISK software IO TLB mapped MB No low Reserving Intel graphics stolen at "
	"ftrace allocating allocated entries in with groups bytes of page_ext Hypervisor detected "
	"KVM "
	"VMware Microsoft Hyper V Xen hash table order linear vmalloc hugepage on NUMA nodes total "
	"KiB "
	"zone DMA DMA32 Normal Movable HighMem Device used for memmap Linux version scrubbed VFS "
	"Dentry Inode cache PV qspinlock PID Mount Mountpoint futex IP idents TCP established bind "
	"NODE_DATA Zone PFN ranges memory crashkernel CMA cma Reserved MiB log_buf_len printk "
	"page_cgroup for System RAM limit "
	"tcp_listen_portaddr_hash Table perturb MPTCP token UDP Lite posixtimers Dquot RPC NFS ";

static bool is_known_word(struct kt_span word)
{
	char padded[40];
	uint64_t number;

	if (kt_span_hex(word, &number))
		return true;
	/* "s185496", "r0": a letter before a number; "64MB", "0K": a unit behind one */
	if (word.n > 1 && kt_span_u64(kt_span_from(word, 1), &number))
		return true;
	kt_span_take_u64(&word, &number);
	if (word.n > sizeof(padded) - 3)
		return false;
	snprintf(padded, sizeof(padded), " %.*s ", (int)word.n, word.p);
	return strstr(vocabulary, padded) != NULL;
}

static bool is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_';
}

static bool is_harmless(struct kt_span message)
{
	struct kt_span rest = message;

	while (rest.n) {
		size_t n = 0;

		while (n < rest.n && is_word_char(rest.p[n]))
			n++;
		if (n && !is_known_word((struct kt_span){ rest.p, n }))
			return false;
		rest = kt_span_from(rest, n ? n : 1);
	}
	return true;
}

/* Only lines that ktally itself reads: all others may name people, hosts and processes. */
void kt_kmsg_scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_span rest = kt_text_span(text), line;

	while (kt_span_line(&rest, &line)) {
		struct kt_span message = kt_kmsg_message(line);

		if (kt_span_starts(message, "Linux version "))
			message = KT_SPAN("Linux version (scrubbed)");
		int64_t time_us = kt_kmsg_time_us(line);

		if (!kt_kmsg_is_used(message) || !is_harmless(message))
			continue;
		if (time_us >= 0)
			kt_buf_printf(ret_text, "[%5lld.%06lld] ", (long long)(time_us / 1000000),
				(long long)(time_us % 1000000));
		kt_buf_printf(ret_text, "%.*s\n", (int)message.n, message.p);
	}
}
