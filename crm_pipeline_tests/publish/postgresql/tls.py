"""A TCP server with TLS before a PostgreSQL server that has a socket only, and certificates of an authority of its own.

Belongs here: the front, and certificates as they may be wrong. Does not belong here: any claim.

The front speaks the protocol's own request for TLS, ends TLS with a real certificate, and hands the rest on unread. It
listens on 127.0.0.2: a loopback address that is not among the names of this machine that need no TLS.
"""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import ssl
import struct
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADDRESS = "127.0.0.2"
_TLS_REQUEST = struct.pack("!ii", 8, 80877103)
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Authority:
    """A certificate authority, and the file of its certificate."""

    file: Path
    _key: ec.EllipticCurvePrivateKey
    _certificate: x509.Certificate

    @classmethod
    def made(cls, folder: Path, name: str) -> Authority:
        """A new one."""
        key, subject = ec.generate_private_key(ec.SECP256R1()), _named(name)
        certificate = (
            _builder(subject, subject, key, timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        file = folder / f"{name}.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cls(file, key, certificate)

    def certify(self, folder: Path, host: str, *, days: int = 1) -> Path:
        """A file of a key and its certificate for a host or an address; expired with negative days."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        certificate = (
            _builder(_named("server"), self._certificate.subject, key, timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file = folder / f"{host} {days}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        return file


class Front:
    """The TCP server; `handed_on` counts the bytes that clients sent on to PostgreSQL.

    Without a certificate it refuses TLS, and takes whatever comes then as it is.
    """

    def __init__(self, behind: str, certificate: Path | None) -> None:
        self._behind, self._context = behind, None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self._listening = socket.create_server((ADDRESS, 0))
        self.port = int(self._listening.getsockname()[1])
        self.handed_on = 0
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        """No more clients; those that are there have ended."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(client,), daemon=True))
                self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if client.recv(len(_TLS_REQUEST), socket.MSG_WAITALL) != _TLS_REQUEST:
                return
            if self._context is None:
                client.sendall(b"N")
                self._relay(client)
                return
            client.sendall(b"S")
            with self._context.wrap_socket(client, server_side=True) as secured:
                self._relay(secured)

    def _relay(self, client: socket.socket) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(self._behind)
            while True:
                is_waiting = isinstance(client, ssl.SSLSocket) and client.pending() > 0
                ready = [client] if is_waiting else select.select([client, server], [], [])[0]
                for one in ready:
                    data = one.recv(_CHUNK)
                    if not data:
                        return
                    if one is client:
                        self.handed_on += len(data)
                    (server if one is client else client).sendall(data)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + life)
    )
