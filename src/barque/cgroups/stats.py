"""The numbers of a control group, under one set of names for both versions."""

from __future__ import annotations

from typing import Any


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _number(path: str) -> int:
    text = _text(path).strip()
    return int(text) if text.isdigit() else 0


def _pairs(path: str) -> dict[str, int]:
    out = {}
    for line in _text(path).splitlines():
        name, _, value = line.rpartition(" ")
        if value.isdigit():
            out[name] = int(value)
    return out


def read(unified: str | None, dirs: dict[str, str]) -> dict[str, Any]:
    """``memory`` {usage, max, limit, failcnt, stat}, ``cpu`` {total, percpu, user, system: ns; periods, throttled,
    throttled_time}, ``pids`` {current, limit}, ``blkio`` {bytes, operations: list of {major, minor, op, value}}."""
    return _v2(dirs[""]) if unified else _v1(dirs)


def _v1(dirs: dict[str, str]) -> dict[str, Any]:
    memory, cpu, account = dirs.get("memory", ""), dirs.get("cpu", ""), dirs.get("cpuacct", "")
    throttling = _pairs(f"{cpu}/cpu.stat")
    split = _pairs(f"{account}/cpuacct.stat")
    pids = dirs.get("pids", "")
    return {
        "memory": {
            "usage": _number(f"{memory}/memory.usage_in_bytes"),
            "max": _number(f"{memory}/memory.max_usage_in_bytes"),
            "limit": _number(f"{memory}/memory.limit_in_bytes"),
            "failcnt": _number(f"{memory}/memory.failcnt"),
            "stat": _pairs(f"{memory}/memory.stat"),
        },
        "cpu": {
            "total": _number(f"{account}/cpuacct.usage"),
            "percpu": [int(n) for n in _text(f"{account}/cpuacct.usage_percpu").split()],
            # USER_HZ ticks of 10 ms
            "user": split.get("user", 0) * 10_000_000,
            "system": split.get("system", 0) * 10_000_000,
            "periods": throttling.get("nr_periods", 0),
            "throttled": throttling.get("nr_throttled", 0),
            "throttled_time": throttling.get("throttled_time", 0),
        },
        "pids": {"current": _number(f"{pids}/pids.current"), "limit": _number(f"{pids}/pids.max")},
        "blkio": {
            "bytes": _blkio(f"{dirs.get('blkio', '')}/blkio.throttle.io_service_bytes"),
            "operations": _blkio(f"{dirs.get('blkio', '')}/blkio.throttle.io_serviced"),
        },
    }


def _blkio(path: str) -> list[dict[str, Any]]:
    out = []
    for line in _text(path).splitlines():
        fields = line.split()
        if len(fields) == 3:
            major, _, minor = fields[0].partition(":")
            out.append({"major": int(major), "minor": int(minor), "op": fields[1], "value": int(fields[2])})
    return out


def _v2(directory: str) -> dict[str, Any]:
    cpu = _pairs(f"{directory}/cpu.stat")
    moved: dict[str, list[dict[str, Any]]] = {"bytes": [], "operations": []}
    for line in _text(f"{directory}/io.stat").splitlines():
        device, *words = line.split()
        major, _, minor = device.partition(":")
        values = dict(word.split("=", 1) for word in words if "=" in word)
        for kind, read_key, write_key in (("bytes", "rbytes", "wbytes"), ("operations", "rios", "wios")):
            for op, key in (("Read", read_key), ("Write", write_key)):
                entry = {"major": int(major), "minor": int(minor), "op": op, "value": int(values.get(key, 0))}
                moved[kind].append(entry)
    return {
        "memory": {
            "usage": _number(f"{directory}/memory.current"),
            "max": _number(f"{directory}/memory.peak"),
            "limit": _number(f"{directory}/memory.max"),
            "failcnt": _pairs(f"{directory}/memory.events").get("max", 0),
            "stat": _pairs(f"{directory}/memory.stat"),
        },
        "cpu": {
            "total": cpu.get("usage_usec", 0) * 1000,
            "percpu": [],
            "user": cpu.get("user_usec", 0) * 1000,
            "system": cpu.get("system_usec", 0) * 1000,
            "periods": cpu.get("nr_periods", 0),
            "throttled": cpu.get("nr_throttled", 0),
            "throttled_time": cpu.get("throttled_usec", 0) * 1000,
        },
        "pids": {"current": _number(f"{directory}/pids.current"), "limit": _number(f"{directory}/pids.max")},
        "blkio": moved,
    }
