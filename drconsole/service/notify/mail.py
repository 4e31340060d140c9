"""Notices as mail, over a server that is named: never looked up, never in the clear with a password."""

from __future__ import annotations

import ssl
from email.message import EmailMessage
from email.utils import formatdate
from typing import TYPE_CHECKING

from drconsole.errors import DeviceError, PinMismatch, Unreachable, WrongCredentials
from drconsole.service.notify.message import Message
from drconsole.settings.secrets import Secret, resolve
from drconsole.settings.values import Smtp
from drconsole.wire.tls import pin_mismatch, pinned_context, trusted_context

if TYPE_CHECKING:
    import aiosmtplib


class Mail:
    """One mail server and those who are written to."""

    def __init__(self, smtp: Smtp, within_s: float) -> None:
        self._smtp = smtp
        self._within_s = within_s
        self._refused: Secret | None = None

    async def send(self, message: Message) -> None:
        """Returns once the server took the mail for at least one recipient.

        Raises Unreachable, PinMismatch, WrongCredentials, DeviceError, and what `resolve` raises.
        """
        import aiosmtplib

        smtp, password = self._smtp, self._password()
        host, _, port = smtp.address.rpartition(":")
        try:
            async with aiosmtplib.SMTP(
                hostname=host.strip("[]"),
                port=int(port),
                use_tls=smtp.security == "tls",
                start_tls=smtp.security == "starttls",
                tls_context=self._context(),
                timeout=self._within_s,
            ) as client:
                if password is not None:
                    await _log_in(client, smtp.username, password)
                await client.send_message(self._mail(message))
        except aiosmtplib.SMTPAuthenticationError as error:
            self._refused = password
            raise WrongCredentials(f"refuses the login: {error}", about=smtp.address) from error
        except aiosmtplib.SMTPResponseException as error:
            raise DeviceError(
                f"answered {error.code} {error.message}", about=smtp.address, code=f"SMTP {error.code}"
            ) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            if mismatch := pin_mismatch(error):
                raise PinMismatch(
                    about=smtp.address, expected=mismatch.expected, presented=mismatch.presented
                ) from error
            raise Unreachable(f"not told: {error}", about=smtp.address) from error

    def _password(self) -> Secret | None:
        """The password as it is now. One that was refused is not sent again: accounts lock."""
        if not self._smtp.password:
            return None
        password = resolve(self._smtp.password)
        if password == self._refused:
            raise WrongCredentials(
                "refuses the login; not tried again with the same password", about=self._smtp.address
            )
        return password

    def _context(self) -> ssl.SSLContext | None:
        if self._smtp.security == "plain":
            return None
        return pinned_context(self._smtp.pin, self._smtp.address) if self._smtp.pin else trusted_context()

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._smtp.sender
        mail["To"] = ", ".join(self._smtp.recipients)
        mail["Subject"] = f"DRConsole: {message.summary}"
        mail["Date"] = formatdate(localtime=False)
        # The same over all attempts: a mail that arrives twice is shown once.
        mail["Message-ID"] = f"<{message.key}@drconsole>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail


async def _log_in(client: aiosmtplib.SMTP, username: str, password: Secret) -> None:
    """By one method alone: the library's own login sends a refused password again by the next one."""
    await client.ehlo()  # what it offers after STARTTLS counts
    offered = client.supported_auth_methods
    if "plain" in offered or not offered:
        await client.auth_plain(username, password.reveal())
    else:
        await client.login(username, password.reveal())
