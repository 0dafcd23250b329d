"""Keys of this home: one Ed25519 pair that signs manifests, and per agreement a salt for its pseudonyms."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from jingjinji.paths import Home, home
from jingjinji.verify import fingerprint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE_KEY, PUBLIC_KEY = "manifest_ed25519.pem", "manifest_ed25519.pub.pem"


def signing_key(at: Home | None = None) -> Ed25519PrivateKey:
    """The private key, generated at its first use into `keys/` with mode 0600, and its public half beside it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    folder = (at or home()).keys
    fresh = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = load_pem_private_key(_kept_secret(folder / PRIVATE_KEY, fresh), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{folder / PRIVATE_KEY} is not an Ed25519 key; restore it, or move it away to make a new one")
    _kept_secret(folder / PUBLIC_KEY, public_pem(key))
    return key


def public_pem(key: Ed25519PrivateKey) -> bytes:
    """The public half as PEM, as partners get it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def key_fingerprint(key: Ed25519PrivateKey) -> str:
    """What a partner compares over the telephone."""
    return fingerprint(key.public_key().public_bytes_raw())


def pseudonym_salt(agreement_id: str, at: Home | None = None) -> str:
    """Hex text of 32 random bytes that stays the same for one agreement, and is no other's."""
    return _kept_secret((at or home()).keys / f"{agreement_id}.salt", secrets.token_hex(32).encode()).decode()


def _kept_secret(path: Path, fresh: bytes) -> bytes:
    """What `path` holds; `fresh` is written there first when there is nothing, by exactly one of many processes."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, fresh)
            os.fsync(descriptor)
            path.hardlink_to(draft)
        except FileExistsError:
            pass  # another process was first: its key counts
        finally:
            os.close(descriptor)
            draft.unlink()
    return path.read_bytes()
