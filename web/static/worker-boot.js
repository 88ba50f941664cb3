// Starts a worker: the vault, or with `?role=` one of its helpers. Everything else is Rust.
//
// Messages may come before the wasm module runs; they are kept until its own handler is in place.
const early = [];
self.onmessage = (event) => early.push(event);

const role = new URLSearchParams(self.location.search).get("role");

// A module with one function, madd(a) = f64x2.relaxed_madd(a, a, −(1 + 2⁻²⁹)). A browser without relaxed SIMD refuses it.
const probe = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // magic, version 1
  0x01, 0x06, 0x01, 0x60, 0x01, 0x7c, 0x01, 0x7c, // type 0: (f64) -> f64
  0x03, 0x02, 0x01, 0x00, // function 0 has type 0
  0x07, 0x08, 0x01, 0x04, 0x6d, 0x61, 0x64, 0x64, 0x00, 0x00, // function 0 is exported as "madd"
  0x0a, 0x1d, 0x01, 0x1b, 0x00, // one body of 27 bytes, no locals
  0x20, 0x00, 0xfd, 0x14, 0x20, 0x00, 0xfd, 0x14, // f64x2.splat(a), twice
  0x44, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0xf0, 0xbf, 0xfd, 0x14, // f64x2.splat(−(1 + 2⁻²⁹))
  0xfd, 0x87, 0x02, 0xfd, 0x21, 0x00, 0x0b, // f64x2.relaxed_madd, lane 0, end
]);

// Whether the browser has a vector multiply-add that rounds once: (1 + 2⁻³⁰)² − (1 + 2⁻²⁹) is 2⁻⁶⁰ then, and 0 if the
// square was rounded first. The kernel asks again before it relies on it.
async function isFused() {
  if (!WebAssembly.validate(probe)) return false;
  const { instance } = await WebAssembly.instantiate(probe);
  return instance.exports.madd(1 + 2 ** -30) === 2 ** -60;
}

try {
  // The second engine, training, Parquet files and preparing have workers of their own. The other is there in two builds: with relaxed
  // SIMD encryption takes about half the time.
  const own = ["bfv", "train", "parquet", "prepare"];
  const build = own.includes(role) ? role : (await isFused()) ? "worker_relaxed" : "worker";
  const { default: init } = await import(`/${build}.js`);
  await init({ module_or_path: `/${build}_bg.wasm` });
  for (const event of early) self.onmessage(event);
  early.length = 0;
} catch (error) {
  self.onmessage = null;
  const detail = String(error);
  if (role === null) {
    const message =
      "The part of Veilsum that encrypts could not start. It needs a current browser with WebAssembly SIMD: "
      + "Chrome or Edge 123, Firefox 120, Safari 17.5 or newer. Update the browser or reload the page.";
    self.postMessage({ Unable: { code: "no-worker", message, detail } });
  } else {
    self.postMessage([-1, detail]);
  }
}
