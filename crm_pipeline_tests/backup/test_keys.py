"""Project keys: their text, their ids, wrapping, and that nothing shows them."""

from __future__ import annotations

import base64
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.backup.keys import ProjectKey, derived, generate_key, parse_key, unwrap, wrap
from crm_pipeline.errors import ConfigurationError, IntegrityError, KeyMismatchError
from crm_pipeline_tests.backup import oracle

SNAPSHOT = "20260131T221500Z-0a1b2c"
SECRETS = st.binary(min_size=32, max_size=32)


def test_generated_keys_are_read_back_and_differ() -> None:
    """Generated keys have the documented form, hold 32 bytes and never repeat."""
    texts = {generate_key() for _ in range(50)}
    assert len(texts) == 50
    for text in texts:
        secret = parse_key(f"  {text}\n").secret
        assert len(secret) == 32
        assert oracle.key_text(secret) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MARKERqzx81",
        "crmkey2:" + "A" * 43,
        "crmkey1:" + "A" * 42,
        "crmkey1:" + "A" * 44,
        "crmkey1:" + "A" * 43 + "=",
        "crmkey1:" + "A" * 42 + "B",  # bits beyond 32 bytes are set: a typing error
        "crmkey1:" + "A" * 42 + "+",
        "CRMKEY1:" + "A" * 43,
        "crmkey1:" + base64.b64encode(bytes(31)).decode(),
    ],
)
def test_malformed_keys_are_refused_unseen(text: str) -> None:
    """A malformed key is an error of configuration, exit code 2, and no traceback shows it."""
    with pytest.raises(ConfigurationError) as caught:
        parse_key(text)
    assert caught.value.exit_code == 2
    assert not text or text not in str(caught.value)
    assert "MARKER" not in "".join(traceback.format_exception(caught.value))


@given(SECRETS, SECRETS)
def test_wrapping_is_undone_by_the_same_key_only(secret: bytes, data_key: bytes) -> None:
    """A wrapped data key comes back with its key; the oracle unwraps it too; ids follow the documented derivation."""
    key = ProjectKey(secret)
    recipient = wrap(key, data_key, SNAPSHOT)
    assert unwrap(key, [recipient], SNAPSHOT, where="x") == data_key
    assert key.key_id == oracle.hkdf(secret, "crm_pipeline backup 1 key id", 8)
    assert oracle.recipient(secret, data_key, SNAPSHOT, recipient.wrapped_key[:12])[11:] == recipient.wrapped_key


def test_another_key_is_a_mismatch() -> None:
    """A key that is no recipient is told so with exit code 2, before anything is decrypted."""
    recipient = wrap(ProjectKey(bytes(32)), bytes(32), SNAPSHOT)
    with pytest.raises(KeyMismatchError, match="another key") as caught:
        unwrap(ProjectKey(bytes([1]) * 32), [recipient], SNAPSHOT, where="x")
    assert caught.value.exit_code == 2


def test_a_wrapped_key_serves_its_own_snapshot_only() -> None:
    """A wrapped key copied into another snapshot's header does not unwrap."""
    key = ProjectKey(bytes(32))
    with pytest.raises(IntegrityError):
        unwrap(key, [wrap(key, bytes(32), SNAPSHOT)], SNAPSHOT[:-1] + "d", where="x")


def test_a_key_does_not_show() -> None:
    """The representation of a key holds no byte of it."""
    assert repr(ProjectKey(b"MARKER" + bytes(26))) == "ProjectKey()"


@given(SECRETS, st.binary(min_size=16, max_size=16), st.sampled_from([8, 32]))
def test_derivation_is_hkdf(secret: bytes, salt: bytes, length: int) -> None:
    """Derived bytes are HKDF-SHA256 as computed with HMAC alone."""
    assert derived(secret, b"p", salt=salt, length=length) == oracle.hkdf(
        secret, "crm_pipeline backup 1 p", length, salt
    )
