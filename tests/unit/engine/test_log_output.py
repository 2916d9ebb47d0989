"""Log lines tell type and place of a failure, and never its text."""

from __future__ import annotations

import io
import logging

from connector.logs import PlainFormatter, outline


def fail():
    try:
        raise KeyError("Avery Samplewood")
    except KeyError as fault:
        raise ValueError("born 04/12/1988") from fault


def caught():
    try:
        fail()
    except ValueError as fault:
        return fault
    raise AssertionError


def test_an_outline_names_types_and_places():
    text = outline(caught())
    assert text.startswith("ValueError at engine/test_log_output.py:")
    assert "; after KeyError at " in text
    assert "Samplewood" not in text
    assert "1988" not in text


def test_an_outline_of_nothing_and_of_a_circle_ends():
    assert outline(None) == ""
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert outline(one).count("ValueError") == 1


def test_a_logged_exception_loses_its_text():
    stream = io.StringIO()
    logger = logging.Logger("x")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainFormatter())
    logger.addHandler(handler)
    try:
        fail()
    except ValueError:
        logger.exception("a job failed")
    written = stream.getvalue()
    assert "a job failed" in written
    assert "ValueError at" in written
    assert "Samplewood" not in written
    assert "1988" not in written
