// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_OBJECTS_OBJECT_RULES_H
#define KT_MEMORY_OBJECTS_OBJECT_RULES_H

#include "base/map.h"
#include "memory/files/file_structs.h"
#include "memory/memmap.h"
#include "memory/place_names.h"

/**
 * Rules that say in a line what an object of a known type is: a dentry is of "ext4 on /var". A rule
 * checks an object before it believes it, since the kernel merges caches that are alike.
 */

/** Members that rules read, each in one of their tables. */
struct kt_object_layout {
	struct kt_field f_op, f_inode, f_dentry;
	struct kt_field skc_prot, skc_state, skc_net, sk_uid, proto_name, net_inum;
	struct kt_field alloc_sk,
		alloc_inode; /* of struct socket_alloc: of its socket, its inode */
	struct kt_field received, reader, queue_next; /* queues of struct sock, struct udp_sock */
	struct kt_field skb_sk, skb_dev, skb_head, skb_first, skb_next, device_name, device_net;
	struct kt_field comm, task_flags, exit_state, task_start, task_old_start;
	/* seconds; kernels have one of the three */
	struct kt_field i_ctime, i_own_ctime, i_old_ctime;
	struct kt_field shmem_born, shmem_inode; /* of struct shmem_inode_info */
	struct kt_field cred_uid, cred_user, user_uid;
	struct kt_field kn_parent, kn_old_parent, kn_name, kn_root, root_kn, root_supers, info_sb,
		info_node;
};

/** Texts for addresses, each made once. */
struct kt_object_names {
	struct kt_map numbers;	     /* address -> place in `texts`, plus 1 */
	KT_LIST(const char *) texts; /* NULL: nothing is at the address */
};

/** A directory of kernfs. */
struct kt_kernfs_dir {
	const char *line; /* of what is in it */
	unsigned depth;	  /* 0: the top */
};

/** The state of a walk that describes the objects of a cache. */
struct kt_describing {
	struct kt_target *target;
	struct kt_place_names *places;
	const struct kt_snapshot *snap; /* its mounts */
	struct kt_file_structs files;
	struct kt_object_layout layout;
	size_t bytes;	       /* of the copy of an object */
	uint32_t inode_offset; /* of the inode in an object, as found last */
	struct kt_arena arena;
	struct kt_object_names supers, protocols, namespaces, devices, operations;
	/* objects that others point to: address -> place in `lines`, plus 1 */
	struct kt_map pointed;
	struct kt_map line_numbers; /* line -> the same */
	KT_LIST(const char *) lines;
	struct kt_map dirs; /* address of a kernfs_node -> place in `all_dirs`, plus 1 */
	KT_LIST(struct kt_kernfs_dir) all_dirs;
};

struct kt_object_rule {
	const char *const *caches; /* names, or "*part*" of names; NULL ends them */
	const struct kt_field_want *wants;
	size_t nr_wants;
	const char *note; /* for readers of the kinds; NULL: none */
	/** Appends a line; false: the object is not of this type, and nothing was appended. */
	bool (*describe)(struct kt_describing *describing, uint64_t address, const char *object,
		struct kt_buf *line);
	/**
	 * Rules for the caches whose objects point to these ones; NULL ends them, NULL: none do.
	 * Their objects are described before.
	 */
	const struct kt_object_rule *const *owners;
	/** Notes the objects that an object owns, with its line. */
	void (*own)(struct kt_describing *describing, uint64_t address, const char *object,
		struct kt_span line);
	/** Finds for how many seconds an object has existed; false, NULL: it has no such time. */
	bool (*age)(struct kt_describing *describing, uint64_t address, const char *object,
		int64_t *ret_age_s);
	/** Appends the name of one object; false: it has none. NULL: objects have no names. */
	bool (*name)(struct kt_describing *describing, uint64_t address, struct kt_buf *name);
};

extern const struct kt_object_rule kt_rule_dentry, kt_rule_inode, kt_rule_file;
extern const struct kt_object_rule kt_rule_socket, kt_rule_socket_inode, kt_rule_small_socket;
extern const struct kt_object_rule kt_rule_packet, kt_rule_packet_pair, kt_rule_packet_head;
extern const struct kt_object_rule kt_rule_task, kt_rule_cred, kt_rule_kernfs;

/** The rule for a cache with one of these names; NULL: there is none. */
const struct kt_object_rule *kt_object_rule_of(const char *const *names);
/** Finds the members that a rule needs. ABSENT: names the first that does not exist. */
struct kt_err *kt_describing_begin(
	struct kt_describing *describing, const struct kt_object_rule *rule) KT_MUST_CHECK;
bool kt_describing_failed(const struct kt_describing *describing);
void kt_describing_end(struct kt_describing *describing);

/* ---- for rules: object_names.c ---- */

/** A number of the object in the copy. */
uint64_t kt_object_get(const struct kt_describing *describing, const struct kt_field *field,
	const char *object, uint32_t offset);
/** Reads a number of another object; false: it is unreadable. */
bool kt_object_read(struct kt_describing *describing, uint64_t address,
	const struct kt_field *field, uint64_t *ret_value);

/** "ext4 on /var", "tmpfs (shm)"; NULL: no super block is at the address. */
const char *kt_object_super(struct kt_describing *describing, uint64_t address);
/** Finds the inode in an object, at describing->inode_offset; false: there is none. */
bool kt_object_inode(struct kt_describing *describing, uint64_t address, const char *object);
/** Path of a dentry, from where its file system is mounted; false: it has none. */
bool kt_object_path(struct kt_describing *describing, uint64_t dentry, struct kt_buf *path);

/** Makes the text for an address; NULL: nothing is there. */
typedef const char *(*kt_object_namer)(struct kt_describing *describing, uint64_t address);
/** Notes the line of an object that another object owns. */
void kt_object_note(struct kt_describing *describing, uint64_t address, struct kt_span line);
/** The line that was noted; NULL: none was. */
const char *kt_object_noted(const struct kt_describing *describing, uint64_t address);
/** The text for an address, made if it is new. */
const char *kt_object_name(struct kt_describing *describing, struct kt_object_names *names,
	uint64_t address, kt_object_namer make);

#endif
