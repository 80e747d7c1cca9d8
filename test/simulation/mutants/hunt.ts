import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { copyWith } from "./apply.ts";
import { run } from "../run.ts";
import { generate } from "../schedule/generate.ts";
import { loadVariants } from "../settings.ts";
import { MUTANTS, type Mutant } from "./mutants.ts";

/** Whether the simulation found a fault, and when. */
export interface Hunted {
  readonly mutant: string;
  /** The first seed that shows it; undefined: none did. */
  readonly foundAt: number | undefined;
  readonly invariant?: number;
  readonly message?: string;
}

export interface HuntOptions {
  readonly say: (text: string) => void;
  /** Default: all. */
  readonly mutants?: readonly Mutant[];
}

const SEEDS = 1_000;
const TSX = fileURLToPath(import.meta.resolve("tsx"));

/** Runs the simulation on a copy of the source for each fault, up to the first seed that finds it. */
export async function hunt({ say, mutants = MUTANTS }: HuntOptions): Promise<readonly Hunted[]> {
  const results: Hunted[] = [];
  for (const mutant of mutants) {
    const result = await huntOne(mutant);
    if (result.foundAt !== undefined) await proveSound(result.foundAt);
    results.push(result);
    const { foundAt, invariant, message } = result;
    say(
      foundAt === undefined
        ? `${mutant.name}: NOT FOUND within ${String(SEEDS)} seeds (${mutant.fault})`
        : `${mutant.name}: found by seed ${String(foundAt)}, invariant ${String(invariant)}: ${message ?? ""}`,
    );
  }
  return results;
}

/** A seed that breaks a rule without the fault has not found it. */
async function proveSound(seed: number): Promise<void> {
  const { violation } = await run(generate(seed), { settings: await loadVariants() });
  if (!violation) return;
  throw new Error(`seed ${String(seed)} breaks a rule without any fault put in: ${violation.message}`);
}

async function huntOne(mutant: Mutant): Promise<Hunted> {
  await using copy = await copyWith(mutant);
  const args = [
    "--import",
    TSX,
    "test/simulation/cli.ts",
    "--seeds",
    `1..${String(SEEDS)}`,
    "--first",
    "--json",
  ];
  const child = spawn(process.execPath, args, { cwd: copy.folder, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  await once(child, "close");
  const line = out.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`mutant ${mutant.name} could not be run: ${err || out}`);
  const report = JSON.parse(line) as {
    readonly failures: readonly {
      readonly seed: number;
      readonly invariant: number;
      readonly message: string;
    }[];
  };
  const [first] = report.failures;
  if (!first) return { mutant: mutant.name, foundAt: undefined };
  return { mutant: mutant.name, foundAt: first.seed, invariant: first.invariant, message: first.message };
}
