"""``--user`` names to numbers, from the container's own /etc/passwd and /etc/group."""

from __future__ import annotations

from typing import NamedTuple

from barque.errors import InvalidArgument


class User(NamedTuple):
    uid: int
    gid: int
    groups: list[int]
    home: str


def _rows(text: str, columns: int) -> list[list[str]]:
    return [row for line in text.splitlines() if len(row := line.split(":")) >= columns and not line.startswith("#")]


def resolve(wanted: str, passwd: str, group: str, extra: list[str]) -> User:
    """``wanted`` is ``user[:group]``, each a name or a number; ``extra`` are ``--group-add`` names or numbers.

    Raises InvalidArgument in Docker's words for a name that neither file has.
    """
    user_word, _, group_word = wanted.partition(":")
    user_word = user_word or "0"
    users, groups = _rows(passwd, 6), _rows(group, 4)
    found = next((row for row in users if row[0] == user_word), None)
    if found is None and user_word.isdigit():
        found = next((row for row in users if row[2] == user_word), None)
    if found is not None:
        name, uid, gid, home = found[0], int(found[2]), int(found[3] or 0), found[5] or "/"
    elif user_word.isdigit() and int(user_word) < 1 << 31:
        name, uid, gid, home = "", int(user_word), 0, "/"
    else:
        raise InvalidArgument(f"unable to find user {user_word}: no matching entries in passwd file")
    supplementary: list[int] = []
    if group_word:
        gid = _group(group_word, groups)
    elif name:
        supplementary = [int(row[2]) for row in groups if name in row[3].split(",") and row[2].isdigit()]
    supplementary += [_group(word, groups) for word in extra]
    return User(uid, gid, list(dict.fromkeys(supplementary)), home)


def _group(word: str, groups: list[list[str]]) -> int:
    for row in groups:
        if row[0] == word:
            return int(row[2])
    if word.isdigit() and int(word) < 1 << 31:
        return int(word)
    raise InvalidArgument(f"unable to find group {word}: no matching entries in group file")
