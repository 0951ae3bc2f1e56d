"""``docker image inspect``: everything known about one image, in Docker's fields."""

from __future__ import annotations

from datetime import UTC, datetime

from barque.images.image import Image, Json
from barque.images.store import ImageStore

_CONFIG_FIELDS = (
    "User",
    "ExposedPorts",
    "Env",
    "Entrypoint",
    "Cmd",
    "Volumes",
    "WorkingDir",
    "Labels",
    "StopSignal",
    "ArgsEscaped",
    "Healthcheck",
    "OnBuild",
    "Shell",
)
_NEVER = "0001-01-01T00:00:00Z"


def inspect_image(store: ImageStore, image: Image) -> Json:
    """Docker's ``ImageInspect`` of the newest API version (empty config members are left out)."""
    config = image.config
    inner = image.container_config
    record: Json = {
        "Id": image.id,
        "RepoTags": list(image.references),
        "RepoDigests": list(image.repo_digests),
        "Parent": image.parent,
        "Comment": config.get("comment") or _last_comment(config),
        "Created": config.get("created") or _NEVER,
        "DockerVersion": config.get("docker_version") or "",
        "Author": config.get("author") or "",
        "Config": {key: inner[key] for key in _CONFIG_FIELDS if inner.get(key)},
        "Architecture": config.get("architecture") or "",
        "Os": config.get("os") or "",
        "Size": image.size,
        "GraphDriver": _graph_driver(store, image),
        "RootFS": {"Type": "layers", "Layers": image.diff_ids},
        "Metadata": {"LastTagTime": rfc3339(image.last_tag_time) if image.last_tag_time else _NEVER},
    }
    for key, field in (("Variant", "variant"), ("OsVersion", "os.version")):
        if config.get(field):
            record[key] = config[field]
    return record


def _last_comment(config: Json) -> str:
    history = config.get("history") or []
    return str(history[-1].get("comment") or "") if history else ""


def _graph_driver(store: ImageStore, image: Image) -> Json:
    driver = store.snapshots.driver
    chain = image.chain_ids
    if driver != "overlay2" or not chain:
        return {"Data": None, "Name": driver}
    folders = [store.snapshots.layer_dir(c) for c in reversed(chain) if store.snapshots.exists(c)]
    if not folders:
        return {"Data": None, "Name": driver}
    top = folders[0].rpartition("/")[0]
    data = {"MergedDir": f"{top}/merged", "UpperDir": folders[0], "WorkDir": f"{top}/work"}
    if folders[1:]:
        data["LowerDir"] = ":".join(folders[1:])
    return {"Data": data, "Name": driver}


def rfc3339(nanoseconds: int) -> str:
    """Nanoseconds since the epoch as Go prints a time: no trailing zeros in the fraction, UTC."""
    seconds, rest = divmod(nanoseconds, 10**9)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{text}{fraction}Z"
