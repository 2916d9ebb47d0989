"""What the engine stores is sealed JSON; errors keep code and message, and nothing else."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.engine.serializer import EncryptedSerializer, EngineFault
from connector.errors import ConfigurationError, InvalidRecord, RetryLater
from connector.store.crypto import KeyRing

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return KeyRing.create(tmp_path_factory.mktemp("keys") / "keys.json")


@given(value=JSON)
@settings(max_examples=40)
def test_values_come_back_and_are_not_readable(keys, value):
    serializer = EncryptedSerializer(keys, "small")
    stored = serializer.serialize({"canary": "Samplewood", "value": value})
    assert serializer.deserialize(stored) == {"canary": "Samplewood", "value": value}
    assert "Samplewood" not in stored
    assert b"Samplewood" not in base64.b64decode(stored)


@pytest.mark.parametrize(
    "fault",
    [
        RetryLater("busy", "the receiver is busy"),
        ConfigurationError("bad", "wrong key", allowed=["a"]),
        InvalidRecord("odd", "not a date", value="Samplewood"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_product_error_comes_back_with_code_and_message(keys, fault):
    serializer = EncryptedSerializer(keys, "small")
    found = serializer.deserialize(serializer.serialize(fault))
    assert isinstance(found, EngineFault)
    assert (found.code, found.message) == (fault.code, fault.message)
    assert "Samplewood" not in str(found)


def test_any_other_error_keeps_its_type_alone(keys):
    serializer = EncryptedSerializer(keys, "small")
    found = serializer.deserialize(serializer.serialize(ValueError("Samplewood")))
    assert (found.code, found.message) == ("ValueError", "unexpected failure")


def test_an_object_is_refused_not_pickled(keys):
    with pytest.raises(TypeError, match="references, not object"):
        EncryptedSerializer(keys, "small").serialize({"value": object()})


def test_another_practice_cannot_read_it(keys):
    stored = EncryptedSerializer(keys, "small").serialize("x")
    with pytest.raises(ConfigurationError):
        EncryptedSerializer(keys, "other").deserialize(stored)


def test_the_stored_name_never_changes(keys):
    assert EncryptedSerializer(keys, "small").name() == "connector_aes_gcm_json"


def test_when_it_may_be_tried_again_comes_back(keys):
    serializer = EncryptedSerializer(keys, "small")
    opens = datetime(2026, 11, 20, 22, 1, tzinfo=UTC)
    stored = serializer.serialize(RetryLater("budget_spent", "spent", until=opens))
    assert serializer.deserialize(stored).until == opens
    assert serializer.deserialize(serializer.serialize(RetryLater("busy", "busy"))).until is None
