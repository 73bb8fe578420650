// Compiles the code in docs/frontend.md, and checks the attributes of its HTML against the elements' manifest.
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { compileScript, parse } from "vue/compiler-sfc";
import { manifest } from "./custom_elements.mjs";

const DOCUMENT = new URL("../../docs/frontend.md", import.meta.url);
const FOLDER = fileURLToPath(new URL("../examples/docs/", import.meta.url));
/** The names that a reader's own app has. */
const PRELUDE = `
declare const session: { accessToken(): string };
declare const input: HTMLInputElement;
declare const button: HTMLButtonElement;
declare const id: string;
declare function draw(...shown: unknown[]): void;
`;

const text = readFileSync(DOCUMENT, "utf8");
const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([all, language, code], index) => ({
  language,
  code,
  line: text.slice(0, text.indexOf(all)).split("\n").length + 1,
  path: `${FOLDER}block_${index}.${language === "tsx" ? "tsx" : "ts"}`,
}));
const problems = [];

function sources() {
  const scripts = blocks.filter(({ language }) => ["ts", "tsx", "vue"].includes(language));
  const scriptOf = ({ language, code, line }) => (language === "vue" ? vueScript(code, line) : code);
  return new Map(scripts.map((block) => [block.path, `${PRELUDE}${scriptOf(block)}\nexport {};\n`]));
}

function vueScript(code, line) {
  const { descriptor, errors } = parse(code);
  const isCustomElement = (tag) => tag.startsWith("video-");
  const options = { id: "docs", inlineTemplate: true, templateOptions: { compilerOptions: { isCustomElement } } };
  for (const error of errors) problems.push(`line ${line}: ${error.message}`);
  const compiled = compileScript(descriptor, options);
  for (const error of compiled.warnings ?? []) problems.push(`line ${line}: ${error}`);
  return descriptor.scriptSetup.content;
}

function compile(files) {
  const configPath = fileURLToPath(new URL("../examples/tsconfig.json", import.meta.url));
  const { config } = ts.readConfigFile(configPath, ts.sys.readFile);
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, path.dirname(configPath));
  const options = { ...parsed.options, incremental: false, noUnusedLocals: false };
  delete options.tsBuildInfoFile;
  const host = ts.createCompilerHost(options);
  const [readFile, fileExists] = [host.readFile, host.fileExists];
  host.readFile = (name) => files.get(name) ?? readFile(name);
  host.fileExists = (name) => files.has(name) || fileExists(name);
  const getSourceFile = host.getSourceFile;
  host.getSourceFile = (name, version, ...rest) =>
    files.has(name) ? ts.createSourceFile(name, files.get(name), version) : getSourceFile(name, version, ...rest);
  const program = ts.createProgram([...files.keys()], options, host);
  for (const { file, messageText } of ts.getPreEmitDiagnostics(program)) {
    const block = blocks.find((each) => each.path === file?.fileName);
    const message = ts.flattenDiagnosticMessageText(messageText, "\n");
    problems.push(`${block ? `the block at line ${block.line}` : file?.fileName}: ${message}`);
  }
}

function checkElements() {
  const declarations = manifest().modules.flatMap(({ declarations }) => declarations);
  for (const { code, line } of blocks) {
    for (const [, tag, attributes] of code.matchAll(/<(video-[a-z]+)([^>]*)>/g)) {
      const declared = declarations.find(({ tagName }) => tagName === tag);
      if (!declared) problems.push(`the block at line ${line}: no element <${tag}>`);
      const known = new Set(declared?.attributes.map(({ name }) => name));
      for (const [, name] of attributes.matchAll(/(?<![\w:.-])([a-z][a-z-]*)(?:=|\s|$)/g)) {
        if (!known.has(name) && !name.startsWith("v-"))
          problems.push(`the block at line ${line}: <${tag}> has no attribute ${name}`);
      }
    }
  }
}

/** Each path of an import map is the one that the package's own `exports` name. */
function checkImportMaps() {
  for (const { code, line } of blocks.filter(({ language }) => language === "html")) {
    const [, map] = /<script type="importmap">(.*?)<\/script>/s.exec(code) ?? [];
    for (const [name, url] of Object.entries(map ? JSON.parse(map).imports : {})) {
      const actual = fileURLToPath(import.meta.resolve(name)).split("/dist/")[1];
      const [, folder, file] = /^\.\/node_modules\/(.+?)\/dist\/(.+)$/.exec(url) ?? [];
      if (file !== actual || !(name === folder || name.startsWith(`${folder}/`)))
        problems.push(`the block at line ${line}: ${name} is not ${url}`);
    }
  }
}

compile(sources());
checkElements();
checkImportMaps();
for (const each of problems) console.error(`docs/frontend.md, ${each}`);
if (problems.length > 0) process.exitCode = 1;
else console.log(`docs/frontend.md: ${blocks.length} blocks of code compile`);
