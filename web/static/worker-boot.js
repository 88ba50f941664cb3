// Starts a worker: the vault, or with `?role=encrypt` one of its encrypt workers. Everything else is Rust.
//
// Messages may come before the wasm module runs; they are kept until its own handler is in place.
const early = [];
self.onmessage = (event) => early.push(event);

try {
  const { default: init } = await import("/worker.js");
  await init({ module_or_path: "/worker_bg.wasm" });
  for (const event of early) self.onmessage(event);
} catch (error) {
  self.onmessage = null;
  const detail = String(error);
  if (new URLSearchParams(self.location.search).get("role") === "encrypt") {
    self.postMessage([-1, detail]);
  } else {
    const message =
      "The part of Veilsum that encrypts could not start. It needs a current browser with WebAssembly SIMD: "
      + "Chrome or Edge 123, Firefox 120, Safari 17.5 or newer. Update the browser or reload the page.";
    self.postMessage({ Unable: { code: "no-worker", message, detail } });
  }
}
