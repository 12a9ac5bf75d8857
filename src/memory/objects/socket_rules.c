// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sockets: protocol, state, network namespace and owner. Packets: the socket that they are charged
// to, or else the device that they came from.

#include "memory/objects/object_rules.h"

#include "base/attr.h"

#include <stddef.h>

#define AT(member) offsetof(struct kt_object_layout, member)
#define NAME_BYTES 32u
#define NO_OWNER   UINT32_MAX
#define OF_SOCKET  "of a socket: "
#define OF_DEVICE  "of device "
#define PACKET_NOTE                                                                    \
	"each CPU keeps freed packets ready, at most 64 or, in newer kernels, 128 of " \
	"them: they count as the packets that they were"
#define QUEUE_MAX (1u << 20) /* packets in a queue */

/* include/net/tcp_states.h; sockets of other protocols have a few of them */
enum { TIME_WAIT = 6, NEW_SYN_RECV = 12 };
static const char *const states[] = { NULL, "established", "syn sent", "syn received", "fin wait 1",
	"fin wait 2", "time wait", "closed", "close wait", "last ack", "listening", "closing",
	"syn received", "bound" };

#define SOCKET_WANTS                                                       \
	{ "sock", "__sk_common.skc_prot", AT(skc_prot), true },            \
		{ "sock", "__sk_common.skc_state", AT(skc_state), true },  \
		{ "sock", "__sk_common.skc_net.net", AT(skc_net), false }, \
		{ "sock", "sk_uid.val", AT(sk_uid), false },               \
		{ "proto", "name", AT(proto_name), true },                 \
	{                                                                  \
		"net", "ns.inum", AT(net_inum), false                      \
	}

/* ---- sockets ---- */

static const char *make_protocol(struct kt_describing *describing, uint64_t address)
{
	char name[NAME_BYTES];

	return kt_target_text(describing->target, address + describing->layout.proto_name.offset,
		       name, sizeof(name))
		       ? kt_arena_name(&describing->arena, kt_span_str(name))
		       : NULL;
}

static const char *make_namespace(struct kt_describing *describing, uint64_t address)
{
	uint64_t number;

	return describing->layout.net_inum.exists && kt_object_read(describing, address,
							     &describing->layout.net_inum, &number)
		       ? kt_arena_printf(
				 &describing->arena, ", net %llu", (unsigned long long)number)
		       : NULL;
}

struct socket {
	uint64_t prot, state, net, uid; /* uid: NO_OWNER if it is not known */
};

/* False: it is no socket. */
static bool put_socket(
	struct kt_describing *describing, const struct socket *sock, struct kt_buf *line)
{
	const char *protocol =
		kt_object_name(describing, &describing->protocols, sock->prot, make_protocol);
	const char *net;

	if (!protocol || !sock->state || sock->state >= KT_LEN(states))
		return false;
	net = kt_object_name(describing, &describing->namespaces, sock->net, make_namespace);
	kt_buf_printf(line, "%s %s%s", protocol, states[sock->state], net ? net : "");
	if (sock->uid != NO_OWNER)
		kt_buf_printf(line, ", uid %llu", (unsigned long long)sock->uid);
	return true;
}

/* A socket that waits is a smaller struct, without an owner. */
static bool has_owner(const struct kt_describing *describing, uint64_t state)
{
	return describing->layout.sk_uid.exists && state != TIME_WAIT && state != NEW_SYN_RECV;
}

static bool read_socket(struct kt_describing *describing, uint64_t address, struct kt_buf *line)
{
	const struct kt_object_layout *layout = &describing->layout;
	struct socket sock = { .uid = NO_OWNER };

	if (!kt_object_read(describing, address, &layout->skc_prot, &sock.prot) ||
		!kt_object_read(describing, address, &layout->skc_state, &sock.state))
		return false;
	if (layout->skc_net.exists)
		kt_object_read(describing, address, &layout->skc_net, &sock.net);
	if (has_owner(describing, sock.state))
		kt_object_read(describing, address, &layout->sk_uid, &sock.uid);
	return put_socket(describing, &sock, line);
}

static bool describe_small_socket(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_buf *line)
{
	const struct kt_object_layout *layout = &describing->layout;
	const struct socket sock = { kt_object_get(describing, &layout->skc_prot, object, 0),
		kt_object_get(describing, &layout->skc_state, object, 0),
		kt_object_get(describing, &layout->skc_net, object, 0), NO_OWNER };

	(void)address;
	return put_socket(describing, &sock, line);
}

