// Validates events by Ajv: reads `type TAB event` lines, writes how many were valid and which were not.
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const Ajv = require("ajv/dist/2020").default;
const addFormats = require("ajv-formats").default;

const folder = process.argv[2];
// strict: a schema with a word that no validator knows is an error; unions and tuples are not what it is about.
const ajv = addFormats(new Ajv({ strict: true, allowUnionTypes: true, strictTypes: false, strictTuples: false }));
const validators = {};
const valid = {};
const invalid = {};
let number = 0;

readline
  .createInterface({ input: process.stdin, crlfDelay: Infinity })
  .on("line", (line) => {
    number += 1;
    const tab = line.indexOf("\t");
    const name = line.slice(0, tab);
    validators[name] ??= ajv.compile(JSON.parse(fs.readFileSync(path.join(folder, `${name}.schema.json`), "utf8")));
    const counts = validators[name](JSON.parse(line.slice(tab + 1))) ? valid : invalid;
    counts[name] = (counts[name] ?? 0) + 1;
    if (counts === invalid) console.error(`line ${number}: ${JSON.stringify(validators[name].errors)}`);
  })
  .on("close", () => console.log(JSON.stringify({ valid, invalid })));
