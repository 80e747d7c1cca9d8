import { BlockList, isIP } from "node:net";
import type { RuleSpec, TargetSpec } from "../config/model.ts";
import { Generations } from "../lib/generations.ts";
import { compileGlob, type Glob } from "../lib/glob.ts";
import { TRAFFIC_PRESETS } from "../presets/traffic.ts";
import { BUILT_IN_RULES, type IntentRule } from "./intent.ts";
import type { RequestFacts } from "./request-facts.ts";

/** Whether a request meets one condition. Without side effects that could be noticed; allocates nothing. */
type Condition = (facts: RequestFacts) => boolean;

const bySpec = new WeakMap<TargetSpec, readonly IntentRule[]>();
const byRule = new WeakMap<RuleSpec, IntentRule>();

/** All rules for a target: the built-in ones, its presets', its own. Compiled once for each spec. */
export function rulesOf(spec: TargetSpec): readonly IntentRule[] {
  let rules = bySpec.get(spec);
  if (!rules) {
    const written = [...spec.presets.flatMap((name) => TRAFFIC_PRESETS[name].rules), ...spec.rules];
    rules = [...BUILT_IN_RULES, ...written.filter(takesSomething).map((rule) => compiled(rule))];
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
export function compileRule({ name, match, wakes, counts }: RuleSpec): IntentRule {
  const conditions: Condition[] = [];
  const { methods, paths, userAgents, clients, headers } = match;
  if (methods) conditions.push(({ method }) => methods.includes(method));
  if (paths) {
    const fits = anyOf(paths);
    conditions.push(({ path }) => fits(path));
  }
  if (clients) conditions.push(clientIn(clients));
  if (userAgents) conditions.push(userAgentIs(userAgents));
  for (const [header, glob] of Object.entries(headers ?? {})) conditions.push(headerIs(header, glob));
  const [only] = conditions;
  const matches: Condition =
    only && conditions.length === 1 ? only : (facts) => conditions.every((meets) => meets(facts));
  return { name, wakes, counts, matches: only ? matches : () => false };
}

function anyOf(globs: readonly string[]): Glob {
  const whole = new Set(globs.filter((glob) => !/[*?]/.test(glob)));
  const others = globs.filter((glob) => !whole.has(glob)).map((glob) => compileGlob(glob));
  return (text) => whole.has(text) || others.some((fits) => fits(text));
}

/** A longer user agent is judged by its beginning. */
const MAX_AGENT = 512;
/** From this many globs on it pays to remember the answers. */
const MANY_GLOBS = 8;
const MAX_AGENTS = 1024;

function userAgentIs(globs: readonly string[]): Condition {
  const fits = anyOf(globs.map((glob) => glob.toLowerCase()));
  const judge = (agent: string): boolean => fits(agent.slice(0, MAX_AGENT).toLowerCase());
  if (globs.length < MANY_GLOBS) return ({ userAgent }) => userAgent !== undefined && judge(userAgent);
  const known = new Generations<string, boolean>(MAX_AGENTS);
  return ({ userAgent }) => {
    if (userAgent === undefined) return false;
    if (userAgent.length > MAX_AGENT) return judge(userAgent);
    let answer = known.get(userAgent);
    if (answer === undefined) {
      answer = judge(userAgent);
      known.set(userAgent, answer);
    }
    return answer;
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

/** Names are in lower case in rules; what a client sends may be in any. */
function headerIs(name: string, glob: string): Condition {
  const fits = compileGlob(glob.toLowerCase());
  return ({ headers }) => {
    for (let index = 0; index + 1 < headers.length; index += 2) {
      const written = headers[index] ?? "";
      if (written.length !== name.length || written.toLowerCase() !== name) continue;
      if (fits((headers[index + 1] ?? "").slice(0, MAX_AGENT).toLowerCase())) return true;
    }
    return false;
  };
}
