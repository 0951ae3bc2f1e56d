"""``create``: the image's config and the request become a record with a writable layer of its own."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import shutil
from typing import Any

from barque.engine import security, spec
from barque.engine.host_facts import cgroup_version
from barque.engine.lifetimes import Lifetimes
from barque.engine.log_config import size_of
from barque.engine.merge import merge
from barque.engine.record import NAME, Container, now
from barque.engine.volumes_of import Mounter, inherited, split_from
from barque.errors import InvalidArgument
from barque.images import ImageStore

Json = dict[str, Any]
ADJECTIVES = ("amber", "brave", "calm", "deft", "eager", "fair", "hardy", "keen", "lucid", "merry", "noble", "quick")
SAILORS = ("bligh", "cabot", "cook", "drake", "hudson", "magellan", "nansen", "polo", "ross", "tasman", "zheng")
MINIMUM_MEMORY = 6 << 20


async def create(lives: Lifetimes, images: ImageStore, name: str, body: Json, platform: str) -> Json:
    """``{"Id", "Warnings"}``. Raises NotFound for the image, Conflict for the name, InvalidArgument for the rest."""
    image = images.resolve(body.get("Image") or "", platform)
    identity = secrets.token_hex(32)
    name = (name or _free_name(lives)).removeprefix("/")
    if not NAME.fullmatch(name):
        raise InvalidArgument(f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
    lives.store.check_name(name)
    host = {k: v for k, v in (body.get("HostConfig") or {}).items() if v is not None}
    config = merge(body, image.container_config, identity)
    if host.get("UTSMode") == "host" or (host.get("NetworkMode") == "host" and not body.get("Hostname")):
        config["Hostname"] = os.uname().nodename
    host = _checked(host, lives.default_runtime)
    if host["Runtime"] not in lives.runtimes:
        raise InvalidArgument(f"unknown or invalid runtime name: {host['Runtime']}")
    lives.networks.validate(host, body.get("NetworkingConfig"))
    container = Container(
        identity,
        name,
        body["Image"],
        image.id,
        config,
        host,
        _networking(body, host),
        now(),
        lives.snapshots.driver,
    )
    container.networks = {_network_name(host): {"NetworkID": "", "IPAddress": "", "EndpointID": ""}}
    directory = os.path.join(lives.data_root, "containers", identity)
    async with contextlib.AsyncExitStack() as undo:
        os.makedirs(directory, mode=0o710)
        undo.callback(shutil.rmtree, directory, True)
        lives.snapshots.prepare(identity, image.chain_id, {})
        undo.callback(lives.snapshots.remove, identity)
        await _volumes(lives, container, config, host, undo)
        spec.build(container, "rootfs", {}, {})  # what is wrong with the options is said now
        lives.store.add(container)
        undo.pop_all()
    lives.publish(container, "create")
    lives.tasks.spare()  # who creates will start
    return {"Id": identity, "Warnings": []}


async def _volumes(
    lives: Lifetimes, container: Container, config: Json, host: Json, undo: contextlib.AsyncExitStack
) -> None:
    before: list[Json] = []
    for word in host.get("VolumesFrom") or ():
        other, read_only = split_from(word)
        before += inherited(lives.store.find(other).mounts, read_only)
    mounter = Mounter(lives.volumes, container.id)

    undo.push_async_callback(lives.volumes.release, container.id, True)
    points = mounter.all(config, host, before)
    container.mounts = points.points
    if points.copies:
        rootfs = os.path.join(lives.data_root, "containers", container.id, "rootfs")
        os.makedirs(rootfs)
        mounts = [m.to_json() for m in lives.rootfs.mounts(container.id)]
        await lives.tasks.work({"op": "copy_up", "rootfs": rootfs, "mounts": mounts, "copies": points.copies})
        os.rmdir(rootfs)


def _networking(body: Json, host: Json) -> Json:
    """``NetworkingConfig``; the container-wide ``MacAddress`` of older clients belongs to its network."""
    wanted: Json = body.get("NetworkingConfig") or {}
    if not body.get("MacAddress"):
        return wanted
    name = _network_name(host)
    endpoints = wanted.get("EndpointsConfig") or {}
    own = {"MacAddress": body["MacAddress"], **(endpoints.get(name) or {})}
    return wanted | {"EndpointsConfig": endpoints | {name: own}}


def _network_name(host: Json) -> str:
    mode = host.get("NetworkMode") or "default"
    return "bridge" if mode == "default" else mode


def _free_name(lives: Lifetimes) -> str:
    taken = {c.name for c in lives.store}
    while True:
        name = f"{random.choice(ADJECTIVES)}_{random.choice(SAILORS)}"
        if name in taken:
            name += str(random.randrange(10000))
        if name not in taken:
            return name


def _checked(host: Json, default_runtime: str) -> Json:
    """Host config with defaults; InvalidArgument for what Docker refuses at create."""
    memory = host.get("Memory") or 0
    if memory and memory < MINIMUM_MEMORY:
        raise InvalidArgument("Minimum memory limit allowed is 6MB")
    if memory and 0 < (host.get("MemorySwap") or 0) < memory:
        raise InvalidArgument("Minimum memoryswap limit should be larger than memory limit, see usage")
    if host.get("NanoCpus") and host["NanoCpus"] > (os.cpu_count() or 1) * 1_000_000_000:
        most = os.cpu_count() or 1
        raise InvalidArgument(f"range of CPUs is from 0.01 to {most}.00, as there are only {most} CPUs available")
    policy = (host.get("RestartPolicy") or {}).get("Name") or "no"
    if policy not in ("no", "always", "on-failure", "unless-stopped"):
        raise InvalidArgument(
            f"invalid restart policy: unknown policy '{policy}'; "
            "use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
        )
    if policy != "no" and host.get("AutoRemove"):
        raise InvalidArgument("can't create 'AutoRemove' container with restart policy")
    log = host.get("LogConfig") or {}
    kind = log.get("Type") or "json-file"
    if kind not in ("json-file", "local", "none"):
        raise InvalidArgument(f"logger: no log driver named '{kind}' is registered")
    try:
        size_of((log.get("Config") or {}).get("max-size", "0"))
    except ValueError:
        raise InvalidArgument("invalid size: '" + log["Config"]["max-size"] + "'") from None
    security.options(host)
    return {
        **host,
        "LogConfig": {"Type": kind, "Config": log.get("Config") or {}},
        "RestartPolicy": host.get("RestartPolicy") or {"Name": "no", "MaximumRetryCount": 0},
        "NetworkMode": _network_name(host),
        "IpcMode": host.get("IpcMode") or "private",
        "CgroupnsMode": host.get("CgroupnsMode") or ("private" if cgroup_version() == "2" else "host"),
        "ShmSize": host.get("ShmSize") or spec.SIZE_OF_SHM,
        "Runtime": host.get("Runtime") or default_runtime,
    }
