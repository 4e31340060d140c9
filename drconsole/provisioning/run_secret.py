"""One secret a run, and everything that is derived from it.

A restarted runner has to know the tokens, host keys and salts that it handed out before. They are all
derived from one random secret in the state directory, readable by its owner alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

import msgspec

from drconsole.errors import Refused
from drconsole.model.step import key_part

_SALT_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ROUNDS = 5000
"""Rounds of SHA-512 crypt that every installer understands without being told."""


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    """An Ed25519 key: OpenSSH's private form in base64 on one line, and the public line."""

    private: str
    public: str

    def pem(self) -> str:
        """Returns the private key as a file holds it."""
        return base64.b64decode(self.private).decode()

    def __repr__(self) -> str:
        return f"KeyPair({self.public})"


class RunSecret:
    """The secret of one run. Derives a value for each purpose; never shows itself."""

    def __init__(self, key: bytes) -> None:
        self.__key = key

    def __repr__(self) -> str:
        return "RunSecret(***)"

    def token(self, job: str) -> str:
        """Returns the token of a job's URLs: 43 characters that fit into a path."""
        return base64.urlsafe_b64encode(self._derive("token", job)).decode().rstrip("=")

    def password_hash(self, job: str, password: str) -> str:
        """Returns a SHA-512 crypt of the password, the same each time for one job."""
        from passlib.hash import sha512_crypt

        salt = "".join(_SALT_ALPHABET[byte & 63] for byte in self._derive("salt", job)[:16])
        return str(sha512_crypt.using(salt=salt, rounds=_ROUNDS).hash(password))

    def host_key(self, job: str) -> KeyPair:
        """Returns the SSH host key that the machine of this job will have."""
        return self._key_pair("host-key", job)

    def login_key(self, job: str) -> KeyPair:
        """Returns the key that root of this job's machine lets in: ours."""
        return self._key_pair("login-key", job)

    def _key_pair(self, purpose: str, job: str) -> KeyPair:
        from cryptography.hazmat.primitives import serialization as form
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.from_private_bytes(self._derive(purpose, job))
        private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
        public = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
        return KeyPair(private=base64.b64encode(private).decode(), public=public.decode())

    def _derive(self, purpose: str, job: str) -> bytes:
        return hmac.digest(self.__key, f"{purpose}\0{job}".encode(), hashlib.sha256)


def boot_folder(state_dir: str) -> Path:
    """Returns the folder of the boot services' files, made for the owner alone."""
    folder = Path(state_dir) / "boot"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def run_secret(state_dir: str, run: str) -> RunSecret:
    """Returns the secret of a run, made at the first call and the same ever after.

    Raises Refused where its file is open to others or damaged.
    """
    path = boot_folder(state_dir) / f"{key_part(run)}.secret"
    if not path.exists():
        _create(path, secrets.token_bytes(32))
    key = path.read_bytes()
    if len(key) != 32 or path.stat().st_mode & 0o077:
        raise Refused("is damaged or open to others", about=str(path), remedy="cancel the run")
    return RunSecret(key)


def _create(path: Path, key: bytes) -> None:
    """Complete or not there at all: a crash in between must not leave half a secret."""
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
