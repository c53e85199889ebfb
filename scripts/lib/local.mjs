// Talks to ravi-local the way its users do, for the demo.
//
//   local.mjs deliver BASE_URL TO SUBJECT TEXT     a mail arrives
//   local.mjs upgrade BASE_URL                     the account's plan has room for any number of identities
//   local.mjs inbox BASE_URL STATE_FOLDER ID       subjects in the workspace's inbox, read with the key in its home
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [command, base, ...rest] = process.argv.slice(2);

async function call(path, options) {
  const reply = await fetch(base + path, options);
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  return reply.status === 204 ? null : reply.json();
}

if (command === "deliver") {
  const [to, subject, text] = rest;
  const body = JSON.stringify({ to, from: "signup@service.example", subject, text });
  await call("/_local/email", { method: "POST", headers: { "Content-Type": "application/json" }, body });
} else if (command === "upgrade") {
  const body = JSON.stringify({ max_identities: null });
  await call("/_local/limits", { method: "POST", headers: { "Content-Type": "application/json" }, body });
} else if (command === "inbox") {
  const [state, id] = rest;
  const home = createHash("sha256").update(id).digest("hex").slice(0, 32);
  const config = JSON.parse(readFileSync(join(state, "homes", home, ".ravi", "config.json"), "utf8"));
  const headers = { Authorization: `Bearer ${config.identity_key}` };
  const threads = await call(`/api/email-inbox/?identity=${config.identity_uuid}`, { headers });
  process.stdout.write(threads.map((thread) => thread.subject).join(", "));
} else {
  throw new Error(`unknown command ${command}`);
}
