import type { IncomingHttpHeaders } from "node:http";
import type { Major } from "./static-config.ts";

/** What a rule asks of a request. */
export interface RuleSubject {
  /** Lower case, without port. */
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** A rule, read. */
export type Matcher = (subject: RuleSubject) => boolean;

/** Reads a rule in the syntax of a version. @throws Error for what Traefik would refuse. */
export function readRule(rule: string, major: Major = 3): Matcher {
  const tokens = rule.match(/&&|\|\||!|\(|\)|,|[A-Za-z]+|`[^`]*`/g) ?? [];
  if (tokens.join("").length !== rule.replace(/\s+(?=(?:[^`]*`[^`]*`)*[^`]*$)/g, "").length)
    throw new Error(`bad rule ${rule}`);
  let at = 0;
  const take = (token: string): boolean => tokens[at] === token && ++at > 0;
  const or = (): Matcher => {
    let left = and();
    while (take("||")) {
      const [a, b] = [left, and()];
      left = (subject) => a(subject) || b(subject);
    }
    return left;
  };
  const and = (): Matcher => {
    let left = not();
    while (take("&&")) {
      const [a, b] = [left, not()];
      left = (subject) => a(subject) && b(subject);
    }
    return left;
  };
  const not = (): Matcher => {
    if (take("!")) {
      const inner = not();
      return (subject) => !inner(subject);
    }
    if (!take("(")) return matcher();
    const inner = or();
    if (!take(")")) throw new Error(`bad rule ${rule}`);
    return inner;
  };
  const matcher = (): Matcher => {
    const name = tokens[at++] ?? "";
    if (!take("(")) throw new Error(`bad rule ${rule}`);
    const values: string[] = [];
    do values.push((tokens[at++] ?? "").slice(1, -1));
    while (take(","));
    if (!take(")")) throw new Error(`bad rule ${rule}`);
    return major < 3 ? olderMatcher(name, values) : matcherOf(name, values);
  };
  const read = or();
  if (at < tokens.length) throw new Error(`bad rule ${rule}`);
  return read;
}

/** Several values: one of them. Expressions stand in braces, with a name before them. */
function olderMatcher(name: string, values: readonly string[]): Matcher {
  if (name === "HeadersRegexp") return matcherOf("HeaderRegexp", values);
  const ways = values.map((value) => {
    if (name !== "HostRegexp") return matcherOf(name, [value]);
    const parts = value.split(/\{[^:}]+:([^}]+)\}/);
    const expression = parts.map((part, at) => (at % 2 === 0 ? part.replaceAll(".", "\\.") : part));
    return matcherOf(name, [`^${expression.join("")}$`]);
  });
  return (subject) => ways.some((way) => way(subject));
}

function matcherOf(name: string, values: readonly string[]): Matcher {
  const [value = "", second] = values;
  if (values.length > (name === "HeaderRegexp" ? 2 : 1)) throw new Error(`${name} takes one value`);
  switch (name) {
    case "Host":
      return ({ host }) => host === value.toLowerCase();
    case "HostRegexp": {
      const regexp = new RegExp(value, "i");
      return ({ host }) => regexp.test(host);
    }
    case "Path":
      return ({ path }) => path === value;
    case "PathPrefix":
      return ({ path }) => path.startsWith(value);
    case "Method":
      return ({ method }) => method === value.toUpperCase();
    case "HeaderRegexp": {
      const regexp = new RegExp(
        (second ?? "").replace(/^\(\?i\)/, ""),
        second?.startsWith("(?i)") ? "i" : "",
      );
      return ({ headers }) => {
        const sent = headers[value.toLowerCase()];
        return sent !== undefined && regexp.test(String(sent));
      };
    }
    default:
      throw new Error(`the double knows no matcher ${name}`);
  }
}
