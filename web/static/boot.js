// Starts the page. Everything else is Rust.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: the page follows the system.
}

try {
  const { default: init } = await import("/page.js");
  await init({ module_or_path: "/page_bg.wasm" });
  document.getElementById("boot")?.remove();
} catch (error) {
  console.error(error);
  const message = document.getElementById("boot-message");
  if (message) {
    message.textContent =
      "Veilsum could not start. It needs a current browser with WebAssembly: Chrome or Edge 123, "
      + "Firefox 120, Safari 17.5, or newer. Update the browser, or reload the page to try again.";
  }
}
