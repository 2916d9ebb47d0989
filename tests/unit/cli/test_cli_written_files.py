"""What a person asked for wrongly is told in a sentence; what is written names people."""

from __future__ import annotations

import json

import pytest

from connector.cli.serve import _check_port
from connector.cli.written import make_folder, write_file
from connector.errors import ConfigurationError


def test_a_new_file_is_its_owners_alone(tmp_path):
    path = tmp_path / "file.x12"
    write_file(path, b"ISA*longer")
    write_file(path, b"ISA")
    assert path.read_bytes() == b"ISA"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_place_that_cannot_be_written_is_named(connector, tmp_path):
    (tmp_path / "taken").write_text("a file")
    place = tmp_path / "taken" / "inside"
    for act in (lambda: write_file(place, b""), lambda: make_folder(place)):
        with pytest.raises(ConfigurationError) as caught:
            act()
        assert caught.value.code == "file_not_written" and str(place) in str(caught.value)
    done = connector("init", place)
    assert done.code == 3 and "[file_not_written]" in done.err


@pytest.mark.parametrize("port", ["0", "-1", "65536", "http"])
def test_a_port_that_there_is_not_is_wrong_use(connector, port):
    done = connector("serve", "--port", port)
    assert done.code == 2 and "--port" in done.err


def test_an_address_of_another_machine_is_no_port_in_use():
    with pytest.raises(ConfigurationError) as caught:
        _check_port("192.0.2.1", 8080)  # RFC 5737: for documentation, nobody's
    assert caught.value.code == "host_unknown"


@pytest.mark.parametrize("host", ["a..b", "h" * 64])
def test_what_can_be_no_host_is_told_like_one_that_is_not_there(host):
    with pytest.raises(ConfigurationError) as caught:
        _check_port(host, 8080)
    assert caught.value.code == "host_unknown"


def test_the_audit_log_of_a_site_without_a_place_for_it(connector, ran, tmp_path):
    done = connector("--home", ran, "audit", "export", tmp_path / "no" / "log.jsonl")
    assert done.code == 3 and "[file_not_written]" in done.err
    done = connector("--home", ran, "audit", "export", tmp_path / "log.jsonl")
    assert done.code == 0
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
