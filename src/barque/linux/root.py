"""A root file system worked on from outside: the kernel resolves every path inside it."""

from __future__ import annotations

import os

from barque.linux import paths


class Root:
    """An open root directory; every path below is resolved by the kernel inside it (openat2 RESOLVE_IN_ROOT)."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def open(self, path: str, flags: int = os.O_PATH) -> int:
        return paths.open_in_root(self.fd, path, flags)

    def make_directory(self, path: str, mode: int = 0o755) -> int:
        """mkdir -p inside the root; a descriptor of the last directory."""
        try:
            return self.open(path, os.O_PATH | os.O_DIRECTORY)
        except FileNotFoundError:
            pass
        parts = [part for part in path.split("/") if part not in ("", ".")]
        current = ""
        for part in parts:
            parent = current or "/"
            current = f"{current}/{part}"
            try:
                os.close(self.open(current, os.O_PATH | os.O_DIRECTORY))
            except FileNotFoundError:
                directory = self.open(parent, os.O_PATH | os.O_DIRECTORY)
                try:
                    os.mkdir(part, mode, dir_fd=directory)
                except FileExistsError:
                    pass
                finally:
                    os.close(directory)
        return self.open(path, os.O_PATH | os.O_DIRECTORY)

    def make_file(self, path: str) -> int:
        """An existing anything, or a new empty file; a descriptor of it."""
        try:
            return self.open(path)
        except FileNotFoundError:
            pass
        directory = self.make_directory(os.path.dirname(path) or "/")
        try:
            name = os.path.basename(path)
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644, dir_fd=directory))
        finally:
            os.close(directory)
        return self.open(path)
