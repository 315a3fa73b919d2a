import { expect, it } from "vitest";
import { parse } from "yaml";
import { withoutPlaces } from "../src/hidden-places.ts";

it.each([
  ["root", "data/slices"],
  ["cache", "../cache"],
  ["masks", "/home/jane/masks"],
  ["adapter", "C:\\Users\\jane\\plugin.js"],
  ["adapter", "file:///home/jane/plugin.js"],
  ["participants", "~/study/participants.tsv"],
  ["share", "\\\\server\\share"],
])("hides a folder of the machine: %s: %s", (key, place) => {
  const config = { dataset: { [key]: place, options: { nested: { [key]: place }, list: [place, "kept"] } } };
  const list = /^(root|cache)$/.test(key) ? place : "…";
  const hidden = { dataset: { [key]: "…", options: { nested: { [key]: "…" }, list: [list, "kept"] } } };
  expect(parse(withoutPlaces(JSON.stringify(config), "config.yaml"))).toEqual(hidden);
});

it("keeps all else, its comments too", () => {
  const yaml = 'dataset:\n  pattern: "{subject}/{slice}.png" # 1/2\n  size: [256, 256]\n  root: null\n';
  expect(withoutPlaces(yaml, "config.yaml")).toBe(yaml.replace("[256, 256]", "[ 256, 256 ]"));
});
