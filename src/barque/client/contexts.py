"""Docker's context store: ``contexts/meta/<sha256 of name>/meta.json`` and ``contexts/tls/<sha256>/docker/*.pem``."""

from __future__ import annotations

import os

from barque.client import codec
from barque.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.client.endpoint import TlsFiles


class Context:
    """One stored context."""

    __slots__ = ("folder", "meta", "name")

    def __init__(self, name: str, meta: dict[str, Any], folder: str) -> None:
        self.name = name
        self.meta = meta
        self.folder = folder

    @property
    def _endpoint(self) -> dict[str, Any]:
        endpoint: dict[str, Any] = (self.meta.get("Endpoints") or {}).get("docker") or {}
        return endpoint

    @property
    def host(self) -> str:
        return str(self._endpoint.get("Host") or "")

    @property
    def description(self) -> str:
        return str((self.meta.get("Metadata") or {}).get("Description") or "")

    def tls(self) -> TlsFiles | None:
        """Its TLS material, None when it has none and does not skip verification."""
        from barque.client.endpoint import TlsFiles

        skip = bool(self._endpoint.get("SkipTLSVerify"))
        paths = {name: os.path.join(self.folder, "docker", name) for name in ("ca.pem", "cert.pem", "key.pem")}
        have = {name: path if os.path.exists(path) else "" for name, path in paths.items()}
        if not skip and not any(have.values()):
            return None
        return TlsFiles(have["ca.pem"], have["cert.pem"], have["key.pem"], verify=not skip)


class ContextStore:
    """The contexts below a configuration folder."""

    def __init__(self, config_folder: str) -> None:
        self._root = os.path.join(config_folder, "contexts")

    def paths(self, name: str) -> tuple[str, str]:
        """Folders of its metadata and of its TLS files."""
        try:  # hashlib takes longer to load than the command to run
            from _sha256 import sha256  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            from _sha2 import sha256  # type: ignore[import-not-found, no-redef, unused-ignore]

        digest = sha256(name.encode()).hexdigest()
        return os.path.join(self._root, "meta", digest), os.path.join(self._root, "tls", digest)

    def get(self, name: str) -> Context:
        """Raises ``NotFound``."""
        meta, tls = self.paths(name)
        try:
            with open(os.path.join(meta, "meta.json"), "rb") as file:
                return Context(name, codec.loads(file.read()), tls)
        except FileNotFoundError:
            raise NotFound(
                f'context "{name}": context not found: open {meta}/meta.json: no such file or directory'
            ) from None
        except ValueError as error:
            raise InvalidArgument(f'context "{name}": {error}') from None

    def names(self) -> list[str]:
        """All stored names, sorted."""
        folder = os.path.join(self._root, "meta")
        found = []
        for entry in os.listdir(folder) if os.path.isdir(folder) else []:
            try:
                with open(os.path.join(folder, entry, "meta.json"), "rb") as file:
                    found.append(str(codec.loads(file.read())["Name"]))
            except (OSError, ValueError, KeyError):
                continue
        return sorted(found)

    def put(self, name: str, meta: dict[str, Any], tls: dict[str, bytes]) -> None:
        """Write the context; ``tls`` maps file names (``ca.pem``...) to the contents to write."""
        folder, material = self.paths(name)
        os.makedirs(folder, exist_ok=True)
        temporary = os.path.join(folder, "meta.json.tmp")
        with open(temporary, "w") as file:
            file.write(codec.dumps(meta))
        os.replace(temporary, os.path.join(folder, "meta.json"))
        if tls:
            os.makedirs(os.path.join(material, "docker"), mode=0o700, exist_ok=True)
        for entry, content in tls.items():
            descriptor = os.open(os.path.join(material, "docker", entry), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "wb") as binary:
                binary.write(content)

    def remove(self, name: str) -> None:
        """Raises ``NotFound``."""
        self.get(name)
        import shutil

        for folder in self.paths(name):
            shutil.rmtree(folder, ignore_errors=True)
