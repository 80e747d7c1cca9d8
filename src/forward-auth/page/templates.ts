import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Eta } from "eta";
import type { TemplateFunction } from "eta";
import { messageOf, WakegateError } from "../../errors.ts";
import { ownFile } from "../../own-files.ts";

/** Every file of the page; a folder of the user's may replace any of them. */
export const templateFiles = [
  "loading.eta",
  "gate.eta",
  "step.eta",
  "button.eta",
  "evidence.eta",
  "loading.css",
  "live.js",
  "loading.js",
] as const;

export type TemplateFile = (typeof templateFiles)[number];

/** The page's templates, compiled once. */
export interface Templates {
  /** @throws whatever a template throws. */
  draw(data: Readonly<Record<string, unknown>>): string;
  /** The style sheet, and the script with its shared part, without comments and indentation. */
  readonly css: string;
  readonly js: string;
  /** The files that came from the user's folder. */
  readonly overridden: readonly TemplateFile[];
}

/** Where Wakegate's own templates lie, beside both `src` and `dist`. */
const BUILT_IN = fileURLToPath(ownFile("templates/"));

/**
 * Compiles the built-in templates, each replaced by the file of the same name in `folder` where there is
 * one. Only the names above are ever read. A file that cannot be used is told to `problem` and left out.
 *
 * @throws WakegateError `template_invalid` when a built-in template is broken.
 */
export function loadTemplates(
  folder?: string,
  problem: (error: WakegateError) => void = () => {},
): Templates {
  const eta = new Eta({ autoTrim: [false, false], cache: true });
  const overridden: TemplateFile[] = [];
  const text = new Map<TemplateFile, string>();
  for (const file of templateFiles) {
    const own = folder === undefined ? undefined : readOwn(folder, file, problem);
    if (own !== undefined && folder !== undefined) {
      try {
        use(eta, text, file, own, join(folder, file));
        overridden.push(file);
        continue;
      } catch (error) {
        problem(error as WakegateError);
      }
    }
    use(eta, text, file, readFileSync(join(BUILT_IN, file), "utf8"), join(BUILT_IN, file));
  }
  return {
    draw: (data) => eta.render("@loading", data),
    css: dense(slim(text.get("loading.css") ?? "")),
    js: slim(`${text.get("live.js") ?? ""}\n${text.get("loading.js") ?? ""}`),
    overridden,
  };
}

function readOwn(
  folder: string,
  file: TemplateFile,
  problem: (error: WakegateError) => void,
): string | undefined {
  try {
    return readFileSync(join(folder, file), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      problem(invalid(join(folder, file), undefined, error));
    return undefined;
  }
}

/** @throws WakegateError `template_invalid` with file, line and cause. */
function use(
  eta: Eta,
  text: Map<TemplateFile, string>,
  file: TemplateFile,
  content: string,
  path: string,
): void {
  if (!file.endsWith(".eta")) {
    // "</script" would end the element early; "</style" likewise.
    const end = /<\/(?:script|style)|<!--/i.exec(content);
    if (end) throw invalid(path, lineAt(content, end.index), `it contains "${end[0]}"`);
    text.set(file, content);
    return;
  }
  try {
    eta.loadTemplate(`@${file.slice(0, -4)}`, traced(eta, content.trim(), path));
  } catch (error) {
    throw error instanceof WakegateError ? error : invalid(path, undefined, error);
  }
}

/** Compiles a template so that what it throws while drawing names its file and line as well. */
function traced(eta: Eta, content: string, path: string): TemplateFunction {
  let compiled: TemplateFunction;
  try {
    compiled = eta.compile(content, { filepath: path });
  } catch (error) {
    const line = /at line (\d+)/.exec(messageOf(error))?.[1];
    throw invalid(path, line === undefined ? badLine(eta, content) : Number(line), error);
  }
  const debug = new Eta({ ...eta.config, debug: true }).compile(content, { filepath: path });
  return function (data, options) {
    try {
      return compiled.call(this, data, options);
    } catch (error) {
      if (error instanceof WakegateError) throw error;
      throw invalid(
        path,
        failingLine(() => debug.call(this, data, options)),
        error,
      );
    }
  };
}

/** Draws again with line numbers on, to learn where it failed. */
function failingLine(again: () => unknown): number | undefined {
  try {
    again();
  } catch (error) {
    const line = /(?::|line )(\d+)\r?\n/.exec(messageOf(error))?.[1];
    if (line !== undefined) return Number(line);
  }
  return undefined;
}

/** The first line whose end makes the code before it unusable: found by compiling ever longer heads. */
function badLine(eta: Eta, content: string): number | undefined {
  const tags = [...content.matchAll(/<%[-_]?\s*[=~]([\s\S]*?)[-_]?%>/g)];
  for (const tag of tags) {
    try {
      eta.compile(tag[0]);
    } catch {
      return lineAt(content, tag.index);
    }
  }
  return undefined;
}

function lineAt(content: string, index: number): number {
  return content.slice(0, index).split("\n").length;
}

function invalid(path: string, line: number | undefined, cause: unknown): WakegateError {
  const where = line === undefined ? path : `${path}:${line}`;
  const why = messageOf(cause).split("\n")[0] ?? "";
  return new WakegateError("template_invalid", `page template ${where} cannot be used: ${why}`, { cause });
}

/** Full-line comments and indentation are for readers of the source. */
function slim(source: string): string {
  return source
    .replace(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("//"))
    .join("\n");
}

/** Spaces that mean nothing in a style sheet, outside of strings. */
function dense(css: string): string {
  return css
    .split(/("[^"]*")/)
    .map((part, i) =>
      i % 2 === 1
        ? part
        : part
            .replace(/\s+/g, " ")
            .replace(/ ?([{};,]) ?/g, "$1")
            .replace(/([\w-]): /g, "$1:"),
    )
    .join("")
    .replaceAll(";}", "}");
}
