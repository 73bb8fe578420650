// Writes dist/custom-elements.json of the elements, from their JSDoc: editors complete attributes, parts and events by it.
// https://github.com/webcomponents/custom-elements-manifest
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const PACKAGE = new URL("../packages/elements/", import.meta.url);

/** Return the manifest of all elements. */
export function manifest() {
  const tags = definedTags();
  const files = readdirSync(new URL("src/", PACKAGE)).filter((name) => name.endsWith(".ts"));
  const modules = files.flatMap((name) => {
    const text = readFileSync(new URL(`src/${name}`, PACKAGE), "utf8");
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.ESNext, true);
    const classes = source.statements.filter((each) => ts.isClassDeclaration(each) && tags.has(each.name?.text ?? ""));
    const path = `dist/${name.replace(/\.ts$/, ".js")}`;
    return classes.length > 0 ? [moduleOf(path, classes, tags)] : [];
  });
  return { schemaVersion: "2.1.0", readme: "README.md", modules };
}

/** Return the tag name of each class that a module of `define/` registers. */
function definedTags() {
  const folder = new URL("src/define/", PACKAGE);
  const text = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8"));
  return new Map([...text.join("\n").matchAll(/define\("([\w-]+)",\s*(\w+)\)/g)].map(([, tag, name]) => [name, tag]));
}

function moduleOf(path, classes, tags) {
  const declarations = classes.map((each) => declarationOf(each, tags.get(each.name.text)));
  const exported = declarations.map(({ name }) => ({ kind: "js", name, declaration: { name, module: path } }));
  return { kind: "javascript-module", path, declarations, exports: exported };
}

function declarationOf(node, tagName) {
  const described = (kind) => tagsOf(node, kind).map(({ name, description }) => ({ name, description }));
  return {
    kind: "class",
    customElement: true,
    name: node.name.text,
    tagName,
    description: textOf(ts.getJSDocCommentsAndTags(node)[0]?.comment),
    superclass: { name: "HTMLElement" },
    attributes: tagsOf(node, "attr").map(({ name, type, description }) => ({
      name,
      type: { text: type },
      description,
    })),
    events: tagsOf(node, "fires").map(({ name }) => ({ name, type: { text: "VideoEvent" } })),
    slots: tagsOf(node, "slot").map(({ text }) => ({ name: "", description: text.replace(/^- /, "") })),
    cssParts: described("csspart"),
    cssProperties: described("cssproperty"),
  };
}

/** Return the tags of a kind: `{type} name - description`. */
function tagsOf(node, kind) {
  return ts
    .getJSDocTags(node)
    .filter(({ tagName }) => tagName.text === kind)
    .map((tag) => {
      const text = textOf(tag.comment);
      const [, type = "string", name = "", description = ""] =
        /^(?:\{(\w+)\}\s*)?(\S*)(?:\s+-\s+(.*))?/s.exec(text) ?? [];
      return { text, type, name, description };
    });
}

function textOf(comment) {
  return (ts.getTextOfJSDocComment(comment) ?? "").trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(new URL("dist/", PACKAGE), { recursive: true });
  writeFileSync(new URL("dist/custom-elements.json", PACKAGE), `${JSON.stringify(manifest(), null, 2)}\n`);
}
