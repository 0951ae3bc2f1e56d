"""The first container that uses an empty volume finds in it what its image has at that place."""

from __future__ import annotations

import os

from barque.linux.copy_tree import copy_tree


def copy_up(source: str, target: str) -> bool:
    """Copy the tree at ``source`` into the empty directory ``target``, with everything ``copy_tree`` keeps.

    False, and nothing done, when ``target`` has something in it or ``source`` is no directory. Run it where the root
    file system is mounted. Raises OSError.
    """
    if not os.path.isdir(source) or os.path.islink(source) or os.listdir(target):
        return False
    copy_tree(source, target)
    return True
