"""The verbs of ``barque-runtime``, each over the code the shim calls."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import time
from typing import Any

from barque.cgroups import Cgroup
from barque.errors import BarqueError, Conflict, InvalidArgument, NotFound, StartError
from barque.runtime.capabilities import NUMBERS
from barque.runtime.create import Created, Stdio, create
from barque.runtime.default_spec import default_spec
from barque.runtime.devices import resources
from barque.runtime.exec import exec_process
from barque.runtime.hooks import run_hooks
from barque.runtime.init import NAMESPACES
from barque.runtime.state import Json, Store, shown, started_at, status
from barque.wire import lines


def read_spec(bundle: str) -> Json:
    try:
        with open(os.path.join(bundle, "config.json"), encoding="utf-8") as file:
            value: Json = json.load(file)
            return value
    except FileNotFoundError:
        raise NotFound(f"JSON specification file {bundle}/config.json not found") from None
    except ValueError as error:
        raise InvalidArgument(f"config.json: {error}") from None


def make(store: Store, options: argparse.Namespace) -> tuple[Json, Created]:
    """The container up to ``created``, its state written."""
    bundle = os.path.abspath(options.bundle)
    spec = read_spec(bundle)
    directory = store.dir(options.id)
    os.makedirs(store.root, mode=0o711, exist_ok=True)
    try:
        os.mkdir(directory, 0o711)
    except FileExistsError:
        raise Conflict(f"container with given ID already exists: {options.id}") from None
    group = None
    try:
        path = (spec.get("linux") or {}).get("cgroupsPath") or f"/{options.id}"
        group = Cgroup.create(path, resources(spec))
        console = connect_console(options.console_socket)
        created = create(options.id, bundle, spec, Stdio(0, 1, 2), console, group, pdeathsig=False)
    except BaseException:
        if group is not None:
            group.kill()
            group.delete()
        shutil.rmtree(directory, ignore_errors=True)
        raise
    state = {
        "id": options.id,
        "bundle": bundle,
        "rootfs": os.path.join(bundle, (spec.get("root") or {}).get("path") or "rootfs"),
        "pid": created.pid,
        "started_at": started_at(created.pid),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "spec": spec,
        "cgroup": path,
    }
    store.save(options.id, state)
    if options.pid_file:
        with open(options.pid_file, "w", encoding="utf-8") as file:
            file.write(str(created.pid))
    return state, created


def connect_console(path: str | None) -> int | None:
    if not path:
        return None
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection.detach()


def keep(store: Store, name: str, created: Created, ready: int) -> None:
    """A process that holds init's socket until ``start`` comes, or the container goes; never returns."""
    os.setsid()
    listener = socket.socket(socket.AF_UNIX)
    with lines.reachable(os.path.join(store.dir(name), "start.sock")) as path:
        listener.bind(path)
    listener.listen(1)
    null = os.open("/dev/null", os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    os.write(ready, b"1")
    connection, _ = listener.accept()
    lines.read_line(connection)  # an answer before the question would close its connection too early
    try:
        created.start(shown(store.load(name)))
        connection.sendall(lines.ok())
    except (BarqueError, OSError) as error:
        connection.sendall(lines.failed(error))
    os._exit(0)


def do_create(store: Store, options: argparse.Namespace) -> int:
    state, created = make(store, options)
    here, there = os.pipe()
    if os.fork() == 0:
        os.close(here)
        keep(store, state["id"], created, there)
    os.close(there)
    os.read(here, 1)
    return 0


def do_start(store: Store, options: argparse.Namespace) -> int:
    state = store.load(options.id)
    if status(state) != "created":
        raise Conflict(f"cannot start a container in the {status(state)} state")
    lines.request(os.path.join(store.dir(options.id), "start.sock"), {"op": "start"})
    state["started"] = True
    store.save(options.id, state)
    run_hooks(state["spec"], "poststart", shown(state), ignore_failure=True)
    return 0


def do_run(store: Store, options: argparse.Namespace) -> int:
    state, created = make(store, options)
    try:
        created.start(shown(state))
    except StartError:
        remove(store, state)
        raise
    state["started"] = True
    store.save(options.id, state)
    run_hooks(state["spec"], "poststart", shown(state), ignore_failure=True)
    if options.detach:
        return 0
    code = wait(created.pid)
    remove(store, state)
    return code


def wait(pid: int) -> int:
    """The exit code of a child; signals we get go to it meanwhile."""

    def forward(number: int, _: Any) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, forward)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else 128 - code


