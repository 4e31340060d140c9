"""A mail server by aiosmtpd, with STARTTLS and logins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.unit.wire.impostor import Identity


@dataclass
class MailServer:
    """`refuses` is the answer to a mail, such as "450 later"; "" takes it."""

    identity: Identity
    address: str = ""
    refuses: str = ""
    logins: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refuses:
            return self.refuses
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.to.append(list(envelope.rcpt_tos))
        return "250 taken"


def _login(
    found: MailServer, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"dr", b"secret")
    found.logins += 1
    return AuthResult(success=good, handled=False)


@asynccontextmanager
async def mail_server(folder: Path, *, security: str) -> AsyncIterator[MailServer]:
    """`security` is `starttls` with a login, `tls` or `plain`."""
    found = MailServer(Identity(folder, "mail"))
    context = found.identity.context()
    starttls = security == "starttls"

    def protocol() -> SMTP:
        return SMTP(
            found,
            hostname="mail.example",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            auth_required=starttls,
            authenticator=partial(_login, found),
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if security == "tls" else None)
    found.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.05)  # its handlers take their leave
