# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/SUPPORT.md: what a full run showed."""

import datetime
import pathlib

import kernels
import layouts

HEAD = """<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
# What was shown

Written by `script/vmtest --support`; do not edit. Each kernel was booted in a virtual machine on each layout; in each
scenario a known amount of memory went to a known place, and every row of the account was held against it."""

CELLS = """A cell says `shown` where it was shown on all layouts of the scenario, `-` where it was skipped on all; else each
layout, in parentheses where it was skipped. Why is below. What is in no cell was not run."""
IDLE = "idle: unattributed in % of memory (named by 'explain unattributed', at most)"
SIGNS = {"passed": "{}", "FAILED": "**{} fails**", "skipped": "({})"}
WHY_MAX = 200


def table(head, rows):
    yield "| " + " | ".join([*head, *kernels.usual()]) + " |"
    yield "|---" * (len(kernels.usual()) + len(head)) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def idle_cell(figures):
    if "idle" not in figures:
        return ""
    return f"{figures['idle']:+.3%}" + (f" ({figures['named']:.3%})" if figures.get("named") else "")


def idle_rows(results):
    for layout in layouts.LAYOUTS:
        found = [idle_cell(results.figures.get((kernel, layout, "idle"), {}))
                 for kernel in kernels.usual()]
        if any(found):
            yield [layout, *found]


def worst(results, kernel, figure):
    """The largest of a figure on a kernel, and where it was."""
    found = [(figures[figure], f"{item}, {layout}")
             for (name, layout, item), figures in results.figures.items()
             if name == kernel and figure in figures]
    return "{:.3%} ({})".format(*max(found)) if found else ""


def figure_rows(results):
    for figure, about in (("deviation", "an injection landed in its row but for at most"),
                          ("shown", "a command that lists showed it but for at most"),
                          ("disturbed", "it moved unattributed, which it does not belong to, by "
                                        "at most, in % of memory")):
        yield [about, *(worst(results, kernel, figure) for kernel in kernels.usual())]


def cell(outcomes, names):
    """What became of a scenario on a kernel, by layout."""
    kinds = {outcome for _, outcome in outcomes} if len(outcomes) == len(names) else set()
    if kinds == {"passed"}:
        return "shown"
    if kinds == {"skipped"}:
        return "-"
    return " ".join(SIGNS[outcome].format(layout) for layout, outcome in outcomes)


def scenario_rows(results):
    found, order = {}, list(layouts.LAYOUTS)
    for kernel, layout, item, outcome, _ in sorted(
            (row for row in results.rows if row[1] in order), key=lambda r: order.index(r[1])):
        found.setdefault(item, {}).setdefault(kernel, []).append((layout, outcome))
    for item, by_kernel in sorted(found.items()):
        names = dict.fromkeys(layout for cells in by_kernel.values() for layout, _ in cells)
        yield [item, " ".join(sorted(names, key=order.index)),
               *(cell(by_kernel.get(kernel, []), names) for kernel in kernels.usual())]


def short(text):
    """A reason without what it repeats of commands and of this machine."""
    text = text.strip().splitlines()[0] if text.strip() else "no reason was given"
    return text.replace(str(pathlib.Path.home()), "~")[:WHY_MAX]


def reasons(results, wanted):
    """One line a kernel and reason, with the scenarios that have it."""
    found = {}
    for kernel, layout, item, outcome, text in results.rows:
        if outcome == wanted:
            named = f"{item} on {layout}" if outcome == "FAILED" else item
            found.setdefault((kernel, short(text)), {})[named] = None
    for (kernel, why), items in sorted(found.items()):
        yield f"- {kernel}: {', '.join(items)}: {why}"


def write(path, results, seconds):
    lines = [HEAD, ""]
    lines += [f"- {layout.name}: {layout.about}" for layout in layouts.LAYOUTS.values()]
    lines += [""]
    lines += [f"- {kernel}: Linux {version}" for kernel, version
              in sorted(results.versions.items())]
    lines += ["", f"{datetime.date.today()}: {results.count('passed')} passed, "
              f"{results.count('FAILED')} failed, {results.count('skipped')} skipped, in "
              f"{seconds / 60:.0f} minutes.", ""]
    lines += table([IDLE], idle_rows(results))
    lines += table(["of all scenarios"], figure_rows(results))
    lines += [CELLS, "", *table(["scenario", "layouts"], scenario_rows(results))]
    for head, outcome in (("Failed:", "FAILED"), ("Skipped:", "skipped")):
        lines += [head, "", *(list(reasons(results, outcome)) or ["- nothing"]), ""]
    path.write_text("\n".join(lines).rstrip() + "\n")
