# SPDX-License-Identifier: GPL-2.0-or-later
"""'ktally serve --allow-watch': who may start a watch, and that nothing of it stays behind."""

import http.client
import json
import os
import signal
import socket
import time
from pathlib import Path

import lib
from lib import Skip, need_root, refuse, test
from test_confine import must_be_confined
from test_schema import must_be_valid
from test_serve import TOKEN, Server, Text

WATCH = "/api/v1/watch"
PATIENCE_S = 60


def children(pid):
    """Processes below this one."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *children(child)]
    return found


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def programs(pid):
    """BPF programs that the process holds."""
    try:
        return sum("prog_type:" in (file / name).read_text()
                   for file in [Path(f"/proc/{pid}/fdinfo")] for name in os.listdir(file))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def until(what, check):
    end = time.monotonic() + PATIENCE_S
    while not (got := check()):
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.05)
    return got


def state(server, **headers):
    answer = server.get(WATCH, **headers)
    assert answer.status == 200, answer.text
    return must_be_valid("watch", Text(json.loads(answer.text)))


class Watch:
    """A watch as a client starts it, which lasts as long as its connection."""

    def __init__(self, server, what="slab", time="10m"):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
        self.connection.request("POST", f"{WATCH}?what={what}&for={time}",
                                headers={"X-Ktally-Token": state(server)["token"]})
        self.answer = self.connection.getresponse()

    def line(self):
        return json.loads(self.answer.readline())

    def begun(self):
        """Until allocations are seen; skipped where this kernel cannot be watched."""
        assert self.answer.status == 200, self.answer.read()
        while (line := self.line())["stage"] == "begins":
            pass
        if line["stage"] == "failed":
            raise Skip(line["why"])
        assert line["stage"] == "allocations", line
        return line

    def leave(self):
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.connection.close()


@test
def by_default_no_request_starts_a_watch():
    with Server() as server:
        now = state(server)
        assert not now["may"] and now["token"] is None and now["watch"] is None, now
        answer = server.get(f"{WATCH}?what=slab&for=5s", "POST", X_Ktally_Token="")
        assert answer.status == 403 and "--allow-watch" in answer.text, answer.text
        assert server.get(f"{WATCH}/result").status == 404
        assert not children(server.process.pid)


@test
def a_capture_cannot_be_watched():
    refuse("-s", "tests/fixtures/6.12", "serve", "--allow-watch", status=2, says="--allow-watch")


@test
def a_request_needs_the_token_of_an_answer_and_no_foreign_origin():
    with Server("--allow-watch") as server:
        good = {"X_Ktally_Token": state(server)["token"]}
        url = f"{WATCH}?what=nosuch&for=5s"
        for headers in ({}, {"X_Ktally_Token": ""}, {"X_Ktally_Token": "0" * 32},
                        {**good, "Origin": "http://evil.example"}, {**good, "Origin": "null"},
                        {**good, "Origin": f"http://127.0.0.1:{server.port + 1}"},
                        {**good, "Sec_Fetch_Site": "same-site"},
                        {**good, "Sec_Fetch_Site": "cross-site"},
                        {**good, "Host": "evil.example"}):
            assert server.get(url, "POST", **headers).status == 403, headers
        assert state(server)["watch"] is None
        for bad in ("", "?what=slab&for=0s", "?what=slab&for=11m", "?what=slab&for=x",
                    "?what=&for=5s", f"?what={'a' * 64}&for=5s", "?what=a%0ab&for=5s",
                    "?what=slab&for=5s&cpu=100"):
            assert server.get(WATCH + bad, "POST", **good).status == 400, bad
        for method in ("PUT", "DELETE", "OPTIONS"):
            assert server.get(url, method, **good).status == 405, method
        assert server.get(url, "POST", body="x", **good).status == 413
        own = {**good, "Sec_Fetch_Site": "same-origin", "Origin": f"http://127.0.0.1:{server.port}"}
        answer = server.get(url, "POST", **own)
        assert answer.status == 200, answer.text
        last = json.loads(answer.text.splitlines()[-1])
        assert last["stage"] == "failed" and "nosuch" in last["why"], last
        assert state(server)["watch"] == last
        assert server.get(f"{WATCH}/result").status == 404
        server.must_work()


@test
def the_token_of_the_server_comes_first():
    with lib.Folder() as folder:
        file = folder / "token"
        file.write_text(TOKEN)
        file.chmod(0o600)
        with Server("--allow-watch", "--token-file", file) as server:
            assert server.get(WATCH).status == 401
            own = state(server, Authorization=f"Bearer {TOKEN}")["token"]
            url = f"{WATCH}?what=nosuch&for=5s"
            assert server.get(url, "POST", X_Ktally_Token=own).status == 401
            assert server.get(url, "POST", X_Ktally_Token=TOKEN,
                              Authorization=f"Bearer {TOKEN}").status == 403
            assert server.get(url, "POST", X_Ktally_Token=own,
                              Authorization=f"Bearer {TOKEN}").status == 200


@test
def a_watch_runs_beside_a_server_that_stays_confined():
    need_root()
    with Server("--allow-watch") as server:
        watch = Watch(server)
        watch.begun()
        must_be_confined(server.process.pid)
        assert not programs(server.process.pid)
        assert any(programs(pid) for pid in children(server.process.pid))
        second = Watch(server)
        assert second.answer.status == 409, second.answer.status
        server.must_work()
        token = state(server)["token"]
        assert server.get(f"{WATCH}?stop=1", "POST", X_Ktally_Token=token).status == 200
        while (line := watch.line())["stage"] not in ("done", "failed", "dropped"):
            pass
        assert line["stage"] == "done" and line["elapsed_ms"] < 600000, line
        assert not watch.answer.read(), "more after the last line"
        report = must_be_valid("users", Text(server.json(f"{WATCH}/result")))
        assert report["watch"]["samples"] >= 0
        for form, begin in (("flame", "<svg"), ("folded", ""), ("speedscope", "{")):
            answer = server.get(f"{WATCH}/result?as={form}")
            assert answer.status == 200 and answer.text.startswith(begin), form
        assert server.get(f"{WATCH}/result?as=text").status == 400


@test
def without_a_time_nothing_is_watched_and_memory_is_looked_at():
    need_root()
    with Server("--allow-watch") as server:
        token = state(server)["token"]
        answer = server.get(f"{WATCH}?what=kmalloc-256", "POST", X_Ktally_Token=token)
        assert answer.status == 200, answer.text
        last = json.loads(answer.text.splitlines()[-1])
        if last["stage"] == "failed":
            raise Skip(last["why"])
        assert last["stage"] == "done" and last["whole_ms"] == 0, last
        report = must_be_valid("users", Text(server.json(f"{WATCH}/result")))
        assert report.get("watch") is None and report["object_groups"], list(report)
        # which this server itself cannot read
        assert server.get(f"{WATCH}/result?as=flame").status == 404


@test
def a_watch_ends_when_its_client_leaves():
    need_root()
    with Server("--allow-watch") as server:
        watch = Watch(server)
        watch.begun()
        watch.leave()
        until("the end", lambda: state(server)["watch"]["stage"] == "dropped")
        assert not any(programs(pid) for pid in children(server.process.pid))
        # and the next one may begin
        watch = Watch(server, time="1s")
        watch.begun()
        while watch.line()["stage"] not in ("done", "failed"):
            pass


@test
def nothing_stays_when_the_server_is_killed():
    need_root()
    for signum in (signal.SIGKILL, signal.SIGTERM):
        server = Server("--allow-watch")
        watch = Watch(server)
        try:
            watch.begun()
        finally:
            others = children(server.process.pid)
            server.process.send_signal(signum)
            server.process.communicate(timeout=PATIENCE_S)
        assert others
        until("the end of all processes", lambda: not any(map(lives, others)))
        assert not any(map(programs, others))


@test
def a_watch_whose_process_dies_is_a_failure_and_no_hang():
    need_root()
    with Server("--allow-watch") as server:
        watch = Watch(server)
        watch.begun()
        keeper, *rest = children(server.process.pid)
        os.kill(rest[0], signal.SIGKILL)
        while (line := watch.line())["stage"] not in ("done", "failed", "dropped"):
            pass
        assert line["stage"] == "failed" and line["why"], line
        os.kill(keeper, signal.SIGKILL)
        until("the end of the keeper", lambda: not lives(keeper))
        answer = server.get(f"{WATCH}?what=slab&for=5s", "POST",
                            X_Ktally_Token=state(server)["token"])
        assert answer.status in (200, 500), answer.status
        server.must_work()
