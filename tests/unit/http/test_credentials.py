"""Where secrets may lie, and what is said when they do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from connector.credentials import SecretReference
from connector.errors import ConfigurationError

SECRET = "hunter2-hunter2"


def _file(tmp_path: Path, content: bytes, mode: int = 0o600) -> Path:
    path = tmp_path / "token"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("given", [{}, {"env": "A", "file": "b"}, {"env": None, "file": None}])
def test_exactly_one_place(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="name one place of the secret"):
        SecretReference.model_validate(given)


@pytest.mark.parametrize(
    "given", [{"env": "A B"}, {"env": ""}, {"env": "1A"}, {"file": ""}, {"file": "a\nb"},
              {"value": "x"}, {"env": "A", "other": 1}, "A"],
)  # fmt: skip
def test_other_settings_are_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        SecretReference.model_validate(given)


def test_from_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EHR_TOKEN", f" {SECRET}\n")
    assert SecretReference(env="EHR_TOKEN").read(tmp_path) == SECRET
    assert SecretReference(env="EHR_TOKEN").read(tmp_path, {"EHR_TOKEN": "other"}) == "other"


@pytest.mark.parametrize("content", [SECRET, f"{SECRET}\n", f"\ufeff{SECRET}\r\n", f"  {SECRET} "])
def test_from_a_file(tmp_path: Path, content: str) -> None:
    path = _file(tmp_path, content.encode())
    assert SecretReference(file="token").read(tmp_path) == SECRET
    assert SecretReference(file=str(path)).read(Path("/nowhere")) == SECRET


def test_a_key_of_several_lines_stays_whole(tmp_path: Path) -> None:
    key = "-----BEGIN KEY-----\nabc\n-----END KEY-----"
    _file(tmp_path, key.encode() + b"\n")
    assert SecretReference(file="token").read(tmp_path) == key


@pytest.mark.parametrize("environment", [{"T": ""}, {"T": " \n"}])
def test_an_empty_variable(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SecretReference(env="T").read(tmp_path, environment)
    assert str(caught.value) == (
        "the environment variable T is empty; the secret belongs there [secret_empty]"
    )


def test_a_variable_that_is_not_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SecretReference(env="T").read(tmp_path, {})
    assert str(caught.value) == (
        "the environment variable T is not set; the service must be started with it "
        "[secret_not_found]"
    )


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610, 0o601])
def test_a_file_that_others_can_read(tmp_path: Path, mode: int) -> None:
    path = _file(tmp_path, SECRET.encode(), mode)
    with pytest.raises(ConfigurationError) as caught:
        SecretReference(file="token").read(tmp_path)
    assert str(caught.value) == (
        f"other users of this machine can read the secret; correct it with: chmod 600 {path} "
        "[secret_exposed]"
    )


@pytest.mark.parametrize(
    ("content", "code", "ending"),
    [
        (b"", "secret_empty", "is empty; the secret belongs there"),
        (b" \n", "secret_empty", "is empty; the secret belongs there"),
        (b"\xff" + SECRET.encode(), "secret_unreadable", "is not plain text (UTF-8)"),
        (SECRET.encode() * 10_000, "secret_unreadable", "is far too large for a secret"),
    ],
)
def test_content_that_is_no_secret(tmp_path: Path, content: bytes, code: str, ending: str) -> None:
    path = _file(tmp_path, content)
    with pytest.raises(ConfigurationError) as caught:
        SecretReference(file="token").read(tmp_path)
    assert str(caught.value) == f"{path} {ending} [{code}]"


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in (".", "pipe"):
        with pytest.raises(ConfigurationError) as caught:
            SecretReference(file=name).read(tmp_path)
        assert caught.value.code == "secret_unreadable"
    with pytest.raises(ConfigurationError) as caught:
        SecretReference(file="missing").read(tmp_path)
    assert str(caught.value) == (
        f"there is no file {tmp_path / 'missing'}; put the secret into it [secret_not_found]"
    )


def test_the_secret_is_in_no_message_and_no_repr(tmp_path: Path) -> None:
    reference = SecretReference(env="T")
    assert reference.read(tmp_path, {"T": SECRET}) == SECRET
    assert SECRET not in f"{reference!r} {reference} {reference.model_dump_json()}"
    for content, mode in ((b"\xff" + SECRET.encode(), 0o600), (SECRET.encode(), 0o644)):
        _file(tmp_path, content, mode)
        with pytest.raises(ConfigurationError) as caught:
            SecretReference(file="token").read(tmp_path)
        assert SECRET not in f"{caught.value!r} {caught.value.detail}"
