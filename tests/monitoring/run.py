#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The systems that people have, as they are packaged: Prometheus, node_exporter, Netdata,
systemd. usage: run.py [KTALLY [TEST...]]

They are started on loopback with folders of their own, and ended. What is not installed is
skipped and named.
"""

import contextlib
import http.server
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "cli"),
                str(Path(__file__).resolve().parents[1])]

import suite  # noqa: E402
import trees  # noqa: E402
from suite import Skip, test  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]
SHARE = REPOSITORY / "share"
RULES = SHARE / "prometheus" / "ktally.rules.yml"
DASHBOARD = SHARE / "grafana" / "ktally.json"
UNITS = SHARE / "systemd"
EXPOSURE_MAX = 1.2
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
HOUR_S = 8  # that the rules' hours take here
LEAK_BYTES_PER_S = 4 << 20
LEAK_S = 150  # until the alert must have fired

program = None


def need(*tools):
    for tool in tools:
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin"):
            raise Skip(f"no {tool}")


def run(*command, stdin=None, timeout=60):
    return subprocess.run(command, input=stdin, capture_output=True, timeout=timeout, check=False)


def succeed(*command, **how):
    done = run(*command, **how)
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == 0, f"{command[0]}: status {done.returncode}: {said[-800:]}"
    return done


def metrics(*args):
    return succeed(program, "metrics", *args).stdout


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def fetch(port, path, timeout=10, **query):
    url = f"http://127.0.0.1:{port}{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read()


def until(true, seconds, what):
    """Waits for something to come true; gives it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, json.JSONDecodeError):
            found = true()
            if found:
                return found
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds} s: {what}")


