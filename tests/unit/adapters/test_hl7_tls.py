"""HL7 over TLS: both sides show certificates, and who has none or another is turned away."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.hl7_v2.destination import Hl7Destination
from adapters.hl7_v2.settings import DestinationSettings
from connector.errors import ConfigurationError, RetryLater
from connector.ports import AdapterContext
from connector.testing_listeners import FakeKeeper, running
from tests.unit.adapters import hl7_messages as hl7
from tests.unit.adapters.mllp_sender import Sender, codes, listener, port_of
from tests.unit.adapters.test_hl7_destination import SUMMARY


def _certificate(
    folder: Path, name: str, issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None
):
    """A certificate ``<name>.pem`` with its key, by ``issuer`` or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by, signer = issuer or (subject, key)
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(by)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(start).not_valid_after(start + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(name), x509.DNSName("localhost"),
                 x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ), critical=False,
        )
    )  # fmt: skip
    made = builder.sign(signer, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # fmt: skip
    return subject, key


@pytest.fixture
def folder(tmp_path):
    authority = _certificate(tmp_path, "authority", None)
    for name in ("server", "ehr", "other"):
        _certificate(tmp_path, name, authority)
    _certificate(tmp_path, "stranger", None)
    return tmp_path


TLS = {
    "certificate": "server.pem", "key": "server.key", "client_ca": "authority.pem",
    "client_names": ["ehr"],
}  # fmt: skip


def client(folder: Path, name: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    if name:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def test_a_sender_with_the_right_certificate_is_served(folder):
    keeper = FakeKeeper()
    with (
        running(listener(folder, tls=TLS), keeper) as one,
        Sender(port_of(one), client(folder, "ehr")) as sender,
    ):
        assert codes(sender.send(hl7.adt("A08"), hl7.mdm(size=200_000))) == ["AA", "AA"]


@pytest.mark.parametrize("name", [None, "other", "stranger"])
def test_others_are_not(folder, name):
    keeper = FakeKeeper()
    with running(listener(folder, tls=TLS), keeper) as one:
        with (
            pytest.raises((OSError, IndexError)),
            Sender(port_of(one), client(folder, name)) as sender,
        ):
            _ = sender.send(hl7.adt("A08"))[0]
        with Sender(port_of(one), client(folder, "ehr")) as sender:
            assert codes(sender.send(hl7.adt("A08", "N2"))) == ["AA"]
    assert len(keeper.pages) == 1


def test_who_speaks_no_tls_is_turned_away(folder):
    with running(listener(folder, tls=TLS), FakeKeeper()) as one, Sender(port_of(one)) as sender:
        sender.raw(b"\x0b" + hl7.adt("A08") + b"\x1c\r")
        assert b"MSA" not in b"".join(sender.answers())


def test_our_own_client_and_listener_understand_each_other(folder):
    keeper = FakeKeeper()
    with running(listener(folder, tls=TLS), keeper) as one:
        tls = {"ca_file": "authority.pem", "certificate": "ehr.pem", "key": "ehr.key"}
        at = {"host": "127.0.0.1", "port": port_of(one)}
        out = Hl7Destination(DestinationSettings(**at, tls=tls), AdapterContext("out", folder))
        out.deliver(SUMMARY)
        out.close()
        foreign = Hl7Destination(
            DestinationSettings(**at, tls={**tls, "ca_file": "stranger.pem"}),
            AdapterContext("out", folder),
        )
        with pytest.raises(ConfigurationError, match="authority"):
            foreign.deliver(SUMMARY)
        plain = Hl7Destination(DestinationSettings(**at), AdapterContext("out", folder))
        with pytest.raises(RetryLater):
            plain.deliver(SUMMARY)
    assert [b.table for b in keeper.batches] == ["mentions", "results"]


def test_certificates_that_can_not_be_read_are_named_by_the_source(folder):
    with pytest.raises(ConfigurationError, match="'ehr', tls") as caught:
        listener(folder, tls={**TLS, "key": "other.key"})
    assert caught.value.code == "certificate_unusable"
