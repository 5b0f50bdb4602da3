// Reads a text with a model in qkv.wasm, and writes what it computes as float32 values.
//
// usage: node read.mjs MODULE MODEL IDS TAP OUT     IDS: 3,1,2; writes OUT.final, OUT.logits and OUT.tapped
import {readFileSync, writeFileSync} from "node:fs";
import {load} from "../../src/wasm/module.mjs";

const [moduleFile, modelFile, ids, tap, out] = process.argv.slice(2);
const module = await load(readFileSync(moduleFile));
const model = module.open(readFileSync(modelFile));
const values = model.read(ids.split(",").map(Number), tap);
for (const name of ["final", "logits", "tapped"]) writeFileSync(`${out}.${name}`, values[name]);
model.close();
