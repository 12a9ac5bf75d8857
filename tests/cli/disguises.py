# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to a kernel log on its way to a reader: a seed gives one disguise of it."""

import json
import random
import textwrap

HOST = "some-host"
PROSE = """\
Hello,

this is from a machine that stands in our cellar. What took its memory? It happens
once a week, mostly at night.

"""
SIGNED = "\n-- \nkind regards\n"


class Record:
    def __init__(self, number, text, time):
        self.number, self.text, self.us = number, text, int(time * 1e6)
        self.s = time

    @property
    def mono(self):
        return f"{self.us // 1000000:5}.{self.us % 1000000:06}"

    @property
    def wall(self):
        minute, second = divmod(11 + self.us // 1000000, 60)
        return f"13:{50 + minute % 10:02}:{second:02}"


# ---- a line for each line of a record ----

def each(prefix):
    return lambda records: "".join(
        f"{prefix(one)}{line}\n" for one in records for line in one.text.split("\n"))


def first(prefix, more=""):
    """The first line of a record has a prefix; the others stand below it."""
    return lambda records: "".join(
        prefix(one) + one.text.replace("\n", "\n" + more) + "\n" for one in records)


def deltas(records):
    before, lines = None, []
    for one in records:
        stamp = (f"[Dec15 13:08] " if before is None
                 else f"[{'+' + format((one.us - before) / 1e6, '.6f'):>11}] ")
        before = one.us
        lines += [stamp + line for line in one.text.split("\n")]
    return "\n".join(lines) + "\n"


def entry(one):
    return {"__CURSOR": "s=1;i=2", "__REALTIME_TIMESTAMP": str(1706961055000000 + one.us),
            "__MONOTONIC_TIMESTAMP": str(one.us + 7), "_BOOT_ID": "0" * 32, "PRIORITY": "4",
            "SYSLOG_FACILITY": "0", "SYSLOG_IDENTIFIER": "kernel", "_TRANSPORT": "kernel",
            "_SOURCE_MONOTONIC_TIMESTAMP": str(one.us), "MESSAGE": one.text}


def stranger(text):
    return {"__REALTIME_TIMESTAMP": "1706961055000000", "PRIORITY": "6",
            "_TRANSPORT": "journal", "SYSLOG_IDENTIFIER": "evil", "MESSAGE": text}


def as_json(records):
    entries = [entry(one) for one in records]
    entries.insert(3, stranger("Linux version 9.9"))
    return "".join(json.dumps(one) + "\n" for one in entries)


def as_json_pretty(records):
    return "".join(json.dumps(entry(one), indent=8) + "\n" for one in records)


def as_dmesg_json(records):
    return json.dumps({"dmesg": [{"pri": 4, "time": 0, "msg": line, "at": one.mono.strip()}
                                 for one in records for line in one.text.split("\n")]},
                      indent=3).replace('"time": 0,', '"time":    0.500000,')


def as_export(records):
    text = ""
    for one in records:
        for key, value in entry(one).items():
            if "\n" in value:
                size = len(value.encode()).to_bytes(8, "little").decode("latin-1")
                text += f"{key}\n{size}{value}\n"
            else:
                text += f"{key}={value}\n"
        text += "\n"
    return text


def as_verbose(records):
    text = ""
    for one in records:
        text += "Sat 2024-02-03 13:50:55.123456 CET [s=1;i=2;b=3;m=4;t=5;x=6]\n"
        for key, value in entry(one).items():
            if not key.startswith("__"):
                text += f"    {key}=" + value.replace("\n", "\n            ") + "\n"
    return text


def netconsole(records):
    text = ""
    for one in records:
        for line in one.text.split("\n"):
            head = f"4,{one.number},{one.us},-"
            size = 300
            parts = [line[i:i + size] for i in range(0, len(line), size)]
            if len(parts) == 1:
                text += f"{head};{line}\n"
            else:
                for i, part in enumerate(parts):
                    text += f"{head},ncfrag={i * size}/{len(line)};{part}\n"
    return text


def numbered(number_of):
    return lambda records: "".join(
        f"{number_of(i)}[{one.mono}] {line}\n" for i, (one, line) in enumerate(
            ((one, line) for one in records for line in one.text.split("\n")), 1))


def as_lava(records):
    return "".join(
        f'- {{"dt": "2024-02-03T{one.wall}.123456", "lvl": "target", "msg": "[{one.mono}] '
        f'{line}"}}\n' for one in records for line in one.text.split("\n"))


def rsyslog(records):
    return "".join(f"Feb  3 {one.wall} {HOST} kernel: [{one.mono}] "
                   + one.text.replace("\n", "#012") + "\n" for one in records)


FORMS = {
    "bare": each(lambda one: ""),
    "dmesg": each(lambda one: f"[{one.mono}] "),
    "dmesg, lines below": first(lambda one: f"[{one.mono}] ", " " * 16),
    "caller": each(lambda one: f"[{one.mono}][ T1047] "),
    "caller apart": each(lambda one: f"[{one.mono}] [ T1047] "),
    "level": each(lambda one: "<4>"),
    "level and time": each(lambda one: f"<4>[{one.mono}] "),
    "dmesg -x": each(lambda one: f"kern  :warn  : [{one.mono}] "),
    "dmesg -T": each(lambda one: f"[Sat Feb  3 {one.wall} 2024] "),
    "dmesg -Tx": each(lambda one: f"kern  :warn  : [Sat Feb  3 {one.wall} 2024] "),
    "dmesg -e": deltas,
    "dmesg iso": each(lambda one: f"2024-02-03T{one.wall},{one.us % 1000000:06}+00:00 "),
    "dmesg -J": as_dmesg_json,
    "/dev/kmsg": each(lambda one: f"4,{one.number},{one.us},-;"),
    "/dev/kmsg, caller": each(lambda one: f"4,{one.number},{one.us},-,caller=T7;"),
    "journal": first(lambda one: f"Feb 03 {one.wall} {HOST} kernel: ", " " * 35),
    "short-monotonic": each(lambda one: f"[{one.mono}] {HOST} kernel: "),
    "short-precise": each(
        lambda one: f"Feb 03 {one.wall}.{one.us % 1000000:06} {HOST} kernel: "),
    "short-iso": each(lambda one: f"2024-02-03T{one.wall}+0100 {HOST} kernel: "),
    "short-unix": each(lambda one: f"{1706961055 + one.us / 1e6:.6f} {HOST} kernel: "),
    "journal json": as_json,
    "journal json-pretty": as_json_pretty,
    "journal export": as_export,
    "journal verbose": as_verbose,
    "syslog": each(lambda one: f"Feb  3 {one.wall} {HOST} kernel: "),
    "syslog, times": each(lambda one: f"Feb  3 {one.wall} {HOST} kernel: [{one.mono}] "),
    "rsyslog": rsyslog,
    "RFC 5424": each(lambda one: f"<4>1 2024-02-03T{one.wall}.5Z {HOST} kernel - - - "),
    "metalog": each(lambda one: f"Feb  3 {one.wall} [kernel] [{one.mono}] "),
    "logread": each(lambda one: f"Sat Feb  3 {one.wall} 2024 kern.warn kernel: [{one.mono}] "),
    "logcat": each(lambda one: f"02-03 {one.wall}.{one.us % 1000:03}     0     0 W "),
    "console, wall clock": each(lambda one: f"[2024-02-03 {one.wall}] [{one.mono}] "),
    "dmesg -d": each(lambda one: f"[{one.mono} <    0.004217>] "),
    "dmesg -xd": each(lambda one: f"kern  :warn  : [{one.mono} <    0.004217>] "),
    "logcat, user": each(
        lambda one: f"02-03 {one.wall}.{one.us % 1000:03}  root     0     0 W         : "),
    "phone": each(lambda one: f"<4>[{one.mono}]  (2)[1047:kworker/2:1]"),
    "netconsole, host": each(lambda one: f"Feb  3 {one.wall} 10.0.0.7 [{one.mono}] "),
    "grep -n": numbered(lambda number: f"{number}:"),
    "cat -n": numbered(lambda number: f"{number:6}\t"),
    "LAVA, lines": as_lava,
    "LAVA": each(lambda one: f"2024-02-03T{one.wall}.{one.us % 1000000:06}  [{one.mono}] "),
    "netconsole": netconsole,
    "colours": each(lambda one: f"\x1b[32m[{one.mono}] \x1b[0m\x1b[33m"),
}

JOURNAL = {"journal", "short-monotonic", "short-precise", "short-iso", "journal json",
           "journal export"}
NO_WRAP = {"journal json", "journal json-pretty", "journal export", "journal verbose",
           "dmesg -J", "netconsole", "colours", "grep -n", "cat -n", "LAVA, lines"}


def soft(text, width, prefix=""):
    lines = []
    for line in text.split("\n"):
        if len(prefix + line) <= width:
            lines.append(prefix + line)
            continue
        lines += textwrap.wrap(prefix + line, width, break_long_words=False,
                               break_on_hyphens=False, drop_whitespace=True) or [""]
    return "\n".join(lines)


def hard(text, width):
    return "\n".join(line[i:i + width] for line in text.split("\n")
                     for i in range(0, max(len(line), 1), width))


def disguise(records, seed):
    """A log as text, and how it came to be."""
    pick = random.Random(seed)
    form = sorted(FORMS)[seed % len(FORMS)]
    newest = form in JOURNAL and pick.random() < 0.4
    text = FORMS[form](records[::-1] if newest else records)
    how = [form] + ["newest first"] * newest
    width = pick.randint(60, 120)
    kind = pick.choice(["no", "no", "soft", "soft", "hard"]) if form not in NO_WRAP else "no"
    if kind == "soft":
        text = soft(text, width)
    elif kind == "hard":
        text = hard(text, width)
    if kind != "no":
        how.append(f"{kind} {width}")
    if form not in NO_WRAP or form == "colours":
        if pick.random() < 0.3:
            quote = pick.choice(["> ", ">> ", "> > ", ">"])
            text = "".join(quote + line + "\n" for line in text.rstrip("\n").split("\n"))
            how.append(f"quoted {quote!r}")
        if pick.random() < 0.3:
            text = PROSE + text + SIGNED
            how.append("in a mail")
    if form != "journal export" and pick.random() < 0.3:
        text = text.replace("\n", "\r\n")
        how.append("CRLF")
    return text, ", ".join(how)


def records_of(messages, start=0.0):
    return [Record(i, text, start + i * 0.004217) for i, text in enumerate(messages)]
