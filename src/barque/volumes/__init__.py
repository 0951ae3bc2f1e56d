"""Named volumes: directories below ``<data-root>/volumes`` that outlive containers.

A volume is *anonymous* when nobody named it (64 hex digits, label ``com.docker.volume.anonymous``), and *dangling* when
no container refers to it. Its life: ``create`` (again with the same name is the same volume), referenced by containers,
``remove`` when nobody does.

    store = VolumeStore(db, "/var/lib/barque/volumes")
    volume = store.create("cache", "local", {}, {"team": "a"})
    store.path(volume.name)                     # <root>/cache/_data
    copy_up(image_directory, store.path("cache"))   # the image's files, on first use of an empty volume
"""

from barque.volumes.copy_up import copy_up
from barque.volumes.store import Volume, VolumeStore
from barque.volumes.subpath import resolve_subpath

__all__ = ["Volume", "VolumeStore", "copy_up", "resolve_subpath"]
