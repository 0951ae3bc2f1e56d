"""Questions to registries that need no image here: search and distribution inspect."""

from __future__ import annotations

from barque.errors import BarqueError, InvalidArgument
from barque.images.config import parse_config
from barque.images.filters import Filters, check_names, flag
from barque.images.manifest import kind, parse_index, parse_manifest
from barque.images.store import config_platform
from barque.model.reference import Reference
from barque.model.requests import Json, Records, RegistryAuth
from barque.registry import Credentials, Registries
from barque.registry.failures import pull_error

MAX_RESULTS = 100
DEFAULT_RESULTS = 25


def credentials(auth: RegistryAuth | None) -> Credentials:
    """The login of a request; an empty one when it brought none."""
    return Credentials(auth.username, auth.password, auth.identity_token) if auth else Credentials()


def distribution(registries: Registries, name: str, login: Credentials) -> Json:
    """``{"Descriptor", "Platforms"}`` of a tag or digest at its registry. Raises ``BarqueError``."""
    reference = Reference.parse(name).with_default_tag()
    try:
        repository = registries.repository(reference, login)
        manifest = repository.manifest(reference.digest or reference.tag)
        if kind(manifest.data, manifest.descriptor.media_type) == "index":
            entries = parse_index(manifest.data)
            platforms = [entry.platform.to_json() for entry in entries if entry.platform]
        else:
            config = parse_manifest(manifest.data).config
            data = b"".join(repository.blob(config))
            platforms = [config_platform(parse_config(data)).to_json()]
    except BarqueError as error:
        raise pull_error(error, reference) from error
    return {"Descriptor": manifest.descriptor.to_json(), "Platforms": platforms}


def search(registries: Registries, term: str, limit: int, filters: Filters, login: Credentials) -> Records:
    """Docker's ``SearchResult`` records. Raises ``InvalidArgument``, and ``Unavailable`` without a search there."""
    check_names(filters, frozenset({"is-automated", "is-official", "stars"}))
    if not 0 <= limit <= MAX_RESULTS:
        raise InvalidArgument(f"limit {limit} is outside the range of [1, 100]")
    stars = list(filters.get("stars") or [])
    if not all(text.isdigit() for text in stars):
        raise InvalidArgument(f"invalid filter 'stars=[{' '.join(stars)}]'")
    official, automated = flag(filters, "is-official"), flag(filters, "is-automated")
    rows = []
    for row in registries.search(term, limit or DEFAULT_RESULTS, login):
        if official is not None and bool(row.get("is_official")) != official:
            continue
        if automated is not None and bool(row.get("is_automated")) != automated:
            continue
        count = row.get("star_count")
        if stars and (not isinstance(count, int) or count < max(int(text) for text in stars)):
            continue
        rows.append({key: row.get(key) for key in ("description", "is_automated", "is_official", "name", "star_count")})
    return rows
