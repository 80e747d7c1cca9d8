import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  visit,
  type Document,
  type Node,
} from "yaml";
import type { Problem } from "../model.ts";
import { pairAt, repeatedKeys } from "./map-keys.ts";

/** A configuration file that was read: its values, and where each of them stands. */
export interface ConfigDocument {
  /** The values as plain data; `{}` for an empty file. */
  readonly raw: unknown;
  /** `wakegate.yaml:5:18` for the value at a path; its nearest parent where it is missing. */
  where(path: readonly PropertyKey[]): string;
  /** The same for the key at the end of a path. */
  whereKey(path: readonly PropertyKey[]): string;
  /** The value as written, on one line; undefined where it is missing or long. */
  written(path: readonly PropertyKey[]): string | undefined;
}

/** Most nodes that aliases may unfold to: a file of a few lines must not fill the memory. */
const MOST_ALIASES = 100;

/** Reads YAML. Gives every syntax problem at once, each with its place; `name` is the file's name for messages. */
export function readDocument(name: string, source: string): ConfigDocument | readonly Problem[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(source, {
    lineCounter: lines,
    // `repeatedKeys` looks for them.
    uniqueKeys: false,
    // What is odd is told as a problem of ours, or harmless.
    logLevel: "error",
  });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${String(line)}:${String(col)}`;
  };
  const problem = (offset: number, message: string, value?: string): Problem => ({
    severity: "error",
    where: place(offset),
    key: "",
    ...(value === undefined ? {} : { value }),
    message,
  });
  if ("empty" in documents) return emptyDocument(name);
  const [document, second] = documents;
  if (!document) return emptyDocument(name);
  if (second)
    return [
      problem(second.range[0], "expected one YAML document: remove the line --- and what does not belong"),
    ];
  const wrong = [
    ...document.errors.map(({ pos, code, message }) => ({
      at: pos[0],
      message: syntaxMessage(code, message),
    })),
    ...repeatedKeys(document).map((at) => ({ at, message: "this key is there twice: keep one of them" })),
  ].sort((a, b) => a.at - b.at);
  const problems = wrong.map(({ at, message }) => problem(at, message));
  if (problems.length > 0) return problems;
  problems.push(...aliasProblems(document, problem));
  if (problems.length > 0) return problems;
  if (document.contents !== null && !isMap(document.contents)) {
    return [
      problem(
        document.contents.range?.[0] ?? 0,
        "expected keys such as listen: and targets: at the top of the file",
      ),
    ];
  }
  try {
    return located(document, source, place, document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {});
  } catch {
    return [problem(0, `expected at most ${String(MOST_ALIASES)} uses of aliases in all`)];
  }
}

function emptyDocument(name: string): ConfigDocument {
  return { raw: {}, where: () => `${name}:1:1`, whereKey: () => `${name}:1:1`, written: () => undefined };
}

function located(
  document: Document,
  source: string,
  place: (offset: number) => string,
  raw: unknown,
): ConfigDocument {
  return {
    raw,
    where: (path) => place(nearest(document, path)?.range?.[0] ?? 0),
    whereKey: (path) => place(keyOffset(document, path) ?? nearest(document, path)?.range?.[0] ?? 0),
    written(path) {
      const node = nodeAt(document, path);
      if (!node?.range) return undefined;
      const text = source.slice(node.range[0], node.range[1]).trim();
      return text.includes("\n") || text.length > 120 ? undefined : text;
    },
  };
}

function nodeAt(document: Document, path: readonly PropertyKey[]): Node | undefined {
  let here: unknown = document.contents;
  for (const part of path) {
    if (isAlias(here)) here = here.resolve(document);
    if (isMap(here)) here = pairAt(here, part)?.value;
    else if (isSeq(here)) here = here.items[Number(part)];
    else return undefined;
  }
  return isNode(here) ? here : undefined;
}

function nearest(document: Document, path: readonly PropertyKey[]): Node | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = nodeAt(document, path.slice(0, length));
    if (node) return node;
  }
  return undefined;
}

function keyOffset(document: Document, path: readonly PropertyKey[]): number | undefined {
  const parent = nodeAt(document, path.slice(0, -1));
  const map = isAlias(parent) ? parent.resolve(document) : parent;
  if (!isMap(map)) return undefined;
  const key = pairAt(map, path.at(-1) ?? "")?.key;
  return isScalar(key) ? key.range?.[0] : undefined;
}

/** `*.example.com` without quotes is an alias to YAML: the commonest slip in this file. */
function aliasProblems(
  document: Document,
  problem: (offset: number, message: string, value: string) => Problem,
): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document)) return;
      const text = `*${alias.source}`;
      const advice = text.startsWith("*.")
        ? `put it in quotes, "${text}"`
        : `there is no &${alias.source} before it`;
      problems.push(problem(alias.range?.[0] ?? 0, `YAML reads this as a reference: ${advice}`, text));
    },
  });
  return problems;
}

function syntaxMessage(code: string, message: string): string {
  const first = (message.split("\n")[0] ?? message).replace(/ at line \d+, column \d+:?$/, "");
  switch (code) {
    case "TAB_AS_INDENT":
      return "indent with spaces: YAML takes no tabs";
    default:
      return `this is not YAML: ${first.charAt(0).toLowerCase()}${first.slice(1)}`;
  }
}
