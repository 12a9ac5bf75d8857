// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_KERNEL_FILES_H
#define KT_BASE_KERNEL_FILES_H

/**
 * Kernel files that more than one module uses, relative to a root. All other files are named only
 * in the table of their source; script/check_tree.py refuses a kernel path anywhere else.
 */
/**
 * The last line of a list that was made of a dump's memory and is not whole, with the reason: a
 * comment for readers that do not know it.
 */
#define KT_LIST_CUT "# not whole: "

#define KT_FILE_DENTRY_STATE  "proc/sys/fs/dentry-state"
#define KT_FILE_INODE_NR      "proc/sys/fs/inode-nr"
#define KT_FILE_INODE_STATE   "proc/sys/fs/inode-state"
#define KT_FILE_MEMINFO	      "proc/meminfo"
#define KT_FILE_LOADAVG	      "proc/loadavg"
#define KT_FILE_VMSTAT	      "proc/vmstat"
#define KT_FILE_ZONEINFO      "proc/zoneinfo"
#define KT_FILE_SLABINFO      "proc/slabinfo"
#define KT_FILE_MODULES	      "proc/modules"
#define KT_FILE_ALLOCINFO     "proc/allocinfo"
#define KT_FILE_VMALLOCINFO   "proc/vmallocinfo"
#define KT_FILE_STAT	      "proc/stat"
#define KT_FILE_SNMP	      "proc/net/snmp"
#define KT_FILE_SOCKSTAT      "proc/net/sockstat"
#define KT_FILE_FILE_NR	      "proc/sys/fs/file-nr"
#define KT_FILE_CGROUPS	      "proc/cgroups"
#define KT_FILE_PRESSURE      "proc/pressure/memory"
#define KT_FILE_DROP_CACHES   "proc/sys/vm/drop_caches"
#define KT_FILE_CGROUP_TREE   "sys/fs/cgroup"	     /* the hierarchy of cgroup v2 */
#define KT_FILE_CGROUP_MEMORY "sys/fs/cgroup/memory" /* of memory in cgroup v1 */
#define KT_FILE_CGROUP_STAT   "sys/fs/cgroup/cgroup.stat"
#define KT_FILE_MOUNTS_FIRST  "proc/1/mountinfo" /* of the first process */
#define KT_FILE_MOUNTS_OWN    "proc/self/mountinfo"
#define KT_FILE_PROGRAM_OWN   "proc/self/exe"
#define KT_FILE_IOMEM	      "proc/iomem"
#define KT_FILE_BTF	      "sys/kernel/btf/vmlinux"
#define KT_FILE_KALLSYMS      "proc/kallsyms"
#define KT_FILE_KCORE	      "proc/kcore"
#define KT_FILE_NOTES	      "sys/kernel/notes"
#define KT_FILE_NODES	      "sys/devices/system/node/possible"
#define KT_FILE_OSRELEASE     "proc/sys/kernel/osrelease"
#define KT_FILE_CPUS_ONLINE   "sys/devices/system/cpu/online"
#define KT_FILE_CPUS_POSSIBLE "sys/devices/system/cpu/possible"
#define KT_FILE_CPUS_PRESENT  "sys/devices/system/cpu/present"
#define KT_FILE_CRASH_SIZE    "sys/kernel/kexec_crash_size"
#define KT_DIR_HUGEPAGES      "sys/kernel/mm/hugepages/"
#define KT_DIR_DMA_POOLS      "sys/kernel/debug/dma_pools/"
/* where the boot loader put the initial RAM disk */
#define KT_DIR_CHOSEN	     "sys/firmware/devicetree/base/chosen/"
#define KT_FILE_INITRD_START KT_DIR_CHOSEN "linux,initrd-start"
#define KT_FILE_INITRD_END   KT_DIR_CHOSEN "linux,initrd-end"
#define KT_FILE_UPTIME	     "proc/uptime"
#define KT_FILE_BOOT_ID	     "proc/sys/kernel/random/boot_id"
/* files that identify a person, a host or a place */
#define KT_FILE_HOSTNAME    "proc/sys/kernel/hostname"
#define KT_FILE_INIT_CGROUP "proc/1/cgroup"
#define KT_DIR_CGROUP	    "sys/fs/cgroup/"
#define KT_DIR_DMI_ID	    "sys/class/dmi/id/"
#define KT_DIR_DMI	    "sys/firmware/dmi/"

#endif
