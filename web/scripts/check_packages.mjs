// Packs each package, and checks the tarball as an app would install it: publint, attw, and an import under Node.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = new URL("..", import.meta.url);
const NAMES = ["core", "elements", "react"];

function run(command, args, cwd = root) {
  execFileSync("npx", ["--no-install", command, ...args], { cwd, stdio: ["ignore", "inherit", "inherit"] });
}

const folder = mkdtempSync(path.join(tmpdir(), "packages-"));
try {
  for (const name of NAMES) {
    const source = new URL(`packages/${name}/`, root);
    run("publint", ["--strict", "."], source);
    execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], { cwd: source });
  }
  const tarballs = readdirSync(folder).map((file) => path.join(folder, file));
  for (const tarball of tarballs)
    run("attw", [
      tarball,
      "--profile",
      "esm-only",
      "--exclude-entrypoints",
      "./package.json",
      "./custom-elements.json",
    ]);
  const globals = "const before = Object.getOwnPropertyNames(globalThis).length;";
  const imports = NAMES.map((name) => `await import("@mediaconvert-status/${name}");`).join("");
  const check =
    'if (Object.getOwnPropertyNames(globalThis).length !== before) throw new Error("an import added a global");';
  execFileSync("node", ["--input-type=module", "--eval", globals + imports + check], { cwd: root, stdio: "inherit" });
  console.log(`${tarballs.length} packages can be installed and imported`);
} finally {
  rmSync(folder, { recursive: true });
}