@contextlib.contextmanager
def folder():
    path = Path(tempfile.mkdtemp(prefix="ktally-mon-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def started(command, log):
    """A program that runs until the block ends; ended by its id, with what it started."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                   env={**os.environ, "NETDATA_DISABLE_CLOUD": "1"})
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# ---- a recording for Prometheus ----

@test
def prometheus_takes_the_past_of_a_recording():
    need("promtool")
    with folder() as where:
        file, text = where / "x.rec", where / "x.txt"
        succeed(program, "record", "-i", "0.1", "-n", "20", file)
        text.write_bytes(succeed(program, "export", file, "-o", "openmetrics").stdout)
        points = sum(not line.startswith("#") for line in text.read_text().splitlines())
        said = succeed("promtool", "tsdb", "create-blocks-from", "openmetrics", text,
                       where / "tsdb").stdout.decode()
        head, *blocks = [re.split(r"\s{2,}", line.strip()) for line in said.splitlines()]
        taken = [int(block[head.index("NUM SAMPLES")]) for block in blocks]
        assert points > 100 and sum(taken) == points, (points, said)


# ---- a machine that leaks ----

class Leak:
    """A made-up machine whose kmalloc-1k grows with the time."""

    def __init__(self, path):
        self.path, self.start = path, time.monotonic()
        for name, text in trees.MODERN.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def grow(self):
        kib = int((time.monotonic() - self.start) * LEAK_BYTES_PER_S) // 32768 * 32
        slabs = 500 + kib // 32
        changes = {
            "proc/slabinfo": [("kmalloc-1k 16000 16000", f"kmalloc-1k {slabs * 32} {slabs * 32}"),
                              ("slabdata 500 500 0", f"slabdata {slabs} {slabs} 0")],
            "proc/meminfo": [("Slab:              44000", f"Slab: {44000 + kib}"),
                             ("SUnreclaim:        20000", f"SUnreclaim: {20000 + kib}")],
            "proc/vmstat": [("nr_slab_unreclaimable 5000",
                             f"nr_slab_unreclaimable {5000 + kib // 4}")],
        }
        for name, pairs in changes.items():
            text = trees.MODERN[name]
            for old, new in pairs:
                assert old in text, old
                text = text.replace(old, new)
            (self.path / name).write_text(text)


@contextlib.contextmanager
def exporter(pages):
    """Serves {path: function that gives the body} as OpenMetrics; gives the port."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = pages[self.path]()
            self.send_response(200)
            self.send_header("Content-Type", OPENMETRICS)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# ---- Prometheus ----

@test
def promtool_finds_nothing_to_say_about_the_metrics():
    need("promtool")
    with folder() as path:
        Leak(path)
        for source in ((), ("-s", path)):
            for options in ((), ("--all",)):
                done = succeed("promtool", "check", "metrics",
                               stdin=metrics(*map(str, source), *options, "-o", "prometheus"))
                assert not done.stdout and not done.stderr, done.stdout + done.stderr


@test
def promtool_finds_the_rules_good():
    need("promtool")
    succeed("promtool", "check", "rules", str(RULES))


@test
def the_rules_fire_where_they_must_and_nowhere_else():
    need("promtool")
    succeed("promtool", "test", "rules", str(Path(__file__).with_name("rules_test.yml")))


def in_a_hurry(rules):
    """The rules with hours of HOUR_S seconds, evaluated each second."""
    def shorter(match):
        seconds = int(match.group(1)) * {"h": HOUR_S, "m": HOUR_S / 60}[match.group(2)]
        return f"{max(1, int(seconds * 1000))}ms"
    rules = rules.replace("interval: 1m", "interval: 1s")
    rules = re.sub(r"\b(\d+)([hm])\b(?=\]|\n|\)| >)", shorter, rules)
    # a threshold that is named per hour is of real ones
    return rules.replace("* 3600 >", f"* {HOUR_S} >")


@contextlib.contextmanager
def served(path, prefix=()):
    """This machine's metrics by 'ktally serve', where this ktally has it; gives the port."""
    if run(program, "help", "serve").returncode != 0:
        with exporter({"/metrics": metrics}) as port:
            yield port
        return
    log = path / "serve.log"
    with started([*prefix, program, "serve", "--listen", "127.0.0.1:0"], log):
        yield until(lambda: re.search(r"127\.0\.0\.1:(\d+)", log.read_text()), 20,
                    "ktally serves").group(1)


def config(rules, port, live):
    return f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
- job_name: live
  static_configs: [{{targets: ['127.0.0.1:{live}']}}]
- job_name: leak
  metrics_path: /leak
  static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""


@contextlib.contextmanager
def prometheus(path, text):
    port, log = free_port(), path / "prometheus.log"
    (path / "prometheus.yml").write_text(text)
    command = ["prometheus", f"--config.file={path}/prometheus.yml",
               f"--storage.tsdb.path={path}/data", f"--web.listen-address=127.0.0.1:{port}"]
    with started(command, log):
        until(lambda: fetch(port, "/-/ready"), 30, "Prometheus is ready")
        yield port
    complaints = [line for line in log.read_text().splitlines()
                  if re.search(r"level=(warn|error)", line) and "SIGTERM" not in line]
    assert not complaints, f"Prometheus complains: {complaints[:3]}"


def query(port, expr):
    answer = json.loads(fetch(port, "/api/v1/query", query=expr))
    assert answer["status"] == "success", f"{expr}: {answer}"
    return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]


def queries_of_dashboard():
    def walk(panels):
        for panel in panels:
            yield from (target["expr"] for target in panel.get("targets", []))
            yield from walk(panel.get("panels", []))
    for expr in walk(json.loads(DASHBOARD.read_text())["panels"]):
        yield expr.replace("$__rate_interval", "1m").replace("$job", "live") \
            .replace("$instance", ".*")


def must_close(port):
    """What the page of Grafana stacks is the row that it is a part of."""
    for part, whole in (('{job="live", parent="ram"}', "ram"),
                        ('{job="live", parent=~"kernel|slab|direct", row!~"slab|direct"}',
                         "kernel")):
        expr = f"sum(ktally_account_bytes{part}) - on () ktally_account_bytes" \
               f"{{job='live', row='{whole}'}}"
        assert [value for _, value in query(port, expr)] == [0], f"{whole}: {query(port, expr)}"
    if not query(port, "ktally_slab_cache_bytes{job='live'}"):
        return  # root may read them
    family = "sum(ktally_slab_cache_bytes{job='live'})"
    row = "on () ktally_account_bytes{job='live', row='slab'}"
    assert [value for _, value in query(port, f"{family} - {row}")] == [0], "caches"


@test
def prometheus_scrapes_without_a_warning_and_an_alert_fires_on_a_leak():
    need("prometheus")
    with folder() as path:
        leak = Leak(path / "machine")
        (path / "rules.yml").write_text(in_a_hurry(RULES.read_text()))

        def leaking():
            leak.grow()
            return metrics("-s", str(leak.path))
        with exporter({"/leak": leaking}) as port, served(path) as live, \
                prometheus(path, config(path / "rules.yml", port, live)) as prom:
            fired = 'ALERTS{alertstate="firing", job="leak", alertname=~"Ktally(Slab|Cache)Leak"}'
            until(lambda: len(query(prom, fired)) >= 2, LEAK_S, "the alerts of the leak fire")
            names = {labels.get("name") for labels, _ in query(prom, fired)}
            assert names == {None, "kmalloc-1k"}, names
            assert all(value == 1 for _, value in
                       query(prom, "min_over_time(up[1m])")), "a scrape failed"
            assert query(prom, 'count(min_over_time(up[1m]))')[0][1] == 2
            rules = json.loads(fetch(prom, "/api/v1/rules"))["data"]["groups"]
            bad = [rule["name"] for group in rules for rule in group["rules"]
                   if rule["health"] != "ok"]
            assert not bad, f"rules that could not be evaluated: {bad}"
            must_close(prom)
            for expr in queries_of_dashboard():
                query(prom, expr)
            series = query(prom, 'count({job="live", __name__=~"ktally_.*"})')[0][1]
            seconds = time.monotonic() - leak.start
            print(f"monitoring: Prometheus scraped {series:.0f} series of this machine for "
                  f"{seconds:.0f} s; the leak's alerts fired")


@test
def the_dashboard_asks_for_what_there_is():
    families = {line.split("{")[0].split(" ")[0] for line in
                metrics().decode().splitlines() if not line.startswith("#")}
    # not on every machine, or for every user
    families |= {"ktally_cgroups", "ktally_cgroups_dying", "ktally_slab_cache_bytes",
                 "ktally_slab_free_bytes", "ktally_slab_tail_bytes", "ktally_vmalloc_bytes",
                 "ktally_cgroup_kernel_bytes", "ktally_finding", "ktally_finding_bytes"}
    rules = set(re.findall(r"record: (\S+)", RULES.read_text()))
    seen = set()
    for expr in queries_of_dashboard():
        seen |= set(re.findall(r"\bktally[a-z0-9_:]*", expr))
    assert len(seen) > 8, seen
    assert seen <= families | rules, f"nobody has {seen - families - rules}"
    used = set(re.findall(r"\bktally_[a-z0-9_]*", re.sub(r"#.*", "", RULES.read_text())))
    assert used <= families, f"the rules need {used - families}"


@test
def the_dashboard_is_one_that_grafana_takes():
    """Grafana itself is in no Debian; the schema has what its model demands of what is used."""
    try:
        import jsonschema
    except ImportError as error:
        raise Skip("no jsonschema") from error
    board = json.loads(DASHBOARD.read_text())
    jsonschema.validate(board, json.loads(Path(__file__).with_name("dashboard.schema.json").read_text()))
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)), ids
    cells = [(x, y) for panel in board["panels"] for place in [panel["gridPos"]]
             for x in range(place["x"], place["x"] + place["w"])
             for y in range(place["y"], place["y"] + place["h"])]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24, "panels overlap"
    for panel in board["panels"]:
        steps = panel.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {"steps": []})["steps"]
        values = [step["value"] for step in steps[1:]]
        assert values == sorted(values) and (not steps or steps[0]["value"] is None), panel["title"]


