#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/unit/run.sh BUILD: runs every unit test of a build folder, adds up their counts.

set -eu
build=${1:?usage: run.sh BUILD}
passed=0 failed=0 broken=0
ninja -C "$build" $(ninja -C "$build" -t targets all | sed -n 's/^\(tests\/test_[a-z_]*\): .*LINKER.*/\1/p') >/dev/null
for test in "$build"/tests/test_*; do
	[ -f "$test" ] && [ -x "$test" ] || continue
	status=0
	output=$(timeout 400 "$test" 2>&1) || status=$?
	counts=$(printf '%s\n' "$output" | sed -n 's/^.*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' | tail -n 1)
	if [ -z "$counts" ]; then
		echo "$(basename "$test"): broke with status $status"
		broken=$((broken + 1))
	else
		passed=$((passed + ${counts% *}))
		failed=$((failed + ${counts#* }))
	fi
	[ "$status" = 0 ] || printf '%s\n' "$output" | tail -n 40
done
echo "unit: $passed passed, $((failed + broken)) failed"
[ $((failed + broken)) = 0 ]
