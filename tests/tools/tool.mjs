// What isomorphic-git does with a repository: `tool.mjs version|author|commit FOLDER`.
import fs from "node:fs";
import git from "isomorphic-git";

const [verb, dir] = process.argv.slice(2);
const verbs = {
  version: () => git.version(),
  // What `commit` takes where it is given no author. A HEAD that is not found is no repository to it.
  async author() {
    await git.resolveRef({ fs, dir, ref: "HEAD" });
    const [name, email] = [await git.getConfig({ fs, dir, path: "user.name" }), await git.getConfig({ fs, dir, path: "user.email" })];
    return name ? `${name} <${email}>` : "nobody";
  },
  async commit() {
    await git.add({ fs, dir, filepath: "." });
    return git.commit({ fs, dir, message: "All that isomorphic-git adds", author: { name: "Someone", email: "someone@example.com" } });
  },
};
console.log(await verbs[verb]());
