"""The images room's tables in the state file."""

from __future__ import annotations

STEPS = [
    """CREATE TABLE image (
        id TEXT PRIMARY KEY, parent TEXT NOT NULL, manifest TEXT NOT NULL, layers TEXT NOT NULL,
        size INTEGER NOT NULL, last_tag_time INTEGER NOT NULL)""",
    # ``reference`` is canonical: docker.io/library/x:tag or docker.io/library/x@sha256:...
    "CREATE TABLE image_name (reference TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES image (id))",
    # Unpacked layers: what apply counted. Rows outlive the image while the snapshot does.
    "CREATE TABLE image_layer (chain TEXT PRIMARY KEY, diff TEXT NOT NULL, size INTEGER NOT NULL)",
    # Which blobs hold which layer's tar, in whatever compression.
    """CREATE TABLE image_blob (
        digest TEXT PRIMARY KEY, diff TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL)""",
    # Repositories a blob is known to be in, for cross-repository mounts.
    "CREATE TABLE image_source (digest TEXT NOT NULL, repository TEXT NOT NULL, PRIMARY KEY (digest, repository))",
]
