"""A real OpenSSH server on 127.0.0.1, run as the current user with keys and settings of its own.

It ends by its process id. ``Sshd.folder`` is what a counterpart's account sees.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.free_ports import free_port

SSHD = shutil.which("sshd") or ("/usr/sbin/sshd" if Path("/usr/sbin/sshd").exists() else None)
needs_sshd = pytest.mark.skipif(
    SSHD is None,
    reason="there is no OpenSSH server: install openssh-server (scripts/system_packages.sh test)",
)
_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {home}/host_key
PidFile none
AuthorizedKeysFile {home}/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
StrictModes no
UsePAM no
PermitRootLogin yes
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d {home}/account
MaxStartups 100
LogLevel ERROR
"""


def make_key(path: Path) -> str:
    """A new Ed25519 key; its public half."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True
    )
    return " ".join(path.with_name(f"{path.name}.pub").read_text().split()[:2])


@dataclass
class Sshd:
    """One server; ``start`` and ``stop`` may alternate, its port stays."""

    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.host_key = make_key(self.home / "host_key")
        (self.home / "authorized_keys").write_text(make_key(self.home / "own_key") + "\n")
        (self.home / "sshd_config").write_text(_CONFIG.format(port=self.port, home=self.home))
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # Debian's sshd asks for it

    @property
    def folder(self) -> Path:
        """Where the account's sessions begin."""
        return self.home / "account"

    @property
    def settings(self) -> dict[str, Any]:
        """The options that an adapter reaches it with; the key is relative to ``home``'s parent."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": pwd.getpwuid(os.getuid()).pw_name,
            "host_keys": [self.host_key],
            "key": {"file": str(self.home / "own_key")},
            "private_network": True,
            "timeout_seconds": 60,
        }

    def start(self) -> None:
        """Runs it, and waits until it answers."""
        assert SSHD is not None
        with (self.home / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", str(self.home / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        ends = time.monotonic() + 120
        while True:
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            said = (self.home / "log").read_text(errors="replace")
            assert self.process.poll() is None and time.monotonic() < ends, said
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends it and its sessions."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(120)
            self.process = None


@contextmanager
def running(home: Path) -> Iterator[Sshd]:
    """A server with its files in ``home``."""
    home.mkdir(parents=True, exist_ok=True)
    server = Sshd(home)
    server.start()
    try:
        yield server
    finally:
        server.stop()
