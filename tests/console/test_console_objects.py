"""The index of names: what matches best comes first, and each name once, among fifty thousand too."""

from __future__ import annotations

from drconsole.console.inventories.inventory import Node
from drconsole.console.known.objects import Found, Gathered, Index


def index(*names: str, others: tuple[Found, ...] = ()) -> Index:
    nodes = tuple(
        Node(id=f"vm-{number}", kind="virtualMachine", name=name, parent="")
        for number, name in enumerate(names)
    )
    return Index(Gathered(nodes=(("pittsburgh", nodes),), others=others))


def names(found: list[Found]) -> list[str]:
    return [each.name for each in found]


def test_a_beginning_goes_before_a_part_and_a_part_before_letters() -> None:
    found = index("my-web-1", "web-10", "web-1", "w-e-b", "db-1", "unweb1").search("web1")
    assert names(found) == ["unweb1", "web-1", "web-10", "my-web-1"]
    assert names(index("my-web-1", "web-10", "Web-1", "w-e-b", "unweb-1").search("web")) == [
        "Web-1",
        "web-10",
        "my-web-1",
        "unweb-1",
        "w-e-b",
    ]


def test_several_words_stand_in_name_kind_or_site() -> None:
    erie = Found("host", "web-host", "erie", "host-1")
    made = index("web-1", "web-2", others=(erie,))
    assert names(made.search("web host")) == ["web-host"]
    assert names(made.search("guest web 2")) == ["web-2"]
    assert names(made.search("erie web")) == ["web-host"]
    assert made.search("web nowhere") == []


def test_names_with_signs_of_expressions_are_only_names() -> None:
    made = index("a[b]c", "a.c", "(x)*", "tab\tline\nend")
    assert names(made.search("[b")) == ["a[b]c"]
    assert names(made.search(".*")) == []
    assert names(made.search(")*")) == ["(x)*"]
    assert names(made.search("line end")) == ["tab\tline\nend"]


def test_exact_names_and_beginnings() -> None:
    made = index("web-1", "web-10", "web-1")
    assert [each.key for each in made.called("WEB-1")] == ["vm-0", "vm-2"]
    assert made.called("web-1", "host") == []
    assert made.beginning("web-1", "guest") == ["web-1", "web-10"]


def test_fifty_thousand_names_are_found_each_once() -> None:
    made = index(*(f"vm-app-{number:05d}" for number in range(50_000)))
    assert len(made) == 50_000
    assert names(made.search("49999")) == ["vm-app-49999"]
    assert names(made.search("vap31415")) == ["vm-app-31415"]
    found = names(made.search("a"))
    assert len(found) == len(set(found)) == 100
