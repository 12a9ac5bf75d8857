# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine under qemu, and the conversation with the shell inside it over its
second serial port. Bounded in time and memory; ended on every way out."""

import base64
import gzip
import json
import os
import select
import signal
import socket
import subprocess
import threading
import time

# Wide enough for a machine that others use at the same time: what is hung shows by silence.
BOOT_S = 300
SILENCE_S = 60  # a kernel that boots says something more often
COMMAND_S = 300
MONITOR_S = 60
POLL_S = 2
QEMU_OVERHEAD = 3 << 30

_live = set()
_stopping = threading.Event()
_lock = threading.Lock()


class Broken(Exception):
    """The machine did not boot, hung or said what cannot be understood."""


class Ended(BaseException):
    """Everything is being ended: nobody is to make a result of it."""


def kill_all():
    """Ends every machine; none is started from here on."""
    _stopping.set()
    with _lock:
        machines = list(_live)
    for machine in machines:
        machine.end()


def pause(seconds):
    """Sleeps, unless everything is being ended."""
    if _stopping.wait(max(0, seconds)):
        raise Ended


SOFTWARE = ["-accel", "tcg,thread=multi,tb-size=128", "-cpu", "max"]
HARDWARE = ["-accel", "kvm", "-cpu", "host"]
PROBE_S = 10
_probed = None


def probe_hardware(image):
    """Whether a kernel says its first words under KVM: a device node alone promises little."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    try:
        said = subprocess.run(
            ["timeout", "-k", "1", str(PROBE_S), "qemu-system-x86_64", *HARDWARE, "-nodefaults",
             "-no-reboot", "-display", "none", "-m", "512M", "-kernel", image, "-append",
             "console=ttyS0 panic=-1 rdinit=/none root=/none", "-serial", "stdio"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_S + 5, check=False)
    except subprocess.TimeoutExpired:
        return False
    return b"Linux version" in said.stdout


def accelerator(image):
    """Hardware where it works, else software."""
    global _probed
    with _lock:
        if _probed is None:
            _probed = HARDWARE if probe_hardware(image) else SOFTWARE
    return _probed


class Machine:
    def __init__(self, kernel, layout, initrd, folder, lifetime_s):
        self.kernel, self.layout, self.folder = kernel, layout, folder
        self.initrd_bytes = initrd.stat().st_size
        self.ends = time.monotonic() + lifetime_s
        self.log = folder / "serial.log"
        command = ["console=ttyS0", "rdinit=/init", "panic=-1", "oops=panic", *layout.command]
        limit = (layout.mib << 20) + QEMU_OVERHEAD
        args = ["prlimit", f"--as={limit}", "setpriv", "--pdeathsig", "TERM",  # if we are killed
                "timeout", "-k", "2", str(int(lifetime_s)), "qemu-system-x86_64",
                *accelerator(kernel.image), "-nodefaults", "-no-reboot", "-display", "none",
                "-m", layout.memory(), "-smp", str(layout.cpus), *layout.qemu,
                "-kernel", kernel.image, "-initrd", initrd, "-append", " ".join(command),
                "-chardev", f"file,id=log,path={self.log}", "-serial", "chardev:log",
                "-chardev", "stdio,id=agent,signal=off", "-serial", "chardev:agent",
                "-monitor", f"unix:{folder}/monitor,server=on,wait=off"]
        self.errors = open(folder / "qemu.log", "wb")
        self.pending = b""
        self.log_size, self.log_grew = -1, time.monotonic()
        with _lock:
            if _stopping.is_set():
                raise Ended
            self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=self.errors, start_new_session=True)
            _live.add(self)

    def silent(self):
        """Whether the kernel's log has not grown for long."""
        size = self.log.stat().st_size if self.log.exists() else 0
        if size != self.log_size:
            self.log_size, self.log_grew = size, time.monotonic()
        return time.monotonic() - self.log_grew > SILENCE_S

    def _line(self, deadline, quiet=False):
        while b"\n" not in self.pending:
            left = min(deadline, self.ends) - time.monotonic()
            ready = left > 0 and select.select([self.process.stdout], [], [], min(left, POLL_S))[0]
            if ready:
                data = os.read(self.process.stdout.fileno(), 1 << 16)
                if not data:
                    pause(0)
                    raise Broken(f"the machine ended; see {self.log}")
                self.pending += data
            elif left <= 0 or (quiet and self.silent()):
                raise Broken(f"the machine does not answer; see {self.log}")
        line, self.pending = self.pending.split(b"\n", 1)
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def wait_ready(self):
        started = time.monotonic()
        while self._line(started + BOOT_S, quiet=True) != "@ready":
            pass
        return time.monotonic() - started

    def try_run(self, command, timeout=COMMAND_S):
        """(status, text) of a shell command inside."""
        try:
            self.process.stdin.write(command.encode() + b"\n")
            self.process.stdin.flush()
        except (OSError, ValueError) as error:
            pause(0)
            raise Broken(f"the machine ended; see {self.log}") from error
        deadline = time.monotonic() + timeout
        lines = []
        while True:
            line = self._line(deadline)
            if line.startswith("@done "):
                return int(line[6:]), "\n".join(lines)
            lines.append(line)

    def run(self, command, timeout=COMMAND_S):
        status, text = self.try_run(command, timeout)
        if status != 0:
            raise Broken(f"'{command}' ended with status {status}: {text[-500:]}")
        return text

    def monitor(self, command):
        """Tells qemu something, such as how large the balloon is to be."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(MONITOR_S)
            monitor.connect(str(self.folder / "monitor"))
            monitor.sendall(command.encode() + b"\n")
            said = b""
            while said.count(b"(qemu)") < 2:
                data = monitor.recv(4096)
                if not data:
                    break
                said += data
        if b"Error" in said:
            raise Broken(f"qemu: {command}: {said.decode(errors='replace')[-300:]}")

    def read(self, command):
        """What a command inside prints, of any kind and length."""
        # one after the other: what packs must not be there yet while ktally counts
        text = self.run(f"{{ {command}; }} >/tmp/out 2>/dev/null; gzip -1 </tmp/out | base64; "
                        ": >/tmp/out")
        return gzip.decompress(base64.b64decode(text))

    def report(self, command):
        """What a command of ktally has to say, with its options."""
        return json.loads(self.read(f"ktally {command} -o json"))

    def account(self):
        return self.report("account")

    def stop(self):
        try:
            self.process.stdin.write(b"poweroff -f\n")
            self.process.stdin.flush()
            self.process.wait(timeout=10)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            pass
        self.kill()

    def end(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def kill(self):
        self.end()
        self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self.errors):
            try:
                file.close()
            except OSError:
                pass
        with _lock:
            _live.discard(self)
