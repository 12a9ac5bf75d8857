# SPDX-License-Identifier: GPL-2.0-or-later
"""What people expect of a program at a shell: lines of JSON, hints, readable numbers, completion."""

import json
import re
import shutil
from pathlib import Path

import lib
import trees
from lib import Folder, Skip, execute, plant, refuse, succeed, test


@test
def lines_of_json_are_the_same_json():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        for words in (("-a",), ("slab",), ("diagnose",), ("explain", "slab")):
            whole, line = (succeed("-s", folder, *words, "-o", form) for form in ("json", "jsonl"))
            assert whole.json() == json.loads(line.text), words
            assert line.text.count("\n") == 1 and line.text.endswith("}\n"), words
    lines = succeed("-i", "0.1", "-n", "3", "-o", "jsonl", "slab").text.splitlines()
    assert len(lines) == 3 and all(json.loads(line)["caches"] for line in lines)


@test
def a_recording_is_exported_as_lines_of_json():
    with Folder() as folder:
        rec = folder / "a.rec"
        succeed("record", rec, "-i", "0.1", "-n", "4")
        lines = succeed("export", rec, "-o", "jsonl").text
        assert lines == succeed("export", rec, "-o", "json").text
        assert len([json.loads(line)["bytes"]["meminfo:MemFree"] for line in lines.splitlines()]) == 4
        refuse("export", rec, "-o", "svg", status=2, says="jsonl")


@test
def a_mistyped_word_has_a_hint():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        for words, meant in ((("slabb",), "'slab'"), (("diagnos",), "'diagnose'"),
                             (("--fitler", "x"), "'--filter'"), (("--intervall=3",), "'--interval'"),
                             (("-s", folder, "explain", "slabs"), "'slab'"),
                             (("-s", folder, "explain", "unatributed"), "'unattributed'"),
                             (("-s", folder, "explain", "dying-cgroup"), "'dying-cgroups'")):
            refuse(*words, status=2, says=f"did you mean {meant}?")
        for words in (("xyz",), ("--xyz",), ("-s", folder, "explain", "xyzzy")):
            said = refuse(*words, status=2).complaint
            assert "did you mean" not in said, said
        refuse("-s", folder, "slab", "kmalloc-*", status=2, says="ktally slab --filter 'kmalloc-*'")
        text = succeed("-s", folder, "slab", "--filter", "zzz").text
        assert "no row matches 'zzz'" in text, text


@test
def amounts_for_people_have_separators():
    with Folder() as folder:
        plant(folder, trees.MODERN)
        table = "slabinfo - version: 2.1\n# name <active_objs> <num_objs> <objsize> <objperslab> " \
            "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata\n"
        for name, objects in (("many", 1234560), ("few", 9984)):
            table += f"{name} {objects} {objects} 64 64 1 : tunables 0 0 0 : " \
                     f"slabdata {objects // 64} {objects // 64} 0\n"
        plant(folder, {"proc/slabinfo": table})
        text = succeed("-s", folder, "slab").text
        assert re.search(r"^many .* 1,234,560$", text, re.MULTILINE), text
        assert re.search(r"^few .* 9984$", text, re.MULTILINE), text
        rows = succeed("-s", folder, "slab", "-o", "json").json()["caches"]
        objects = {row["name"]: row["objects"] for row in rows}
        assert (objects["many"], objects["few"]) == (1234560, 9984), objects
        assert "1,234,560" not in succeed("-s", folder, "slab", "-o", "csv").text


COMPLETE = """
source "$1"
PATH=$2:$PATH
COMP_LINE=$3
COMP_POINT=${#3}
read -ra COMP_WORDS <<<"${3//:/ : }"
[[ $3 != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }
_ktally
printf '%s\\n' "${COMPREPLY[@]}"
"""


@test
def bash_completes_what_the_command_takes():
    script, bash = Path(lib.program).parent / "completion" / "ktally", shutil.which("bash")
    if not bash or not script.is_file():
        raise Skip("no bash, or not in the build directory")

    def offers(line):
        result = execute([bash, "-c", COMPLETE, "bash", str(script), str(script.parents[1]), line])
        assert not result.err, result.complaint
        return result.text.split()

    with Folder() as folder:
        rec = folder / "a.rec"
        succeed("record", rec, "-i", "0.1", "-n", "4")
        slab = offers("ktally slab --")
        assert "--sort" in slab and "--exact" in slab and "--utc" in slab
        assert not {"--listen", "--map", "--token-file", "--scrub"} & set(slab), slab
        assert "--listen" in offers("ktally serve --") and "--sort" not in offers("ktally serve --")
        assert "--listen" in offers("ktally --"), "before the command all options may come"
        assert offers("ktally stacks --by ") == ["name", "family", "process"] or \
            "family" in offers("ktally stacks --by "), offers("ktally stacks --by ")
        assert "caller" not in offers("ktally stacks --by ")
        assert {"free_bytes", "objects", "name"} <= set(offers("ktally slab --sort "))
        assert "objects" not in offers("ktally vmalloc --sort ")
        assert "live" in offers("ktally diff li")
        series = offers(f"ktally plot {rec} ")
        assert "meminfo:MemFree" in series and "name" not in series, series[:5]
        assert offers(f"ktally plot {rec} meminfo:MemFr") == ["MemFree"]
        assert "-1h" in offers("ktally report --from -")
        assert offers("ktally -o json") == ["json", "jsonl"]
        assert "slab_reclaimable" in offers("ktally explain slab_r")
