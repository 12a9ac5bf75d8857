#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/fuzz/run.sh [SECONDS]: builds the fuzz targets and runs each for SECONDS (default 3)
# over its corpus; ends with "fuzz: N passed, N failed, N skipped".

set -u
cd "$(dirname "$0")/../.."
seconds=${1:-3}
build=build-fuzz
targets=$(ls tests/fuzz/corpus)
number=$(echo "$targets" | wc -l)

works=$(mktemp -d)
trap 'rm -rf "$works"' EXIT
echo 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return p && n > 9; }' >"$works/a.c"
if ! clang -fsanitize=fuzzer,address "$works/a.c" -o "$works/a" >/dev/null 2>&1; then
	echo "fuzz: skipped, no clang with a fuzzer:" $targets
	echo "fuzz: 0 passed, 0 failed, $number skipped"
	exit 0
fi
if [ ! -e "$build/build.ninja" ]; then
	CC=clang meson setup "$build" -Db_sanitize=address,undefined -Db_lundef=false \
		-Dbuildtype=debugoptimized \
		'-Dc_args=-fsanitize=fuzzer-no-link -fno-sanitize-recover=all' >/dev/null || exit 1
fi
# a target that has no seeds would never be run, and nothing would say so
seedless=$(ninja -C "$build" -t targets all |
	sed -n 's|^tests/fuzz/fuzz_\([a-z0-9_]*\): .*|\1|p' |
	while read -r target; do [ -d "tests/fuzz/corpus/$target" ] || echo "$target"; done)
names=$(for target in $targets; do echo "tests/fuzz/fuzz_$target"; done)
# shellcheck disable=SC2086
ninja -C "$build" $names >"$build/ninja.log" 2>&1 || { tail -n 40 "$build/ninja.log"; exit 1; }

# two at a time
results=$(echo "$targets" | xargs -P 2 -n 1 tests/fuzz/run "$build" "$seconds" 2>&1)
broken=$(echo "$results" | grep -c BROKEN)
[ "$broken" = 0 ] || echo "$results" | grep BROKEN
for target in $seedless; do
	echo "$target: has no seeds in tests/fuzz/corpus, so it is not run"
	number=$((number + 1))
	broken=$((broken + 1))
done
echo "fuzz: $((number - broken)) passed, $broken failed"
[ "$broken" = 0 ]
