# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines to boot the kernels on: one entry each."""

import dataclasses


@dataclasses.dataclass
class Layout:
    name: str
    about: str
    mib: int = 2048
    cpus: int = 2
    cpus_max: int = 0  # that the firmware announces; 0: those that are there
    command: tuple = ()  # words of the kernel's command line
    qemu: tuple = ("-device", "virtio-balloon-pci")
    hotplug_mib: int = 0  # room for memory added while the machine runs
    disk_mib: int = 0  # the last disk, a file of the machine's folder; 0: none
    arches: tuple = ("amd64", "arm64")

    def processors(self):
        return f"{self.cpus},maxcpus={self.cpus_max}" if self.cpus_max else str(self.cpus)

    def memory(self):
        more = f",slots=2,maxmem={self.mib + self.hotplug_mib}M" if self.hotplug_mib else ""
        return f"{self.mib}M{more}"


def disks(count):
    """Disks that hold nothing, with as many queues as there are CPUs; the balloon as ever."""
    words = ["-device", "virtio-balloon-pci"]
    for i in range(count):
        words += ["-blockdev", f"driver=null-co,node-name=disk{i},size=1073741824,read-zeroes=on",
                  "-device", f"virtio-blk-pci,drive=disk{i}"]
    return tuple(words)


def nodes(mib):
    """Two nodes of that size, with a CPU each."""
    words = []
    for i in range(2):
        words += ["-object", f"memory-backend-ram,id=m{i},size={mib}M",
                  "-numa", f"node,nodeid={i},cpus={i},memdev=m{i}"]
    return tuple(words)


# the kernel and its initial RAM disk, to be loaded for a panic
KDUMP_DISKS = ("-device", "virtio-balloon-pci",
               "-drive", "file={kernel},if=virtio,format=raw,readonly=on",
               "-drive", "file={initrd},if=virtio,format=raw,readonly=on")

LAYOUTS = {layout.name: layout for layout in [
    Layout("plain", "one node"),
    Layout("small", "256 MiB, of which a dump is taken", mib=256),
    Layout("high", "1536 MiB in a file, of which 512 MiB are above 4 GiB", mib=1536, arches=("amd64",), qemu=(
        "-object", "memory-backend-file,id=ram,size=1536M,mem-path={folder}/ram,share=on",
        "-machine", "memory-backend=ram,max-ram-below-4g=1G")),
    Layout("tracked", "512 MiB; a kernel that can keeps who allocated", mib=512,
           command=("page_owner=on", "kmemleak=on", "slub_debug=U", "sysctl.vm.mem_profiling=1")),
    # of two emulated CPUs one may meet code that the other one is patching for a watch
    Layout("counted", "1 GiB, one CPU; a kernel that can counts allocations, and keeps who allocated objects",
           mib=1024, cpus=1, command=("slub_debug=U", "sysctl.vm.mem_profiling=1")),
    Layout("small-numa", "512 MiB on two nodes, of which a dump is taken", mib=512, qemu=(
        "-device", "virtio-balloon-pci", *nodes(256))),
    Layout("leaking", "2560 MiB, for leaks that diagnose names: what they leave is in no other account", mib=2560),
    # seven leaks together hold 3 GiB where a slow machine gets to their end
    Layout("leaking-large", "4 GiB, for leaks that go on for 25 minutes", mib=4096),
    Layout("fresh", "one node, for what needs memory that few others had before"),
    Layout("numa", "two nodes, the balloon inside MemTotal", qemu=(
        "-device", "virtio-balloon-pci,deflate-on-oom=on", *nodes(1024))),
    # the firmware announces CPUs by tables that "virt" of arm64 does not have before they are there
    Layout("absent", "one node, with room for 14 more CPUs", cpus_max=16, arches=("amd64",)),
    Layout("hugepages", "128 huge pages reserved at boot", command=("hugepages=128",)),
    Layout("crashkernel", "192 MiB kept for a crash kernel; bounce buffers forced",
           command=("crashkernel=192M", "swiotlb=8192,force")),
    Layout("kdump", "512 MiB, of which 192 MiB are kept for a crash kernel", mib=512,
           command=("crashkernel=192M",), qemu=KDUMP_DISKS, disk_mib=512),
    Layout("kdump-leak", "the same, for a leak that ends the machine", mib=512,
           command=("crashkernel=192M",), qemu=KDUMP_DISKS),
    Layout("hotplug", "room for more memory", hotplug_mib=1024),
    # above 4 GiB there must be bounce buffers, and a whole GiB is free wherever the kernel lies
    Layout("reserved", "5 GiB; a range left out, one made persistent, bounce buffers, initial RAM disk and a "
           "contiguous area kept", mib=5120,
           command=("memmap=64M$5G", "memmap=32M!5248M", "swiotlb=8192", "retain_initrd", "hugetlb_cma=1G",
                    "secretmem.enable=1")),
    Layout("mem", "mem= below the installed size", command=("mem=1536M",)),
    # what drivers keep ready weighs most where there is little
    Layout("disks-512m", "512 MiB, two virtio disks", mib=512, qemu=disks(2)),
    Layout("disks-1g", "1 GiB, two virtio disks", mib=1024, qemu=disks(2)),
    Layout("disks-2g", "2 GiB, two virtio disks of four queues", cpus=4, qemu=disks(2)),
    Layout("disks-4g", "4 GiB, two virtio disks", mib=4096, qemu=disks(2)),
]}
