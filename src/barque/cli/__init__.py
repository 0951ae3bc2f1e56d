"""The ``barque`` command: docker's command line over ``barque.client``.

``barque.cli.main:entry`` is the program. It reads the global flags, finds the command in ``commands``, imports that
one module and calls its ``execute(session, options, arguments) -> int``. A command module has four more names:
``FLAGS`` (see ``flags``), ``USAGE`` (what follows the command's name in its usage line), ``ARGUMENTS`` (least and most
number of them, -1 for any) and, where flags end at the first argument, ``INTERSPERSED = False``.

Words: a *session* is one run of the program (where the daemon is, the configuration file, the three standard streams);
a *body* is the JSON of a create request (``body/``: pure, argument strings in, values out); a *record* is one object
under ``--format`` (``template/`` is the language, ``formatting`` its tables).

Start-up is most of what a short command costs, so nothing here imports ``re``, ``json``, ``socket``, ``enum``,
``typing``, ``dataclasses`` or ``subprocess`` on the way to a container; ``launcher`` is the entry file that also skips
``site``.
"""

from __future__ import annotations
