# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects of the cache eventpoll_epi, which tests make and free one by one."""

import contextlib
import os
import select


@contextlib.contextmanager
def epoll_sets(nr_files, nr_sets):
    """(files, sets): a file that is registered in a set is one object."""
    files = [os.eventfd(0) for _ in range(nr_files)]
    sets = [select.epoll() for _ in range(nr_sets)]
    try:
        yield files, sets
    finally:
        for one in sets:
            one.close()
        for file in files:
            os.close(file)
