"""Line by line: what ``barque`` prints, where, and its exit code, against the stock client on the same daemon."""

from __future__ import annotations

import pytest
from conftest import Clients

SAME = """
images
images --digests
images -q --no-trunc
images nope
images --filter foo=bar
images --tree
image ls --format '{{.Repository}} {{.Tag}} {{.ID}} {{json .Digest}} {{.Size}} {{.CreatedAt}} {{.UniqueSize}}'
history bb
history --no-trunc -q bb
history --format json bb
network ls
network ls -q --no-trunc
network inspect none
network inspect nope
network create
volume ls
volume inspect nope
volume rm nope
rmi nope
rmi -f nope
system df
system df --format json
tag nope x
tag bb Foo
image inspect nope
inspect --type container nope
inspect --type foo nope
inspect --format '{{.Foo.Bar}}' c1
inspect --format '{{.State.Health.Status}}' c1
inspect -f '{{json .State}}' c1
inspect -f '{{.Foo' c1
inspect -f '{{.State.Pid}} {{.Config.Cmd}} {{range $k,$v := .NetworkSettings.Networks}}{{$k}}{{end}}' c1
inspect -f '{{.HostConfig.Memory}} {{.Config.Env}} {{.NetworkSettings.Ports}} {{.Mounts}}' c1
inspect c1
inspect bb
inspect c1 nope
inspect
stats --no-stream --format '{{.Name}} {{.PIDs}}'
context ls
context show
context inspect
logout foo
rm -f nope
rm nope
rm c1
start nope c2
top c1 -o pid,comm
port c1
port c1 80
wait c2
wait nope
rename c1
container prune
image prune -a
system prune
system prune -a --volumes
events --since 1h --until 0s --filter type=image
events --since 1h --until 0s --filter type=image --format '{{.Type}} {{.Action}} {{.Actor.ID}}'
events --format '{{.Foo'
logs c1
logs --since foo c1
logs --tail 1 -t c1
logs nope
attach c2
attach nope
cp
cp c1:/nope .
cp c1:/x c2:/y
cp /etc/hostname c1:/nope/
cp /etc/hostname c1:/nope/x
cp c1:/bin /etc/hostname
update c1
update --restart foo c1
update --cpus 1 c1
export c1 -o /nonexist/x
image rm
commit c1 -m x
load -i /nonexist
import /nonexist
import
login
login -u x
info --format '{{.Name}} {{.NCPU}} {{.Foo}}'
volume ls --filter x
ps
ps -a --no-trunc
ps -as
ps -n 1 -q
ps -a --filter label=a.b
ps -a --format 'table {{.Names}}\\t{{.Label "a.b"}}\\t{{upper .Image}}'
ps -a --format '{{.ID}} {{.Image}} {{.Command}} {{.Names}} {{.Size}} {{.Labels}} {{.Mounts}} {{.Networks}} {{.State}}'
ps --format '{{json .Names}} {{split .Image "b"}} {{join (split .Names "c") "-"}} {{title .State}}'
ps --format '{{if eq .Names "c1"}}yes{{else}}no{{end}} {{len .Names}} {{printf "%-10s|%q" .Names .Image}}'
ps --format '{{.ID | foo}}'
ps --format '{{.Label}}'
ps --format '{{.Names.Foo}}'
ps --format '{{eq 1 "a"}}'
ps --format '{{end}}'
ps --format '{{if .ID}}x'
ps --format '{{$x}}'
ps --format '{{1 | .ID}}'
ps --all=foo
ps --filter foo
ps -x
ps -n
ps -n x
ps --=x
ps a
stop nope
stop -t x c1
restart nope
kill -s FOO c1
kill c2
pause c2
unpause c1
pull nope:latest@foo
pull -a nope:x
run
run --foo
run FOO
run --rm --network none bb echo hi
run --rm --network none bb sh -c 'echo e >&2; exit 3'
run --rm --network none bb sh -c 'kill -9 $$'
run --rm --network none -e A=b bb sh -c 'echo $A'
run --rm --network none -a stdout bb sh -c 'echo o; echo e >&2'
run --rm --network none bb nope
run --rm --network none bb /bin
run --rm --network none -w /x bb pwd
run --rm --network none -u nope bb true
run --rm --network none --read-only bb touch /x
run --rm -m 1m --network none bb true
run -it --rm --network none bb true
run -d -a stdout bb
run --pull never nopeimage
run --pull foo bb
run --restart foo --network none bb true
run --network '' bb
run -d --network none --name c1 bb
create --network '' bb
create --cidfile /tmp bb
exec c1
exec c1 echo hello
exec c1 sh -c 'exit 7'
exec c1 nope
exec nope x
exec -it c1 true
exec -u nope c1 true
exec -w /nope c1 true
exec -e A=b c1 sh -c 'echo $A'
exec c2 true
exec -d c1 true
container foo
nope
--foo
-H
version --format '{{.Server.Version}} {{.Client.Context}}'
version --format '{{.Foo}}'
version --format '{{.Client'
"""


@pytest.mark.parametrize("line", [line.replace("\\\\", "\\") for line in SAME.strip().splitlines()])
def test_same(clients: Clients, line: str) -> None:
    theirs = clients.docker(line, stdin="n\n")
    ours = clients.barque(line, stdin="n\n")
    assert ours == theirs


def test_input_comes_back(clients: Clients) -> None:
    text = "x" * 79 + "\n"
    code, out, _ = clients.barque("run --rm -i --network none bb cat", stdin=text * 20000)
    assert (code, len(out)) == (0, 80 * 20000)


def test_verbs_in_a_row(clients: Clients) -> None:
    steps = (
        ("create --name vv --network none bb sleep 1000", "<id>\n"),
        ("start vv", "vv\n"),
        ("pause vv", "vv\n"),
        ("unpause vv", "vv\n"),
        ("restart -t 0 vv", "vv\n"),
        ("rename vv ww", ""),
        ("kill -s KILL ww", "ww\n"),
        ("wait ww", "137\n"),
        ("commit ww new:tag", "sha256:<id>\n"),
        ("rm ww", "ww\n"),
        ("rmi -f new:tag", None),
        ("volume create vol", "vol\n"),
        ("volume ls -q", "vol\n"),
        ("volume rm vol", "vol\n"),
    )
    for line, expected in steps:
        code, out, err = clients.barque(line)
        assert (code, err) == (0, ""), line
        assert expected is None or out == expected


def test_copies_both_ways(clients: Clients, tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "tree" / "sub").mkdir(parents=True)
    (folder / "tree" / "sub" / "file").write_text("text")
    (folder / "tree" / "link").symlink_to("sub/file")
    for line in (f"cp {folder}/tree c1:/t", f"cp c1:/t {folder}/back", f"cp c1:/t/sub/. {folder}/back/more"):
        assert clients.barque(line) == (0, "", ""), line
    assert (folder / "back/sub/file").read_text() == "text"
    assert (folder / "back/link").readlink() == Path("sub/file")
    assert (folder / "back/more/file").read_text() == "text"


def test_save_and_load(clients: Clients, tmp_path: object) -> None:
    assert clients.barque(f"save -o {tmp_path}/a.tar bb") == (0, "", "")
    assert clients.barque(f"load -i {tmp_path}/a.tar") == (0, "Loaded image: bb:latest\n", "")
