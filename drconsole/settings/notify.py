"""Reads `[notify]`: whom a run tells of what needs somebody, and over which channels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from drconsole.settings import quantities
from drconsole.settings.machines import read_reference
from drconsole.settings.steps import one_or_more
from drconsole.settings.table import Table
from drconsole.settings.values import (
    FACILITIES,
    NOTICE_KINDS,
    NoticeKind,
    Notify,
    Security,
    Smtp,
    Syslog,
    Webhook,
)

_MAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_SYSLOG = re.compile(r"(?:udp|tcp)://(.+)|(/.*)", re.DOTALL)
_URL_FORM = "an address that begins with https://, without user name or password in it"


def read_notify(table: Table | None, base: Path) -> Notify | None:
    """Reads the channels; relative paths in references start at `base`. None without `[notify]`."""
    if table is None:
        return None
    every_s = table.form("every", quantities.duration, quantities.DURATION_FORM, 300.0)
    kinds = _kinds(table, NOTICE_KINDS)
    notify = Notify(
        every_s=every_s,
        webhook=_webhook(table.table("webhook"), base, kinds),
        smtp=_smtp(table.table("smtp"), base, kinds),
        syslog=_syslog(table.table("syslog"), kinds),
    )
    table.close()
    if not notify.channels:
        raise table.source.error(
            table.place, "[notify] names no channel", "[notify.webhook], [notify.smtp] or [notify.syslog]"
        )
    return notify


def _kinds(table: Table, default: tuple[NoticeKind, ...]) -> tuple[NoticeKind, ...]:
    """Reads `on`: of [notify] for all channels, or of one channel for that one."""
    if "on" not in table:
        return default
    words = one_or_more(table, "on")
    for word in words:
        if word not in NOTICE_KINDS:
            raise table.wrong("on", f"{word!r} is nothing to tell of", f"some of {', '.join(NOTICE_KINDS)}")
    return cast("tuple[NoticeKind, ...]", words)


def _webhook(table: Table | None, base: Path, kinds: tuple[NoticeKind, ...]) -> Webhook | None:
    if table is None:
        return None
    webhook = Webhook(
        url=table.form("url", _url, _URL_FORM),
        secret=read_reference(table, base, "secret") if "secret" in table else "",
        pin=_pin(table),
        on=_kinds(table, kinds),
    )
    table.close()
    return webhook


def _url(text: str) -> str:
    """Only over TLS: what is told names machines and what is wrong with them."""
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.port == 0:
        raise ValueError(text)
    if not text.isprintable() or " " in text:
        raise ValueError(text)
    return text


def _smtp(table: Table | None, base: Path, kinds: tuple[NoticeKind, ...]) -> Smtp | None:
    if table is None:
        return None
    smtp = Smtp(
        address=table.form("address", quantities.address, quantities.ADDRESS_FORM),
        security=cast("Security", table.choice("security", ("starttls", "tls", "plain"), "starttls")),
        username=table.text("username", ""),
        password=read_reference(table, base) if "username" in table else "",
        pin=_pin(table),
        sender=table.form("from", _mail, "a mail address such as dr@example.com"),
        recipients=_recipients(table),
        on=_kinds(table, kinds),
    )
    if smtp.security == "plain" and (smtp.username or smtp.pin):
        raise table.wrong(
            "security", "a password is never sent in the clear, and no pin is checked", '"starttls" or "tls"'
        )
    table.close()
    return smtp


def _recipients(table: Table) -> tuple[str, ...]:
    found = one_or_more(table, "to")
    if not found or not all(_MAIL.fullmatch(text) for text in found):
        raise table.wrong("to", "is no list of mail addresses", 'one or more, such as ["ops@example.com"]')
    return found


def _mail(text: str) -> str:
    if not _MAIL.fullmatch(text):
        raise ValueError(text)
    return text


def _pin(table: Table) -> str:
    """Without a pin the system's own authorities decide."""
    return table.form("pin", quantities.pin, quantities.PIN_FORM) if "pin" in table else ""


def _syslog(table: Table | None, kinds: tuple[NoticeKind, ...]) -> Syslog | None:
    if table is None:
        return None
    syslog = Syslog(
        address=table.form("address", _syslog_address, 'udp://HOST:PORT, tcp://HOST:PORT or "/dev/log"'),
        facility=table.choice("facility", tuple(FACILITIES), "daemon"),
        on=_kinds(table, kinds),
    )
    table.close()
    return syslog


def _syslog_address(text: str) -> str:
    match = _SYSLOG.fullmatch(text)
    if match is None:
        raise ValueError(text)
    if match.group(1):
        quantities.address(match.group(1))
    return text
