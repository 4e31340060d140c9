"""Names that no administrator should give, a world full of them, and what may reach a terminal of it."""

from __future__ import annotations

import codecs
import re
import unicodedata
from pathlib import Path

import msgspec

from drconsole.api import requests
from drconsole.console.style.look import Look
from drconsole.model.inventory import Datastore, Mount, Network, Snapshot, SwitchMember
from drconsole.recovery.report import Objectives
from tests.console.archive_world import archive
from tests.console.hostile_replies import log, replies, told
from tests.console.reported_world import reply
from tests.console.scripted_service import ScriptedService, shows_run
from tests.console.small_world import events, run_view
from tests.console.terminal import drawn
from tests.unit.planning_site import guest, host, small_site

CORPUS: dict[str, str] = {
    # what would act on the terminal
    "colour": "\x1b[35;5;7mblink",
    "title": "\x1b]0;owned\x07title",
    "clipboard": "\x1b]52;c;aGk=\x07copy",
    "hyperlink": "\x1b]8;;http://x.invalid/\x1b\\link\x1b]8;;\x1b\\",
    "device string": "\x1bP$qm\x1b\\dcs",
    "application": "\x1b_Ga=T;AAAA\x1b\\apc",
    "asks back": "\x1b[6n\x1b[c\x05ask",
    "clears": "\x1b[2J\x1b[Hclear",
    "other screen": "\x1b[?1049l\x1bcreset",
    "charset": "\x0e\x1b(0lqk",
    "bell": "bel\x07l",
    "lines": "one\r\ntwo\nthree",
    "backspace": "secret\x08\x08\x08\x08\x08\x08shown",
    "tabs": "a\tb\tc",
    "c1": "\x9b31m\x9d0;x\x9cc1",
    "c1 lines": "a\x85b\x84c",
    "separators": "a\u2028b\u2029c",
    "nul": "a\x00b",
    "delete": "a\x7fb",
    # what would turn, hide or shift what is shown
    "right to left": "\u202egpj.exe",
    "isolates": "\u2066in\u2069out\u200f",
    "invisible": "a\u200bb\u200cc\u200dd\ufeffe\u00adf",
    "marks": "z" + "\u0301" * 200,
    "a mark first": "\u0301first",
    "enclosed": "a\u20dd\u20dd\u20dd\u20ddb",
    "wide": "主機名稱伺服器",
    "emoji": "🙂🚒e",
    "joined": "👩\u200d👩\u200d👧fam",
    "selector": "❤\ufe0fheart",
    "flag": "🇩🇪de",
    "tone": "👍🏽ok",
    "fillers": "a\u3164b\u115f\u1160c",
    "hebrew": "שלום",
    "arabic": "العربية",
    "devanagari": "हिन्दी",
    "private": "\ue000\U000f0000p",
    "unassigned": "\u0378\U000e0fffu",
    "surrogate": "\\ud800s",
    # what others would take for orders
    "markup": "[red]markup[/]",
    "closing": "[/]",
    "action": "[@click=app.quit]go[/]",
    "link": "[link=http://x.invalid]y[/link]",
    "broken markup": "[bold",
    "emoji code": ":smile:",
    "lookup": "${jndi:ldap://x.invalid/a}",
    "format": "%s%n%(name)s{0.__class__}{}",
    "template": "{{ 7*7 }}{% for x in y %}",
    "script": "<script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "entity": "&lt;b&gt;&#27;",
    "sql": "'; DROP TABLE run;--",
    "shell": "$(reboot)`id`;|&",
    "path": "../../etc/passwd",
    "formula": "=cmd|' /C calc'!A0",
    "option": "--help",
    "bang": "!not",
    "command": ":q",
    "pattern": "(a+)+$[*?",
    # what is too much or too little
    "long": "L" * 10_000,
    "long wide": "漢" * 3_000,
    "spaces": "   ",
    "empty": "",
}
"""What it would do → the name. The bold ones would colour, copy, clear, run or turn the line round."""

BARE = ("spaces", "empty")
"""Names that have nothing to be read."""

SEEN = 5
"""Characters of a name's beginning that every column has room for."""

