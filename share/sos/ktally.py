# SPDX-License-Identifier: GPL-2.0-or-later
"""Plugin of sos: 'sos report -o ktally' adds a bundle of ktally and what it says of the machine.

Its place is sos/report/plugins/ of the installed sos.
"""

from sos.report.plugins import IndependentPlugin, Plugin, PluginOpt


class Ktally(Plugin, IndependentPlugin):
    """Where the kernel's memory is: the files of /proc and /sys that ktally reads, as one bundle,
    its account, its findings, and the recording of its recorder if there is one."""

    short_desc = "Memory of the kernel, by ktally"
    plugin_name = "ktally"
    profiles = ("system", "memory", "kernel")
    packages = ("ktally",)
    commands = ("ktally",)

    option_list = [
        PluginOpt("recording", default=True, val_type=bool,
                  desc="collect the recording of ktally-record.service"),
    ]

    def setup(self):
        self.add_cmd_output([
            "ktally -a",
            "ktally diagnose",
            "ktally doctor -a",
        ])
        # a tar that is not packed: sos packs all of it
        self.add_cmd_output(f"ktally capture {self.get_cmd_output_path(name='ktally.tar')}")
        if self.get_option("recording"):
            self.add_copy_spec([
                "/var/lib/ktally/ktally.rec",
                "/var/lib/ktally/ktally.rec.tail",
                "/var/lib/ktally/ktally.rec.findings",
            ])
