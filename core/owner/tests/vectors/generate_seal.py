#!/usr/bin/env python3
"""Writes seal.json: sealed files made without Veilsum, with python `cryptography` alone.

    pip install cryptography==50.0.2
    python3 generate_seal.py

Follows c2sp.org/chunked-encryption (v1) as Cobblestone-256: AES-256-GCM and SHA-512. Sealing is deterministic in key,
salt and context, so the vectors serve both ways: Veilsum must open these bytes, and must write the same ones. Since
`cryptography.cobblestone` draws its own salts, `files` are sealed with its primitives and a chosen salt, and its
decryptor must open each of them; `recipe_files` are sealed by its encryptor and opened by Veilsum. Long files are
given by the SHA-256 of the sealed bytes and by a rule for the plaintext, short ones whole.
"""

import hashlib
import json
import pathlib

import cryptography
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

CHUNK = 16 * 1024


def derive(key: bytes, salt: bytes, context: bytes) -> tuple[bytes, bytes, bytes]:
    info = b"c2sp.org/chunked-encryption@v1+" + b"AEAD_AES_256_GCM" + b"\x00" + salt + context
    output = HKDFExpand(algorithm=hashes.SHA512(), length=32 + 12 + 32, info=info).derive(key)
    return output[:32], output[32:44], output[44:]


def nonce(base: bytes, index: int) -> bytes:
    return bytes(a ^ b for a, b in zip(base, index.to_bytes(12, "big")))


def seal(key: bytes, salt: bytes, context: bytes, plaintext: bytes) -> bytes:
    aead_key, base, commitment = derive(key, salt, context)
    chunks = [plaintext[at : at + CHUNK] for at in range(0, len(plaintext), CHUNK)]
    if not chunks or len(chunks[-1]) == CHUNK:
        chunks.append(b"")
    aead = AESGCM(aead_key)
    return salt + commitment + b"".join(aead.encrypt(nonce(base, i), c, None) for i, c in enumerate(chunks))


def open_with_recipe(key: bytes, context: bytes, sealed: bytes) -> bytes:
    """What a person without Veilsum would write to get a sealed file back."""
    decryptor = Cobblestone256Decryptor(key, context)
    return decryptor.update(sealed) + decryptor.finalize()


def seal_with_recipe(key: bytes, context: bytes, plaintext: bytes) -> bytes:
    encryptor = Cobblestone256Encryptor(key, context)
    return encryptor.update(plaintext) + encryptor.finalize()


def pattern(length: int) -> bytes:
    """Byte i is 7·i + ⌊i / 251⌋ modulo 256."""
    return bytes((7 * i + i // 251) % 256 for i in range(length))


def far_chunk(key: bytes, salt: bytes, context: bytes, index: int, plaintext: bytes) -> dict:
    aead_key, base, _ = derive(key, salt, context)
    sealed = AESGCM(aead_key).encrypt(nonce(base, index), plaintext, None)
    return {"index": str(index), "plaintext": plaintext.hex(), "sealed": sealed.hex()}


def main() -> None:
    key, salt = bytes(range(32)), bytes(range(100, 124))
    files = []
    for context in [b"", b"veilsum test context\x00\xff"]:
        for length in [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5]:
            plaintext = pattern(length)
            sealed = seal(key, salt, context, plaintext)
            assert open_with_recipe(key, context, sealed) == plaintext
            file = {
                "context": context.hex(),
                "plaintext_bytes": length,
                "sealed_bytes": len(sealed),
                "sealed_sha256": hashlib.sha256(sealed).hexdigest(),
            }
            if length <= 17:
                file["sealed"] = sealed.hex()
            files.append(file)
    document = {
        "source": "generate_seal.py",
        "made_with": f"cryptography {cryptography.__version__}",
        "plaintext_rule": "byte i is 7*i + floor(i / 251), modulo 256",
        "key": key.hex(),
        "salt": salt.hex(),
        "files": files,
        "recipe_files": [
            {
                "context": context.hex(),
                "plaintext_bytes": length,
                "sealed": seal_with_recipe(key, context, pattern(length)).hex(),
            }
            for context, length in [(b"", 0), (b"", 100), (b"veilsum test context", 100)]
        ],
        "far_chunks": [far_chunk(key, salt, b"", i, b"far out") for i in [255, 256, 65_536, 2**32, 2**38 - 1]],
    }
    path = pathlib.Path(__file__).with_name("seal.json")
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
