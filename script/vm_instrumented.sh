#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# script/vm_instrumented.sh prepare|build FOLDER [DEFCONFIG [PATCH]]: the kernels of script/vmtest
# that are built: the one that counts its own allocations, and with a patch, the one whose classes
# of kmalloc are chosen at boot. From Debian's linux-source-6.12.
#   prepare  only as much of it as modules are built against: FOLDER/source, 2 minutes
#   build    the kernel: FOLDER/bzImage and FOLDER/source, 40 minutes on one core
# DEFCONFIG is tests/vm/instrumented.defconfig, or what lies beside a kernel that is already
# built. A build that was cut short goes on where it was.

. "$(dirname "$0")/lib.sh"

what=${1:?prepare or build}
folder=${2:?folder} defconfig=${3:-tests/vm/instrumented.defconfig} patch=${4:-}
install_missing gcc=gcc make=make bc=bc flex=flex bison=bison patch=patch pahole=dwarves cpio=cpio xz=xz-utils \
	/usr/include/libelf.h=libelf-dev /usr/include/openssl/opensslv.h=libssl-dev
mkdir -p "$folder"
cp "$defconfig" "$folder/defconfig"
[ -z "$patch" ] || cp "$patch" "$folder/patch"
cd "$folder"
if [ ! -e source/.unpacked ]; then
	rm -rf source unpack
	mkdir unpack
	(cd unpack && apt-get download -qq -o APT::Sandbox::User=root linux-source-6.12)
	dpkg-deb --fsys-tarfile unpack/*.deb | tar x -C unpack
	tar x -J -f unpack/usr/src/linux-source-6.12.tar.xz
	rm -rf unpack
	mv linux-source-6.12 source
	[ -z "$patch" ] || patch -s -p1 -d source <patch
	touch source/.unpacked
fi
cd source
cp ../defconfig arch/x86/configs/ktally_defconfig
make -s ktally_defconfig
make -s -j2 modules_prepare
if [ "$what" = build ]; then
	make -s -j2 bzImage
	cp arch/x86/boot/bzImage ..
fi
# modules need headers, make files and tools of the build, nothing else
rm -f .unpacked
rm -rf Documentation block crypto drivers fs io_uring ipc mm net samples sound tools/testing tools/perf
find . \( -name '*.o' -o -name '*.a' -o -name 'vmlinux*' \) ! -path './scripts/*' ! -path './tools/objtool/*' -delete
for arch in arch/*; do
	case $arch in arch/x86 | arch/Kconfig) ;; *) rm -rf "$arch" ;; esac
done
touch .prepared
