#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# check_docs.sh BUILD: the man page is clean, and it and both completions have every
# command, option and row of the program in BUILD. Prints what is wrong; ends with
# "docs: N passed, N failed[, N skipped]".

set -u
build=${1:?usage: check_docs.sh BUILD}
ktally=$build/ktally
page=$build/man/ktally.1
bash_file=$build/completion/ktally
zsh_file=$build/completion/_ktally
passed=0 failed=0 skipped=0
LC_ALL=C COLUMNS=200
export LC_ALL COLUMNS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pass() {
	passed=$((passed + 1))
}

fail() {
	echo "docs: FAILED $*"
	failed=$((failed + 1))
}

# silent NAME TOOL COMMAND...: passes where the command has nothing to say.
silent() {
	name=$1 tool=$2
	shift 2
	if ! command -v "$tool" >/dev/null 2>&1; then
		echo "docs: skipped $name: no $tool"
		skipped=$((skipped + 1))
	elif "$@" >"$work/said" 2>&1 && ! [ -s "$work/said" ]; then
		pass
	else
		fail "$name"
		cat "$work/said"
	fi
}

# holds FILE WHAT WORD: is WORD in FILE, with nothing of a word around it?
holds() {
	if grep -qE -e "(^|[^[:alnum:]_-])$3([^[:alnum:]_-]|\$)" "$1"; then
		pass
	else
		fail "$2 has no '$3'"
	fi
}

# column HEAD [COMMAND]: the first column of a table of the help, an option's two forms on two lines.
column() {
	"$ktally" help ${2+"$2"} | awk -v head="$1" '
		$1 == head { inside = 1; next }
		NF == 0 { inside = 0 }
		inside { sub(/,$/, "", $1); print $1; if ($1 ~ /^-.$/ && $2 ~ /^--/) print $2 }'
}

# completes WANT WORD...: does bash answer WORD... with WANT, one word a line?
completes() {
	want=$1
	shift
	# shellcheck disable=SC2016
	got=$(bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ktally
		printf "%s\n" "${COMPREPLY[@]}"' "$bash_file" "$@" 2>&1)
	if [ "$(echo "$got" | sort)" = "$(echo "$want" | sort)" ]; then
		pass
	else
		fail "bash completes '$*' to '$got', not to '$want'"
	fi
}

for file in "$ktally" "$page" "$bash_file" "$zsh_file"; do
	[ -s "$file" ] && continue
	fail "there is no $file"
	echo "docs: $passed passed, $failed failed"
	exit 1
done

silent "lint of the man page" mandoc mandoc -T lint -W warning "$page"
silent "man page in groff" groff groff -mandoc -Tutf8 -wall -z "$page"
silent "syntax of the bash completion" bash bash -n "$bash_file"
silent "syntax of the zsh completion" zsh zsh -n "$zsh_file"

# "Fl \-all" is --all
sed 's/\\&//g; s/\\-/-/g; s/Fl \(-*[[:alnum:]]\)/-\1/g' "$page" >"$work/page"
column COMMAND >"$work/commands"
{
	column OPTION
	while read -r command; do
		column OPTION "$command"
	done <"$work/commands"
} | sort -u >"$work/options"
"$ktally" -o csv 2>/dev/null | sed -n '1d; s/^\([a-z_0-9]*\),.*/\1/p' >"$work/rows"
for list in commands options rows; do
	if [ "$list" = rows ] && ! [ -s "$work/rows" ]; then
		echo "docs: skipped rows: ktally cannot account for this machine"
		skipped=$((skipped + 1))
		continue
	fi
	if ! [ -s "$work/$list" ]; then
		fail "no $list found in the output of $ktally"
		continue
	fi
	while read -r word; do
		holds "$work/page" "the man page" "$word"
		holds "$bash_file" "the bash completion" "$word"
		holds "$zsh_file" "the zsh completion" "$word"
	done <"$work/$list"
done

if command -v bash >/dev/null 2>&1; then
	completes "$(cat "$work/commands")" ktally ""
	completes "$(cat "$work/options")" ktally -
	completes "$(cat "$work/commands")" ktally -a help ""
	[ -s "$work/rows" ] && completes "$(cat "$work/rows")" ktally explain ""
	completes unattributed ktally --source x explain unat
	completes json ktally -o j
	completes json ktally -ao j
	completes json ktally --output = j
	completes "" ktally -s ""
	completes "" ktally capture ""
	completes "" ktally explain slab ""
fi

if [ "$skipped" = 0 ]; then
	echo "docs: $passed passed, $failed failed"
else
	echo "docs: $passed passed, $failed failed, $skipped skipped"
fi
[ "$failed" = 0 ]
