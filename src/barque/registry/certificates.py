"""TLS settings of one registry: ``certs.d/<host:port>`` with CAs (``.crt``) and client pairs (``.cert``, ``.key``)."""

from __future__ import annotations

import os
import ssl

from barque.errors import InvalidArgument


def tls_context(certs_dir: str, domain: str, insecure: bool) -> ssl.SSLContext:
    """A client context: the system's CAs plus the registry's own. Raises ``InvalidArgument`` for unusable files."""
    context = ssl.create_default_context()
    # Python 3.13 wants key usages of a CA, which Go does not: what Docker trusts is trusted here
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    folder = os.path.join(certs_dir, domain)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return context
    for name in names:
        path = os.path.join(folder, name)
        try:
            if name.endswith(".crt"):
                context.load_verify_locations(path)
            elif name.endswith(".cert"):
                key = path.removesuffix(".cert") + ".key"
                if not os.path.exists(key):
                    raise InvalidArgument(f"missing key {os.path.basename(key)} for client certificate {name}")
                context.load_cert_chain(path, key)
            elif name.endswith(".key") and not os.path.exists(path.removesuffix(".key") + ".cert"):
                raise InvalidArgument(
                    f"missing client certificate {name.removesuffix('.key')}.cert for key {name}. "
                    "CA certificates must use the extension .crt"
                )
        except (OSError, ssl.SSLError) as error:
            raise InvalidArgument(f"invalid certificate {path}: {error}") from None
    return context
