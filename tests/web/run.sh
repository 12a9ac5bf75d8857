#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The page in a real browser. usage: tests/web/run.sh [KTALLY]
#
# Needs node, npm, chromium (Debian's) and, once, the npm registry for playwright-core, whose
# version and hash are in package-lock.json. What is missing is said, and the test is skipped.
# KTALLY_SHOTS=FOLDER writes the screenshots of docs/ there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
ktally=$(realpath "${1:-$here/../../build/ktally}")

skip() {
	echo "web: skipped: $1"
	echo "web: 0 passed, 0 failed, 1 skipped"
	exit 0
}

for tool in node npm chromium; do
	if ! command -v $tool >/dev/null 2>&1; then
		skip "$tool is not installed"
	fi
done
if ! "$ktally" help serve >/dev/null 2>&1; then
	skip "built with -Dweb=disabled"
fi
if [ ! -d "$here/node_modules/playwright-core" ] &&
	! npm ci --prefix "$here" --ignore-scripts --no-audit --no-fund >/dev/null 2>&1; then
	skip "playwright-core is not there and cannot be fetched"
fi
exec node "$here/test.mjs" "$ktally"