@test
def the_dashboard_has_the_limits_and_the_runbooks_of_the_alerts():
    board, rules = json.loads(DASHBOARD.read_text()), RULES.read_text()
    panels = {panel["title"]: panel for panel in board["panels"]}

    def limit(title):
        return [step["value"] for step in
                panels[title]["fieldConfig"]["defaults"]["thresholds"]["steps"]][1]
    for title, rule in (("Memory gone in", "ktally:exhaustion:seconds <"),
                        ("Per-CPU memory, each CPU", "ktally:percpu_each:bytes >"),
                        ("Dying cgroups", "ktally_cgroups_dying >")):
        assert f"{rule} {limit(title)}" in rules, (title, limit(title))
    assert limit("OOM kills, last day") == 1
    content = panels["What to type when an alert fires"]["options"]["content"]
    for alert in re.findall(r"- alert: (\S+)", rules):
        assert f"| {alert} |" in content, f"no runbook of {alert}"
    assert all(panel["fieldConfig"]["defaults"]["links"] for panel in board["panels"]
               if panel["type"] == "timeseries")


@test
def node_exporter_serves_the_file_of_its_textfile_collector():
    need("prometheus-node-exporter")
    with folder() as path:
        text = metrics("-o", "prometheus")
        (path / "ktally.prom").write_bytes(text)
        port = free_port()
        command = ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}",
                   "--collector.disable-defaults", "--collector.textfile",
                   f"--collector.textfile.directory={path}"]
        with started(command, path / "log"):
            page = until(lambda: fetch(port, "/metrics"), 20, "node_exporter answers").decode()
    assert "node_textfile_scrape_error 0" in page, "it cannot read the file"

    def values(lines):
        return sum(line.startswith("ktally_") for line in lines.splitlines())
    assert values(page) == values(text.decode()), (values(page), values(text.decode()))


