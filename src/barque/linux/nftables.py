"""nft(8) commands as text: through libnftables when it is there, through the ``nft`` program otherwise."""

from __future__ import annotations

import ctypes
import errno
import shutil
import subprocess

TIMEOUT = 20


def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libnftables.so.1", use_errno=True)
    except OSError:
        return None
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_ctx_new.argtypes = (ctypes.c_uint32,)
    library.nft_ctx_free.argtypes = (ctypes.c_void_p,)
    library.nft_ctx_buffer_error.argtypes = (ctypes.c_void_p,)
    library.nft_ctx_buffer_output.argtypes = (ctypes.c_void_p,)
    library.nft_ctx_get_error_buffer.argtypes = (ctypes.c_void_p,)
    library.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
    library.nft_run_cmd_from_buffer.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
    return library


def run(commands: str) -> None:
    """All commands in one transaction. Raises OSError with nft's words; ENOENT when the host has no nftables tool."""
    library = _library()
    if library is not None:
        _run_library(library, commands)
        return
    program = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        raise OSError(errno.ENOENT, "nftables is not installed (neither libnftables.so.1 nor nft)")
    done = subprocess.run([program, "-f", "-"], input=commands, capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        raise OSError(errno.EINVAL, f"nft: {done.stderr.strip()}")


def _run_library(library: ctypes.CDLL, commands: str) -> None:
    context = library.nft_ctx_new(0)
    if not context:
        raise OSError(errno.ENOMEM, "nft: no context")
    try:
        library.nft_ctx_buffer_error(context)
        library.nft_ctx_buffer_output(context)
        if library.nft_run_cmd_from_buffer(context, commands.encode()):
            text = (library.nft_ctx_get_error_buffer(context) or b"").decode(errors="replace").strip()
            raise OSError(errno.EINVAL, f"nft: {text or 'the commands were refused'}")
    finally:
        library.nft_ctx_free(context)
