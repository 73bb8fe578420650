/** The manifest of the elements, which editors and docs/frontend.md use, names what the elements have. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
// @ts-expect-error -- a script without types
import { manifest } from "../../../scripts/custom_elements.mjs";
import * as elements from "../src/index.ts";

interface Declaration {
  name: string;
  tagName: string;
  description: string;
  attributes: { name: string }[];
  cssParts: { name: string }[];
  events: { name: string }[];
}

const declarations: Declaration[] = manifest().modules.flatMap(
  (each: { declarations: Declaration[] }) => each.declarations,
);
const classes: ReadonlyMap<string, unknown> = new Map(Object.entries(elements));
const documentation = readFileSync(new URL("../../../../docs/frontend.md", import.meta.url), "utf8");
const names = (list: { name: string }[]): string[] => list.map(({ name }) => name);

test("all four elements are in it", () => {
  expect(declarations.map(({ tagName }) => tagName).sort()).toEqual([
    "video-list",
    "video-player",
    "video-progress",
    "video-upload",
  ]);
});

describe.each(declarations)("<$tagName>", ({ name, tagName, description, attributes, cssParts, events }) => {
  test("has a description, and each attribute that the element observes", () => {
    expect(description).not.toBe("");
    const { observedAttributes } = classes.get(name) as unknown as { observedAttributes: string[] };
    expect(names(attributes)).toEqual(expect.arrayContaining([...observedAttributes]));
  });

  test("is documented with its attributes and parts", () => {
    const row = documentation.split("\n").find((line) => line.startsWith(`| \`<${tagName}>\``)) ?? "";
    for (const each of names(attributes)) {
      if (each !== "api-base-url") expect(row).toContain(`\`${each}\``);
    }
    for (const each of names(cssParts)) expect(row).toContain(`\`${each}\``);
  });

  test("has only events that all elements have", () => {
    for (const each of names(events)) expect(["uploaded", "progress", "complete", "error"]).toContain(each);
  });
});
