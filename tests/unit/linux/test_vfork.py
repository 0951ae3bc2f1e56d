"""A child in our memory: what it does, what is told of its failure, and that nothing of it stays."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from barque.linux import libc, vfork
from barque.runtime.steps import Step
from barque.runtime.system_calls import spelled

pytestmark = pytest.mark.skipif(not vfork.available(), reason="only x86_64 has it")
SHELL = "/bin/sh"
KILL = 62


def outcome(*steps: Step) -> vfork.Outcome:
    calls = spelled(steps)
    assert calls is not None
    return vfork.run(calls)


def ended(made: vfork.Outcome) -> int:
    os.close(made.pidfd)
    return os.waitstatus_to_exitcode(os.waitpid(made.pid, 0)[1])


def shell(script: str) -> Step:
    return Step(os.execve, (SHELL, ["sh", "-c", script], {"PATH": "/usr/bin:/bin"}))


def test_the_program_has_its_arguments_and_environment(tmp_path: Path) -> None:
    script = f'echo "$ONE-$0-$1" >{tmp_path}/said; exit 7'
    made = outcome(Step(os.execve, (SHELL, ["sh", "-c", script, "näme", "a b"], {"ONE": "é"})))
    assert (made.failed, made.errno) == (None, 0)
    assert ended(made) == 7
    assert (tmp_path / "said").read_text() == "é-näme-a b\n"


def test_steps_are_done_in_order_and_only_in_the_child(tmp_path: Path) -> None:
    mask, limit = os.umask(0o027), resource.getrlimit(resource.RLIMIT_NOFILE)
    here = os.open(tmp_path, os.O_PATH)
    ours, theirs = os.pipe()
    made = outcome(
        Step(os.setsid, ()),
        Step(os.fchdir, (here,)),
        Step(os.umask, (0o077,)),
        Step(resource.setrlimit, (resource.RLIMIT_NOFILE, (123, limit[1]))),
        Step(libc.raw_prctl, (38, 1, 0, 0, 0)),
        Step(os.write, (theirs, b"told")),
        Step(os.dup2, (theirs, 1)),
        shell("pwd -P; umask; ulimit -n; grep NoNewPrivs /proc/self/status; cut -d' ' -f6 /proc/$$/stat"),
    )
    os.close(theirs)
    os.close(here)
    with os.fdopen(ours) as said:
        words = said.read().split()
    assert made.failed is None
    assert ended(made) == 0
    assert words == [f"told{os.path.realpath(tmp_path)}", "0077", "123", "NoNewPrivs:", "1", str(made.pid)]
    assert os.umask(mask) == 0o027
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == limit
    assert "NoNewPrivs:\t0" in Path("/proc/self/status").read_text()


@pytest.mark.parametrize(
    ("steps", "failed", "errno"),
    [
        ([Step(os.execve, ("/nowhere/at/all", ["x"], {}))], 0, 2),
        ([Step(os.setsid, ()), Step(os.chdir, ("/nowhere/at/all",)), shell("true")], 1, 2),
        ([Step(os.write, (99999, b"0")), shell("true")], 0, 9),
        ([Step(os.execve, ("/", ["x"], {}))], 0, 13),
    ],
)
def test_the_step_that_failed_is_named_and_the_rest_is_not_done(steps: list[Step], failed: int, errno: int) -> None:
    made = outcome(*steps)
    assert (made.failed, made.errno) == (failed, errno)
    assert ended(made) == 127


def test_a_child_killed_on_its_way_has_no_errno() -> None:
    kill_own_group = Step(libc.raw_syscall, libc.words(KILL, 0, signal.SIGKILL))
    made = outcome(Step(os.setsid, ()), kill_own_group, shell("true"))
    assert (made.failed, made.errno) == (1, 0)
    assert ended(made) == -signal.SIGKILL


def test_what_is_no_system_call_has_no_spelling() -> None:
    assert spelled([Step(os.setsid, ()), Step(print, ("x",))]) is None


SIGNALS = """
import os, signal
from barque.linux import vfork
from barque.runtime.signals import steps
from barque.runtime.steps import Step
from barque.runtime.system_calls import spelled
signal.signal(signal.SIGUSR1, lambda *_: print("ours ran"))
signal.signal(signal.SIGUSR2, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGTERM])
program = ["cat", "/proc/self/status"]
made = vfork.run(spelled([*steps(), Step(os.execve, ("/bin/cat", program, {}))]))
os.waitpid(made.pid, 0)
assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == {signal.SIGTERM}
os.kill(os.getpid(), signal.SIGUSR1)
"""


def test_signals_are_as_a_program_expects_them() -> None:
    """Ours are handled, ignored and blocked; the program's are default and open."""
    done = subprocess.run([sys.executable, "-c", SIGNALS], capture_output=True, text=True, timeout=30)
    assert done.stderr == ""
    rows = dict(line.split(":\t") for line in done.stdout.splitlines() if ":\t" in line)
    assert {name: int(rows[name], 16) for name in ("SigBlk", "SigIgn", "SigCgt")} == {
        "SigBlk": 0,
        "SigIgn": 0,
        "SigCgt": 0,
    }
    assert "ours ran" in done.stdout


def test_three_hundred_children_leave_nothing() -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(300):
        assert ended(outcome(shell("exit 0"))) == 0
    assert sorted(os.listdir("/proc/self/fd")) == before
