from __future__ import annotations

from barque.networks.firewall import removal, ruleset, table_name


def test_table_names_are_identifiers_and_different_bridges_differ() -> None:
    names = ["br-1", "br.1", "br1", "br_1"]
    tables = [table_name(name) for name in names]
    assert len(set(tables)) == len(names)
    assert all(table.replace("_", "a").isalnum() for table in tables)


def test_switches() -> None:
    assert "masquerade" in ruleset("b0", "10.0.0.0/8")
    assert "masquerade" not in ruleset("b0", "10.0.0.0/8", masquerade=False)
    assert 'iifname "b0" oifname "b0" accept' in ruleset("b0", "10.0.0.0/8")
    assert 'iifname "b0" oifname "b0" drop' in ruleset("b0", "10.0.0.0/8", icc=False)


def test_removal_works_whether_or_not_the_table_is_there() -> None:
    assert removal("b0") == "table ip barque_b0\ndelete table ip barque_b0\n"
