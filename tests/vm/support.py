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

CELLS = "A cell names the layouts on which it was shown, in parentheses where it was skipped."
SIGNS = {"passed": "{}", "FAILED": "**{} fails**", "skipped": "({})"}


def table(head, rows):
    yield "| " + " | ".join([head, *kernels.KERNELS]) + " |"
    yield "|---" * (len(kernels.KERNELS) + 1) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def idle_rows(results):
    for layout in layouts.LAYOUTS:
        found = [results.figures.get((kernel, layout, "idle"), {}).get("idle")
                 for kernel in kernels.KERNELS]
        if any(value is not None for value in found):
            yield [layout, *("" if value is None else f"{value:+.3%}" for value in found)]


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
        yield [about, *(worst(results, kernel, figure) for kernel in kernels.KERNELS)]


def scenario_rows(results):
    cells = {}
    order = list(layouts.LAYOUTS)
    for kernel, layout, item, outcome, _ in sorted(
            (row for row in results.rows if row[1] in order), key=lambda r: order.index(r[1])):
        cells.setdefault((item, kernel), []).append(SIGNS[outcome].format(layout))
    for item in sorted({row[2] for row in results.rows}):
        yield [item, *(" ".join(cells.get((item, kernel), "")) for kernel in kernels.KERNELS)]


def reasons(results):
    for kernel, _, item, outcome, text in results.rows:
        if outcome == "skipped":
            why = text.splitlines()[0].replace(str(pathlib.Path.home()), "~")[:160]
            yield f"- {item} on {kernel}: {why}"


def write(path, results, seconds):
    lines = [HEAD, ""]
    lines += [f"- {layout.name}: {layout.about}" for layout in layouts.LAYOUTS.values()]
    lines += [""]
    lines += [f"- {kernel}: Linux {version}" for kernel, version
              in sorted(results.versions.items())]
    lines += ["", f"{datetime.date.today()}: {results.count('passed')} passed, "
              f"{results.count('FAILED')} failed, {results.count('skipped')} skipped, in "
              f"{seconds / 60:.0f} minutes.", ""]
    lines += table("idle: unattributed in % of memory", idle_rows(results))
    lines += table("of all scenarios", figure_rows(results))
    lines += [CELLS, "", *table("scenario", scenario_rows(results))]
    lines += ["Skipped:", "", *sorted(set(reasons(results)))]
    path.write_text("\n".join(lines).rstrip() + "\n")
