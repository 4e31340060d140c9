"""An operator writes the configuration, gets things wrong, and is told where and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from drconsole.errors import InvalidConfiguration
from drconsole.settings import load
from drconsole.settings.file import parse
from drconsole.settings.values import DEADLINES, People

PIN = "sha256:" + "ab" * 32
SITE = f"""\
# our data centre
[site.pittsburgh]
address = "vc.example:443"
username = "backup@vsphere.local"
password = "file:secrets/vc"
pin = "{PIN}"
capture = "1h"
rpo = "15m"
rto = "4h30m"
theme = "night"

[[site.pittsburgh.network]]
name = "VM Network"
drill = {{ vlan = 1010, subnet = "10.0.10.0/24", gateway = "10.0.10.1", dns = ["10.0.10.53"] }}
real = {{ vlan = 10 }}

[[site.pittsburgh.network]]
name = "Storage"
[site.pittsburgh.network.drill]
vlan = 1030

[[site.pittsburgh.group]]
array = "array1"
group = "g1"
volumes = ["v1", "v2"]
datastore = "ds-block-1"

[[site.pittsburgh.physical]]
name = "db-01"
operating_system = "Debian"
version = "12"
cpu_cores = 8
memory_mib = 65536
guests = ["web-01"]

[array.array1]
driver = "http"
side = "protected"
address = "a1.example:443"
username = "u"
password = "env:A1"
pin = "{PIN}"

[array.r1]
driver = "http"
side = "recovery"
peer = "array1"
address = "r1.example:443"
username = "u"
password = "env:R1"
pin = "{PIN}"

[provisioning]
address = "10.9.0.1"
netmask = "255.255.255.0"
first = "10.9.0.10"
last = "10.9.0.200"
segments = ["rack-1"]
password = "env:ROOT"

[pool.D]
address = "bmc-d.example:443"
username = "u"
password = "prompt:BMC of D"
pin = "{PIN}"
segment = "rack-1"
may_wipe = true

