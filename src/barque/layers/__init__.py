"""Layer tars: read safely into a directory, written from one, and what changed between two.

    apply(stream, root, overlay=True)      -> (diff_id, size)
    write_layer(upper, out)                a layer from an overlay's upper directory

``worker`` has the operations that run in a process of their own, locked into the directory they work on.
"""

from barque.layers.apply import apply
from barque.layers.compression import open_blob
from barque.layers.create import write_layer, write_tree

__all__ = ["apply", "open_blob", "write_layer", "write_tree"]