def remove(store: Store, state: Json) -> None:
    group = Cgroup.open(state["cgroup"])
    group.kill()
    group.delete()
    run_hooks(state["spec"], "poststop", shown(state), ignore_failure=True)
    shutil.rmtree(store.dir(state["id"]), ignore_errors=True)


def do_exec(store: Store, options: argparse.Namespace) -> int:
    state = store.load(options.id)
    if status(state) != "running":
        raise Conflict(f"cannot exec in a {status(state)} container")
    if options.process:
        with open(options.process, encoding="utf-8") as file:
            process = json.load(file)
    else:
        process = {**state["spec"]["process"], "args": options.command, "terminal": options.tty}
        process["env"] = [*(process.get("env") or []), *(options.env or [])]
        if options.cwd:
            process["cwd"] = options.cwd
        if options.user:
            process["user"] = {"username": options.user}
    console = connect_console(options.console_socket)
    group = Cgroup.open(state["cgroup"])
    made = exec_process(state["pid"], state["spec"], process, Stdio(0, 1, 2), console, group)
    failure = made.executed()
    if failure:
        os.waitpid(made.pid, 0)
        raise StartError(failure)
    if options.pid_file:
        with open(options.pid_file, "w", encoding="utf-8") as file:
            file.write(str(made.pid))
    return 0 if options.detach else wait(made.pid)


def do_kill(store: Store, options: argparse.Namespace) -> int:
    state = store.load(options.id)
    if status(state) == "stopped":
        raise Conflict("container not running")
    word = options.signal.upper().removeprefix("SIG")
    number = int(word) if word.isdigit() else int(signal.Signals[f"SIG{word}"])
    os.kill(state["pid"], number)
    return 0


def do_delete(store: Store, options: argparse.Namespace) -> int:
    try:
        state = store.load(options.id)
    except NotFound:
        if options.force:
            return 0
        raise
    if status(state) != "stopped":
        if not options.force and status(state) != "created":
            raise Conflict(f"cannot delete container {options.id} that is not stopped: {status(state)}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(state["pid"], signal.SIGKILL)
    remove(store, state)
    return 0


def do_state(store: Store, options: argparse.Namespace) -> int:
    print(json.dumps(shown(store.load(options.id)), indent=2))
    return 0


def do_list(store: Store, options: argparse.Namespace) -> int:
    rows = [shown(store.load(name)) for name in store.names()]
    if options.quiet:
        for row in rows:
            print(row["id"])
    elif options.format == "json":
        print(json.dumps(rows))
    else:
        keys = ("id", "pid", "status", "bundle", "created", "owner")
        table = [tuple(key.upper() for key in keys), *(tuple(str(row[key]) for key in keys) for row in rows)]
        widths = [max(12, *(len(cell) + 3 for cell in column)) for column in zip(*table, strict=True)]
        for cells in table:
            print("".join(f"{cell:<{width}}" for cell, width in zip(cells[:-1], widths, strict=False)) + cells[-1])
    return 0


def do_ps(store: Store, options: argparse.Namespace) -> int:
    pids = Cgroup.open(store.load(options.id)["cgroup"]).procs()
    print(json.dumps(pids) if options.format == "json" else "\n".join(["PID", *map(str, pids)]))
    return 0


def do_freeze(store: Store, options: argparse.Namespace) -> int:
    state = store.load(options.id)
    group = Cgroup.open(state["cgroup"])
    group.freeze() if options.verb == "pause" else group.thaw()
    state["paused"] = options.verb == "pause"
    store.save(options.id, state)
    return 0


def do_spec(_: Store, options: argparse.Namespace) -> int:
    path = os.path.join(options.bundle, "config.json")
    if os.path.exists(path):
        raise Conflict(f"File {path} exists. Remove it first")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(default_spec(), file, indent="\t")
    return 0


def do_features(_: Store, options: argparse.Namespace) -> int:
    linux = {
        "namespaces": sorted(NAMESPACES),
        "capabilities": list(NUMBERS),
        "cgroup": {"v1": True, "v2": True, "systemd": False},
        "seccomp": {"enabled": True},
    }
    print(json.dumps({"ociVersionMin": "1.0.0", "ociVersionMax": "1.2.0", "linux": linux}, indent=2))
    return 0
