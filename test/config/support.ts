import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Problem, Settings, TargetSpec } from "../../src/config/model.ts";
import { readLabels, type LabelReading } from "../../src/config/labels.ts";
import { loadSettings, type Loaded, type LoadOptions } from "../../src/config/load.ts";
import type { Parsed } from "../../src/config/values/parsed.ts";
import type { InstanceSummary } from "../../src/providers/provider.ts";

/** A folder that is gone at the end of its block. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "wakegate-config-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Loads a file with this content, as `wakegate.yaml` of an otherwise empty machine with a Docker socket. */
export async function loadText(yaml: string, options: LoadOptions = {}): Promise<Loaded> {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "wakegate.yaml"), yaml);
  return await loadSettings({
    file: "wakegate.yaml",
    env: {},
    cwd: folder.path,
    socketExists: () => true,
    ...options,
  });
}

/** The settings, or a failure that shows the problems. */
export function settingsOf(loaded: Loaded): Settings {
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems, null, 2));
  return loaded.settings;
}

/** Problems as `where key: message`, in order. */
export function told(loaded: Loaded): readonly string[] {
  return ("problems" in loaded ? loaded.problems : loaded.warnings).map(line);
}

/** One problem as a line. */
export function line({ where, key, message }: Problem): string {
  return `${where} ${key}: ${message}`;
}

/** A container as a listing shows it. */
export function container(name: string, labels: Readonly<Record<string, string>> = {}): InstanceSummary {
  const id = Buffer.from(name).toString("hex").padEnd(64, "0").slice(0, 64);
  return { id, name, createdAt: 1, image: "app", labels, status: "exited", networks: [] };
}

/** Labels that alone make a target. */
export const ENABLE = { "wakegate.enable": "true" };

/** Reads the labels of a container of engine `local`, together with a file. */
export async function read(
  name: string,
  labels: Readonly<Record<string, string>>,
  yaml = "",
): Promise<LabelReading> {
  return readLabels(container(name, labels), "local", settingsOf(await loadText(yaml)));
}

/** The target that comes of them, or a failure that shows the problems. */
export async function specOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  yaml = "",
): Promise<TargetSpec> {
  const reading = await read(name, labels, yaml);
  if (reading.kind !== "target") throw new Error(`${reading.kind}: ${reading.problems.map(line).join("; ")}`);
  return reading.spec;
}

/** The value, or the word `refused`. */
export function valueOf<T>(parsed: Parsed<T>): T | "refused" {
  return parsed.ok ? parsed.value : "refused";
}

/** The advice that a refused value gets. */
export function messageFor(parsed: Parsed<unknown>): string {
  return parsed.ok ? "accepted" : parsed.message;
}
