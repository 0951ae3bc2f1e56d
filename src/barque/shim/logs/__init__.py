"""The container's log on disk: written by the shim, read by the engine.

writer = Writer("/…/<id>-json.log", max_size=10 << 20, max_file=3)
writer.write(1, b"line\\n")

for entry in reader.read("/…/<id>-json.log", tail=10): ...

The two are imported apart: a shim carries nothing that only a reader needs.
"""
