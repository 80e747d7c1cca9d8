import { parseArgs } from "node:util";
import { loadSettings } from "../config/load.ts";
import type { Problem, Settings } from "../config/model.ts";
import type { EngineSpec } from "../config/model/engine.ts";
import { formatDuration } from "../config/values/duration.ts";
import { formatSize } from "../config/values/size.ts";
import { formatRoute } from "../config/values/host-pattern.ts";
import { isPortGuessed } from "../watchers/readiness/address.ts";
import { mustAnswer } from "../watchers/readiness/must-answer.ts";
import { listNames, plural } from "../admin/text.ts";
import { messageOf } from "../errors.ts";
import { systemClock } from "../lib/clock.ts";
import { deadline } from "../lib/signals.ts";
import { listOnce, type EngineListing } from "../providers/list-once.ts";
import { openProvider } from "../providers/open.ts";
import type { Plan, PlannedTarget } from "../watchers/registry/plan.ts";
import { planOfListings } from "../watchers/registry/plan-of-listings.ts";
import { columns, styled, type Output } from "./output.ts";
import { countText, problemText } from "./problem-text.ts";

/** What `wakegate check` finds; `--json` writes it as it is. */
interface CheckReport {
  readonly ok: boolean;
  /** Absolute path of the file that was read. */
  readonly file?: string;
  readonly problems: readonly Problem[];
  readonly targets: readonly CheckedTargetView[];
  readonly pools: readonly CheckedPoolView[];
}

interface CheckedPoolView {
  readonly name: string;
  readonly maxAwake?: number;
  readonly budgetBytes?: number;
  /** Names of targets. */
  readonly targets: readonly string[];
}

interface CheckedTargetView {
  readonly name: string;
  readonly displayName: string;
  readonly hosts: readonly string[];
  readonly port?: number;
  readonly engine: string;
  readonly container?: string;
  readonly service?: string;
  readonly vmid?: number;
  readonly namespace?: string;
  readonly workload?: string;
  readonly idleTimeout: string;
  readonly origin: string;
  /** The `discover` rule that made it. */
  readonly rule?: string;
  /** It is a target only because these need it. */
  readonly for?: readonly string[];
}

/** For all questions to one engine about the ports of its containers. */
const GUESS_LIMIT_MS = 30_000;

/** `wakegate check`: tells everything that is wrong, and which targets result. Exit code 0, or 1 with errors. */
export async function check(args: string[], output: Output): Promise<number> {
  const { values } = parseArgs({
    args,
    allowPositionals: false,
    options: { config: { type: "string" }, "no-engines": { type: "boolean" }, json: { type: "boolean" } },
  });
  const report = await examine(values.config, values["no-engines"] !== true);
  if (values.json) output.out(JSON.stringify(report, null, 2));
  else print(report, output);
  return report.ok ? 0 : 1;
}

async function examine(file: string | undefined, askEngines: boolean): Promise<CheckReport> {
  const loaded = await loadSettings(file === undefined ? {} : { file });
  const read = loaded.file === undefined ? {} : { file: loaded.file };
  if ("problems" in loaded) return { ok: false, ...read, problems: loaded.problems, targets: [], pools: [] };
  const { settings, warnings } = loaded;
  const listings = await listAll(askEngines ? settings.engines : []);
  const asked =
    listings.length > 0 ? listings : settings.engines.map(({ name }): EngineListing => ({ engine: name }));
  const plan = planOfListings(settings, asked);
  const targets = [...plan.targets.values()].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  const unreachable = listings.flatMap(({ engine, failure }): Problem[] =>
    failure === undefined
      ? []
      : [
          {
            severity: "error",
            where: `engine ${engine}`,
            key: "",
            message: `its containers were not checked: ${failure}`,
          },
        ],
  );
  const guesses = askEngines
    ? await guessedPorts(settings.engines, targets)
    : new Map<string, readonly number[]>();
  const problems = [
    ...warnings,
    ...unreachable,
    ...plan.problems,
    ...idleRules(settings, listings, plan),
    ...targets.flatMap((target) => guessProblem(target, guesses.get(target.spec.name))),
  ];
  const ok = !problems.some(({ severity }) => severity === "error");
  const pools = settings.pools.map(({ name, maxAwake, budgetBytes }): CheckedPoolView => ({
    name,
    ...(maxAwake !== undefined && { maxAwake }),
    ...(budgetBytes !== undefined && { budgetBytes }),
    targets: targets.flatMap(({ spec }) => (spec.pools.includes(name) ? [spec.name] : [])),
  }));
  return { ok, ...read, problems, targets: targets.map((target) => viewOf(target, plan)), pools };
}

