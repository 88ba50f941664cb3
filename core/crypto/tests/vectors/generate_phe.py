#!/usr/bin/env python3
"""Makes the known-answer and reject vectors of veilsum-crypto, always the same ones.

Reference implementation: python-paillier (`phe`) 1.5.0 with gmpy2 2.3.2, on CPython 3.
Run in this folder: python3 generate_phe.py
"""

import hashlib
import json
import pathlib
import random

import gmpy2
import phe
from phe.paillier import PaillierPrivateKey, PaillierPublicKey

HERE = pathlib.Path(__file__).parent
PROVENANCE = f"generate_phe.py with phe {phe.__version__} and gmpy2 {gmpy2.version()}"
SLOT_BITS, CHECK_BITS, CHECK_MODULUS = 64, 127, 2**89 - 1


def prime(rng, bits):
    """A random prime of exactly `bits` bits, the two highest set."""
    while True:
        candidate = rng.getrandbits(bits) | 3 << (bits - 2) | 1
        found = int(gmpy2.next_prime(candidate))
        if found.bit_length() == bits:
            return found


def write(path, value):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"provenance": PROVENANCE, **value}, indent=1) + "\n")


def known_answers(bits):
    rng = random.Random(f"veilsum phe {bits}")
    p, q = prime(rng, bits // 2), prime(rng, bits // 2)
    n = p * q
    public = PaillierPublicKey(n)
    private = PaillierPrivateKey(public, p, q)
    assert n.bit_length() == bits

    messages = [0, 1, 2, n - 1, n - 2, n // 2, n // 2 + 1, n // 3 - 1, 2**127, n - 2**127]
    messages += [rng.randrange(n) for _ in range(4)]
    encryptions = []
    for message in messages:
        r = rng.randrange(1, n)
        ciphertext = int(public.raw_encrypt(message, r_value=r))
        assert private.raw_decrypt(ciphertext) == message
        encryptions.append({"message": message, "r": r, "ciphertext": ciphertext})

    def encrypted(index):
        return phe.EncryptedNumber(public, encryptions[index]["ciphertext"])

    sums = []
    for of in [[0, 1], [3, 4], [10, 11, 12, 13], [5, 5], list(range(len(messages)))]:
        total = encrypted(of[0])
        for index in of[1:]:
            total = total + encrypted(index)
        message = sum(messages[index] for index in of) % n
        ciphertext = int(total.ciphertext(be_secure=False))
        assert private.raw_decrypt(ciphertext) == message
        sums.append({"of": of, "message": message, "ciphertext": ciphertext})

    products = []
    for of, factor in [(1, 1), (1, 2), (10, 65537), (11, -1), (12, -(2**61)), (13, 2**62 + 1), (3, 3)]:
        # _raw_mul takes the factor modulo n: a negative one is inverted, as we do it.
        ciphertext = int(encrypted(of)._raw_mul(factor % n))
        message = messages[of] * factor % n
        assert private.raw_decrypt(ciphertext) == message
        products.append({"of": of, "factor": str(factor), "message": message, "ciphertext": ciphertext})

    slot_count = (bits - 1 - CHECK_BITS) // SLOT_BITS
    largest = 2**62 - 1
    blocks = [
        [],
        [1],
        [-1],
        [0] * slot_count,
        [largest] * slot_count,
        [-largest] * slot_count,
        [(-1) ** slot for slot in range(slot_count)],
        [rng.randint(-largest, largest) for _ in range(slot_count)],
        [rng.randint(-largest, largest) for _ in range(slot_count // 2)],
    ]
    packed = []
    for index, slots in enumerate(blocks):
        check = [0, CHECK_MODULUS - 1, rng.randrange(CHECK_MODULUS)][index % 3]
        integer = check + sum(value << (CHECK_BITS + SLOT_BITS * slot) for slot, value in enumerate(slots))
        packed.append({"slots": slots, "check": str(check), "residue": integer % n})

    fingerprint = hashlib.sha256(b"veilsum paillier public key v1\0" + n.to_bytes(bits // 8, "big")).hexdigest()
    vectors = {"modulus_bits": bits, "n": n, "p": p, "q": q}
    vectors |= {"encryptions": encryptions, "sums": sums, "products": products, "packed": packed}
    write(HERE / f"phe-{bits}.json", {"fingerprint": fingerprint} | as_hex(vectors))
    return n, p, encryptions[10]["ciphertext"]


def as_hex(value):
    """Big integers as hexadecimal text; everything that JSON readers take for a number stays one."""
    if isinstance(value, dict):
        keep = {"modulus_bits", "of", "slots"}
        return {key: item if key in keep else as_hex(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_hex(item) for item in value]
    return format(value, "x") if isinstance(value, int) else value


def rejected_ciphertexts(n, p, ciphertext):
    """One file, one fault, under the 2048-bit key."""
    size = 2048 // 4
    good = ciphertext.to_bytes(size, "little")

    def reject(fault, error, data):
        vector = {"fault": fault, "error": error, "modulus": format(n, "x"), "ciphertexts": data.hex()}
        write(HERE / "reject" / f"ciphertext_{fault}.json", vector)

    def number(value):
        return value.to_bytes(size, "little")

    reject("zero", "OutOfRange { index: 0 }", number(0))
    reject("one", "Trivial { index: 0 }", number(1))
    reject("n", "NotCoprime { index: 0 }", number(n))
    reject("n_squared", "OutOfRange { index: 0 }", number(n * n))
    reject("above_n_squared", "OutOfRange { index: 0 }", number(n * n + ciphertext % n))
    reject("all_bits_set", "OutOfRange { index: 0 }", b"\xff" * size)
    reject("multiple_of_p", "NotCoprime { index: 0 }", number(p * (ciphertext % n)))
    reject("multiple_of_n", "NotCoprime { index: 0 }", number(n * 12345))
    reject("empty", "WrongLength { expected: 512, actual: 0 }", b"")
    reject("one_byte_short", "WrongLength { expected: 512, actual: 511 }", good[:-1])
    reject("one_byte_long", "WrongLength { expected: 512, actual: 513 }", good + b"\0")
    reject("big_endian_of_a_small_number", "OutOfRange { index: 0 }", (0xFFFF).to_bytes(size, "big"))
    reject("second_is_zero", "OutOfRange { index: 1 }", good + number(0))
    reject("second_is_one", "Trivial { index: 1 }", good + number(1))
    reject("third_is_multiple_of_p", "NotCoprime { index: 2 }", good + good + number(p))
    reject("second_is_cut_off", "WrongLength { expected: 512, actual: 768 }", good + good[:256])


def rejected_public_keys(n, p):
    def reject(fault, error, modulus):
        write(HERE / "reject" / f"public_key_{fault}.json", {"fault": fault, "error": error, "modulus": modulus})

    reject("empty", "NotHex", "")
    reject("zero", "NotHex", "0")
    reject("leading_zero", "NotHex", "0" + format(n, "x"))
    reject("upper_case", "NotHex", format(n, "X"))
    reject("sign", "NotHex", "+" + format(n, "x"))
    reject("prefix", "NotHex", "0x" + format(n, "x"))
    reject("underscore", "NotHex", format(n, "_x"))
    reject("one", "WrongSize { bits: 1 }", "1")
    reject("prime_factor_only", "WrongSize { bits: 512 }", format(p, "x"))
    reject("too_small", "WrongSize { bits: 1016 }", format(2**1016 - 1, "x"))
    reject("not_whole_bytes", "WrongSize { bits: 2047 }", format(2**2047 - 1, "x"))
    reject("too_large", "WrongSize { bits: 8200 }", format(2**8200 - 1, "x"))
    reject("absurdly_long", "WrongSize { bits: 40000 }", "f" * 10_000)
    reject("even", "Even", format(n - 1, "x"))
    reject("square_of_a_prime", "Square", format(p * p, "x"))


n_1024, p_1024, _ = known_answers(1024)
n_2048, p_2048, ciphertext_2048 = known_answers(2048)
known_answers(3072)
rejected_ciphertexts(n_2048, p_2048, ciphertext_2048)
rejected_public_keys(n_1024, p_1024)
