// The module qkv.wasm for JavaScript; exports.h says what it offers.
//
//   const module = await load(bytes);         // of qkv.wasm
//   const model = module.open(modelBytes);    // a Uint8Array, as model_bytes.h describes
//   const {final, logits, tapped} = model.read([5, 3, 8], "layers.0.attention.weights");
//   model.close();
//
// A failure is an Error that says what was found and what was expected. If its `cause` is a trap
// (WebAssembly.RuntimeError), the module must be loaded anew.

export async function load(bytes) {
  const {instance} = await WebAssembly.instantiate(bytes, {});
  const {exports} = instance;
  exports._initialize();

  const memory = () => new Uint8Array(exports.memory.buffer); // moves when it grows

  const message = () => {
    const begin = exports.qkv_error() >>> 0;
    return new TextDecoder().decode(memory().slice(begin, memory().indexOf(0, begin)));
  };

  /** The result of a function as an address or a number of values. */
  const call = (name, ...parameters) => {
    try {
      return exports[name](...parameters) >>> 0;
    } catch (cause) {
      throw new Error(message() || cause.message, {cause});
    }
  };

  /** Calls use(address) with a copy of these bytes in the module's memory. */
  const lend = (bytes, use) => {
    const address = call("qkv_allocate", bytes.length);
    memory().set(bytes, address);
    const result = use(address);
    call("qkv_free", address);
    return result;
  };

  const floats = (name, session) => {
    const begin = call(name, session);
    return new Float32Array(exports.memory.buffer, begin, call(`${name}_size`, session)).slice();
  };

  /** Reads a text from its beginning. Returns arrays row by row: the vectors after the last norm
   * [tokens, width], the logits [tokens, vocabulary], and the value named `tap` (docs/taps.md). */
  const read = (session, ids, tap) => {
    const idBytes = new Uint8Array(Int32Array.from(ids).buffer);
    const name = new TextEncoder().encode(`${tap}\0`);
    const failed = lend(idBytes, (idsAt) =>
      lend(name, (nameAt) => call("qkv_read", session, idsAt, ids.length, nameAt)));
    if (failed) throw new Error(message());
    return {
      final: floats("qkv_final", session),
      logits: floats("qkv_logits", session),
      tapped: floats("qkv_tapped", session),
    };
  };

  const open = (bytes) => {
    const session = lend(bytes, (address) => call("qkv_open", address, bytes.length));
    if (!session) throw new Error(message());
    return {
      read: (ids, tap = "") => read(session, ids, tap),
      close: () => void call("qkv_close", session),
    };
  };

  return {open};
}
