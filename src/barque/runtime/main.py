"""``barque-runtime``: runc's command line.

State lives in ``<root>/<id>/state.json``. ``create`` leaves init waiting; a keeper process holds its socket until
``start``, since this program ends in between.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time

from barque import __version__
from barque.errors import BarqueError
from barque.linux import sealed
from barque.runtime import commands
from barque.runtime.state import Store

DEFAULT_ROOT = "/run/barque-runtime"


def _verbs(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    for name, run in (("create", commands.do_create), ("run", commands.do_run)):
        verb = verbs.add_parser(name)
        verb.add_argument("-b", "--bundle", default=".")
        verb.add_argument("--console-socket")
        verb.add_argument("--pid-file")
        for flag in ("--no-pivot", "--no-new-keyring"):
            verb.add_argument(flag, action="store_true")
        if name == "run":
            verb.add_argument("-d", "--detach", action="store_true")
        verb.set_defaults(run=run)
        verb.add_argument("id")
    verb = verbs.add_parser("exec")
    verb.add_argument("--console-socket")
    verb.add_argument("--cwd")
    verb.add_argument("-e", "--env", action="append")
    verb.add_argument("-t", "--tty", action="store_true")
    verb.add_argument("-u", "--user")
    verb.add_argument("-p", "--process")
    verb.add_argument("-d", "--detach", action="store_true")
    verb.add_argument("--pid-file")
    verb.add_argument("id")
    verb.add_argument("command", nargs=argparse.REMAINDER)
    verb.set_defaults(run=commands.do_exec)
    verb = verbs.add_parser("kill")
    verb.add_argument("-a", "--all", action="store_true")
    verb.add_argument("id")
    verb.add_argument("signal", nargs="?", default="SIGTERM")
    verb.set_defaults(run=commands.do_kill)
    verb = verbs.add_parser("delete")
    verb.add_argument("-f", "--force", action="store_true")
    verb.add_argument("id")
    verb.set_defaults(run=commands.do_delete)
    verb = verbs.add_parser("list")
    verb.add_argument("-f", "--format", choices=["table", "json"], default="table")
    verb.add_argument("-q", "--quiet", action="store_true")
    verb.set_defaults(run=commands.do_list)
    verb = verbs.add_parser("ps")
    verb.add_argument("-f", "--format", choices=["table", "json"], default="table")
    verb.add_argument("id")
    verb.set_defaults(run=commands.do_ps)
    verb = verbs.add_parser("spec")
    verb.add_argument("-b", "--bundle", default=".")
    verb.set_defaults(run=commands.do_spec)
    verbs.add_parser("features").set_defaults(run=commands.do_features)
    plain = (("start", commands.do_start), ("state", commands.do_state))
    for name, run in (*plain, ("pause", commands.do_freeze), ("resume", commands.do_freeze)):
        verb = verbs.add_parser(name)
        verb.add_argument("id")
        verb.set_defaults(run=run)


def _fail(message: str, log: str | None, form: str) -> int:
    """To stderr and the log, in runc's form: containerd and dockerd read it."""
    print(f"barque-runtime: {message}", file=sys.stderr)
    if log:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        row = json.dumps({"level": "error", "msg": message, "time": now})
        with open(log, "a", encoding="utf-8") as file:
            file.write((row if form == "json" else f'time="{now}" level=error msg={json.dumps(message)}') + "\n")
    return 1


def entry() -> None:
    parser = argparse.ArgumentParser(
        "barque-runtime", description="Runs containers according to the OCI specification."
    )
    parser.add_argument("--root", default=DEFAULT_ROOT)
    parser.add_argument("--log")
    parser.add_argument("--log-format", choices=["text", "json"], default="text")
    parser.add_argument("--systemd-cgroup", action="store_true")
    parser.add_argument("--rootless")
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("-v", "--version", action="version", version=f"barque-runtime {__version__}\nspec: 1.2.0")
    _verbs(parser)
    options = parser.parse_args()
    if options.run in (commands.do_create, commands.do_run, commands.do_exec):
        with contextlib.suppress(OSError):  # a kernel or a caller that does not let us: as before
            sealed.seal()
    try:
        code = options.run(Store(options.root), options)
    except (BarqueError, OSError, KeyError) as error:
        code = _fail(error.message if isinstance(error, BarqueError) else str(error), options.log, options.log_format)
    raise SystemExit(code)


if __name__ == "__main__":
    entry()
