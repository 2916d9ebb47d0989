"""The key ring: sealing, moving, rotating, and key files that must not be used."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConfigurationError
from connector.store.crypto import KeyRing, signature_holds
from connector.store.reseal import Reseal


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("keys") / "deeper" / "keys.json"
    KeyRing.create(file)
    return file


@pytest.fixture(scope="module")
def ring(path: Path) -> KeyRing:
    return KeyRing.load(path, {}).for_practice("riverside")


def _code(call: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        call()
    return caught.value.code


@given(plaintext=st.binary(max_size=200), row=st.text(max_size=20))
def test_what_is_sealed_opens_in_its_place_only(ring: KeyRing, plaintext: bytes, row: str) -> None:
    blob = ring.seal("records", row, plaintext)
    assert ring.open("records", row, blob) == plaintext
    assert ring.seal("records", row, plaintext) != blob, "a nonce is never used twice"
    for wrong in (
        lambda: ring.open("alerts", row, blob),
        lambda: ring.open("records", row + "x", blob),
        lambda: ring.for_practice("other").open("records", row, blob),
        lambda: ring.open("records", row, blob[:-1] + bytes([blob[-1] ^ 1])),
        lambda: ring.open("records", row, blob[:12]),
        lambda: ring.open("records", row, b"\x02" + blob[1:]),
    ):
        assert _code(wrong) == "cannot_decrypt"


def test_table_and_row_can_not_be_shifted_against_each_other(ring: KeyRing) -> None:
    blob = ring.seal("a", "b\x1fc", b"x")
    assert _code(lambda: ring.open("a\x1fb", "c", blob)) == "cannot_decrypt"


def test_the_message_of_a_failed_opening_holds_no_row(ring: KeyRing) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ring.open("records", "patient-canary", ring.seal("records", "x", b"y"))
    assert "canary" not in str(caught.value) + repr(caught.value)


def test_rotation_keeps_old_values_readable_and_ids_equal(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    ring = KeyRing.create(file)
    running = KeyRing.load(file, {}).for_practice("p")
    old = ring.for_practice("p").seal("t", "r", b"old")
    before = ring.active_id
    ring.rotate()
    assert ring.active_id != before
    new = ring.for_practice("p").seal("t", "r", b"new")
    assert new[1:5] == ring.active_id
    assert running.open("t", "r", new) == b"new", "a running process takes the new key in"
    again = KeyRing.load(file, {}).for_practice("p")
    assert (again.open("t", "r", old), again.open("t", "r", new)) == (b"old", b"new")
    assert (again.index_key, again.public_key) == (running.index_key, running.public_key)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["keys.json"]


def test_the_environment_comes_first_and_rotates_in_memory(path: Path, tmp_path: Path) -> None:
    text = KeyRing.load(path, {}).text()
    ring = KeyRing.load(tmp_path / "none.json", {"CONNECTOR_KEYS": text})
    assert ring.active_id == KeyRing.load(path, {"CONNECTOR_KEYS": " "}).active_id
    sealed = ring.seal("t", "r", b"x")
    ring.rotate()
    assert ring.open("t", "r", sealed) == b"x"
    assert not (tmp_path / "none.json").exists()


def test_key_files_are_private_and_never_replaced(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert _code(lambda: KeyRing.create(path)) == "keys_exist"
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602])
def test_a_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "keys.json"
    KeyRing.create(file)
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600") as caught:
        KeyRing.load(file, {})
    assert caught.value.code == "keys_exposed"


def test_a_missing_or_broken_key_file_is_named(tmp_path: Path, path: Path) -> None:
    file = tmp_path / "keys.json"
    assert _code(lambda: KeyRing.load(file, {})) == "keys_not_found"
    whole = json.loads(path.read_text())
    broken: list[Any] = ["{", "[]", b"\xff".decode("latin-1"), {**whole, "version": 2}]
    broken += [{k: v for k, v in whole.items() if k != name} for name in whole]
    broken += [{**whole, "active": "00000000"}, {**whole, "keys": {"zz": "AA=="}}]
    broken += [{**whole, "index_key": "AA=="}, {**whole, "signing_key": 7}, {**whole, "keys": []}]
    for document in broken:
        text = document if isinstance(document, str) else json.dumps(document)
        assert _code(lambda text=text: KeyRing.from_text(text, where="x")) == "keys_unreadable"
    file.mkdir()
    assert _code(lambda: KeyRing.load(file, {})) == "keys_unreadable"


def test_nothing_secret_is_shown(ring: KeyRing) -> None:
    document = json.loads(ring.text())
    secrets = [*document["keys"].values(), document["index_key"], document["signing_key"]]
    assert not any(secret in repr(ring) for secret in secrets)


def test_fingerprints_are_keyed_by_ring_and_practice(ring: KeyRing, tmp_path: Path) -> None:
    other = KeyRing.create(tmp_path / "k.json").for_practice("riverside")
    prints = {
        ring.fingerprint(b"a"), ring.fingerprint(b"b"), other.fingerprint(b"a"),
        ring.for_practice("x").fingerprint(b"a"),
    }  # fmt: skip
    assert len(prints) == 4
    assert ring.fingerprint(b"a") == ring.fingerprint(b"a")


def test_signatures(ring: KeyRing, tmp_path: Path) -> None:
    signature = ring.sign(b"head")
    other = KeyRing.create(tmp_path / "k.json")
    assert signature_holds(ring.public_key, b"head", signature)
    assert not signature_holds(ring.public_key, b"heads", signature)
    assert not signature_holds(other.public_key, b"head", signature)
    for key, text in (("", signature), (ring.public_key, ""), (ring.public_key, "ä"), ("@", "@")):
        assert not signature_holds(key, b"head", text)


def test_without_a_former_key_no_table_is_searched_for_what_it_sealed(tmp_path: Path) -> None:
    ring = KeyRing.create(tmp_path / "keys.json").for_practice("riverside")
    assert not ring.has_others
    nothing: Any = SimpleNamespace(keys=ring)  # any statement would fail
    assert Reseal(nothing).older() == []
    ring.rotate()
    assert ring.has_others
