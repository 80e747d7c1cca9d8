import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { resolveEngines } from "./engines.ts";
import { readEnvironment, type Environment, type EnvironmentReading } from "./environment.ts";
import { readDocument } from "./file/document.ts";
import { joinKeys, problemsOf, type IssuePlaces } from "./file/issues.ts";
import { insideProblems } from "./inside-check.ts";
import { overlay, withAbsolutePaths } from "./layers.ts";
import type { Problem, Settings } from "./model.ts";
import { fileSchema, type FileLayer } from "./schema.ts";
import { dropEmptyGroups } from "./schema/walk.ts";
import { resolveSettings } from "./settings.ts";

export interface LoadOptions {
  /** The `--config` option. Default: WAKEGATE_CONFIG, else no file at all. */
  readonly file?: string;
  /** Default: the process's own. */
  readonly env?: Environment;
  /** Folder that relative paths of the environment and the command line start from. Default: the working folder. */
  readonly cwd?: string;
  /** Tells whether Docker's default socket is there. Default: looks. */
  readonly socketExists?: (path: string) => boolean;
}

/** A configuration that can be used, or everything that keeps it from being used. */
export type Loaded =
  | { readonly settings: Settings; readonly warnings: readonly Problem[]; readonly file?: string }
  | {
      readonly problems: readonly Problem[];
      readonly file?: string;
      /** Where this Wakegate listens and keeps its state, when the faults lie elsewhere. */
      readonly places?: Pick<Settings, "listen" | "stateDir">;
    };

/**
 * Reads the configuration: built-in values < file < environment. All problems are told at once, in the file's
 * order; warnings among them where there are errors too. `file` is the absolute path of the file that was read.
 * Never throws.
 */
export async function loadSettings(options: LoadOptions = {}): Promise<Loaded> {
  const { env = process.env, cwd = process.cwd(), socketExists } = options;
  const environment = readEnvironment(env);
  const name = options.file ?? environment.configFile;
  const path = name === undefined ? undefined : resolve(cwd, name);
  const file = name === undefined || path === undefined ? emptyFile : await readConfigFile(name, path);
  const found: Problem[] = [...file.problems, ...environment.problems];
  let settings: Settings | undefined;
  if (!found.some(({ severity }) => severity === "error")) {
    const layers = [
      withAbsolutePaths(file.layer, path === undefined ? cwd : dirname(path)),
      withAbsolutePaths(environment.layer, cwd),
    ];
    const places = withVariables(file.places, environment);
    const merged = overlay<FileLayer>(...layers);
    const { engines, problems } = resolveEngines(merged, environment, places, socketExists);
    const resolved = resolveSettings({ layer: merged, engines, inImage: environment.inImage, cwd, places });
    const inside = insideProblems(resolved.settings.engines, Object.keys(merged.targets ?? {}), places);
    found.push(
      ...overridden(file.layer, environment, file.places),
      ...problems,
      ...resolved.problems,
      ...inside,
    );
    settings = resolved.settings;
  }
  const inOrder = [...found].sort(byPlace);
  const read = path === undefined ? {} : { file: path };
  if (!settings || found.some(({ severity }) => severity === "error"))
    return { problems: inOrder, ...read, ...(settings && { places: settings }) };
  return { settings, warnings: inOrder, ...read };
}

interface FileReading {
  readonly layer: FileLayer;
  readonly problems: readonly Problem[];
  readonly places: IssuePlaces;
}

const emptyFile: FileReading = {
  layer: {},
  problems: [],
  places: {
    where: () => "no configuration file",
    whereKey: () => "no configuration file",
    written: () => undefined,
  },
};

async function readConfigFile(name: string, path: string): Promise<FileReading> {
  let source: string;
  try {
    source = await readFile(path, "utf8");
  } catch (error) {
    return {
      ...emptyFile,
      problems: [{ severity: "error", where: name, key: "", message: unreadable(error) }],
    };
  }
  const document = readDocument(name, source.replace(/^\uFEFF/, ""));
  if (!("raw" in document)) return { ...emptyFile, problems: document };
  const parsed = fileSchema.safeParse(dropEmptyGroups(fileSchema, document.raw), { reportInput: true });
  if (parsed.success) return { layer: parsed.data, problems: [], places: document };
  return { layer: {}, problems: problemsOf(fileSchema, parsed.error.issues, document), places: document };
}

function unreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return "there is no such file: check the path, and in a container that the file is mounted";
    case "EACCES":
      return "reading it is not permitted: make it readable for the user that runs Wakegate";
    case "EISDIR":
      return "this is a folder: name the file in it (Docker makes a folder where a mounted file is missing)";
    default:
      return `cannot be read: ${String(code ?? error)}`;
  }
}

/** Problems of keys that the environment gave are told with the variable. */
function withVariables(places: IssuePlaces, environment: EnvironmentReading): IssuePlaces {
  const given = (path: readonly PropertyKey[]): boolean => valueAt(environment.layer, path) !== undefined;
  const top = (path: readonly PropertyKey[]): boolean =>
    path.length > 0 && path[0] !== "targets" && given(path);
  return {
    where: (path) => (top(path) ? "environment" : places.where(path)),
    whereKey: (path) => (top(path) ? "environment" : places.whereKey(path)),
    written: (path) => (top(path) ? undefined : places.written(path)),
    keyName: (path) => (top(path) ? `WAKEGATE_${path.map(String).join("_").toUpperCase()}` : joinKeys(path)),
  };
}

/** Says which keys of the file have no effect because a variable is set. */
function overridden(file: FileLayer, environment: EnvironmentReading, places: IssuePlaces): Problem[] {
  return leaves(environment.layer).flatMap((path): Problem[] => {
    if (valueAt(file, path) === undefined) return [];
    const variable = `WAKEGATE_${path.join("_").toUpperCase()}`;
    const message = `has no effect in the file: the variable ${variable} is stronger`;
    return [{ severity: "warning", where: places.where(path), key: joinKeys(path), message }];
  });
}

function leaves(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null || Array.isArray(value) || "port" in value) return [path];
  return Object.entries(value).flatMap(([name, child]) => leaves(child, [...path, name]));
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = Object.hasOwn(here, part) ? (here as Record<PropertyKey, unknown>)[part] : undefined;
  }
  return here;
}

function byPlace(a: Problem, b: Problem): number {
  const [nameA, lineA, columnA] = split(a.where);
  const [nameB, lineB, columnB] = split(b.where);
  return nameA === nameB ? lineA - lineB || columnA - columnB : 0;
}

function split(where: string): [string, number, number] {
  const [, name = where, line = "0", column = "0"] = /^(.*):(\d+):(\d+)$/.exec(where) ?? [];
  return [name, Number(line), Number(column)];
}
