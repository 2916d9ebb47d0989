"""Names as X12 can hold them: folded where that has a plain form, left out where it has none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.x12.charset import first_outside
from connector.x12.content.folding import folded


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("José", "Jose"), ("Zoë Müller", "Zoe Muller"), ("Weiß", "Weiss"), ("Łukasz", "Lukasz"),
        ("Søren", "Soren"), ("O\u2019Hara", "O'Hara"), ("Anne\u2011Marie", "Anne-Marie"),
        ("  two   words ", "two words"), ("Ngọc", "Ngoc"), ("Smith", "Smith"),
        ("", None), (None, None), ("李", None), ("Ann*", None), ("A~B", None), ("Иван", None),
    ],
)  # fmt: skip
def test_names_become_plain_letters_or_nothing(name: str | None, plain: str | None) -> None:
    assert folded(name) == plain


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_what_comes_out_can_always_be_written(text: str) -> None:
    plain = folded(text)
    if plain is not None:
        assert first_outside(plain) < 0 and plain == plain.strip() and plain
        assert not set(plain) & set("*:^~")
        assert folded(plain) == plain
