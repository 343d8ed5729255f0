// Cuts GitHub's API description down to what it says of packages and their owners, since reading
// all of it takes Prism a minute: node github.js FROM TO
const fs = require("fs");
const [from, to] = process.argv.slice(2);
const description = JSON.parse(fs.readFileSync(from));

const owners = ["/user", "/users/{username}", "/orgs/{org}"];
const isKept = (path) => path.includes("/packages") || owners.includes(path);
const paths = Object.entries(description.paths).filter(([path]) => isKept(path));
description.paths = Object.fromEntries(paths);
delete description.webhooks;
delete description["x-webhooks"];

const plain = (key) => key.replace(/~1/g, "/").replace(/~0/g, "~");
const needed = new Set();
const walk = (node) => {
  if (!node || typeof node !== "object") return;
  const reference = node.$ref;
  if (typeof reference === "string" && !needed.has(reference)) {
    needed.add(reference);
    const keys = reference.slice(2).split("/").map(plain);
    walk(keys.reduce((at, key) => at[key], description));
  }
  Object.values(node).forEach(walk);
};
walk(description.paths);

for (const [group, all] of Object.entries(description.components)) {
  if (group === "securitySchemes") continue;
  const isNeeded = ([name]) => needed.has(`#/components/${group}/${name}`);
  description.components[group] = Object.fromEntries(Object.entries(all).filter(isNeeded));
}
fs.writeFileSync(to, JSON.stringify(description));
