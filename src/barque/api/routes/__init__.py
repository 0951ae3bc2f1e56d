"""One file per domain: parse, one backend call, encode."""
