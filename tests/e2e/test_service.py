"""`connector serve` as a process: it answers, works, stops cleanly, and leaves nobody behind."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.e2e.wire_site import family
from tests.free_ports import free_port

COMMAND = Path(sys.executable).with_name("connector")


def wait_for(what, seconds=300):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain")


@contextmanager
def serving(home):
    """A running service; its process, address and sign-in address."""
    port = free_port()
    process = subprocess.Popen(
        [COMMAND, "--home", home, "serve", "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    left = set()
    try:
        assert select.select([process.stdout], [], [], 300)[0], "it says nothing"
        sign_in = re.search(r"http://\S+", process.stdout.readline()).group()
        base = f"http://127.0.0.1:{port}"

        def ready():
            assert process.poll() is None, process.stderr.read()
            try:
                return requests.get(f"{base}/readyz", timeout=120).status_code == 200
            except requests.RequestException:
                return False

        wait_for(ready)
        yield process, base, sign_in
    finally:
        if process.poll() is None:
            left = family(process.pid)
            process.kill()
        process.wait()
        for one in left:
            if one.alive:
                os.kill(one.pid, signal.SIGKILL)
        process.stdout.close()
        process.stderr.close()


@pytest.fixture
def site(small_site, rows):
    made = small_site(receives=("therapist", "decision", "alert"), every_seconds=5)
    made.drop_rows("clients.csv", [rows.client("C-1")])
    made.drop_rows("assessment_items.csv", [rows.form("F-1", "C-1", [1] * 9)])
    return made


def filed(site):
    return {path.suffix for path in site.out.rglob("therapist/**/*") if path.is_file()}


def test_it_works_on_what_is_dropped_and_stops_cleanly(site, rows):
    with serving(site.home) as (process, base, sign_in):
        assert requests.get(base, timeout=120).status_code == 401
        browser = requests.Session()
        assert browser.get(sign_in, timeout=120).status_code == 200
        wait_for(lambda: "C-1" in browser.get(base, timeout=120).text)
        wait_for(lambda: filed(site) >= {".pdf", ".html"})

        site.drop_rows("clients_2.csv", [rows.client("C-2", last_name="Latecomer")])
        wait_for(lambda: "Latecomer" in browser.get(base, timeout=120).text)

        link = re.search(r'href="(/documents/[^"]+\.pdf)"', browser.get(base, timeout=120).text)
        pdf = browser.get(base + link.group(1), timeout=120)
        assert pdf.content.startswith(b"%PDF")

        processes = family(process.pid)
        assert len(processes) >= 3, "the worker and its render processes"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=1200) == 0, process.stderr.read()
        # Python's own helper of child processes sees the end of its pipe a moment later.
        wait_for(lambda: not any(one.alive for one in processes))
        said = process.stderr.read()
    assert "Traceback" not in said
    assert "Samplewood" not in said
    assert "Latecomer" not in said
    # The file is free again: nothing of the old process holds it.
    done = subprocess.run([COMMAND, "--home", site.home, "run", "--once"], capture_output=True)
    assert done.returncode == 0, done.stderr


def test_no_process_outlives_a_killed_service(site):
    with serving(site.home) as (process, _, _):
        wait_for(lambda: filed(site) >= {".pdf", ".html"})
        processes = family(process.pid)
        assert len(processes) >= 3, "the worker and its render processes"
        process.kill()
        process.wait()
        wait_for(lambda: not any(one.alive for one in processes))


def test_a_second_service_on_the_same_site_is_refused_in_one_sentence(site):
    with serving(site.home) as (_, base, _):
        done = subprocess.run(
            [COMMAND, "--home", site.home, "serve", "--port", str(free_port())],
            capture_output=True, text=True, timeout=1200,
        )  # fmt: skip
        assert done.returncode == 3
        assert "connector: another connector process is using engine.db." in done.stderr
        assert "Traceback" not in done.stderr

        port = base.rpartition(":")[2]
        done = subprocess.run(
            [COMMAND, "--home", site.home, "serve", "--port", port],
            capture_output=True, text=True, timeout=1200,
        )  # fmt: skip
        assert done.returncode == 3
        assert (
            f"connector: port {port} on 127.0.0.1 is in use; choose another with --port "
            "[port_taken]"
        ) in done.stderr
