// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HOLD_NET_H
#define KT_HOLD_NET_H

/** Connections and data in queues of sockets, which stay until the process ends. */

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOLD_MIB ((size_t)1 << 20)

/* Connections of MPTCP to this machine itself. */
static inline bool hold_mptcp(long count, long unused)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);

	(void)unused;
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(listener, 128) != 0 ||
		getsockname(listener, (struct sockaddr *)&address, &length) != 0)
		return false;
	for (long i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 262);

		if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
			accept(listener, NULL, NULL) < 0)
			return false;
	}
	return true;
}

/* Entries of ARP that stay, in the network 10.9.0.0/16 of veth0. */
static inline bool hold_neighbours(long count, long unused)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)unused;
	for (long i = 0; fd >= 0 && i < count; i++) {
		struct arpreq entry = { .arp_flags = ATF_PERM | ATF_COM, .arp_dev = "veth0" };
		struct sockaddr_in address = { .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(0x0a090100u + (uint32_t)i) };

		memcpy(&entry.arp_pa, &address, sizeof(address));
		entry.arp_ha.sa_family = ARPHRD_ETHER;
		entry.arp_ha.sa_data[0] = 2;
		if (ioctl(fd, SIOCSARP, &entry) != 0)
			return false;
	}
	return fd >= 0;
}

/* Sockets of netlink with an address each. */
static inline bool hold_netlink(long count, long unused)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };

	(void)unused;
	for (long i = 0; i < count; i++) {
		int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

		if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
			return false;
	}
	return true;
}

/* Sends data to a socket, of which none is read, until `size` bytes are in its queue. */
static inline bool fill_queue(int from, size_t size, size_t piece)
{
	static char data[65536];

	while (size) {
		ssize_t sent = send(from, data, piece < size ? piece : size, MSG_DONTWAIT);

		if (sent <= 0)
			return false;
		size -= (size_t)sent;
	}
	return true;
}

static inline void widen(int fd)
{
	int bytes = 256 << 20;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
}

/* MiB in the queues of pairs of stream sockets of this machine. */
static inline bool hold_unix_data(long mib, long unused)
{
	(void)unused;
	for (long i = 0; i < mib; i++) {
		int fds[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
			return false;
		widen(fds[0]);
		if (!fill_queue(fds[0], HOLD_MIB, 32768))
			return false;
	}
	return true;
}

/* The same in datagrams of 32 KiB, in the queue of one socket of UDP for each MiB. */
static inline bool hold_udp_data(long mib, long unused)
{
	(void)unused;
	for (long i = 0; i < mib; i++) {
		struct sockaddr_in address = { .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		socklen_t length = sizeof(address);
		int to = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET, SOCK_DGRAM, 0);

		if (to < 0 || from < 0)
			return false;
		widen(to);
		widen(from);
		if (bind(to, (struct sockaddr *)&address, sizeof(address)) != 0 ||
			getsockname(to, (struct sockaddr *)&address, &length) != 0 ||
			connect(from, (struct sockaddr *)&address, sizeof(address)) != 0 ||
			!fill_queue(from, HOLD_MIB, 32768))
			return false;
		close(from);
	}
	return true;
}

/* The same in connections of TCP, a MiB each. */
static inline bool hold_tcp_data(long mib, long unused)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	(void)unused;
	widen(listener);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(listener, 128) != 0 ||
		getsockname(listener, (struct sockaddr *)&address, &length) != 0)
		return false;
	for (long i = 0; i < mib; i++) {
		int from = socket(AF_INET, SOCK_STREAM, 0);

		widen(from);
		if (from < 0 || connect(from, (struct sockaddr *)&address, sizeof(address)) != 0 ||
			accept(listener, NULL, NULL) < 0 || !fill_queue(from, HOLD_MIB, 65536))
			return false;
	}
	return true;
}

/* Attaches a program that lets each packet pass. */
static inline bool pass_packets(unsigned device)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { 0 };
	int program;

	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uint64_t)(uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(code[0]);
	attr.license = (uint64_t)(uintptr_t) "GPL";
	program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)program;
	attr.link_create.target_ifindex = device;
	attr.link_create.attach_type = BPF_XDP;
	return program >= 0 && syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)) >= 0;
}

/*
 * Packets of 1,514 bytes in the queue of a packet socket, sent from veth0 to veth1, which copies
 * each into a page of its pool for a program.
 */
static inline bool hold_xdp(long count, long unused)
{
	unsigned from = if_nametoindex("veth0"), to = if_nametoindex("veth1");
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int receiver = socket(AF_PACKET, SOCK_RAW, 0), sender = socket(AF_PACKET, SOCK_RAW, 0);
	char packet[ETH_FRAME_LEN] = { 0 };

	(void)unused;
	widen(receiver);
	address.sll_ifindex = (int)to;
	if (!from || !to || receiver < 0 || sender < 0 || !pass_packets(to) ||
		bind(receiver, (struct sockaddr *)&address, sizeof(address)) != 0)
		return false;
	memset(packet, 0xff, ETH_ALEN); /* to all */
	packet[12] = (char)0x88;	/* a protocol that no one has */
	packet[13] = (char)0xb5;
	address.sll_ifindex = (int)from;
	for (long i = 0; i < count; i++) {
		if (sendto(sender, packet, sizeof(packet), 0, (struct sockaddr *)&address,
			    sizeof(address)) != (ssize_t)sizeof(packet))
			return false;
		if (i % 64 == 63)
			usleep(2000); /* its queue has few places */
	}
	close(sender);
	return true;
}

#endif
