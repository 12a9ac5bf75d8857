// SPDX-License-Identifier: GPL-2.0-or-later
//
// Removes names of users, hosts and processes from a kernel log.

#include "model/unknown.h"
#include "root/root.h"
#include "source/boot/kmsg.h"

#include <stdio.h>
#include <string.h>

/*
 * Words that the lines read by ktally are made of; any other word may be the name of a user or a
 * host.
 */
static const char vocabulary[] =
	" BIOS e820 mem usable reserved ACPI data NVS tables unusable persistent type soft Memory "
	"K k available kernel code rwdata rodata init bss cma absent highmem Freeing initrd memory "
	"SMP alternatives unused decrypted image initmem text gap freed percpu PERCPU Embedded "
	"pages cpu pcpu alloc RAMDISK software IO TLB mapped MB No low Reserving Intel graphics "
	"stolen at ftrace allocating allocated entries in with groups bytes of page_ext Hypervisor "
	"detected KVM VMware Microsoft Hyper V Xen hash table order linear vmalloc hugepage on "
	"NUMA nodes total KiB zone DMA DMA32 Normal Movable HighMem Device used for memmap Linux "
	"version scrubbed VFS Dentry Inode cache PV qspinlock PID Mount Mountpoint futex IP idents "
	"TCP established bind NODE_DATA Zone PFN ranges memory crashkernel CMA cma Reserved MiB "
	"log_buf_len printk page_cgroup for System RAM limit Trying to unpack Unpacking rootfs as "
	"initramfs tcp_listen_portaddr_hash Table perturb MPTCP token UDP Lite posixtimers Dquot "
	"RPC NFS device ";

static bool is_known_word(struct kt_span word)
{
	char padded[40];
	uint64_t number;

	if (kt_span_hex(word, &number))
		return true;
	/* "s185496", "r0": a letter before a number; "64MB", "0K": a unit after a number */
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

static bool is_joint(char c)
{
	return c == ':' || c == '.' || c == '-';
}

/*
 * Whether the message has known words only. Hexadecimal numbers are known words. But three of them
 * in a row, joined by ":", "." or "-", are a network address or a serial number:
 * "52:54:00:12:34:56".
 */
static bool is_harmless(struct kt_span message)
{
	struct kt_span rest = message;
	int nr_joined = 0;

	while (rest.n) {
		size_t n = 0;

		while (n < rest.n && is_word_char(rest.p[n]))
			n++;
		if (n && (!is_known_word((struct kt_span){ rest.p, n }) || ++nr_joined > 2))
			return false;
		rest = kt_span_from(rest, n);
		if (!rest.n || !is_joint(rest.p[0]) || rest.n < 2 || !is_word_char(rest.p[1]))
			nr_joined = 0;
		rest = kt_span_from(rest, 1);
	}
	return true;
}

static void put_line(struct kt_buf *text, int64_t time_us, struct kt_span message)
{
	if (kt_known(time_us))
		kt_buf_printf(text, "[%5lld.%06lld] ", (long long)(time_us / 1000000),
			(long long)(time_us % 1000000));
	kt_buf_printf(text, "%.*s\n", (int)message.n, message.p);
}

/* Keeps only lines that ktally reads, because all others may name users, hosts and processes. */
void kt_kmsg_scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_kmsg_walk walk;
	struct kt_log_record line;

	kt_kmsg_walk_boot(kt_text_span(text), &walk);
	while (kt_kmsg_next(&walk, &line)) {
		struct kt_span message = line.message;

		if (kt_span_starts(message, "Linux version "))
			message = KT_SPAN("Linux version (scrubbed)");
		if (kt_kmsg_is_used(message) && is_harmless(message))
			put_line(ret_text, line.time_us, message);
	}
}

void kt_kmsg_condense(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_kmsg_walk walk;
	struct kt_log_record line;

	kt_kmsg_walk_boot(kt_text_span(text), &walk);
	while (kt_kmsg_next(&walk, &line)) {
		if (kt_kmsg_is_used(line.message))
			put_line(ret_text, line.time_us, line.message);
	}
}
