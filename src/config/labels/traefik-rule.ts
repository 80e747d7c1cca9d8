/** What a rule says about hosts. */
export interface RuleHosts {
  /** `host` or `host/prefix`, as written in the rule. */
  readonly patterns: readonly string[];
  readonly warnings: readonly string[];
}

type Node =
  | { readonly kind: "and" | "or"; readonly left: Node; readonly right: Node }
  | { readonly kind: "not"; readonly inner: Node }
  | { readonly kind: "match"; readonly name: string; readonly values: readonly string[] };

/** One way in which a rule can be met: the hosts and prefixes it asks for, where it asks. */
interface Way {
  readonly hosts?: readonly string[];
  readonly prefixes?: readonly string[];
  /** A matcher for hosts that cannot be turned into patterns. */
  readonly odd?: string;
}

/** Rules are short; whoever writes a longer one does not mean well. */
const LONGEST_RULE = 8192;
const MOST_WAYS = 256;
const DEEPEST = 64;

/**
 * Finds the hosts in a Traefik router rule: `Host` with one or several values, together with `PathPrefix` and
 * `Path`. Matchers that only narrow (methods, headers, negations …) do not matter here. Never throws.
 */
export function routesOfRule(rule: string): RuleHosts {
  try {
    const ways = waysOf(new RuleReader(rule).read());
    const patterns = new Set<string>();
    const warnings = new Set<string>();
    for (const { hosts, prefixes, odd } of ways) {
      if (odd !== undefined) warnings.add(`${odd} cannot be followed: list the hosts in wakegate.hosts`);
      else if (!hosts) warnings.add("this rule names no host: list the hosts in wakegate.hosts");
      for (const host of hosts ?? []) {
        for (const prefix of prefixes ?? [""]) patterns.add(host + prefix);
      }
    }
    return { patterns: [...patterns], warnings: [...warnings] };
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return {
      patterns: [],
      warnings: [`this rule cannot be read (${error.message}): list the hosts in wakegate.hosts`],
    };
  }
}

class RuleError extends Error {
  override readonly name = "RuleError";
}

function waysOf(node: Node): readonly Way[] {
  switch (node.kind) {
    case "or":
      return limited([...waysOf(node.left), ...waysOf(node.right)]);
    case "and": {
      const right = waysOf(node.right);
      return limited(waysOf(node.left).flatMap((a) => right.map((b) => both(a, b))));
    }
    case "not":
      return [{}];
    case "match":
    default:
      return [wayOf(node.name, node.values)];
  }
}

function wayOf(name: string, values: readonly string[]): Way {
  switch (name.toLowerCase()) {
    case "host":
      return { hosts: values };
    case "hostregexp":
    case "hostheader":
      return { odd: name };
    case "pathprefix":
    case "path":
      return values.some((value) => /[{}*]/.test(value)) ? {} : { prefixes: values };
    default:
      return {};
  }
}

function both(a: Way, b: Way): Way {
  const hosts = a.hosts && b.hosts ? a.hosts.filter((host) => b.hosts?.includes(host)) : (a.hosts ?? b.hosts);
  const prefixes = b.prefixes ?? a.prefixes;
  const odd = a.odd ?? b.odd;
  return {
    ...(hosts ? { hosts } : {}),
    ...(prefixes ? { prefixes } : {}),
    ...(odd === undefined ? {} : { odd }),
  };
}

function limited(ways: readonly Way[]): readonly Way[] {
  if (ways.length > MOST_WAYS) throw new RuleError("it has too many alternatives");
  return ways;
}

/** Recursive descent: or < and < not < matcher or parentheses. */
class RuleReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    if (text.length > LONGEST_RULE) throw new RuleError("it is too long");
    this.#text = text;
  }

  read(): Node {
    const node = this.#or();
    this.#skip();
    if (this.#at < this.#text.length)
      throw new RuleError(`unexpected ${this.#text.slice(this.#at, this.#at + 12)}`);
    return node;
  }

  #or(): Node {
    let left = this.#and();
    while (this.#take("||")) left = { kind: "or", left, right: this.#and() };
    return left;
  }

  #and(): Node {
    let left = this.#not();
    while (this.#take("&&")) left = { kind: "and", left, right: this.#not() };
    return left;
  }

  #not(): Node {
    if (++this.#depth > DEEPEST) throw new RuleError("it is too deep");
    try {
      if (this.#take("!")) return { kind: "not", inner: this.#not() };
      if (!this.#take("(")) return this.#match();
      const inner = this.#or();
      if (!this.#take(")")) throw new RuleError("a parenthesis is not closed");
      return inner;
    } finally {
      this.#depth--;
    }
  }

  #match(): Node {
    const name = this.#pattern(/[A-Za-z]+/y);
    if (name === undefined || !this.#take("("))
      throw new RuleError("expected a matcher such as Host(`a.example.com`)");
    const values: string[] = [];
    while (!this.#take(")")) {
      const quoted = this.#pattern(/`[^`]*`|"(?:[^"\\]|\\.)*"|'[^']*'/y);
      if (quoted === undefined) throw new RuleError("expected a value in backticks");
      values.push(quoted.slice(1, -1));
      this.#take(",");
    }
    return { kind: "match", name, values };
  }

  #take(token: string): boolean {
    this.#skip();
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #pattern(pattern: RegExp): string | undefined {
    this.#skip();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #skip(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }
}
