// Loads other modules of the page, and passes calls on to them.
const modules = {};
let failures = 0;
let styles;

export async function load(name, build) {
  if (modules[name]) return;
  styles ??= document.head.appendChild(Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/modules.css" }));
  // A browser may remember a failure; under another address it asks again.
  const again = failures === 0 ? "" : `?again=${failures}`;
  const module = await import(`/${name}.js${again}`).catch((error) => {
    failures += 1;
    throw error;
  });
  await module.default({ module_or_path: `/${name}_bg.wasm` });
  if (module.build() !== build) throw new Error(`${name} is of another build than this page`);
  modules[name] = module;
}

export const mount = (name, ...rest) => modules[name].mount(...rest);

export const unmount = (name) => modules[name].unmount();
