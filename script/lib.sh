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

BUILD_TOOLS="gcc=gcc /usr/include/stdio.h=libc6-dev meson=meson ninja=ninja-build pkg-config=pkg-config /usr/include/archive.h=libarchive-dev /usr/include/zstd.h=libzstd-dev /usr/include/microhttpd.h=libmicrohttpd-dev /usr/include/curses.h=libncurses-dev"
TEST_TOOLS="/usr/bin/python3=python3 py:jsonschema=python3-jsonschema zstd=zstd xz=xz-utils strace=strace mandoc=mandoc tmux=tmux clang=clang clang-format=clang-format clang-tidy=clang-tidy cppcheck=cppcheck node=nodejs npm=npm chromium=chromium"

# build FOLDER [MESON OPTIONS]: configures once, builds; quiet unless it fails.
build() {
	folder=$1
	shift
	if [ ! -e "$folder/build.ninja" ]; then
		meson setup "$folder" "$@" >"$folder.log" 2>&1 || { cat "$folder.log" >&2; return 1; }
		rm -f "$folder.log"
	fi
	ninja -C "$folder" >"$folder/ninja.log" 2>&1 || { tail -n 60 "$folder/ninja.log" >&2; return 1; }
}
