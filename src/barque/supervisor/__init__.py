"""The fork server: containerd's role."""
