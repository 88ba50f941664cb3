#!/usr/bin/env python3
"""Makes the vectors of secret keys and check values, always the same ones, without any code of Veilsum.

Needs gmpy2 (2.3.2 was used); HMAC, HKDF and SHA-256 come with Python. Run in this folder: python3 generate_keys.py
"""

import hashlib
import hmac
import json
import pathlib
import random

import gmpy2

HERE = pathlib.Path(__file__).parent
PROVENANCE = f"generate_keys.py with gmpy2 {gmpy2.version()}"
P = 2**89 - 1


def write(path, value):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"provenance": PROVENANCE, **value}, indent=1) + "\n")


def factors(number):
    return [d for d in range(2, number + 1) if number % d == 0 and gmpy2.is_prime(d)]


def is_generator(g, p, k, s):
    order = p - 1
    return pow(g, order, p) == 1 and all(pow(g, order // r, p) != 1 for r in {2, s, *factors(k)})


def structured_prime(rng, bits, s=None):
    """p = 2·k·s + 1 with its k, s and smallest generator."""
    s = s or int(gmpy2.next_prime(rng.getrandbits(bits - 20) | 1 << (bits - 21)))
    while True:
        k = rng.randrange((3 << (bits - 2)) // (2 * s) + 1, (1 << bits) // (2 * s))
        p = 2 * k * s + 1
        if gmpy2.is_prime(p, 40):
            return p, k, s, next(g for g in range(2, 1024) if is_generator(g, p, k, s))


def secret_bytes(bits, *primes, magic=b"VSSK", version=1, reserved=0):
    data = magic + version.to_bytes(2, "little") + reserved.to_bytes(2, "little") + bits.to_bytes(4, "little")
    for p, k, g in primes:
        data += k.to_bytes(4, "little") + g.to_bytes(4, "little") + p.to_bytes(bits // 16, "little")
    return data


def fingerprint(n):
    return hashlib.sha256(b"veilsum paillier public key v1\0" + n.to_bytes((n.bit_length() + 7) // 8, "big")).digest()


def secret_key(bits):
    rng = random.Random(f"veilsum secret key {bits}")
    p, q = structured_prime(rng, bits // 2), structured_prime(rng, bits // 2)
    n = p[0] * q[0]
    assert n.bit_length() == bits
    secret = secret_bytes(bits, (p[0], p[1], p[3]), (q[0], q[1], q[3]))
    vector = {"modulus": format(n, "x"), "fingerprint": fingerprint(n).hex(), "secret": secret.hex()}
    write(HERE / f"secret-key-{bits}.json", vector)
    return p, q


def rejected_secret_keys(p_parts, q_parts):
    """One file, one fault."""
    rng = random.Random("veilsum rejected secret keys")
    p, p_k, p_s, p_g = p_parts
    q, q_k, q_s, q_g = q_parts
    good_p, good_q = (p, p_k, p_g), (q, q_k, q_g)
    good = secret_bytes(2048, good_p, good_q)

    def reject(fault, error, secret):
        write(HERE / "reject" / f"secret_key_{fault}.json", {"fault": fault, "error": error, "secret": secret.hex()})

    wrong_p, wrong_q = "WrongStructure { which: P }", "WrongStructure { which: Q }"
    reject("empty", "NotAKey", b"")
    reject("header_cut_off", "NotAKey", good[:11])
    reject("wrong_magic", "NotAKey", secret_bytes(2048, good_p, good_q, magic=b"VSPK"))
    reject("version_zero", "UnknownVersion { actual: 0 }", secret_bytes(2048, good_p, good_q, version=0))
    reject("newer_version", "UnknownVersion { actual: 2 }", secret_bytes(2048, good_p, good_q, version=2))
    reject("reserved_not_zero", "NotAKey", secret_bytes(2048, good_p, good_q, reserved=1))
    reject("truncated", "WrongLength { expected: 284, actual: 283 }", good[:-1])
    reject("trailing_byte", "WrongLength { expected: 284, actual: 285 }", good + b"\0")
    reject("claims_3072_bits", "WrongLength { expected: 412, actual: 284 }", good[:8] + b"\x00\x0c\0\0" + good[12:])
    reject("claims_1024_bits", "WrongSize { bits: 1024 }", good[:8] + b"\x00\x04\0\0" + good[12:])
    reject("claims_zero_bits", "WrongSize { bits: 0 }", good[:8] + b"\0\0\0\0" + good[12:])

    small = [structured_prime(rng, 512) for _ in range(2)]
    weak = secret_bytes(1024, *((part[0], part[1], part[3]) for part in small))
    reject("real_1024_bit_key", "WrongSize { bits: 1024 }", weak)
    padded = secret_bytes(2048, *((part[0], part[1], part[3]) for part in small))
    reject("1024_bit_key_that_claims_2048", "WrongSize { bits: 1024 }", padded)

    reject("without_structure", wrong_p, secret_bytes(2048, (p, 0, 0), (q, 0, 0)))
    reject("generator_zero", wrong_q, secret_bytes(2048, good_p, (q, q_k, 0)))
    reject("generator_one", wrong_p, secret_bytes(2048, (p, p_k, 1), good_q))
    residue = next(g for g in range(2, 1024) if gmpy2.jacobi(g, p) == 1)
    reject("generator_is_a_square", wrong_p, secret_bytes(2048, (p, p_k, residue), good_q))
    # A generator of an index-r subgroup for an odd r: only trying the small factors of k tells it from a primitive root.
    third, third_g = (0, 1), 0
    while not third_g:
        third = structured_prime(rng, 1024)
        bases = (g for g in range(2, 1024) if gmpy2.jacobi(g, third[0]) == -1)
        third_g = next((g for g in bases if not is_generator(g, *third[:3])), 0)
    reject("generator_of_a_subgroup", wrong_q, secret_bytes(2048, good_p, (third[0], third[1], third_g)))
    large = next(g for g in range(1024, 2**16) if is_generator(g, p, p_k, p_s))
    reject("generator_too_large", wrong_p, secret_bytes(2048, (p, p_k, large), good_q))
    reject("cofactor_wrong", wrong_p, secret_bytes(2048, (p, p_k + 1, p_g), good_q))
    factor = factors(p_k)[0]
    reject("cofactor_leaves_s_composite", wrong_p, secret_bytes(2048, (p, p_k // factor, p_g), good_q))

    composite = next(k for k in range(p_k + 1, 2**20) if not gmpy2.is_prime(2 * k * p_s + 1))
    fake = 2 * composite * p_s + 1
    reject("composite_of_the_right_form", wrong_p, secret_bytes(2048, (fake, composite, p_g), good_q))
    reject("composite_q", wrong_q, secret_bytes(2048, good_p, (q + 2, q_k, q_g)))
    reject("even_prime", "Public(Even)", secret_bytes(2048, (p - 1, p_k, p_g), good_q))
    reject("zero_prime", "Public(WrongSize { bits: 0 })", secret_bytes(2048, (0, p_k, p_g), good_q))
    reject("same_prime", "SamePrime", secret_bytes(2048, good_p, good_p))
    reject("both_zero", "SamePrime", secret_bytes(2048, (0, p_k, p_g), (0, p_k, p_g)))

    # Two good primes that differ by about 2^900: their s are neighbours.
    k, s = p_k, p_s + (rng.getrandbits(860) | 1) + 1
    while not (gmpy2.is_prime(s) and gmpy2.is_prime(2 * k * s + 1)):
        s = int(gmpy2.next_prime(s))
    near = 2 * k * s + 1
    near_g = next(g for g in range(2, 1024) if is_generator(g, near, k, s))
    reject("primes_too_close", "TooClose", secret_bytes(2048, good_p, (near, k, near_g)))


def hkdf(secret, info):
    extracted = hmac.new(b"\0" * 32, secret, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def check_values():
    rng = random.Random("veilsum check values")
    cases = []
    for slot_count in (1, 14, 30, 46):
        master, key, dataset, upload = rng.randbytes(32), rng.randbytes(32), rng.randbytes(16), rng.randbytes(16)
        place = [rng.getrandbits(32) for _ in range(3)]
        slots = [rng.randint(-(2**62) + 1, 2**62 - 1) for _ in range(slot_count - slot_count // 3)]
        secret = hkdf(master, b"veilsum check key v1\0" + key)

        def mac(message):
            return int.from_bytes(hmac.new(secret, message, hashlib.sha256).digest(), "little") % P

        weights = [mac(b"veilsum check weight v1\0" + slot.to_bytes(4, "little")) for slot in range(slot_count)]
        label = dataset + upload + b"".join(number.to_bytes(4, "little") for number in place)
        mask = mac(b"veilsum check mask v1\0" + key + label)
        tag = (sum(weight * slot for weight, slot in zip(weights, slots)) + mask) % P
        case = {"master": master.hex(), "key": key.hex(), "slot_count": slot_count, "dataset": dataset.hex()}
        case |= {"upload": upload.hex(), "column_set": place[0], "column": place[1], "block": place[2]}
        cases.append(case | {"slots": slots, "tag": str(tag)})
    write(HERE / "check-slot.json", {"cases": cases})


parts_2048 = secret_key(2048)
secret_key(3072)
rejected_secret_keys(*parts_2048)
check_values()
