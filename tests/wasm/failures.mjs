// What qkv.wasm says about faulty input.
//
// usage: node failures.mjs MODULE MODEL     MODEL: a Transformer with 11 tokens and a context of 6
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {load} from "../../src/wasm/module.mjs";

const [moduleBytes, modelBytes] = process.argv.slice(2).map((file) => readFileSync(file));
const module = await load(moduleBytes);

const half = modelBytes.subarray(0, modelBytes.length / 2);
assert.throws(() => module.open(half), /^Error: found \d+ bytes of weights, expected \d+$/);
assert.throws(() => module.open(new Uint8Array(0)), /^Error: found no model in the first \d+ numbers/);

const model = module.open(modelBytes);
const right = model.read([1, 2, 3]).logits;
assert.equal(right.length, 3 * 11);
assert.throws(() => model.read([1, 11]), /^Error: found the id 11, expected one below 11$/);
assert.throws(() => model.read([0, 0, 0, 0, 0, 0, 0]), /^Error: found 7 tokens, expected at most the context of 6$/);
assert.throws(() => model.read([]), /^Error: found no token/);
assert.throws(() => model.read([1], "layers.2.output"), /^Error: found no value "layers.2.output"/);
assert.deepEqual(model.read([1, 2, 3]).logits, right, "a refused text changes nothing");

// More memory than there is: a throw inside the module becomes a trap, with its reason.
assert.throws(() => module.open({length: 0xfffffff0}), (error) =>
  error.message === "out of memory" && error.cause instanceof WebAssembly.RuntimeError);
