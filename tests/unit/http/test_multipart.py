"""A form with a file in it: what is sent is what a server reads, and always the same bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from connector.errors import ConfigurationError
from connector.http.multipart import multipart


@given(content=st.binary(max_size=300), value=st.text("abcXYZ09/+=-", max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_server_reads_what_was_put_in(content, value):
    body, kind = multipart({"key": value}, "file", "a-report.pdf", "application/pdf", content)
    assert multipart({"key": value}, "file", "a-report.pdf", "application/pdf", content)[0] == body
    with EnvironBuilder(method="POST", data=body, content_type=kind).get_request() as request:
        assert request.form["key"] == value
        assert request.files["file"].filename == "a-report.pdf"
        assert request.files["file"].read() == content


@pytest.mark.parametrize("name", ['a"b.pdf', "a\r\nb.pdf", "", "a" * 201])
def test_a_name_that_no_form_can_hold_is_refused(name):
    with pytest.raises(ConfigurationError):
        multipart({}, "file", name, "application/pdf", b"x")
