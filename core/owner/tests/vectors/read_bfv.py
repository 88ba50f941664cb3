"""Reads the ciphertexts of tests/bfv/format.rs with nothing but the documentation: python 3, standard library only.

    python3 read_bfv.py SEED_HEX FILE [FILE]   # SEED_HEX: the last 32 bytes of to_secret_bytes

Prints the first and last slots of a file; of two files, also those of their product, multiplied as [FV12] says it with
exact integers. `cargo test -p veilsum-owner --features bfv --test bfv -- --ignored write_for_python` writes files.
"""
import struct
import sys
from hashlib import sha256

N = 8192
MODULI = [0x3FFFFFFFFC001, 0x3FFFFFFFCC001, 0x3FFFFFFFFFFF0001]
PRIMES = {
    1: [144115188075593729, 144115188075134977, 144115188074889217],
    2: [1073692673, 1073643521, 1073479681, 1073430529, 1073299457],
}


def chacha(key, rounds, length):
    """RFC 8439's block function with `rounds` rounds, nonce zero, counter from 0."""
    out = bytearray()
    words = struct.unpack("<8I", key)
    for counter in range(-(-length // 64)):
        start = (0x61707865, 0x3320646E, 0x79622D32, 0x6B206574) + words + (counter, 0, 0, 0)
        x = list(start)

        def quarter(a, b, c, d):
            for first, second, turned, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                x[first] = (x[first] + x[second]) & 0xFFFFFFFF
                value = x[turned] ^ x[first]
                x[turned] = ((value << by) | (value >> (32 - by))) & 0xFFFFFFFF

        for _ in range(rounds // 2):
            for column in range(4):
                quarter(column, column + 4, column + 8, column + 12)
            for column in range(4):
                quarter(column, (column + 1) % 4 + 4, (column + 2) % 4 + 8, (column + 3) % 4 + 12)
        out += struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(x, start)))
    return bytes(out[:length])


def secret(seed):
    stream = chacha(seed, 20, 5 * N)
    numbers = (int.from_bytes(stream[i : i + 5], "little") for i in range(0, 5 * N, 5))
    return [(n & 0xFFFFF).bit_count() - (n >> 20).bit_count() for n in numbers]


def expand(seed):
    stream = chacha(seed, 8, 8 * N * len(MODULI) * 2)
    place, rows = 0, []
    for modulus in MODULI:
        row = []
        while len(row) < N:
            number = int.from_bytes(stream[place : place + 8], "little") & ((1 << modulus.bit_length()) - 1)
            place += 8
            if number < modulus:
                row.append(number)
        rows.append(row)
    return rows


def lift(rows, moduli):
    """Residues to integers of least magnitude."""
    q = product(moduli)
    basis = [q // m * pow(q // m, -1, m) for m in moduli]
    values = (sum(r * b for r, b in zip(column, basis)) % q for column in zip(*rows))
    return [v - q if v > q // 2 else v for v in values]


def product(numbers):
    total = 1
    for number in numbers:
        total *= number
    return total


def multiply(a, b):
    """In Z[X]/(X^N + 1), by Kronecker's substitution."""
    width = (max(abs(v) for v in a).bit_length() + max(abs(v) for v in b).bit_length() + 20) // 8 + 1

    def pack(v):
        positive = b"".join(max(x, 0).to_bytes(width, "little") for x in v)
        negative = b"".join(max(-x, 0).to_bytes(width, "little") for x in v)
        return int.from_bytes(positive, "little") - int.from_bytes(negative, "little")

    total = pack(a) * pack(b)
    half = 1 << (8 * width - 1)
    shift = sum(half << (8 * width * i) for i in range(2 * N))
    data = (total + shift).to_bytes(2 * N * width + 1, "little")
    values = [int.from_bytes(data[i * width : (i + 1) * width], "little") - half for i in range(2 * N)]
    return [values[i] - values[i + N] for i in range(N)]


def read(data):
    magic, version, kind, prime, level, count, seeded, zero, degree = struct.unpack("<4sHBBBBBBI", data[:16])
    assert (magic, version, zero, degree) == (b"VSBC", 1, 0, N)
    moduli, place, polynomials = MODULI[: len(MODULI) - level], 16, []
    for _ in range(count - seeded):
        rows = []
        for modulus in moduli:
            width = modulus.bit_length()
            length = N * width // 8
            bits = int.from_bytes(data[place : place + length], "little")
            text = bin(bits)[2:].zfill(N * width)
            rows.append([int(text[N * width - (i + 1) * width : N * width - i * width], 2) for i in range(N)])
            place += length
        polynomials.append(lift(rows, moduli))
    if seeded:
        polynomials.append(lift(expand(data[place : place + 32]), moduli))
        place += 32
    assert place == len(data)
    return PRIMES[kind][prime], product(moduli), polynomials


def decrypt(t, q, polynomials, s):
    phase = polynomials[-1]
    for polynomial in reversed(polynomials[:-1]):
        phase = [(a + b) % q for a, b in zip(multiply([v % q for v in phase], s), polynomial)]
    plaintext = [(2 * t * (v % q) + q) // (2 * q) % t for v in phase]
    # The primitive 2N-th roots of unity: the odd powers of one of them, by size.
    root = next(g for g in (pow(x, (t - 1) // (2 * N), t) for x in range(2, 100)) if pow(g, N, t) == t - 1)
    roots = sorted(pow(root, e, t) for e in range(1, 2 * N, 2))

    def slot(i):
        value = 0
        for coefficient in reversed(plaintext):
            value = (value * roots[i] + coefficient) % t
        return value - t if value > t // 2 else value

    return [slot(i) for i in (0, 1, 2, N - 1)]


def main():
    s = secret(bytes.fromhex(sys.argv[1]))
    ciphertexts = []
    for name in sys.argv[2:]:
        data = open(name, "rb").read()
        ciphertexts.append(read(data))
        print(sha256(data).hexdigest(), decrypt(*ciphertexts[-1], s))
    if len(ciphertexts) == 2:
        (t, q, a), (_, _, b) = ciphertexts

        def scaled(*pairs):
            total = [sum(column) for column in zip(*(multiply(x, y) for x, y in pairs))]
            return [(2 * t * v + q) // (2 * q) % q for v in total]

        result = [scaled((a[0], b[0])), scaled((a[0], b[1]), (a[1], b[0])), scaled((a[1], b[1]))]
        print("product", decrypt(t, q, result, s))
        text = b"".join((v % m).to_bytes(8, "little") for poly in result for m in MODULI for v in poly)
        print("product residues", sha256(text).hexdigest())


main()
