// The worker of the benchmark page: ours and the peers by turns, as `measure.rs` has it for native code.

import * as paillierBigint from "./peers/paillier-bigint.js";
import { modPow } from "./peers/bigint-mod-arith.js";
import initRelaxed, * as relaxed from "./relaxed-simd/ours.js";
import initPlain, * as plain from "./simd128/ours.js";

/** A value of 32 bits, which is what a peer encrypts. */
const VALUE = 2718281828n;
/** Shortest turn in milliseconds. */
const TURN = 20;
/** How long each is called before it counts: compilers of the browser optimise what runs often. */
const WARM_UP = 300;

const report = (body) => fetch("report", { method: "POST", body: JSON.stringify(body) });
const integer = (hex) => BigInt(`0x${hex}`);

/** Milliseconds of processor time that this worker has had, which the server sees; `null` where it does not. */
function processorTime() {
  const request = new XMLHttpRequest();
  request.open("GET", "clock", false);
  request.send();
  return request.responseText === "" ? null : Number(request.responseText) / 1e6;
}

/** What asking for the time costs. */
let asking = 0;

/** Milliseconds of `calls` calls: processor time if that can be had. */
function time(contestant, calls) {
  const start = processorTime();
  const startOnTheWall = performance.now();
  for (let call = 0; call < calls; call++) contestant.run();
  const onTheWall = performance.now() - startOnTheWall;
  return start === null ? onTheWall : Math.max(processorTime() - start - asking, 0);
}

/** Milliseconds of one call, once it is warm. */
function warmUp(contestant) {
  const begin = performance.now();
  let shortest = Infinity;
  do {
    const start = performance.now();
    contestant.run();
    shortest = Math.min(shortest, performance.now() - start);
  } while (performance.now() - begin < WARM_UP);
  return Math.max(shortest, 0.005);
}

/** Turns of equal length; `luck`: turns of one call, for operations whose time is luck. */
function interleave(contestants, settings, luck) {
  const single = luck ? contestants.map(() => 1) : contestants.map(warmUp);
  const turn = luck ? 1 : Math.max(TURN, ...single);
  const calls = single.map((one) => Math.max(1, Math.floor(turn / one)));
  const samples = contestants.map(() => []);
  const begin = performance.now();
  const more = (round) =>
    luck
      ? round < settings.keygenRounds
      : round < settings.rounds || performance.now() - begin < settings.milliseconds;
  for (let round = 0; more(round); round++) {
    contestants.forEach((contestant, index) => {
      const taken = time(contestant, calls[index]);
      samples[index].push((taken * 1000) / (calls[index] * contestant.operations));
    });
  }
  return contestants.map(({ name, ours }, index) => ({ name, ours, samples: samples[index] }));
}

/** `base^exponent mod modulus` in plain BigInt with windows of five bits, as one would write it for speed. */
function windowPow(base, exponent, modulus) {
  const width = 5;
  const table = [1n];
  for (let entry = 1; entry < 1 << width; entry++) table.push((table[entry - 1] * base) % modulus);
  const digits = exponent.toString(2);
  const bits = digits.padStart(Math.ceil(digits.length / width) * width, "0");
  let result = 1n;
  for (let at = 0; at < bits.length; at += width) {
    for (let square = 0; square < width; square++) result = (result * result) % modulus;
    const choice = parseInt(bits.slice(at, at + width), 2);
    if (choice !== 0) result = (result * table[choice]) % modulus;
  }
  return result;
}

/** All operations under one key. */
async function measure(key, settings) {
  const secret = Uint8Array.from(key.secret.match(/../g), (byte) => parseInt(byte, 16));
  const modules = [
    ["relaxed-simd", relaxed, "Fused"],
    ["simd128", plain, "Plain"],
  ];
  const ours = modules.map(([name, module, arithmetic]) => {
    if (module.arithmetic() !== arithmetic) throw new Error(`${name} computes by ${module.arithmetic()}`);
    return { name, module, owner: new module.Owner(secret) };
  });
  const own = (operations, run) =>
    ours.map(({ name, owner, module }) => ({
      name,
      ours: true,
      operations: operations(owner),
      run: () => run(owner, module),
    }));
  const peer = (name, run) => ({ name, ours: false, operations: 1, run });

  const [p, q] = [integer(key.p), integer(key.q)];
  const n = p * q;
  const publicKey = new paillierBigint.PublicKey(n, n + 1n);
  const order = (p - 1n) * (q - 1n);
  const privateKey = new paillierBigint.PrivateKey(order, modPow(order, -1n, n), publicKey, p, q);

  // All compute the same.
  const known = ours[0].owner.known().map(integer);
  const powers = ours.map(({ owner }) => ({ operands: owner.power_operands().map(integer), power: integer(owner.power()) }));
  const same =
    privateKey.decrypt(known[0]) === known[1] &&
    ours.every(({ owner }) => integer(owner.decrypt(publicKey.encrypt(VALUE).toString(16))) === VALUE) &&
    powers.every(({ operands, power }) => windowPow(...operands) === power && modPow(...operands) === power);
  if (!same) throw new Error("ours and the peers compute different things");

  const [base, exponent, modulus] = powers[0].operands;
  const slots = ours[0].owner.slot_count();
  const packed = known[1];
  const operations = {
    encrypt: [
      ...own((owner) => owner.blocks(), (owner) => owner.encrypt()),
      peer("paillier-bigint", () => publicKey.encrypt(VALUE)),
      peer("paillier-bigint, full plaintext", () => publicKey.encrypt(packed)),
    ],
    decrypt: [
      ...own((owner) => owner.blocks(), (owner) => owner.decrypt_many()),
      peer("paillier-bigint", () => privateKey.decrypt(known[0])),
    ],
    modpow: [
      ...own((owner) => owner.lanes(), (owner) => owner.powers()),
      peer("BigInt, 5-bit windows", () => windowPow(base, exponent, modulus)),
      peer("bigint-mod-arith", () => modPow(base, exponent, modulus)),
    ],
    keygen: [
      ...own(() => 1, (_, module) => module.keygen(key.bits)),
      peer("paillier-bigint", () => paillierBigint.generateRandomKeysSync(key.bits, true)),
    ],
  };
  for (const [operation, contestants] of Object.entries(operations)) {
    const measured = interleave(contestants, settings, operation === "keygen");
    await report({ measured: { operation, bits: key.bits, slots, contestants: measured } });
  }
  ours.forEach(({ owner }) => owner.free());
}

try {
  await Promise.all([
    initRelaxed({ module_or_path: "relaxed-simd/ours_bg.wasm" }),
    initPlain({ module_or_path: "simd128/ours_bg.wasm" }),
  ]);
  const settings = await (await fetch("settings.json")).json();
  if (processorTime() !== null) {
    asking = Math.min(...Array.from({ length: 50 }, () => time({ run() {} }, 1)));
  } else {
    await report({ note: "no processor time of the worker here: the browser's figures are times on the wall" });
  }
  for (const key of settings.keys) await measure(key, settings);
  await report("done");
} catch (error) {
  await report({ failed: `${error}\n${error.stack}` });
}
