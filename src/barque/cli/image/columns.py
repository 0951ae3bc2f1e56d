"""The columns of a list of images: one row per tag, or per digest where digests are shown."""

from __future__ import annotations

import time

from barque.cli import table, times, units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Json = dict[str, Any]

KIND = "*formatter.imageContext"
DEFAULT = r"{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
WITH_DIGEST = r"{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
_NONE = "<none>"


def rows(records: list[Json], digests: bool) -> list[Json]:
    """``{"image", "repository", "tag", "digest"}`` for everything an image is called."""
    found: list[Json] = []
    for record in records:
        tags: dict[str, list[str]] = {}
        hashes: dict[str, list[str]] = {}
        for reference in record.get("RepoTags") or []:
            repository, _, tag = reference.rpartition(":")
            if reference != "<none>:<none>":
                tags.setdefault(_familiar(repository), []).append(tag)
        for reference in record.get("RepoDigests") or []:
            repository, _, digest = reference.partition("@")
            if reference != "<none>@<none>":
                hashes.setdefault(_familiar(repository), []).append(digest)

        def add(repository: str, tag: str, digest: str, image: Json = record) -> None:
            found.append({"image": image, "repository": repository, "tag": tag, "digest": digest})

        for repository, names in tags.items():
            known = hashes.pop(repository, [])
            for tag in names:
                for digest in (known or [_NONE]) if digests else [_NONE]:
                    add(repository, tag, digest)
        for repository, known in hashes.items():
            for digest in known if digests else known[:1]:
                add(repository, _NONE, digest if digests else _NONE)
        if (not tags and not record.get("RepoDigests")) or (not tags and not found):
            add(_NONE, _NONE, _NONE)
    return found


def _familiar(repository: str) -> str:
    return repository.removeprefix("docker.io/library/").removeprefix("docker.io/")


def short(identity: str) -> str:
    """Twelve digits."""
    return identity.removeprefix("sha256:")[:12]


def _known(value: Any, shown: Callable[[Any], str]) -> str:
    return "N/A" if value in (None, -1) else shown(value)


def columns(full: bool) -> dict[str, tuple[str, Callable[..., Any]]]:
    """``full`` for ``--no-trunc``."""
    now = time.time()

    def since(row: Json) -> str:
        created = row["image"]["Created"]
        return "N/A" if created <= 0 else units.human_duration(now - created) + " ago"

    def unique(row: Json) -> str:
        image = row["image"]
        if image.get("Size") in (None, -1) or image.get("SharedSize") in (None, -1):
            return "N/A"
        return units.decimal_size(image["Size"] - image["SharedSize"])

    return {
        "ID": ("IMAGE ID", lambda r: r["image"]["Id"] if full else short(r["image"]["Id"])),
        "Repository": ("REPOSITORY", lambda r: r["repository"]),
        "Tag": ("TAG", lambda r: r["tag"]),
        "Digest": ("DIGEST", lambda r: r["digest"]),
        "CreatedSince": ("CREATED", since),
        "CreatedAt": ("CREATED AT", lambda r: times.local(r["image"]["Created"])),
        "Size": ("SIZE", lambda r: units.decimal_size(r["image"]["Size"], 3)),
        "Containers": ("CONTAINERS", lambda r: _known(r["image"].get("Containers"), str)),
        "SharedSize": ("SHARED SIZE", lambda r: _known(r["image"].get("SharedSize"), units.decimal_size)),
        "UniqueSize": ("UNIQUE SIZE", unique),
    }


def tree(records: list[Json]) -> str:
    """Images with the platforms under each."""
    lines = ["IMAGE\tID\tDISK USAGE\tCONTENT SIZE\tEXTRA"]
    for record in records:
        manifests = [m for m in record.get("Manifests") or [] if m.get("Kind") == "image"]
        content = sum(int((m.get("Size") or {}).get("Content") or 0) for m in manifests)
        total = sum(int((m.get("Size") or {}).get("Total") or 0) for m in manifests) or record.get("Size") or 0
        used = "U" if record.get("Containers", 0) > 0 else ""
        for name in record.get("RepoTags") or ["<untagged>"]:
            sizes = f"{units.decimal_size(total, 3)}\t{units.decimal_size(content, 3)}"
            lines.append(f"{name}\t{short(record['Id'])}\t{sizes}\t{used}")
        for place, manifest in enumerate(manifests):
            platform = (manifest.get("ImageData") or {}).get("Platform") or {}
            name = "/".join(str(platform[key]) for key in ("os", "architecture", "variant") if platform.get(key))
            size = manifest.get("Size") or {}
            mark = "└─" if place == len(manifests) - 1 else "├─"
            sizes = (
                f"{units.decimal_size(size.get('Total') or 0, 3)}\t{units.decimal_size(size.get('Content') or 0, 3)}"
            )
            lines.append(f"{mark} {name}\t{short(manifest['ID'])}\t{sizes}\t")
    return table.align(lines)