# ---- Netdata ----

NETDATA = """
[global]
  run as user = {user}
  hostname = made-up
[db]
  mode = ram
  update every = 1
[directories]
  config = {path}/conf
  cache = {path}/cache
  lib = {path}/lib
  log = {path}/log
  lock = {path}/lib
  plugins = {path}/plugins.d
[logs]
  access = none
[web]
  bind to = 127.0.0.1:{port}
[plugins]
  proc = no
  diskspace = no
  cgroups = no
  tc = no
  idlejitter = no
  timex = no
  statsd = no
  netdata monitoring = no
  profile = no
  enable running new plugins = no
  ktally = yes
[health]
  enabled = no
[ml]
  enabled = no
"""


@contextlib.contextmanager
def netdata(path, plugin):
    port = free_port()
    for name in ("conf", "cache", "lib", "log", "plugins.d"):
        (path / name).mkdir()
    (path / "netdata.conf").write_text(NETDATA.format(
        path=path, port=port, user=pwd.getpwuid(os.geteuid()).pw_name))
    script = path / "plugins.d" / "ktally.plugin"
    if plugin:
        script.write_text(plugin)
        script.chmod(0o755)
    else:
        script.symlink_to(program)
    server = shutil.which("netdata", path="/usr/sbin:/usr/bin")
    with started([server, "-D", "-c", str(path / "netdata.conf"), "-P", str(path / "pid")],
                 path / "out"):
        yield port


def charts_of(port):
    charts = json.loads(fetch(port, "/api/v1/charts"))["charts"]
    return {name: chart for name, chart in charts.items() if name.startswith("mem.ktally_")}


def last_of(port, chart):
    """The newest values of a chart, MiB by dimension."""
    data = json.loads(fetch(port, "/api/v1/data", chart=chart, after=-2, points=1, format="json",
                            options="unaligned|nonzero"))
    return dict(zip(data["labels"][1:], data["data"][0][1:], strict=True)) if data["data"] else {}


def about(found, expected, share=0.02):
    return abs(found - expected) <= max(1.0, expected * share)


