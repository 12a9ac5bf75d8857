# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the scripts beside it: installs what is missing, builds.

set -eu
cd "$(dirname "$0")/.."

# install_missing COMMAND=PACKAGE...: as root or through sudo; otherwise names what to install.
install_missing() {
	missing=
	for pair in "$@"; do
		case ${pair%%=*} in
		/*) [ -e "${pair%%=*}" ] || missing="$missing ${pair#*=}" ;;
		py:*)
			module=${pair%%=*}
			/usr/bin/python3 -c "import ${module#py:}" 2>/dev/null || missing="$missing ${pair#*=}"
			;;
		*) command -v "${pair%%=*}" >/dev/null 2>&1 || missing="$missing ${pair#*=}" ;;
		esac
	done
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "please install:$missing" >&2
		return 1
	fi
	sudo=
	[ "$(id -u)" = 0 ] || sudo="sudo -n"
	echo "installing:$missing" >&2
	# shellcheck disable=SC2086
	if ! { $sudo env DEBIAN_FRONTEND=noninteractive timeout 300 apt-get update -qq &&
		$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >&2; then
		echo "could not install:$missing" >&2
		return 1
	fi
}

# install_idle COMMAND=PACKAGE... -- UNIT...: packages with a service, which is kept from being
# started, now and with the machine. What is there already is left as it is.
install_idle() {
	pairs= lacking= guarded= status=0 guard=/usr/sbin/policy-rc.d
	while [ "$1" != -- ]; do
		pairs="$pairs $1"
		command -v "${1%%=*}" >/dev/null 2>&1 || lacking=yes
		shift
	done
	shift
	[ -n "$lacking" ] || return 0
	sudo=
	[ "$(id -u)" = 0 ] || sudo="sudo -n"
	for unit in "$@"; do
		[ -e "/lib/systemd/system/$unit" ] || $sudo systemctl mask --quiet "$unit" 2>/dev/null || true
	done
	if ! [ -e "$guard" ]; then
		guarded=yes
		printf '#!/bin/sh\nexit 101\n' | $sudo tee "$guard" >/dev/null && $sudo chmod 755 "$guard"
	fi
	# shellcheck disable=SC2086
	install_missing $pairs || status=$?
	[ -z "$guarded" ] || $sudo rm -f "$guard"
	return "$status"
}

BUILD_TOOLS="gcc=gcc /usr/include/stdio.h=libc6-dev meson=meson ninja=ninja-build pkg-config=pkg-config /usr/include/archive.h=libarchive-dev /usr/include/zstd.h=libzstd-dev /usr/include/png.h=libpng-dev /usr/include/microhttpd.h=libmicrohttpd-dev /usr/include/curses.h=libncurses-dev"
TEST_TOOLS="/usr/bin/python3=python3 py:jsonschema=python3-jsonschema zstd=zstd xz=xz-utils strace=strace mandoc=mandoc tmux=tmux clang=clang clang-format=clang-format clang-tidy=clang-tidy cppcheck=cppcheck node=nodejs npm=npm chromium=chromium slabtop=procps smem=smem numastat=numactl busybox=busybox-static /usr/share/doc/liblzo2-2=liblzo2-2 /usr/share/doc/libsnappy1v5=libsnappy1v5"
PACKAGE_TOOLS="dh=debhelper dpkg-buildpackage=dpkg-dev lintian=lintian"
# each is a service that its package starts: see install_idle
MONITORING_TOOLS="promtool=prometheus prometheus-node-exporter=prometheus-node-exporter /usr/sbin/netdata=netdata-core"
MONITORING_UNITS="prometheus.service prometheus-node-exporter.service netdata.service"

# configured FOLDER [MESON OPTIONS]: configures once; quiet unless it fails.
configured() {
	folder=$1
	shift
	[ ! -e "$folder/build.ninja" ] || return 0
	meson setup "$folder" "$@" >"$folder.log" 2>&1 || { cat "$folder.log" >&2; return 1; }
	rm -f "$folder.log"
}

# build FOLDER [MESON OPTIONS]: configures once, builds; quiet unless it fails.
build() {
	configured "$@"
	folder=$1
	ninja -C "$folder" >"$folder/ninja.log" 2>&1 || { tail -n 60 "$folder/ninja.log" >&2; return 1; }
}