static bool describe_socket(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_buf *line)
{
	const struct kt_object_layout *layout = &describing->layout;
	struct socket sock = { kt_object_get(describing, &layout->skc_prot, object, 0),
		kt_object_get(describing, &layout->skc_state, object, 0),
		kt_object_get(describing, &layout->skc_net, object, 0), NO_OWNER };

	(void)address;
	if (layout->sk_uid.exists)
		sock.uid = kt_object_get(describing, &layout->sk_uid, object, 0);
	return put_socket(describing, &sock, line);
}

/*
 * struct socket_alloc has a socket and its inode. Newer kernels have it inside of another struct,
 * so the inode is found first.
 */
static bool socket_of_inode(
	struct kt_describing *describing, uint64_t address, const char *object, uint64_t *ret_sock)
{
	const struct kt_object_layout *layout = &describing->layout;
	uint32_t before = layout->alloc_inode.offset;

	if (!layout->alloc_sk.exists || !layout->alloc_inode.exists ||
		!kt_object_inode(describing, address, object) || describing->inode_offset < before)
		return false;
	*ret_sock = kt_object_get(
		describing, &layout->alloc_sk, object, describing->inode_offset - before);
	return true;
}

static bool describe_socket_inode(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_buf *line)
{
	uint64_t sock;

	if (!socket_of_inode(describing, address, object, &sock))
		return false;
	if (sock)
		return read_socket(describing, sock, line);
	kt_buf_puts(line, "closed: no protocol has it");
	return true;
}

/* Packets of a queue; a list that changes leads elsewhere, and ends somewhere. */
static void note_queue(struct kt_describing *describing, uint64_t queue, struct kt_span line)
{
	const struct kt_object_layout *layout = &describing->layout;
	uint64_t at;

	if (!kt_object_read(describing, queue, &layout->queue_next, &at))
		return;
	for (unsigned i = 0; at && at != queue && i < QUEUE_MAX; i++) {
		if (kt_object_noted(describing, at))
			return;
		kt_object_note(describing, at, line);
		if (!kt_object_read(describing, at, &layout->skb_next, &at))
			return;
	}
}

/* Packets that a socket received; UDP takes them from a second queue. */
static void own_packets(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_span line)
{
	const struct kt_object_layout *layout = &describing->layout;
	uint64_t sock;

	if (!socket_of_inode(describing, address, object, &sock) || !sock ||
		!layout->received.exists || !layout->queue_next.exists || !layout->skb_next.exists)
		return;
	note_queue(describing, sock + layout->received.offset, line);
	if (layout->reader.exists && kt_span_starts(line, "UDP"))
		note_queue(describing, sock + layout->reader.offset, line);
}

static const struct kt_field_want socket_wants[] = { SOCKET_WANTS };
static const struct kt_field_want inode_wants[] = {
	SOCKET_WANTS,
	{ "socket_alloc", "socket.sk", AT(alloc_sk), true },
	{ "socket_alloc", "vfs_inode", AT(alloc_inode), true },
};

const struct kt_object_rule kt_rule_socket = {
	.caches = (const char *const[]){ "TCP", "TCPv6", "UDP", "UDPv6", "UDP-Lite", "UDPLITEv6",
		"RAW", "RAWv6", "PING", "PINGv6", "UNIX", "UNIX-STREAM", "MPTCP", "MPTCPv6", "SCTP",
		"SCTPv6", "AF_VSOCK", NULL },
	.wants = socket_wants,
	.nr_wants = KT_LEN(socket_wants),
	.describe = describe_socket,
};

const struct kt_object_rule kt_rule_small_socket = {
	.caches = (const char *const[]){ "tw_sock_TCP", "tw_sock_TCPv6", "request_sock_TCP",
		"request_sock_TCPv6", NULL },
	.wants = socket_wants,
	.nr_wants = KT_LEN(socket_wants),
	.describe = describe_small_socket,
};

const struct kt_object_rule kt_rule_socket_inode = {
	.caches = (const char *const[]){ "sock_inode_cache", NULL },
	.wants = inode_wants,
	.nr_wants = KT_LEN(inode_wants),
	.describe = describe_socket_inode,
	.own = own_packets,
};

/* ---- packets ---- */

/* Where a packet has no device, a list may have its place: a device knows its namespace. */
static const char *make_device(struct kt_describing *describing, uint64_t address)
{
	const struct kt_object_layout *layout = &describing->layout;
	char name[NAME_BYTES];
	uint64_t net;

	if (!kt_target_text(
		    describing->target, address + layout->device_name.offset, name, sizeof(name)) ||
		!kt_object_read(describing, address, &layout->device_net, &net) ||
		!kt_object_name(describing, &describing->namespaces, net, make_namespace))
		return NULL;
	return kt_arena_printf(&describing->arena, "%.16s", name);
}

