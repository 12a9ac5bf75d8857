# SPDX-License-Identifier: GPL-2.0-or-later
"""What is shipped next to the package: the plugin of sos, the spec file of RPM."""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
import types

import lib
from lib import REPOSITORY, Folder, Skip, must_close, succeed, test

SPEC = REPOSITORY / "packaging" / "ktally.spec"


def plugin_of_sos(folder):
    """The plugin, with the part of sos that it uses in place of sos; records what it asks for."""
    class Plugin:
        def __init__(self):
            self.asked, self.copied, self.options = [], [], {}

        def add_cmd_output(self, lines):
            self.asked += [lines] if isinstance(lines, str) else lines

        def add_copy_spec(self, paths):
            self.copied += paths

        def get_option(self, name):
            known = {option.name: option.default for option in self.option_list}
            return self.options.get(name, known[name])

        def get_cmd_output_path(self, name=None, make=True):
            return str(folder / name)

    class PluginOpt:
        def __init__(self, name, default=None, val_type=None, desc=""):
            self.name, self.default = name, default
            assert isinstance(default, val_type) and desc

    stub = types.ModuleType("sos.report.plugins")
    stub.Plugin, stub.IndependentPlugin, stub.PluginOpt = Plugin, type("IndependentPlugin", (), {}), PluginOpt
    kept = {name: sys.modules.get(name) for name in ("sos", "sos.report", "sos.report.plugins")}
    sys.modules.update({"sos": types.ModuleType("sos"), "sos.report": types.ModuleType("sos.report"),
                        "sos.report.plugins": stub})
    try:
        spec = importlib.util.spec_from_file_location("ktally_sos", REPOSITORY / "share/sos/ktally.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        for name, before in kept.items():
            sys.modules.pop(name)
            if before:
                sys.modules[name] = before
    return module.Ktally()


@test
def the_plugin_of_sos_collects_what_can_be_read_elsewhere():
    with Folder() as folder:
        plugin = plugin_of_sos(folder)
        plugin.setup()
        assert plugin.plugin_name == "ktally" and "ktally" in plugin.commands
        for line in plugin.asked:
            words = shlex.split(line)
            assert words[0] == "ktally", line
            succeed(*words[1:])
        must_close(succeed("-s", folder / "ktally.tar", "-o", "json").json())
        assert any(path.endswith("ktally.rec") for path in plugin.copied)
        plugin = plugin_of_sos(folder)
        plugin.options["recording"] = False
        plugin.setup()
        assert not plugin.copied


@test
def the_spec_file_is_one_that_rpm_takes():
    if not shutil.which("rpmspec"):
        raise Skip("no rpmspec")
    done = subprocess.run(["rpmspec", "-q", "--define", "_unitdir /usr/lib/systemd/system",
                           "--qf", "%{name} %{version} %{license}\n", str(SPEC)],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    version = re.search(r"version: '([0-9.]+)'", (REPOSITORY / "meson.build").read_text()).group(1)
    assert f"ktally {version} GPL-2.0-or-later" in done.stdout, done.stdout


@test
def the_spec_file_has_every_installed_file():
    """What meson installs is in %files, and nothing else is."""
    build = REPOSITORY / "build"
    if not shutil.which("meson") or not (build / "build.ninja").is_file():
        raise Skip("no build directory of this repository")
    done = subprocess.run(["meson", "introspect", "--installed", str(build)], capture_output=True,
                          text=True, timeout=60, check=False)
    if done.returncode:
        raise Skip(f"meson: {done.stderr.strip()[:100]}")
    installed = set(re.findall(r'"(/usr/local/[^"]*)"', done.stdout))
    text = SPEC.read_text()
    files = [line.split()[-1] for line in text[text.index("%files"):text.index("%changelog")].splitlines()
             if line and line[0] in "%/" and line != "%files"]
    patterns = [re.escape(one).replace(r"\*", ".*") for one in (
        line.replace("%{_bindir}", "/usr/local/bin").replace("%{_mandir}", "/usr/local/share/man")
        .replace("%{_datadir}", "/usr/local/share").replace("%{_libexecdir}", "/usr/local/libexec")
        .replace("%{_docdir}", "/usr/local/share/doc").replace("%{_unitdir}", "/usr/local/lib/systemd/system")
        for line in files)]
    missing = [path for path in installed
               if not any(re.fullmatch(one + "(/.*)?", path) for one in patterns)]
    assert not missing, missing
    assert lib.program


@test
def packages_have_the_documents_that_the_program_names():
    sources = [*(REPOSITORY / "src").rglob("*.c"), *(REPOSITORY / "man").glob("*.in")]
    named = {name for source in sources
             for name in re.findall(r"docs/[A-Z]+\.md", without_comments(source.read_text()))}
    debian = (REPOSITORY / "debian" / "ktally.docs").read_text().split()
    documents = re.findall(r"^%doc (.*)", SPEC.read_text(), re.M)
    assert {"docs/API.md", "docs/MONITORING.md"} <= named, named
    assert named <= set(debian), named - set(debian)
    assert named <= set(" ".join(documents).split()), documents


def without_comments(text):
    return re.sub(r"/\*.*?\*/|(?m:^#[^\n]*$)", "", text, flags=re.S)
