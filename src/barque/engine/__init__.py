"""What Docker means by a container."""