/* UDP has the place of the device for numbers of its own, once a packet is in a queue. */
static bool put_packet(struct kt_describing *describing, uint64_t address, const char *object,
	uint32_t offset, struct kt_buf *line)
{
	const struct kt_object_layout *layout = &describing->layout;
	uint64_t sock = kt_object_get(describing, &layout->skb_sk, object, offset);
	uint64_t device = kt_object_get(describing, &layout->skb_dev, object, offset);
	const char *noted = sock ? NULL : kt_object_noted(describing, address + offset), *name;
	size_t before = line->size;

	if (sock || noted) {
		kt_buf_puts(line, OF_SOCKET);
		if (noted)
			kt_buf_puts(line, noted);
		else if (!read_socket(describing, sock, line))
			line->size = before;
		return line->size > before;
	}
	name = device ? kt_object_name(describing, &describing->devices, device, make_device)
		      : NULL;
	if (name)
		kt_buf_printf(line, OF_DEVICE "%s", name);
	else if (!device)
		kt_buf_puts(line, "of no socket and no device");
	return line->size > before;
}

static bool describe_packet(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_buf *line)
{
	return put_packet(describing, address, object, 0, line);
}

/* The first packet of a pair; the second is a clone of it, or unused. */
static bool describe_packet_pair(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_buf *line)
{
	return put_packet(describing, address, object, describing->layout.skb_first.offset, line);
}

/*
 * CPUs keep freed packets ready, whose pointers are old: a packet of a socket is none of them, so
 * it wins, and a packet of nothing owns nothing.
 */
static void note_head(struct kt_describing *describing, uint64_t head, struct kt_span line)
{
	if (kt_span_starts(line, OF_SOCKET) ||
		(kt_span_starts(line, OF_DEVICE) && !kt_object_noted(describing, head)))
		kt_object_note(describing, head, line);
}

static void own_head(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_span line)
{
	(void)address;
	note_head(describing, kt_object_get(describing, &describing->layout.skb_head, object, 0),
		line);
}

static void own_head_of_pair(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_span line)
{
	const struct kt_object_layout *layout = &describing->layout;

	(void)address;
	note_head(describing,
		kt_object_get(describing, &layout->skb_head, object, layout->skb_first.offset),
		line);
}

/* The data of a small packet: the packet points to it. */
static bool describe_packet_head(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_buf *line)
{
	const char *noted = kt_object_noted(describing, address);

	(void)object;
	if (noted)
		kt_buf_puts(line, noted);
	return noted != NULL;
}

#define PACKET_WANTS                                                                               \
	SOCKET_WANTS, { "sock", "sk_receive_queue", AT(received), false },                         \
		{ "udp_sock", "reader_queue", AT(reader), false },                                 \
		{ "sk_buff_head", "next", AT(queue_next), false },                                 \
		{ "socket_alloc", "socket.sk", AT(alloc_sk), false },                              \
		{ "socket_alloc", "vfs_inode", AT(alloc_inode), false },                           \
		{ "sk_buff", "next", AT(skb_next), false }, { "sk_buff", "sk", AT(skb_sk), true }, \
		{ "sk_buff", "dev", AT(skb_dev), true },                                           \
		{ "sk_buff", "head", AT(skb_head), true },                                         \
		{ "net_device", "name", AT(device_name), true },                                   \
	{                                                                                          \
		"net_device", "nd_net.net", AT(device_net), true                                   \
	}

static const struct kt_object_rule *const packet_owners[] = { &kt_rule_socket_inode, NULL };
static const struct kt_field_want packet_wants[] = { PACKET_WANTS };
static const struct kt_field_want pair_wants[] = {
	PACKET_WANTS,
	{ "sk_buff_fclones", "skb1", AT(skb_first), true },
};

const struct kt_object_rule kt_rule_packet = {
	.caches = (const char *const[]){ "skbuff_head_cache", NULL },
	.wants = packet_wants,
	.nr_wants = KT_LEN(packet_wants),
	.note = PACKET_NOTE,
	.describe = describe_packet,
	.owners = packet_owners,
	.own = own_head,
};

const struct kt_object_rule kt_rule_packet_pair = {
	.caches = (const char *const[]){ "skbuff_fclone_cache", NULL },
	.wants = pair_wants,
	.nr_wants = KT_LEN(pair_wants),
	.note = PACKET_NOTE,
	.describe = describe_packet_pair,
	.owners = packet_owners,
	.own = own_head_of_pair,
};

static const struct kt_object_rule *const head_owners[] = { &kt_rule_packet, &kt_rule_packet_pair,
	NULL };

const struct kt_object_rule kt_rule_packet_head = {
	.caches = (const char *const[]){ "skbuff_small_head", NULL },
	.wants = pair_wants,
	.nr_wants = KT_LEN(pair_wants),
	.note = PACKET_NOTE,
	.describe = describe_packet_head,
	.owners = head_owners,
};
