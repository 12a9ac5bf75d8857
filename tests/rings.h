// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_RINGS_H
#define KT_TEST_RINGS_H

/**
 * Known amounts of pages that no counter of the kernel names, for the tests on the running
 * machine and for those in virtual ones. What is allocated stays until the process ends.
 */

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

static inline bool rings_map(int fd, size_t size, off_t offset, int protection)
{
	return fd >= 0 && mmap(NULL, size, protection, MAP_SHARED, fd, offset) != MAP_FAILED;
}

/*
 * Rings of so many entries: 64 bytes an entry, and a ring of completions of 16 bytes, two an
 * entry, with 4 bytes an entry and the head.
 */
static inline bool hold_io_uring(long count, long entries)
{
	for (long i = 0; i < count; i++) {
		struct io_uring_params params = { 0 };
		int fd = (int)syscall(SYS_io_uring_setup, entries, &params);
		size_t ring = params.sq_off.array + params.sq_entries * sizeof(uint32_t);

		if (!rings_map(fd, ring, IORING_OFF_SQ_RING, PROT_READ | PROT_WRITE) ||
			!rings_map(fd, params.sq_entries * sizeof(struct io_uring_sqe),
				IORING_OFF_SQES, PROT_READ | PROT_WRITE))
			return false;
	}
	return true;
}

/* A control page and so many pages of data, a power of two, for each of `count` events. */
static inline bool hold_perf(long count, long pages)
{
	for (long i = 0; i < count; i++) {
		struct perf_event_attr attr = { 0 };
		int fd;

		attr.type = PERF_TYPE_SOFTWARE;
		attr.size = sizeof(attr);
		attr.config = PERF_COUNT_SW_DUMMY;
		attr.disabled = 1;
		fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
		if (!rings_map(fd, (size_t)(pages + 1) * (size_t)sysconf(_SC_PAGESIZE), 0,
			    PROT_READ | PROT_WRITE))
			return false;
	}
	return true;
}

static inline bool hold_bpf_ring(long count, long bytes)
{
	for (long i = 0; i < count; i++) {
		union bpf_attr attr = { 0 };

		attr.map_type = BPF_MAP_TYPE_RINGBUF;
		attr.max_entries = (uint32_t)bytes;
		if (syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) < 0)
			return false;
	}
	return true;
}

/* A ring of so many blocks of 64 KiB. */
static inline bool hold_packet(long count, long blocks)
{
	for (long i = 0; i < count; i++) {
		struct tpacket_req ring = { .tp_block_size = 65536,
			.tp_block_nr = (unsigned)blocks,
			.tp_frame_size = 2048,
			.tp_frame_nr = (unsigned)blocks * 32 };
		int fd = socket(AF_PACKET, SOCK_RAW, 0);

		if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) ||
			!rings_map(fd, (size_t)blocks * 65536, 0, PROT_READ | PROT_WRITE))
			return false;
	}
	return true;
}

/* Pairs of connected sockets on loopback, with so many unread bytes in each. */
static inline bool hold_tcp(long count, long bytes)
{
	static char data[65536];
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) ||
		listen(listener, 16) || getsockname(listener, (struct sockaddr *)&address, &length))
		return false;
	for (long i = 0; i < count; i++) {
		int size = (int)bytes * 2, from = socket(AF_INET, SOCK_STREAM, 0);
		long sent = 0;
		ssize_t n = 1;

		setsockopt(from, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
		if (connect(from, (struct sockaddr *)&address, length) ||
			accept(listener, NULL, NULL) < 0)
			return false;
		for (; sent < bytes && n > 0; sent += n)
			n = send(from, data, sizeof(data), MSG_DONTWAIT);
		if (sent < bytes / 2)
			return false;
	}
	return true;
}

#endif
