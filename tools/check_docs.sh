#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# check_docs.sh BUILD: the man pages are clean; they and both completions have every command,
# option and row of the program in BUILD. Prints what is wrong; ends with
# "docs: N passed, N failed[, N skipped]".

set -u
build=${1:?usage: check_docs.sh BUILD}
ktally=$build/ktally
man=$build/man
page=$man/ktally.1
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
	"$ktally" help -a ${2+"$2"} | awk -v head="$1" '
		$1 == head { inside = 1; next }
		NF == 0 { inside = 0 }
		inside && head == "COMMAND" && /^[A-Z]/ { $1 = ""; $0 = $0 }
		head == "OPTION" && $1 !~ /^-/ { next } # the rest of a long line
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

for one in "$man"/ktally*.[1-8]; do
	name=${one##*/}
	silent "lint of $name" mandoc mandoc -T lint -W warning "$one"
	silent "$name in groff" groff groff -mandoc -Tutf8 -wall -z "$one"
	# every page that it refers to is made, too
	sed -n 's/^\.[A-Z]* *Xr \(ktally[a-z-]*\) \([1-8]\).*/\1.\2/p; s/^\.Xr \(ktally[a-z-]*\) \([1-8]\).*/\1.\2/p' "$one" |
		sort -u >"$work/references"
	while read -r reference; do
		if [ -s "$man/$reference" ]; then pass; else fail "$name refers to $reference"; fi
	done <"$work/references"
done
silent "syntax of the bash completion" bash bash -n "$bash_file"
silent "syntax of the zsh completion" zsh zsh -n "$zsh_file"

# plain FILE...: pages as the words that they show; "Fl \-all" is --all
plain() {
	sed 's/\\&//g; s/\\%//g; s/\\-/-/g; s/\\(aq/'"'"'/g; s/Fl \(-*[[:alnum:]]\)/-\1/g' "$@"
}

# found FILE LIST WORDS: every word of LIST is in FILE
found() {
	while read -r word; do
		holds "$1" "$3" "$word"
	done <"$work/$2"
}

plain "$man/ktally.1" >"$work/main"
plain "$man/ktally-rows.7" >"$work/rows-page"
plain "$man/ktally-sources.7" >"$work/sources-page"
column COMMAND >"$work/commands"
column OPTION >"$work/shared"
"$ktally" -o csv 2>/dev/null | sed -n '1d; s/^\([a-z_0-9]*\),.*/\1/p' >"$work/rows"
"$ktally" doctor -o csv 2>/dev/null | sed -n '1d; s/^\([a-z_0-9]*\),.*/\1/p' >"$work/sources"
for list in commands shared; do
	[ -s "$work/$list" ] || fail "no $list found in the output of $ktally"
done
for list in rows sources; do
	[ -s "$work/$list" ] && continue
	echo "docs: skipped $list: ktally cannot account for this machine"
	skipped=$((skipped + 1))
done
found "$work/main" shared "ktally(1)"
found "$work/rows-page" rows "ktally-rows(7)"
found "$work/sources-page" sources "ktally-sources(7)"

# the page of a command has the command's options and examples
cp "$work/shared" "$work/options"
while read -r command; do
	one=$(echo "$man/ktally-$command".[1-8])
	if ! [ -s "$one" ]; then
		fail "there is no page of '$command'"
		continue
	fi
	holds "$work/main" "ktally(1)" "ktally-$command"
	plain "$one" >"$work/page"
	column OPTION "$command" | tee -a "$work/options" >"$work/own"
	found "$work/page" own "${one##*/}"
	"$ktally" help "$command" -o json | sed -n 's/.*"line": "\(ktally.*\)", "what".*/\1/p' >"$work/examples"
	[ -s "$work/examples" ] || fail "'$command' has no examples"
	while read -r example; do
		if grep -qxF -e "$example" "$work/page"; then pass; else fail "${one##*/} has no '$example'"; fi
	done <"$work/examples"
done <"$work/commands"
sort -u -o "$work/options" "$work/options"

for list in commands options rows; do
	found "$bash_file" $list "the bash completion"
	found "$zsh_file" $list "the zsh completion"
done

if command -v bash >/dev/null 2>&1; then
	completes "$(cat "$work/commands")" ktally ""
	completes "$(cat "$work/options")" ktally -
	completes "$(cat "$work/commands")" ktally -a help ""
	cases=$(cd share/cases && for case in *.case; do echo "${case%.case}"; done)
	[ -s "$work/rows" ] && completes "$(cat "$work/rows"; echo "$cases")" ktally explain ""
	completes kernel_image ktally --source x explain kernel_im
	completes "json
jsonl" ktally -o j
	completes csv ktally -ao c
	completes csv ktally --output = c
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
