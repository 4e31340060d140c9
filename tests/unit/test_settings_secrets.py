"""Secrets come from where the reference says, go nowhere else, and show themselves to nobody."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import msgspec
import pytest
from pyrage import encrypt, x25519

from drconsole.errors import InvalidConfiguration, Refused
from drconsole.settings.secrets import Secret, resolve, resolve_for
from drconsole.settings.values import Endpoint

CANARY = "canary-4711"


def secret_file(path: Path, text: str = CANARY + "\n", mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DR_TEST", CANARY)
    assert resolve("env:DR_TEST").reveal() == CANARY
    monkeypatch.delenv("DR_TEST")
    with pytest.raises(InvalidConfiguration, match="not set"):
        resolve("env:DR_TEST")


def test_a_file_of_our_own_loses_its_last_newline_only(tmp_path: Path) -> None:
    file = secret_file(tmp_path / "s", " a b \n\n")
    assert resolve(f"file:{file}").reveal() == " a b \n"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(Refused, match="chmod 0600") as caught:
        resolve(f"file:{secret_file(tmp_path / 's', mode=mode)}")
    assert CANARY not in str(caught.value)


def test_a_file_that_is_missing_empty_or_a_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="cannot be read"):
        resolve(f"file:{tmp_path / 'gone'}")
    with pytest.raises(InvalidConfiguration, match="empty"):
        resolve(f"file:{secret_file(tmp_path / 's', '')}")
    with pytest.raises(InvalidConfiguration, match="cannot be read"):
        resolve(f"file:{tmp_path}")


def test_a_credential_of_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    (tmp_path / "credentials").mkdir()
    secret_file(tmp_path / "credentials/vc")
    secret_file(tmp_path / "outside")
    assert resolve("cred:vc").reveal() == CANARY
    with pytest.raises(InvalidConfiguration):
        resolve("cred:../outside")


def test_a_file_encrypted_with_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = x25519.Identity.generate()
    (tmp_path / "s.age").write_bytes(encrypt(CANARY.encode(), [identity.to_public()]))
    keys = secret_file(tmp_path / "key", f"# created by us\n{identity}\n")
    monkeypatch.setenv("DRCONSOLE_AGE_IDENTITY", str(keys))
    assert resolve(f"age:{tmp_path / 's.age'}").reveal() == CANARY
    secret_file(keys, f"{x25519.Identity.generate()}\n")
    with pytest.raises(InvalidConfiguration, match="does not open it"):
        resolve(f"age:{tmp_path / 's.age'}")
    monkeypatch.delenv("DRCONSOLE_AGE_IDENTITY")
    with pytest.raises(InvalidConfiguration, match="DRCONSOLE_AGE_IDENTITY"):
        resolve(f"age:{tmp_path / 's.age'}")


def test_a_prompt_asks_whoever_is_there() -> None:
    assert resolve("prompt:BMC of D", lambda text: f"typed for {text}").reveal() == "typed for BMC of D"
    with pytest.raises(Refused, match="nobody can be asked"):
        resolve("prompt:BMC of D")


@pytest.mark.timeout(10)
def test_a_pipe_with_nobody_at_its_end_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(Refused):
        resolve(f"file:{pipe}")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(InvalidConfiguration):
        resolve("cred:pipe")


def test_what_is_no_reference_is_not_repeated() -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        resolve(CANARY)
    assert CANARY not in str(caught.value)


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret(CANARY)
    shown = f"{secret} {secret!r} {secret!s:>9} %s {[secret]} {secret.__reduce__.__doc__}" % secret
    assert CANARY not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    assert secret == Secret(CANARY)
    assert secret != Secret("other")


def test_a_secret_is_bound_to_the_device_that_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DR_TEST", CANARY)
    endpoint = Endpoint(address="a:1", username="u", password="env:DR_TEST", pin="sha256:aa")
    secret = resolve_for(endpoint)
    assert secret.reveal(address="a:1", pin="sha256:aa") == CANARY
    for address, pin in (("b:1", "sha256:aa"), ("a:1", "sha256:bb"), ("", "")):
        with pytest.raises(Refused) as caught:
            secret.reveal(address=address, pin=pin)
        assert CANARY not in str(caught.value)
