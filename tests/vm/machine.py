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


class Gone(Broken):
    """It ended or hangs: what happened to it so far may be chance."""


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


PROBE_S = 10
_probed = {}


class Amd64:
    """Options of qemu for a machine of this architecture."""
    qemu = "qemu-system-x86_64"
    software = ["-accel", "tcg,thread=multi,tb-size=128", "-cpu", "max"]
    hardware = ["-accel", "kvm", "-cpu", "host"]
    console, port = "ttyS0", "ttyS1"
    ports = ["-serial", "chardev:log", "-serial", "chardev:agent"]


class Arm64:
    qemu = "qemu-system-aarch64"
    # what signs pointers takes most of the time where it is emulated as specified
    software = ["-machine", "virt", "-accel", "tcg,thread=multi,tb-size=128",
                "-cpu", "max,pauth-impdef=on"]
    hardware = ["-machine", "virt", "-accel", "kvm", "-cpu", "host"]
    console, port = "ttyAMA0", "ttyS0"
    ports = ["-serial", "chardev:log", "-device", "pci-serial,chardev=agent"]


ARCHES = {"amd64": Amd64, "arm64": Arm64}


def probe_hardware(arch, image):
    """Whether a kernel says its first words under KVM: a device node alone promises little."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    try:
        said = subprocess.run(
            ["timeout", "-k", "1", str(PROBE_S), arch.qemu, *arch.hardware, "-nodefaults",
             "-no-reboot", "-display", "none", "-m", "512M", "-kernel", image, "-append",
             f"console={arch.console} panic=-1 rdinit=/none root=/none", "-serial", "stdio"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_S + 5, check=False)
    except subprocess.TimeoutExpired:
        return False
    return b"Linux version" in said.stdout


def accelerator(arch, image):
    """Hardware where it works, else software."""
    with _lock:
        if arch not in _probed:
            _probed[arch] = arch.hardware if probe_hardware(arch, image) else arch.software
        return _probed[arch]


class Machine:
    def __init__(self, kernel, layout, initrd, folder, lifetime_s):
        self.kernel, self.layout, self.folder = kernel, layout, folder
        self.initrd_bytes = initrd.stat().st_size
        self.ends = time.monotonic() + lifetime_s
        self.log = folder / "serial.log"
        arch = ARCHES[kernel.arch]
        command = [f"console={arch.console}", f"ktally.port={arch.port}", "rdinit=/init",
                   "panic=-1", "oops=panic", *layout.command]
        self.words, self.disk, disks = command, folder / "disk", []
        if layout.disk_mib:
            self.disk.write_bytes(b"")
            os.truncate(self.disk, layout.disk_mib << 20)
            disks = ["-drive", f"file={self.disk},if=virtio,format=raw"]
        limit = (layout.mib << 20) + QEMU_OVERHEAD
        args = ["prlimit", f"--as={limit}", "setpriv", "--pdeathsig", "TERM",  # if we are killed
                "timeout", "-k", "2", str(int(lifetime_s)), arch.qemu,
                *accelerator(arch, kernel.image), "-nodefaults", "-no-reboot", "-display", "none",
                "-m", layout.memory(), "-smp", layout.processors(),
                *(word.format(kernel=kernel.image, initrd=initrd, folder=folder)
                  for word in layout.qemu),
                *disks,
                "-kernel", kernel.image, "-initrd", initrd, "-append", " ".join(command),
                "-chardev", f"file,id=log,path={self.log}",
                "-chardev", "stdio,id=agent,signal=off", *arch.ports,
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
                    raise Gone(f"the machine ended; see {self.log}")
                self.pending += data
            elif left <= 0 or (quiet and self.silent()):
                raise Gone(f"the machine does not answer; see {self.log}")
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
            raise Gone(f"the machine ended; see {self.log}") from error
        deadline = time.monotonic() + timeout
        lines = []
        while True:
            line = self._line(deadline)
            if line.startswith("@done "):
                return int(line[6:]), "\n".join(lines)
            lines.append(line)

    def panic(self, command):
        """Runs what makes the kernel panic, until the one loaded for this case has started."""
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        return self.wait_ready()

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

    def read(self, command, timeout=COMMAND_S):
        """What a command inside prints, of any kind and length."""
        # one after the other: what packs must not be there yet while ktally counts
        text = self.run(f"{{ {command}; }} >/tmp/out 2>/tmp/err; echo $? >/tmp/status; "
                        "gzip -1 </tmp/out | base64; : >/tmp/out", timeout)
        return gzip.decompress(base64.b64decode(text))

    def report(self, command, timeout=COMMAND_S):
        """What a command of ktally has to say, with its options."""
        text = self.read(f"ktally {command} -o json", timeout)
        if not text:
            _, why = self.try_run("cat /tmp/status; tail -c 500 /tmp/err; "
                                       "dmesg | grep -iE 'out of memory|segfault' | tail -n 2")
            raise Broken(f"'ktally {command}' printed nothing, status {why}")
        return json.loads(text)

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