_SEQUENCE = re.compile(
    r"\x1b\[[<>=?]?[0-9;:]*[$]?[A-Za-z]"  # CSI
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    r"|\x1b[()][A-Z0-9]|\x1b[78=>]"
)
_UNFINISHED = re.compile(r"\x1b[^\x1b]{0,24}\Z")
"""What the end of a session cuts."""

_OURS = re.compile(
    r"\x1b\[(?:[0-9;]*m|[0-9;]*H|\?(?:7|25|1004|1049|2004|2026|2048)[hl]|\?(?:2026|2048)\$p|[<>][0-9]*u"
    r"|\?(?:1000|1003|1006|1015|1016)[hl])"
    r"|\x1b\]22;[a-z-]+\x07"  # the mouse pointer's shape
)
_STYLE = re.compile(r"\x1b\[([0-9;]*)m")
_NEVER = {5, 6, 8}
"""Blinking, and hidden text."""

_LAYOUT = "\r\n"


def visible(name: str, *, ascii_only: bool = False) -> str:
    """Returns the beginning of a name as an operator reads it on the tests' terminal."""
    return unicodedata.normalize("NFC", drawn(Look({}, ascii_only=ascii_only).text(name)[:SEEN]))


def site() -> Snapshot:
    """Returns a site in which every name of the corpus names a host, a guest, a network and a datastore."""
    replace, small, named = msgspec.structs.replace, small_site(), tuple(enumerate(CORPUS.values(), 1))
    ids = tuple(f"host-{n}" for n, _ in named)
    mounts = tuple(Mount(host=name) for name in ids)
    return replace(
        small,
        clusters=tuple(replace(cluster, groups=(), rules=()) for cluster in small.clusters),
        distributed_switches=tuple(
            replace(switch, members=tuple(SwitchMember(host=h, nics=("vmnic3",)) for h in ids))
            for switch in small.distributed_switches
        ),
        hosts=tuple(replace(host(n, f"c-{1 + n % 2}"), name=name) for n, name in named),
        networks=(
            *(replace(network, hosts=ids) for network in small.networks),
            *(Network(id=f"net-{n}", name=name, parent="f-net", hosts=ids) for n, name in named),
        ),
        datastores=(
            *(replace(store, mounts=mounts) for store in small.datastores),
            *(
                Datastore(id=f"ds-x{n}", name=name, parent="f-ds", volumes=("a1/v1",), mounts=mounts)
                for n, name in named
            ),
        ),
        virtual_machines=tuple(
            replace(guest(n, f"host-{n}", f"rp-{1 + n % 2}", network=f"net-{n}"), name=name)
            for n, name in named
        ),
    )


def hostile_world(folder: Path) -> ScriptedService:
    """Returns a service that tells of that site, its snapshots, its pool and a run of it."""
    named = tuple(name for key, name in CORPUS.items() if key not in BARE)
    service = archive(folder, site=site(), pool=(*named, *"PQRSTU"))
    view = told(run_view(site(), pool=(*named, "P", "Q")), named)
    shows_run(service, view)
    service.events = [*events(site()), *log(view, named)]
    replies(service, site(), view, named)
    aims = Objectives(rto_s=3600, rpo_s=60)
    service.answers[requests.Report] = lambda asked: reply(view, aims, asked.format)
    return service


def leaks(sent: bytes) -> list[str]:
    """Returns what a terminal was sent that neither is to be read nor belongs to the console's drawing."""
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(sent)
    wrong = [found for found in _SEQUENCE.findall(text) if not _OURS.fullmatch(found)]
    wrong += [style for style in dict.fromkeys(_STYLE.findall(text)) if _NEVER & _attributes(style)]
    left = _UNFINISHED.sub("", _SEQUENCE.sub("", text))
    wrong += [character for character in left if _acts(character)]
    return [ascii(found) for found in dict.fromkeys(wrong)]


def _attributes(style: str) -> set[int]:
    """Returns what a style turns on, beside colours: `38;5;N` and `38;2;R;G;B` are one each."""
    numbers = iter(int(part or 0) for part in style.split(";"))
    found = set()
    for number in numbers:
        if number in (38, 48, 58):
            for _ in range(1 if next(numbers, 0) == 5 else 3):
                next(numbers, 0)
        else:
            found.add(number)
    return found


def _acts(character: str) -> bool:
    return character not in _LAYOUT and unicodedata.category(character) in (
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
    )
