#!/usr/bin/env python3
"""Reads the frozen files of ../frozen with python `cryptography` alone, and prints what the tests expect of them.

    pip install cryptography==50.0.2
    python3 read_frozen.py

Shows that an owner with passphrase and files needs no Veilsum to get at keys and manifests.
"""

import hashlib
import json
import pathlib
import struct

from cryptography.cobblestone import Cobblestone256Decryptor
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

FROZEN = pathlib.Path(__file__).parent.parent / "frozen"
PASSPHRASE = "correct horse battery stäple"
DATASET = bytes([0x22] * 16)


def frozen(name: str) -> bytes:
    return bytes.fromhex((FROZEN / name).read_text())


def unseal(key: bytes, context: bytes, sealed: bytes) -> bytes:
    decryptor = Cobblestone256Decryptor(key, context)
    return decryptor.update(sealed) + decryptor.finalize()


def derive(master: bytes, label: bytes, context: bytes = b"") -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=label + b"\x00" + context).derive(master)


def commitment(key: bytes, salt: bytes, context: bytes) -> str:
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00" + salt + context
    return HKDFExpand(hashes.SHA512(), 76, info).derive(key)[44:52].hex()


def read_keyring(wrapped: bytes) -> tuple[Ed25519PrivateKey, bytes]:
    body, checksum = wrapped[:-32], wrapped[-32:]
    assert checksum == hashlib.sha256(b"veilsum keyring checksum v1\x00" + body).digest()
    magic, version, zero, memory, passes, lanes = struct.unpack("<4sHHIII", body[:20])
    assert (magic, version, zero) == (b"VSKR", 1, 0)
    stretch = Argon2id(salt=body[20:36], length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    payload = unseal(stretch.derive(PASSPHRASE.encode()), body[:72], body[72:])
    magic, version, zero, created_at, seed, master, length = struct.unpack("<4sHHQ32s32sI", payload[:84])
    assert (magic, version, zero, created_at) == (b"VSKP", 1, 0, 1_700_000_000)
    assert len(payload) == 84 + length
    identity = Ed25519PrivateKey.from_private_bytes(seed)
    tenant = hashlib.sha256(b"veilsum tenant v1" + identity.public_key().public_bytes_raw()).digest()
    assert body[36:68] == tenant
    return identity, master


def read_key_file(file: bytes, wrapped: bytes, master: bytes) -> dict[str, int]:
    magic, version, zero, length = struct.unpack("<4sHHI", file[:12])
    assert (magic, version, zero) == (b"VSKF", 1, 0) and file[12 : 12 + length] == wrapped
    key = derive(master, b"veilsum key file seal key v1")
    numbers = unseal(key, file[: 12 + length], file[12 + length :])
    (count,) = struct.unpack("<I", numbers[:4])
    assert len(numbers) == 4 + 24 * count
    entries = (struct.unpack("<16sQ", numbers[at : at + 24]) for at in range(4, len(numbers), 24))
    return {dataset.hex(): sequence for dataset, sequence in entries}


def read_manifest(stored: bytes, identity: Ed25519PublicKey, master: bytes) -> dict:
    identity.verify(stored[-64:], b"veilsum manifest signature v1\x00" + stored[:-64])
    header, sealed = stored[:104], stored[104:-64]
    assert header[8:24] == DATASET and struct.unpack("<Q", header[96:]) == (len(sealed),)
    return json.loads(unseal(derive(master, b"veilsum manifest seal key v1", DATASET), header, sealed))


def main() -> None:
    wrapped = frozen("keyring_v1.hex")
    identity, master = read_keyring(wrapped)
    print("newest:", read_key_file(frozen("key_file_v1.hex"), wrapped, master))
    manifest = read_manifest(frozen("manifest_v1.hex"), identity.public_key(), master)
    print("manifest:", manifest["dataset"], manifest["sequence"], manifest["source"]["file_name"])
    original = derive(master, b"veilsum original seal key v1", DATASET)
    for name, key, context in [
        ("manifest", derive(master, b"veilsum manifest seal key v1", DATASET), b""),
        ("original", original, b""),
        ("local", derive(master, b"veilsum local seal key v1"), b""),
        ("original with its context", original, b"veilsum original v1\x00" + DATASET),
    ]:
        print("commitment under salt 01…01:", name, commitment(key, bytes([1] * 24), context))


if __name__ == "__main__":
    main()