def is_shown(port, chart, row):
    """Whether a chart has the value of a row, on a machine that is at work meanwhile."""
    report = json.loads(succeed(program, "metrics", "-o", "json").stdout)
    rows = {row["id"]: (row["bytes"] or 0) / 2**20 for row in report["rows"]}
    return about(sum(last_of(port, f"mem.ktally_{chart}").values()), rows[row])


@test
def netdata_shows_the_charts_of_this_machine_with_the_values_of_the_account():
    need("netdata")
    with folder() as path, netdata(path, None) as port:
        until(lambda: len(charts_of(port)) >= 3 and last_of(port, "mem.ktally_kernel"), 40,
              "charts with values")
        time.sleep(4)
        charts = charts_of(port)
        report = json.loads(succeed(program, "metrics", "-o", "json").stdout)
        wanted = {"memory", "kernel", "unattributed"}
        if "caches" in report:  # what root may read
            wanted |= {"slab_caches", "slab_waste"}
        assert {f"mem.ktally_{name}" for name in wanted} <= set(charts), sorted(charts)
        for chart, row in (("memory", "ram"), ("kernel", "kernel"), ("slab_caches", "slab")):
            if chart in wanted:
                until(lambda chart=chart, row=row: is_shown(port, chart, row), 40,
                      f"a chart {chart} with the value of {row}")
        assert charts["mem.ktally_kernel"]["chart_type"] == "stacked"
        error = (path / "log" / "error.log").read_text() if (path / "log" / "error.log").exists() \
            else ""
        bad = [line for line in error.splitlines() if "PLUGINSD[ktally" in line and "ERROR" in line]
        assert not bad, bad[:2]


@test
def netdata_shows_a_made_up_machine_to_the_byte_and_retires_what_is_gone():
    need("netdata")
    with folder() as path:
        machine = Leak(path / "machine")
        plugin = f"#!/bin/sh\nexec {program} netdata -s {machine.path} \"$1\"\n"
        with netdata(path, plugin) as port:
            until(lambda: last_of(port, "mem.ktally_slab_caches"), 40, "charts with values")
            time.sleep(3)
            values = last_of(port, "mem.ktally_slab_caches")
            assert about(values["kmalloc-1k"], 500 * 8 * 4096 / 2**20, 0), values
            assert about(values["dentry"], 5000 * 4096 / 2**20, 0), values
            text = (machine.path / "proc/slabinfo").read_text()
            (machine.path / "proc/slabinfo").write_text(
                "".join(line for line in text.splitlines(True) if "inode_cache" not in line)
                + 'odd"name\' 10 10 4096 1 1 : tunables 0 0 0 : slabdata 900 900 0\n')
            until(lambda: any(name.startswith("odd") for name in
                              last_of(port, "mem.ktally_slab_caches")), 20, "the new cache")
            time.sleep(3)
            values = last_of(port, "mem.ktally_slab_caches")
            assert about(values["odd_name_"], 900 * 4096 / 2**20, 0), values
            assert not values.get("inode_cache"), values


# ---- systemd ----

@test
def the_sandbox_of_the_services_is_tight():
    need("systemd-analyze")
    for unit in sorted(UNITS.glob("*.service")):
        done = run("systemd-analyze", "security", "--no-pager", "--offline=true", str(unit))
        found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout.decode())
        if not found and b"offline" in done.stderr:
            raise Skip("this systemd-analyze reads no files")
        assert found, done.stdout[-300:] + done.stderr[-300:]
        assert float(found.group(1)) <= EXPOSURE_MAX, f"{unit.name}: {found.group(1)}"
        print(f"monitoring: {unit.name} has the exposure {found.group(1)}")


@test
def systemd_understands_the_units():
    need("systemd-analyze")
    with folder() as path:
        for unit in UNITS.iterdir():
            (path / unit.name).write_text(
                unit.read_text().replace("/usr/bin/ktally", str(program)))
        done = run("systemd-analyze", "verify", "--man=no",
                   *(str(path / unit.name) for unit in UNITS.iterdir()))
        said = [line for line in done.stderr.decode().splitlines() if "ktally" in line]
        assert done.returncode == 0 and not said, said


