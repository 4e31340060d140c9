"""A customer says whom a run tells, and is told which key of that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from drconsole.errors import InvalidConfiguration
from drconsole.settings.file import parse
from drconsole.settings.secrets import refuse_prompts
from drconsole.settings.values import NOTICE_KINDS, Notify

FILE = Path("/srv/dr/drconsole.toml")
PIN = "sha256:" + "ab" * 32
WHOLE = f"""\
[notify]
on = ["waiting", "failed"]
every = "2m"

[notify.webhook]
url = "https://hooks.example:8443/dr?room=ops"
secret = "file:secrets/hook"
pin = "{PIN}"
on = "finished"

[notify.smtp]
address = "mail.example:587"
username = "dr"
password = "env:MAIL"
from = "dr@example.com"
to = ["ops@example.com", "boss@example.com"]

[notify.syslog]
address = "udp://log.example:514"
facility = "local3"
"""


def notify(text: str) -> Notify:
    found = parse(text, FILE).notify
    assert found is not None
    return found


def refused(text: str) -> InvalidConfiguration:
    with pytest.raises(InvalidConfiguration) as caught:
        parse(text, FILE)
    return caught.value


def test_each_channel_is_told_of_what_it_asks_for() -> None:
    found = notify(WHOLE)
    assert found.every_s == 120
    assert list(found.channels) == ["webhook", "smtp", "syslog"]
    assert {name: channel.on for name, channel in found.channels.items()} == {
        "webhook": ("finished",),
        "smtp": ("waiting", "failed"),
        "syslog": ("waiting", "failed"),
    }


def test_references_are_made_absolute_and_a_mail_server_is_spoken_to_under_tls() -> None:
    found = notify(WHOLE)
    assert found.webhook is not None
    assert found.webhook.secret == "file:/srv/dr/secrets/hook"
    assert found.smtp is not None
    assert found.smtp.security == "starttls"


def test_without_a_choice_everything_is_told() -> None:
    (channel,) = notify('[notify.syslog]\naddress = "/dev/log"\n').channels.values()
    assert channel.on == NOTICE_KINDS


def test_nobody_tells_nothing() -> None:
    assert parse("", FILE).notify is None


SMTP = '[notify.smtp]\nfrom = "a@b.c"\n'


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("[notify]\n", 1, "names no channel"),
        ('[notify]\non = ["always"]\n[notify.syslog]\naddress = "/dev/log"\n', 2, "'always'"),
        ('[notify.webhook]\nurl = "http://hooks.example/dr"\n', 2, "https://"),
        ('[notify.webhook]\nurl = "https://me:pw@hooks.example/dr"\n', 2, "without user name"),
        ('[notify.webhook]\nurl = "https://h/"\nsecret = "canary"\n', 3, "is not a reference"),
        ('[notify.webhook]\nurl = "https://h/"\npin = "abc"\n', 3, "fingerprint"),
        (SMTP + 'address = "mail.example"\nto = "a@b.c"\n', 3, "HOST:PORT"),
        (SMTP + 'address = "m:25"\nto = "nobody"\n', 4, "mail addresses"),
        (SMTP + 'address = "m:25"\nto = ["a@b.c"]\nsecurity = "ssl"\n', 5, "not known"),
        (
            SMTP + 'address = "m:25"\nto = "a@b.c"\nsecurity = "plain"\nusername = "u"\npassword = "env:P"\n',
            5,
            "in the clear",
        ),
        ('[notify.syslog]\naddress = "log.example:514"\n', 2, "udp://HOST:PORT"),
        ('[notify.syslog]\naddress = "udp://log.example"\n', 2, "udp://HOST:PORT"),
        ('[notify.syslog]\naddress = "/dev/log"\nfacility = "lpr"\n', 3, "not known"),
        ("[notify.pager]\n", 1, "unknown key"),
    ],
)
def test_each_mistake_has_its_line(text: str, line: int, told: str) -> None:
    error = refused(text)
    assert told in str(error)
    assert error.line == line
    assert "canary" not in str(error)


def test_a_secret_that_somebody_would_be_asked_for_is_refused() -> None:
    text = WHOLE.replace("file:secrets/hook", "prompt:hook")
    with pytest.raises(InvalidConfiguration, match=r"notify\.webhook"):
        refuse_prompts(parse(text, FILE))
