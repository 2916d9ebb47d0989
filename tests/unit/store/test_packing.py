"""Values as bytes: what goes in comes out, and what was once written stays readable."""

from __future__ import annotations

import hashlib
import json
import zlib
from importlib.resources import files

from hypothesis import given
from hypothesis import strategies as st

from connector.store.packing import expand, pack, squeeze, unpack

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.binary(max_size=4000))
def test_bytes_come_back(data):
    assert expand(squeeze(data)) == data


@given(JSON)
def test_values_come_back(value):
    assert unpack(pack(value)) == value


def test_what_was_written_before_the_dictionary_is_read():
    text = b'{"kind": "patient"}' * 50
    assert expand(b"\x00" + text) == text
    assert expand(b"\x01" + zlib.compress(text)) == text


def test_the_dictionary_is_the_one_that_stored_rows_need():
    """If this fails, rows written with the old file can't be read: add a second dictionary."""
    data = files("connector.store").joinpath("dictionary_1.txt").read_bytes()
    assert (
        hashlib.sha256(data).hexdigest()
        == "d1d995f4fafaddd4dc43799db96ff3041c1fba172008754470d57e45f92243b0"
    )


def test_a_typical_row_becomes_small():
    row = json.dumps(
        {"id": "assessment-0", "version": "2026-11-20T10:00:00Z", "deleted": False,
         "provenance": {"source": "forms", "origin": "/webhooks/forms", "row": 1,
                        "source_id": "e-1", "mapping": "form_webhook", "mapping_version": "1"},
         "patient_id": "patient-0", "kind": "assessment", "instrument": "phq9"}
    ).encode()  # fmt: skip
    assert len(squeeze(row)) < len(zlib.compress(row, 1)) / 1.5