def capabilities_of(unit):
    text = (UNITS / unit).read_text()
    names = re.search(r"^AmbientCapabilities=(.*)$", text, re.M).group(1).split()
    assert names == re.search(r"^CapabilityBoundingSet=(.*)$", text, re.M).group(1).split()
    return names


# Mounts of a unit: no devices but the kernel log, and /mnt/state is all that may be written. A
# mount that does not work ends it.
MOUNTS = """set -e
log=$(mktemp); mount --bind /dev/kmsg $log
mount -t tmpfs none /dev; : >/dev/kmsg; mount --bind $log /dev/kmsg; umount $log; rm $log
mount -o remount,bind,ro /dev/kmsg
for node in null zero full random urandom; do mknod -m 666 /dev/$node c 1 \
    $(case $node in null) echo 3;; zero) echo 5;; full) echo 7;; random) echo 8;; *) echo 9; esac); done
mount --bind /proc/sys /proc/sys
for path in /proc/sys /sys /; do mount -o remount,bind,ro $path; done
mount -t tmpfs -o mode=755 none /mnt; mkdir -m 700 /mnt/state; chown 65534:65534 /mnt/state
exec "$@"
"""


def as_unit(unit):
    """
    A prefix for a command: a user without rights but the unit's capabilities, with its network,
    mounts and system calls.
    """
    need("setpriv")
    if os.geteuid() != 0:
        raise Skip("needs root")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
    if run(*nobody, program, "version").returncode != 0:
        raise Skip("nobody may run the program where it is")
    caps = ",".join(["-all", *(name.lower().replace("cap_", "+") for name in
                               capabilities_of(unit))])
    private = ["unshare", "--net", "--mount", "sh", "-c", MOUNTS, "sh"]
    if run(*private, "test", "-c", "/dev/kmsg").returncode != 0:
        print("monitoring: no mounts and network of its own here")
        private = []
    calls = ["/usr/bin/python3", str(Path(__file__).with_name("filter.py")), str(UNITS / unit)]
    need("systemd-analyze", calls[0])
    if run(*nobody, "cat", *calls[1:]).returncode != 0:
        raise Skip("nobody may read the tests where they are")
    if run(calls[0], "-c", "import ctypes; ctypes.CDLL('libseccomp.so.2')").returncode != 0:
        raise Skip("no libseccomp")
    prefix = [*private, *nobody, f"--inh-caps={caps}", f"--ambient-caps={caps}",
              f"--bounding-set={caps}", *calls]
    succeed(*prefix, "true")
    return prefix


def rows_as(prefix):
    """Rows of the account that are known."""
    done = succeed(*prefix, str(program), "-o", "json")
    return {row["id"] for row in json.loads(done.stdout)["rows"] if row["bytes"] is not None}


@test
def the_capabilities_of_the_recorder_read_all_but_offline_memory():
    without = rows_as(()) - rows_as(as_unit("ktally-record.service"))
    assert without <= {"offline", "ram_persistent"}, f"not known to the service: {sorted(without)}"


@test
def the_recorder_records_with_all_that_its_unit_takes_away():
    prefix = as_unit("ktally-record.service")
    python = ["/usr/bin/python3", "-c"]
    refused = {
        "a file elsewhere": [
            *python, "import tempfile; tempfile.TemporaryFile(dir='/var/tmp')"],
        "a setting": ["sh", "-c", ": >>/proc/sys/vm/stat_interval"],
        "a socket of the network": [*python, "import socket; socket.socket()"],
        "memory to write and run": [*python, "import mmap; mmap.mmap(-1, 4096, prot=7)"],
        "a namespace": ["unshare", "--user", "true"],
        "a change of the user": [*python, "import os; os.setresuid(-1, -1, -1)"],
        "a choice of CPUs": [
            *python, "import os; os.sched_setaffinity(0, os.sched_getaffinity(0))"],
    }
    for what, command in refused.items():
        assert run(*command).returncode == 0, f"{what} is refused everywhere"
        assert run(*prefix, *command).returncode != 0, f"{what} is not refused"
    done = succeed(*prefix, "sh", "-c",
                   f"cd /mnt/state; {program} record -i 0.2 -n 3 x.rec >&2 && stat -c %a x.rec "
                   f"&& exec {program} -s x.rec -o json")
    mode, text = done.stdout.decode().split("\n", 1)
    assert mode == "600", mode
    report = json.loads(text)
    known = {row["id"] for row in report["rows"] if row["bytes"] is not None}
    assert {"slab_unreclaimable", "kernel_code", "unattributed"} <= known and \
        not report["degraded"], report["degraded"]


