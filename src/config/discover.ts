import type { LabelSource } from "../providers/provider.ts";
import type { IssuePlaces } from "./file/issues.ts";
import { readComposeLabels } from "./labels/compose.ts";
import { plainName, targetNameOf } from "./labels/identity.ts";
import type { Problem, RouteSpec } from "./model.ts";
import type { DiscoverMatch, DiscoverRule, GoneNotice } from "./model/discover.ts";
import type { DiscoverLayer } from "./schema/discover.ts";
import { BUILT_IN } from "./schema/options.ts";
import type { DefaultsLayer } from "./schema/target.ts";
import { matchCapture, type CapturePattern } from "./values/capture-pattern.ts";
import { fillHostTemplate } from "./values/host-template.ts";
import { parseHostPattern } from "./values/host-pattern.ts";
import { toName } from "./values/names.ts";

/** A rule that took a container, and what its words stand for. */
export interface Discovered {
  readonly rule: DiscoverRule;
  readonly values: Readonly<Record<string, string>>;
}

/** The host pattern below which all hosts of a rule lie, where one can be told, and what those that nobody has get. */
export interface GoneHosts {
  /** `*.example.com`. */
  readonly host: string;
  /** Place of the rule, from 0. */
  readonly index: number;
  readonly notice: GoneNotice;
}

const GONE = "There is no {host}.";

/** The rules as the file has them, with their places. */
export function toDiscoverRules(
  layers: readonly DiscoverLayer[],
  places: IssuePlaces,
): readonly DiscoverRule[] {
  return layers.map(({ match, hosts = [], gone = GONE, scope = "container", preset, ...layer }, index) => ({
    origin: `discover[${String(index)}] (${places.where(["discover", index])})`,
    index,
    match,
    hosts,
    ...(gone === false ? {} : { gone }),
    scope,
    ...(preset && { preset }),
    layer,
  }));
}

/** The first rule that takes the container. Never throws. */
export function discover(
  instance: LabelSource,
  engine: string,
  rules: readonly DiscoverRule[],
): Discovered | undefined {
  if (rules.length === 0) return undefined;
  const { project, service } = readComposeLabels(instance.labels);
  const own = { project, service, name: plainName(instance) };
  const facts = { ...own, image: instance.image, engine };
  for (const rule of rules) {
    const captured = capture(rule.match, facts, instance.labels);
    if (captured) return { rule, values: { ...present(own), ...captured } };
  }
  return undefined;
}

/** The target's name: for a whole project that of the project, which outlives any of its containers. */
export function nameByRule(instance: LabelSource, { rule, values }: Discovered): string {
  const { project } = values;
  const own = instance.labels["wakegate.name"] !== undefined;
  const whole = rule.scope === "project" && project !== undefined && !own ? toName(project) : undefined;
  return whole ?? targetNameOf(instance);
}

/** What people read: the project, and the service where the target is only a part of it. */
export function displayNameByRule({ rule, values }: Discovered): string | undefined {
  const { project, service } = values;
  if (project === undefined || rule.scope === "project" || service === undefined) return project;
  return `${service} (${project})`;
}

/** The hosts that a rule gives; undefined: it says nothing of hosts. */
export function hostsByRule(
  { rule, values }: Discovered,
  where: string,
): { readonly routes: readonly RouteSpec[]; readonly problems: readonly Problem[] } | undefined {
  if (rule.hosts.length === 0) return undefined;
  const routes: RouteSpec[] = [];
  const problems: Problem[] = [];
  for (const template of rule.hosts) {
    const host = fillHostTemplate(template, values);
    const parsed = host === undefined ? undefined : parseHostPattern(host);
    if (parsed?.ok) routes.push(parsed.value);
    else {
      const message = `the host template ${template} cannot be filled for it: match what has the words in it, or add wakegate.hosts`;
      problems.push({ severity: "warning", where, key: `discover[${String(rule.index)}].hosts`, message });
    }
  }
  return { routes, problems };
}

/** Wildcards whose hosts are the rules' own, so that one without a container is known to be gone. */
export function goneHosts(
  rules: readonly DiscoverRule[],
  defaults: Pick<DefaultsLayer, "page">,
): readonly GoneHosts[] {
  const seen = new Set<string>();
  return rules.flatMap(({ index, gone, hosts, layer }) => {
    if (gone === undefined) return [];
    const footer = layer.page?.footer ?? defaults.page?.footer ?? BUILT_IN.page.footer;
    return hosts.flatMap((template): GoneHosts[] => {
      const [first = "", ...rest] = template.replace(/\/.*$/, "").toLowerCase().split(".");
      const host = `*.${rest.join(".")}`;
      if (!first.includes("{") || host.includes("{") || seen.has(host)) return [];
      seen.add(host);
      return [{ host, index, notice: { text: gone, footer } }];
    });
  });
}

function capture(
  { labels = {}, ...plain }: DiscoverMatch,
  facts: Readonly<Record<string, string | undefined>>,
  instanceLabels: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  const conditions: (readonly [CapturePattern, string | undefined])[] = [
    ...Object.entries(plain).map(([name, pattern]) => [pattern, facts[name]] as const),
    ...Object.entries(labels).map(([name, pattern]) => [pattern, instanceLabels[name]] as const),
  ];
  const values: Record<string, string> = {};
  for (const [pattern, value] of conditions) {
    const found = value === undefined ? undefined : matchCapture(pattern, value);
    if (!found) return undefined;
    Object.assign(values, found);
  }
  return values;
}

function present(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
