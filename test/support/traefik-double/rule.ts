/** What a rule asks of a request. */
export interface RuleSubject {
  /** Lower case, without port. */
  readonly host: string;
  readonly path: string;
  readonly method: string;
}

/** A rule, read. */
export type Matcher = (subject: RuleSubject) => boolean;

/** Reads a rule in the syntax of version 3. @throws Error for what Traefik would refuse. */
export function readRule(rule: string): Matcher {
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
    const value = (tokens[at++] ?? "").slice(1, -1);
    if (!take(")")) throw new Error(`bad rule ${rule}: one value each`);
    return matcherOf(name, value);
  };
  const read = or();
  if (at < tokens.length) throw new Error(`bad rule ${rule}`);
  return read;
}

function matcherOf(name: string, value: string): Matcher {
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
    default:
      throw new Error(`the double knows no matcher ${name}`);
  }
}
