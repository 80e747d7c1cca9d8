import { BlockList, isIP } from "node:net";
import type { TargetSpec } from "../config/model.ts";
import { HEAD_RULE, type RuleSpec } from "../config/model/rules.ts";
import { compileGlob, type Glob } from "../lib/glob.ts";
import { TRAFFIC_PRESETS } from "../presets/traffic.ts";
import { BARE_HEAD, BUILT_IN_RULES, type IntentRule } from "./intent.ts";
import type { RequestFacts } from "./request-facts.ts";
import { agentOf } from "./user-agents.ts";

/** Whether a request meets one condition. Without side effects that could be noticed; allocates nothing. */
type Condition = (facts: RequestFacts) => boolean;

const bySpec = new WeakMap<TargetSpec, readonly IntentRule[]>();
const byRule = new WeakMap<RuleSpec, IntentRule>();

/** All rules for a target: the built-in ones, its presets', its own. Compiled once for each spec. */
export function rulesOf(spec: TargetSpec): readonly IntentRule[] {
  let rules = bySpec.get(spec);
  if (!rules) {
    const written = [...spec.presets.flatMap((name) => TRAFFIC_PRESETS[name].rules), ...spec.rules];
    const headWakes = spec.rules.some(({ name, match, wakes }) => {
      return name === HEAD_RULE && wakes && Object.keys(match).length === 0;
    });
    const builtIn = headWakes ? BUILT_IN_RULES.filter((rule) => rule !== BARE_HEAD) : BUILT_IN_RULES;
    rules = [...builtIn, ...written.filter(takesSomething).map((rule) => compiled(rule))];
    bySpec.set(spec, rules);
  }
  return rules;
}

function takesSomething(rule: RuleSpec): boolean {
  return !rule.wakes || !rule.counts;
}

/** The presets' rules are the same objects for every target, and so is what is made of them. */
function compiled(rule: RuleSpec): IntentRule {
  let made = byRule.get(rule);
  if (!made) {
    made = compileRule(rule);
    byRule.set(rule, made);
  }
  return made;
}

/** Makes a rule that can be asked. The cheap conditions come first. */
export function compileRule(rule: RuleSpec): IntentRule {
  const { name, match, wakes, counts } = rule;
  const conditions: Condition[] = [];
  const { methods, paths, userAgents, clients, headers } = match;
  if (methods) conditions.push(({ method }) => methods.includes(method));
  if (paths) {
    const fits = anyOf(paths);
    conditions.push(({ path }) => fits(path));
  }
  if (clients) conditions.push(clientIn(clients));
  if (userAgents) conditions.push(userAgentIs(userAgents, slots.get(rule)));
  for (const [header, glob] of Object.entries(headers ?? {})) conditions.push(headerIs(header, glob));
  const [only] = conditions;
  const matches: Condition =
    only && conditions.length === 1 ? only : (facts) => conditions.every((meets) => meets(facts));
  return { name, wakes, counts, matches: only ? matches : () => false };
}

function anyOf(globs: readonly string[]): Glob {
  const whole = new Set(globs.filter((glob) => !/[*?]/.test(glob)));
  const others = globs.filter((glob) => !whole.has(glob)).map((glob) => compileGlob(glob));
  // Most texts are told apart by their length, without a look at their letters.
  const lengths: boolean[] = [];
  for (const { length } of whole) lengths[length] = true;
  return (text) => {
    if (lengths[text.length] === true && whole.has(text)) return true;
    for (const fits of others) if (fits(text)) return true;
    return false;
  };
}

/** Where a preset's answer stands among those remembered of a user agent; rules of one's own have few globs. */
const slots = new Map<RuleSpec, number>();
for (const rule of Object.values(TRAFFIC_PRESETS).flatMap((preset) => preset.rules))
  slots.set(rule, slots.size);

function userAgentIs(globs: readonly string[], slot: number | undefined): Condition {
  const fits = anyOf(globs.map((glob) => glob.toLowerCase()));
  if (slot === undefined) {
    return ({ userAgent }) => userAgent !== undefined && fits(agentOf(userAgent).lower);
  }
  return ({ userAgent }) => {
    if (userAgent === undefined) return false;
    const { answers, lower } = agentOf(userAgent);
    return (answers[slot] ??= fits(lower));
  };
}

function clientIn(blocks: readonly string[]): Condition {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = "", bits] = block.split("/");
    list.addSubnet(address, Number(bits), isIP(address) === 4 ? "ipv4" : "ipv6");
  }
  return ({ client }) => {
    const family = isIP(client);
    return family !== 0 && list.check(client, family === 4 ? "ipv4" : "ipv6");
  };
}

/** A longer value is judged by its beginning. */
const MAX_VALUE = 512;

/** Names are in lower case in rules; what a client sends may be in any. */
function headerIs(name: string, glob: string): Condition {
  const fits = compileGlob(glob.toLowerCase());
  return ({ headers }) => {
    for (let index = 0; index + 1 < headers.length; index += 2) {
      const written = headers[index] ?? "";
      if (written.length !== name.length || written.toLowerCase() !== name) continue;
      if (fits((headers[index + 1] ?? "").slice(0, MAX_VALUE).toLowerCase())) return true;
    }
    return false;
  };
}