@test
def the_page_is_served_on_the_socket_of_systemd_with_the_rights_of_its_unit():
    need("systemd-socket-activate")
    if run(program, "help", "serve").returncode != 0:
        raise Skip("this ktally has no page")
    prefix, port = as_unit("ktally-serve.service"), free_port()
    with folder() as path, \
            started(["systemd-socket-activate", "-E", "PATH", "-l", f"127.0.0.1:{port}",
                     *prefix, program, "serve"], path / "log"):
        text = until(lambda: fetch(port, "/metrics"), 20, "an answer").decode()
        assert 'ktally_source_read{source="slabinfo"} 1' in text, text[:300]
        assert "<table" in fetch(port, "/").decode(), "no account on the page"


# ---- Debian ----

PACKAGED = ("usr/bin/ktally", "lib/systemd/system/ktally-record.service",
            "lib/systemd/system/ktally-serve.service", "lib/systemd/system/ktally-serve.socket",
            "usr/share/man/man1/ktally.1.gz",
            "usr/share/man/man1/ktally-slab.1.gz", "usr/share/man/man8/ktally-serve.8.gz",
            "usr/share/man/man5/ktally-files.5.gz", "usr/share/man/man7/ktally-rows.7.gz",
            "usr/share/bash-completion/completions/ktally",
            "usr/share/zsh/vendor-completions/_ktally",
            "usr/share/ktally/schema/metrics.schema.json",
            "usr/share/ktally/prometheus/ktally.rules.yml", "usr/share/ktally/grafana/ktally.json",
            "usr/lib/netdata/plugins.d/ktally.plugin")


@test
def the_debian_package_has_everything_and_starts_the_recorder_alone():
    need("dpkg-buildpackage", "dh", "lintian")
    with folder() as path:
        done = subprocess.run([REPOSITORY / "script" / "package", path / "out"],
                              capture_output=True, timeout=900, check=False,
                              env={**os.environ, "DEB_BUILD_OPTIONS": "nocheck parallel=2"})
        assert done.returncode == 0, (done.stdout + done.stderr).decode()[-800:]
        package = next(file for file in (path / "out").glob("*.deb") if "dbgsym" not in file.name)
        succeed("dpkg-deb", "-x", str(package), str(path / "x"))
        succeed("dpkg-deb", "-e", str(package), str(path / "e"))
        # where units are depends on the release
        missing = [name for name in PACKAGED if not os.path.lexists(path / "x" / name)
                   and not (path / "x" / "usr" / name).exists()]
        assert not missing, missing
        made = Path(program).resolve().parent / "tools" / "schema"
        schemas = {file.name for part in (SHARE / "schema", made) for file in part.iterdir()}
        assert schemas == {file.name for file in (path / "x/usr/share/ktally/schema").iterdir()}
        start = (path / "e" / "postinst").read_text()
        assert "deb-systemd-invoke $_dh_action 'ktally-record.service'" in start
        assert "enable 'ktally-record.service'" in start
        assert "$_dh_action 'ktally-serve" not in start, "it starts the page unasked"
        assert "rm -rf /var/lib/private/ktally /var/lib/ktally" in \
            (path / "e" / "postrm").read_text()
        assert run(path / "x/usr/bin/ktally", "version").returncode == 0


# ---- running ----

def main():
    global program
    program = str(Path(sys.argv[1] if sys.argv[1:] else REPOSITORY / "build" / "ktally").resolve())
    return suite.run("monitoring", program, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
