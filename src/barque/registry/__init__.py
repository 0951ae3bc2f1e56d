"""Talking to registries (distribution-spec, and Docker's token protocol). All calls block; use from threads.

    registries = Registries(RegistryConfig(insecure=["127.0.0.0/8"]))
    repository = registries.repository(Reference.parse("busybox"), Credentials("me", "secret"))
    manifest = repository.manifest("latest")             # Manifest(descriptor, data), verified
    for chunk in repository.blob(descriptor, offset=0): ...
    repository.upload(descriptor, read, report)

Everything is verified while it arrives: size and digest. Errors are ``barque.errors`` in Docker's words.
"""

from barque.registry.config import Credentials, RegistryConfig
from barque.registry.registries import Registries
from barque.registry.repository import Manifest, Repository

__all__ = ["Credentials", "Manifest", "Registries", "RegistryConfig", "Repository"]
