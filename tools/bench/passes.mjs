// How long qkv.wasm needs for the passes of qkv-passes (passes.cc).
//
// usage: node tools/bench/passes.mjs MODULE TOKENS MODEL
import {readFileSync} from "node:fs";
import {load} from "../../src/wasm/module.mjs";

const [moduleFile, tokens, modelFile] = process.argv.slice(2);
const start = performance.now();
const module = await load(readFileSync(moduleFile));
const loaded = performance.now();
const model = module.open(readFileSync(modelFile));
const opened = performance.now();
const ids = Array.from({length: Number(tokens)}, (_, at) => (at * 37) % 1024);
const times = [];
for (let pass = 0; pass < 200; pass++) {
  const begin = performance.now();
  model.read(ids);
  times.push(performance.now() - begin);
}
const [first] = times;
times.sort((a, b) => a - b);
const shown = (time) => `${time.toFixed(2)} ms`;
console.log(`wasm in node ${process.version}: ${shown(times[100])}, first pass ${shown(first)}, ` +
  `loading ${shown(loaded - start)}, opening the model ${shown(opened - loaded)}`);
