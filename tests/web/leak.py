#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints a log of a machine with a slab cache that leaks, for 'ktally import'."""

import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "cli"), str(TESTS)]

from test_diagnose import Machine, logged  # noqa: E402  pylint: disable=wrong-import-position

sys.stdout.write(logged("%Y-%m-%dT%H:%M:%SZ", Machine(leaks=True).both))
