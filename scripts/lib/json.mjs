// json.mjs EXPRESSION < document: prints one value of a JSON document, such as `.identity.email`.
import { readFileSync } from "node:fs";

const path = process.argv[2].split(".").filter(Boolean);
let value = JSON.parse(readFileSync(0, "utf8"));
for (const part of path) value = value?.[part];
process.stdout.write(value == null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
