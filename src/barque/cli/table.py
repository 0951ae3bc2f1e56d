"""Columns aligned as Docker aligns them: at least 10 wide, 3 apart, the last cell of a row ragged."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def align(lines: Sequence[str], minimum: int = 10, padding: int = 3) -> str:
    """``lines`` with tab-ended cells, aligned; a column is a block of rows that have it (as in Go's tabwriter)."""
    rows = [line.split("\t") for line in lines]
    widths: list[list[int]] = [[0] * (len(row) - 1) for row in rows]
    _block(rows, widths, 0, len(rows), 0, minimum, padding)
    out = []
    for row, width in zip(rows, widths, strict=True):
        out.append("".join(cell.ljust(size) for cell, size in zip(row[:-1], width, strict=True)) + row[-1] + "\n")
    return "".join(out)


def _block(
    rows: list[list[str]], widths: list[list[int]], start: int, end: int, column: int, minimum: int, padding: int
) -> None:
    place = start
    while place < end:
        if column >= len(rows[place]) - 1:
            place += 1
            continue
        stop = place
        while stop < end and column < len(rows[stop]) - 1:
            stop += 1
        widest = max(len(rows[row][column]) for row in range(place, stop))
        size = max(widest + padding, minimum)
        for row in range(place, stop):
            widths[row][column] = size
        _block(rows, widths, place, stop, column + 1, minimum, padding)
        place = stop
