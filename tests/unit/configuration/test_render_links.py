"""render.links_to: an address, and nothing that could carry a key or a name."""

from __future__ import annotations

import pytest

from connector.settings import RenderSettings


@pytest.mark.parametrize(
    "address", ["https://connector.example", "http://127.0.0.1:8080", "https://h.example/connector"]
)
def test_an_address_of_pages_is_taken(address):
    assert RenderSettings(links_to=address).links_to == address


@pytest.mark.parametrize(
    "address",
    [
        "connector.example",
        "https://h.example/?sign-in=1",
        "https://me:key@h.example",
        "javascript:1",
        "https://h.example/a b",
        "https://h.example/",
        "",
    ],
)
def test_others_are_refused_with_an_example(address):
    with pytest.raises(ValueError, match=r"such as https://connector\.riverside\.example"):
        RenderSettings(links_to=address)
