import { domainToASCII } from "node:url";
import type { RouteSpec } from "../model.ts";
import { bad, good, type Parsed } from "./parsed.ts";
import { parsePath } from "./path.ts";

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * Reads a route: `blog.example.com`, `*.example.com` (one label in place of the star), each with an optional
 * path prefix as in `example.com/blog`. Host in lower case and ASCII, prefix without a trailing slash.
 */
export function parseHostPattern(text: string): Parsed<RouteSpec> {
  const written = text.trim();
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written)) {
    return bad(`expected a host without a scheme: write ${written.replace(/^[^/]*\/\//, "")}`);
  }
  const slash = written.indexOf("/");
  const name = slash < 0 ? written : written.slice(0, slash);
  if (/:\d*$/.test(name)) return bad(`expected a host without a port: write ${name.replace(/:\d*$/, "")}`);
  const host = parseHostName(name);
  if (!host.ok) return host;
  if (slash < 0) return good({ host: host.value, prefix: "/" });
  const prefix = parsePath(written.slice(slash));
  if (!prefix.ok) return prefix;
  return good({ host: host.value, prefix: prefix.value === "/" ? "/" : prefix.value.replace(/\/$/, "") });
}

/** The route as it is written in the configuration. */
export function formatRoute({ host, prefix }: RouteSpec): string {
  return prefix === "/" ? host : `${host}${prefix}`;
}

/** A host name as it is compared: ASCII, in lower case, without a dot at its end. */
export function isHostName(text: string): boolean {
  return text.length <= 253 && text.split(".").every((label) => LABEL.test(label));
}

function parseHostName(name: string): Parsed<string> {
  const star = name.startsWith("*.");
  const rest = (star ? name.slice(2) : name).replace(/\.$/, "");
  if (rest === "") return bad("expected a host such as blog.example.com or *.example.com");
  if (rest.includes("*")) return bad("expected a star only as the whole first label: *.example.com");
  const ascii = /^[\w.-]+$/.test(rest) ? rest.toLowerCase() : domainToASCII(rest);
  if (!isHostName(ascii)) {
    return bad("expected a host such as blog.example.com or *.example.com, with an optional /prefix");
  }
  return good(star ? `*.${ascii}` : ascii);
}
