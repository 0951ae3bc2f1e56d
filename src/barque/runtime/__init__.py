"""The OCI runtime: runc's role."""