/** The ports that the images of targets declare, where nothing says which one is the app's. Never throws. */
async function guessedPorts(
  engines: readonly EngineSpec[],
  targets: readonly PlannedTarget[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const found = new Map<string, readonly number[]>();
  await Promise.all(
    engines.map(async (engine) => {
      const unclear = targets.filter(
        ({ spec, engine: name }) =>
          name === engine.name &&
          spec.source.kind === "docker" &&
          spec.port === undefined &&
          mustAnswer(spec),
      );
      if (unclear.length === 0) return;
      try {
        await using provider = await openProvider(engine, { clock: systemClock });
        using limit = deadline(systemClock, GUESS_LIMIT_MS, `the ports of ${engine.name}`);
        for (const { spec, instance } of unclear) {
          const seen = instance === undefined ? undefined : await provider.inspect(instance, limit.signal);
          if (seen && isPortGuessed(spec, seen)) found.set(spec.name, seen.exposedPorts);
        }
      } catch {
        // That the engine cannot be asked is said where its containers are listed.
      }
    }),
  );
  return found;
}

function guessProblem(
  { spec, engine }: PlannedTarget,
  ports: readonly number[] | undefined,
): readonly Problem[] {
  if (!ports) return [];
  return [
    {
      severity: "warning",
      where: `${spec.name} (${engine})`,
      key: "wakegate.port",
      message: `its port is a guess: its image declares ${ports.join(", ")}, and no label says which one is the app's. The first that answers as HTTP is taken. Set wakegate.port`,
    },
  ];
}

/** Rules that took no container: there may be none today, or the pattern has a slip. */
function idleRules(
  { discover }: Pick<Settings, "discover">,
  listings: readonly EngineListing[],
  { targets }: Plan,
): readonly Problem[] {
  if (listings.length === 0 || listings.some(({ failure }) => failure !== undefined)) return [];
  const seen = listings.reduce((sum, { snapshot }) => sum + (snapshot?.instances.length ?? 0), 0);
  const busy = new Set([...targets.values()].map(({ spec }) => spec.discoveredBy));
  return discover
    .filter(({ origin }) => !busy.has(origin))
    .map(({ origin, index }) => ({
      severity: "warning",
      where: origin.replace(/^.*\((.*)\)$/, "$1"),
      key: `discover[${String(index)}].match`,
      message: `took none of ${plural(seen, "container")}: if there should be some, compare the patterns with docker ps, and see whether a rule before it or a label took them`,
    }));
}

async function listAll(engines: readonly EngineSpec[]): Promise<readonly EngineListing[]> {
  return await Promise.all(
    engines.map(async (spec): Promise<EngineListing> => {
      try {
        await using provider = await openProvider(spec, { clock: systemClock });
        return await listOnce(provider, systemClock);
      } catch (error) {
        return { engine: spec.name, failure: messageOf(error) };
      }
    }),
  );
}

function viewOf({ spec, dependencyOnly }: PlannedTarget, { dependants, wholes }: Plan): CheckedTargetView {
  const { name, displayName, routes, port, source, idleTimeoutMs, origin, discoveredBy } = spec;
  const users = [...(dependants.get(name) ?? []), ...(wholes.get(name) ?? [])];
  return {
    name,
    displayName,
    hosts: routes.map(formatRoute),
    ...(port === undefined ? {} : { port }),
    engine: source.engine,
    ...(source.kind === "docker" ? { container: source.container } : {}),
    ...(source.kind === "swarm" ? { service: source.service } : {}),
    ...(source.kind === "kubernetes" ? { namespace: source.namespace, workload: source.workload } : {}),
    ...(source.kind === "proxmox" ? { vmid: source.vmid } : {}),
    idleTimeout: idleTimeoutMs === undefined ? "never" : formatDuration(idleTimeoutMs),
    origin,
    ...(discoveredBy !== undefined && { rule: discoveredBy }),
    ...(dependencyOnly && { for: users.toSorted() }),
  };
}

function print(report: CheckReport, output: Output): void {
  for (const problem of report.problems) output.out(problemText(problem, output));
  if (report.targets.length > 0) {
    if (report.problems.length > 0) output.out("");
    const byRule = report.targets.some(({ rule }) => rule !== undefined);
    const rows = report.targets.map(({ name, hosts, port, engine, idleTimeout, rule, for: users }) => [
      name,
      users ? `for ${listNames(users)}` : hosts.join(", ") || "-",
      port === undefined ? "auto" : String(port),
      engine,
      idleTimeout,
      ...(byRule ? [rule ?? "-"] : []),
    ]);
    const [head = "", ...lines] = columns([
      ["TARGET", "HOSTS", "PORT", "ENGINE", "IDLE", ...(byRule ? ["RULE"] : [])],
      ...rows,
    ]).split("\n");
    output.out([styled(output, "bold", head), ...lines].join("\n"));
  }
  if (report.pools.length > 0) {
    const rows = report.pools.map(({ name, maxAwake, budgetBytes, targets }) => [
      name,
      maxAwake === undefined ? "any" : String(maxAwake),
      budgetBytes === undefined ? "-" : formatSize(budgetBytes),
      targets.join(", ") || "-",
    ]);
    const [head = "", ...lines] = columns([["POOL", "AWAKE", "BUDGET", "TARGETS"], ...rows]).split("\n");
    output.out(["", styled(output, "bold", head), ...lines].join("\n"));
  }
  const count = countText(report.problems);
  const targets = `${String(report.targets.length)} target${report.targets.length === 1 ? "" : "s"}`;
  const verdict = report.ok ? styled(output, "green", "good") : styled(output, "red", "not good");
  const parts = [...(report.ok || report.targets.length > 0 ? [targets] : []), ...(count ? [count] : [])];
  output.out(
    `${report.problems.length + report.targets.length > 0 ? "\n" : ""}${verdict}: ${parts.join(", ")}`,
  );
}
