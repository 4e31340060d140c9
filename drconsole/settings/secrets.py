"""Secret references, resolved at the moment of use, and the value that never shows itself.

A configuration holds `env:NAME`, `file:PATH`, `cred:NAME`, `age:PATH` or `prompt:TEXT`. What they
lead to becomes a Secret, bound to the address and the certificate that it was meant for: a device's
password cannot be sent to another device by mistake.
"""

from __future__ import annotations

import hmac
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn

from drconsole.errors import InvalidConfiguration, Refused
from drconsole.settings import quantities
from drconsole.settings.values import Endpoint, Settings

Ask = Callable[[str], str]
"""Asks the operator for a secret with this text and returns what they typed."""

IDENTITY = "DRCONSOLE_AGE_IDENTITY"
_CREDENTIALS = "CREDENTIALS_DIRECTORY"
_LIMIT = 64 * 1024


class Secret:
    """A secret that masks itself wherever it is printed, and that cannot be pickled.

    `bound` is the (address, pin) that it may be revealed for; None binds it to nothing.
    """

    __slots__ = ("__value", "bound")

    def __init__(self, value: str, *, bound: tuple[str, str] | None = None) -> None:
        self.__value = value
        self.bound = bound

    def reveal(self, *, address: str = "", pin: str = "") -> str:
        """Returns the text for use at this address under this pin. Raises Refused for another use."""
        if self.bound is not None and (address, pin) != self.bound:
            raise Refused(
                f"the secret of {self.bound[0]} is not for {address or 'use without an address'}",
                about=address,
                remedy="each device has its own password in the configuration",
            )
        return self.__value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        same = hmac.compare_digest(self.__value.encode(), other.__value.encode())
        return same and self.bound == other.bound

    __hash__ = None  # type: ignore[assignment]  # a hash in a log would be a way to guess it

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


def resolve(reference: str, ask: Ask | None = None) -> Secret:
    """Returns the secret behind a reference, bound to nothing.

    Raises InvalidConfiguration where the reference leads nowhere, and Refused where its file is open to
    others or where somebody would have to be asked and `ask` is None. No message carries the secret.
    """
    try:
        kind = quantities.scheme(reference)
    except ValueError:
        raise InvalidConfiguration("is no secret's reference", expected=quantities.REFERENCE_FORM) from None
    _, _, rest = reference.partition(":")
    if kind == "prompt":
        return Secret(_asked(rest, ask))
    reader = _READERS.get(kind)
    if reader is None:
        raise _nowhere(reference, "not yet in this version", quantities.REFERENCE_FORM)
    return Secret(reader(reference, rest))


def resolve_for(endpoint: Endpoint, ask: Ask | None = None) -> Secret:
    """Returns an endpoint's password, to be revealed only for its address and pin. Raises as `resolve`."""
    secret = resolve(endpoint.password, ask)
    return Secret(secret.reveal(), bound=(endpoint.address, endpoint.pin))


def refuse_prompts(settings: Settings) -> None:
    """Raises InvalidConfiguration where a secret would have to be asked for: services work unattended."""
    for place, reference in references(settings):
        if quantities.scheme(reference) == "prompt":
            raise InvalidConfiguration(
                "prompt: is not yet for what the service uses: it has nobody to ask",
                about=f"{settings.path}: password of {place}",
                expected="env:NAME, file:PATH, cred:NAME or age:PATH",
            )


def references(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yields each place of the configuration that has a secret, and its reference."""
    yield from ((f"site.{name}", site.endpoint.password) for name, site in settings.sites.items())
    yield from ((f"array.{name}", array.endpoint.password) for name, array in settings.arrays.items())
    yield from ((f"pool.{name}", machine.bmc.password) for name, machine in settings.pool.items())
    if settings.provisioning is not None:
        yield "provisioning", settings.provisioning.password
    if settings.notify is not None:
        webhook, smtp = settings.notify.webhook, settings.notify.smtp
        named = {"notify.webhook": webhook and webhook.secret, "notify.smtp": smtp and smtp.password}
        yield from ((place, reference) for place, reference in named.items() if reference)


def _asked(text: str, ask: Ask | None) -> str:
    if ask is None:
        raise Refused(
            "nobody can be asked for the password here", about=f"prompt:{text}", remedy="run it on a terminal"
        )
    return ask(text or "Password")


def _from_environment(reference: str, name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise _nowhere(reference, "the variable is not set", f"{name} in the environment of the service")
    return value


def _from_file(reference: str, name: str) -> str:
    try:
        with _opened(Path(name).expanduser()) as file:
            _check_private(reference, os.fstat(file.fileno()))
            return _text(reference, file.read(_LIMIT))
    except OSError as error:
        raise _nowhere(reference, f"cannot be read: {error.strerror}", "a file with mode 0600") from error


def _opened(path: Path) -> BinaryIO:
    """A named pipe with nobody at its other end would hold up the opening for ever."""
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))


def _read(path: Path) -> bytes:
    with _opened(path) as file:
        return file.read()


def _check_private(reference: str, found: os.stat_result) -> None:
    """Looks at the opened file, not at its path, so that nobody can change it in between."""
    if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid not in (0, os.getuid()):
        raise Refused(
            "the file is open to others", about=reference, remedy=f"chmod 0600 {reference.partition(':')[2]}"
        )


def _from_credentials(reference: str, name: str) -> str:
    """Systemd's LoadCredential; the directory is the service's own, and read-only."""
    directory = os.environ.get(_CREDENTIALS)
    if not directory or Path(name).name != name or name in (".", ".."):
        raise _nowhere(
            reference,
            f"${_CREDENTIALS} does not hold it",
            f"LoadCredential={name}:PATH in the service's unit",
        )
    try:
        return _text(reference, _read(Path(directory) / name)[:_LIMIT])
    except OSError as error:
        raise _nowhere(
            reference, f"cannot be read: {error.strerror}", f"LoadCredential={name}:PATH in the unit"
        ) from error


def _from_age(reference: str, name: str) -> str:
    import pyrage

    try:
        identities = [pyrage.x25519.Identity.from_str(line) for line in _identity_lines(reference)]
        return _text(reference, pyrage.decrypt(_read(Path(name).expanduser()), identities))
    except OSError as error:
        raise _nowhere(reference, f"cannot be read: {error.strerror}", "a file written by age") from error
    except (pyrage.DecryptError, pyrage.IdentityError) as error:
        raise _nowhere(
            reference, "the identity does not open it", f"the age identity of its recipient in ${IDENTITY}"
        ) from error


def _identity_lines(reference: str) -> list[str]:
    path = os.environ.get(IDENTITY)
    if not path:
        raise _nowhere(reference, f"${IDENTITY} is not set", f"the path of an age identity in ${IDENTITY}")
    lines = _from_file(f"file:{path}", path).splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _text(reference: str, value: bytes) -> str:
    """An editor's last newline is not part of a password."""
    try:
        text = value.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise _nowhere(reference, "is not UTF-8", "the secret as UTF-8 text") from None
    if not text:
        raise _nowhere(reference, "is empty", "the secret as UTF-8 text")
    return text


def _nowhere(reference: str, message: str, expected: str) -> InvalidConfiguration:
    return InvalidConfiguration(message, about=reference, expected=expected)


_READERS: dict[str, Callable[[str, str], str]] = {
    "env": _from_environment,
    "file": _from_file,
    "cred": _from_credentials,
    "age": _from_age,
}