[deadlines]
power = "90s"
netboot = 2.5
"""


def read(text: str, path: str = "/srv/dr/drconsole.toml") -> object:
    return parse(text, Path(path))


def refused(text: str) -> InvalidConfiguration:
    with pytest.raises(InvalidConfiguration) as caught:
        read(text)
    assert caught.value.about == "/srv/dr/drconsole.toml"
    return caught.value


def line_of(text: str, part: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), start=1) if part in line)


def test_a_whole_configuration_becomes_typed_values() -> None:
    settings = parse(SITE, Path("/srv/dr/drconsole.toml"))
    site = settings.sites["pittsburgh"]
    assert (site.capture_s, site.rpo_s, site.rto_s) == (3600, 900, 16200)
    assert site.theme == "night"
    assert site.endpoint.password == "file:/srv/dr/secrets/vc"
    assert [n.name for n in site.networks] == ["VM Network", "Storage"]
    first, second = site.networks
    assert first.drill is not None
    assert (first.drill.vlan, first.drill.dns) == (1010, ("10.0.10.53",))
    assert second.drill is not None
    assert second.drill.vlan == 1030
    assert second.real is None
    assert site.groups[0].id == "array1/g1"
    assert site.physical_servers[0].id == "db-01"
    assert settings.arrays["r1"].place.peer == "array1"
    assert settings.pool["D"].may_wipe
    assert settings.provisioning is not None
    assert settings.provisioning.network.images == "/srv/dr/images"
    assert settings.deadlines == {**DEADLINES, "power": 90, "netboot": 2.5}
    assert settings.plan_of(site).physical_servers[0].memory_mib == 65536


def test_databases_and_state_lie_beside_the_file_unless_it_says_otherwise() -> None:
    settings = parse("", Path("/srv/dr/drconsole.toml"))
    assert settings.state_dir == "/srv/dr/state"
    assert settings.repository_url == "sqlite:////srv/dr/state/repository.db"
    other = parse(
        '[state]\ndir="here"\n[journal]\nurl="sqlite:///j.db"\n[repository]\nurl="postgresql://db/x"\n',
        Path("/srv/dr/drconsole.toml"),
    )
    assert other.state_dir == "/srv/dr/here"
    assert other.journal_url == "sqlite:////srv/dr/j.db"
    assert other.repository_url == "postgresql://db/x"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('address = "vc.example:443"', 'adress = "vc.example:443"', "address"),
        ('address = "vc.example:443"', 'address = "vc.example"', "HOST:PORT"),
        ('address = "vc.example:443"', 'address = "vc.example:0"', "HOST:PORT"),
        ('address = "vc.example:443"', "address = 443", "text"),
        ('rto = "4h30m"', 'rto = "4 hours"', "duration"),
        ('rto = "4h30m"', 'rto = "0s"', "duration"),
        ('theme = "night"', 'theme = "../night"', "a word of letters"),
        ('theme = "night"', 'theme = ""', "a word of letters"),
        ('theme = "night"', 'tehme = "night"', "theme"),
        ("vlan = 1030", "vlan = 5000", "4095"),
        ("vlan = 1030", "vlan = true", "whole number"),
        ('gateway = "10.0.10.1"', 'gateway = "10.0.11.1"', "inside the subnet"),
        ('subnet = "10.0.10.0/24"', 'subnet = "10.0.10.7/24"', "subnet"),
        ('array = "array1"', 'array = "array9"', "array1"),
        ('volumes = ["v1", "v2"]', 'volumes = ["v1", "v1"]', "each volume once"),
        ('volumes = ["v1", "v2"]', "volumes = []", "volumes"),
        ('volumes = ["v1", "v2"]', "volumes = [1]", "list"),
        ('name = "Storage"', 'name = "VM Network"', "one place a network"),
        ('peer = "array1"', 'peer = "r1"', "array1"),
        ('driver = "http"', 'driver = "htpp"', "http"),
        ('last = "10.9.0.200"', 'last = "10.9.0.2"', "first to last"),
        ('last = "10.9.0.200"', 'last = "10.9.1.2"', "one subnet"),
        ('netmask = "255.255.255.0"', 'netmask = "255.0.255.0"', "netmask"),
        ('segment = "rack-1"', 'segment = "rack-2"', "rack-1"),
        ("may_wipe = true", 'may_wipe = "yes"', "true or false"),
        ('power = "90s"', 'pwer = "90s"', "power"),
        ("netboot = 2.5", "netboot = 0", "more than 0"),
        ('password = "env:ROOT"', 'password = "vault:x"', "env:NAME"),
    ],
)
def test_a_wrong_key_is_refused_at_its_line(old: str, new: str, says: str) -> None:
    text = SITE.replace(old, new, 1)
    assert text != SITE
    error = refused(text)
    assert says in str(error)
    assert error.expected
    assert error.line == line_of(SITE, old)


def test_a_protected_array_with_a_peer_is_a_contradiction() -> None:
    text = SITE.replace('side = "recovery"', 'side = "protected"')
    error = refused(text)
    assert "recovery array alone" in str(error)
    assert error.line == line_of(text, 'peer = "array1"')


def test_one_machine_under_two_names_is_a_contradiction() -> None:
    entry = SITE[SITE.index("[pool.D]") : SITE.index("[deadlines]")]
    error = refused(f"{SITE}\n{entry.replace('[pool.D]', '[pool.E]')}")
    assert "bmc-d.example" in str(error)
    assert "one name a machine" in error.expected


def test_a_missing_key_is_refused_at_its_table() -> None:
    text = SITE.replace(f'pin = "{PIN}"\ncapture', "capture")
    error = refused(text)
    assert "pin: is missing" in str(error)
    assert error.line == line_of(text, "[site.pittsburgh]")


def test_a_password_written_in_place_is_refused_and_never_repeated() -> None:
    error = refused(SITE.replace("env:A1", "hunter2:canary"))
    text = f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"
    assert "canary" not in text
    assert "env:NAME" in text


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (SITE + "[[site.pittsburgh.check]]\n", SITE.count("\n") + 1),
    ],
)
def test_what_comes_later_is_refused_as_such(table: str, line: int) -> None:
    error = refused(table)
    assert "not yet in this version" in str(error)
    assert error.line == line


def test_people_are_groups_that_reach_a_shared_socket() -> None:
    settings = parse(
        '[state]\nsocket = "run/console.sock"\n[people]\noperators = ["dr"]\n', Path("/srv/dr/drconsole.toml")
    )
    assert settings.people == People(operators=("dr",))
    assert Path(settings.socket).is_absolute()
    assert "nobody else reaches this service" in str(refused('[people]\nobservers = ["dr"]\n'))
    assert "unknown" in str(refused('[state]\nsocket = "s"\n[people]\nadmins = ["dr"]\n'))
    assert "too long" in str(refused(f'[state]\nsocket = "{"x" * 120}"\n'))


def test_text_that_is_no_toml_is_refused_at_its_line() -> None:
    assert refused("[state]\n\ndir = \n").line == 3


def test_lines_count_over_values_of_many_lines() -> None:
    text = '[state]\ndir = """\\\n  a \\\n  b"""\n\n[pool]\nD = 4\n'
    assert refused(text).line == 7


def test_lines_count_past_line_ends_that_only_unicode_knows() -> None:
    text = '[site."a\u2028b"]\r\n# \x85\r\n[persons]\r\n'
    assert refused('[state]\ndir = "a\u2028b\u0085"\n\n[persons]\n').line == 4
    assert refused(text).line == 1


def test_the_search_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / ".config/drconsole").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("DRCONSOLE_CONFIG", raising=False)
    own = home / ".config/drconsole/drconsole.toml"
    own.write_text("")
    assert load().path == str(own)
    assert load().state_dir == str(home / ".local/state/drconsole")
    named = tmp_path / "named.toml"
    named.write_text("")
    monkeypatch.setenv("DRCONSOLE_CONFIG", str(named))
    assert load().path == str(named)
    given = tmp_path / "given.toml"
    given.write_text("")
    assert load(given).path == str(given)
    monkeypatch.setenv("DRCONSOLE_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(InvalidConfiguration, match="no such file"):
        load()
