"""The create request of ``barque`` against the stock client's, by a daemon that only records."""

# ruff: noqa: E501
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from conftest import BARQUE, DOCKER
from recorder import Recorder, significant

LINES = """
img
-it --name n -e A=1 -e HOME --env-file @env -l a=b -l c --label-file @labels img sh -c x
--network host -p 80:80 -p 127.0.0.1:8080-8081:90-91/udp -p 53/udp --expose 22 --expose 30-32/udp img
--network foo --ip 1.2.3.4 --network-alias al --mac-address 92:d0:c6:0a:29:33 --link a:b --link c img
--network name=foo,alias=x,ip=1.2.3.4,driver-opt=a=b,gw-priority=3 --network bar img
-v /a:/b:ro -v /c -v vol:/d --mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770 --mount type=bind,src=/,dst=/r,ro,bind-propagation=rslave --mount type=volume,dst=/v,volume-opt=a=b,volume-label=x=y,volume-nocopy --tmpfs /tm:size=1m --tmpfs /tn img
--device /dev/null --device /dev/zero:/dev/z:r --device-cgroup-rule 'c 1:3 rwm' --ulimit nofile=10:20 --ulimit core=-1 --device-read-bps /dev/sda:1m --device-write-iops /dev/sda:5 --blkio-weight-device /dev/sda:100 img
-m 64m --memory-swap 128m --memory-reservation 32m --cpus 1.5 --cpu-shares 5 --cpuset-cpus 0 --pids-limit 5 --oom-score-adj 3 --shm-size 1m --memory-swappiness 3 --oom-kill-disable img
--entrypoint sh --user a:b -w /x --hostname h --domainname d.e --init --privileged --read-only --rm --stop-signal INT --stop-timeout 3 --cap-add NET_ADMIN --cap-drop ALL img a b
--health-cmd 'x y' --health-interval 3s --health-retries 2 --health-timeout 1s --health-start-period 5s img
--no-healthcheck --restart on-failure:3 --security-opt seccomp=unconfined --security-opt no-new-privileges --security-opt systempaths=unconfined --sysctl a.b=c --group-add 5 --log-driver none --log-opt x=y --storage-opt size=1G img
--pid host --ipc host --uts host --userns host --cgroupns host --cgroup-parent /x --runtime r --volumes-from a:ro --volume-driver vd --dns 1.1.1.1 --dns-search x --dns-option y --add-host a:1.2.3.4 --add-host b=host-gateway -P --annotation a=b --platform linux/amd64 --gpus all img
--entrypoint '' -a stdout img
-a stdin -i img
--device vendor.com/class=name img
--restart foo img
--restart always --rm img
-p foo img
-p 80-82:80 img
--mount type=foo,dst=/x img
--mount dst=/x img
--mount type=bind,dst=x img
--mount src=/a img
--mount type=bind,foo=b,dst=/x img
-v a:b:c:d img
-v foo:bar img
-v .:/x img
--ulimit x=1 img
--add-host foo img
--env-file /nonexist img
--memory x img
--link-local-ip 169.254.1.1 --isolation default --gpus 'device=1,capabilities=compute' img
--network container:foo -p 80:80 img
-e '' img
--health-interval 3 img
--pids-limit 0 img
--cpu-period 5 --cpu-quota 6 --cpu-rt-period 7 --cpu-rt-runtime 8 --kernel-memory 9m --detach-keys a img
--use-api-socket img
--health-cmd none --no-healthcheck img
--sysctl foo img
--log-opt foo img
--security-opt seccomp=/nonexist img
--security-opt foo img
--mount type=image,src=x,dst=/y,image-subpath=q img
--mount type=bind,src=/a,dst=/b,bind-recursive=disabled,consistency=cached img
--tmpfs '' img
--user '' --workdir rel img
--dns foo img
--stop-timeout 0 -h x.y img
--device /x:/y:zz img
-p 0.0.0.0:80:80/foo img
-p [::1]:80:80 img
-p ::80 img
-p 1.2.3.4::80 img
-p 80:81:82:83 img
-p 99999:80 img
--publish mode=host,target=80,published=8080 img
--expose foo img
--expose 80/foo img
--mount type=tmpfs,dst=/x,tmpfs-size=foo img
--mount type=volume,src=v,dst=/x,readonly=false img
--mount type=bind,src=rel,dst=/x img
--mount type=bind,src=/x,dst=/y,tmpfs-size=1 img
--mount foo img
-v '' img
-v /a:/b:foo img
-v /a:/b:rw,z img
-v c: img
-v ~:/x:ro -v vol:/y:nocopy img
--ulimit nofile=20:10 img
--ulimit nofile=a img
--label '' img
--label =x img
--env =x img
--link '' img
--cap-add net_admin img
--security-opt no-new-privileges:true --security-opt label=disable --security-opt apparmor:unconfined img
--device /x:rwm img
--device '' img
--gpus 2 img
--network '' img
--network name=foo,mac-address=92:d0:c6:0a:29:33,link-local-ip=169.254.1.1,ip6=::1 img
--network foo --network foo img
--network host --ip 1.2.3.4 img
--network-alias x img
--ip 1.2.3.4 img
--restart on-failure:x img
--restart no:3 img
--pid foo img
--userns foo img
--cgroupns foo img
--uts foo img
--group-add '' img
--device-read-bps foo img
--device-read-bps /dev/a:x img
--blkio-weight 5 img
--memory-swap -1 --shm-size x img
--mac-address foo img
-a foo img
--health-cmd x --health-interval -3s img
--health-retries -1 img
--tmpfs /a --mount type=tmpfs,dst=/a img
--pids-limit=-1 --oom-score-adj=-5 img
--dns-search . --dns-option ndots:2 img
--entrypoint a --entrypoint b img
--domainname d img
--hostname -bad- img
--stop-signal 99 img
--label-file /nonexist img
--cidfile /tmp img
"""


VARIES = {
    "-p foo img",
    "-p 0.0.0.0:80:80/foo img",
    "-p 80:81:82:83 img",
    "-p 99999:80 img",
    "--use-api-socket img",
}
"""Where builds of the stock client differ among themselves: by the library they are linked with, or by release."""


def _recorded(program: str, line: str, folder: Path) -> tuple[object, int, str]:
    path = folder / "s"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "DOCKER_HOST": f"unix://{path}"}
    with Recorder(str(path)) as recorder:
        done = subprocess.run(
            ["sh", "-c", f"exec {program} create {line}"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            cwd=folder,
            stdin=subprocess.DEVNULL,
        )
        found = significant(recorder.recorded)
    path.unlink()
    for _, body in found:  # type: ignore[attr-defined]
        host = body["HostConfig"]
        # the stock client keeps binds, and the words of -e, in maps: any order
        host["Binds"] = sorted(host.get("Binds", []))
        if "Env" in body:
            body["Env"] = sorted(body["Env"])
    return found, done.returncode, done.stderr.replace("barque", "docker")


@pytest.mark.skipif(not DOCKER or not os.path.exists(BARQUE), reason="needs the stock docker client")
@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_same(line: str, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("# note\nA=1\nHOME\n\nB= x y \n")
    (tmp_path / "labels").write_text("l1=v\nl2\n")
    ours = _recorded(BARQUE, line.replace("@", f"{tmp_path}/"), tmp_path)
    theirs = _recorded(str(DOCKER), line.replace("@", f"{tmp_path}/"), tmp_path)
    if line in VARIES:
        assert ours[1] == theirs[1]
    else:
        assert ours == theirs
