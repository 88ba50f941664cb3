"""python phe by turns: reads `operation calls` lines, answers with nanoseconds of processor time."""

import sys
import time

import phe
import phe.util

assert phe.util.HAVE_GMP, "gmpy2 is missing"

p, q = (int(prime, 16) for prime in sys.argv[1:3])
public = phe.PaillierPublicKey(p * q)
private = phe.PaillierPrivateKey(public, p, q)
value = 2718281828
ciphertext = public.raw_encrypt(value)
assert private.raw_decrypt(ciphertext) == value

operations = {
    # A fresh r each time; without the encoding of numbers, which phe does on top.
    "encrypt": lambda: public.raw_encrypt(value),
    "decrypt": lambda: private.raw_decrypt(ciphertext),
    "keygen": lambda: phe.generate_paillier_keypair(n_length=public.n.bit_length()),
}

for line in sys.stdin:
    name, calls = line.split()
    operation = operations[name]
    start = time.thread_time_ns()
    for _ in range(int(calls)):
        operation()
    print(time.thread_time_ns() - start, flush=True)
