/** The path of an origin-form URI as routes and rules compare it. */
export interface MatchPath {
  /** Percent-encoding of ordinary characters undone, slashes merged, dot segments removed. */
  readonly path: string;
  /**
   * What a server sees that also takes an encoded slash or a backslash for a slash; present only where it
   * differs. Two readings that lead to two targets are refused.
   */
  readonly alternative?: string;
}

/**
 * Normalises for matching only: `/admin/../x` belongs to `/x`, as proxies route it (RFC 3986 section
 * 6.2.2). The URI itself is handed on untouched.
 */
export function matchPath(uri: string): MatchPath {
  const end = uri.search(/[?#]/);
  const raw = end === -1 ? uri : uri.slice(0, end);
  if (PLAIN.test(raw)) return { path: raw };
  const path = withoutDots(decode(raw));
  if (!SLASH_LIKE.test(raw)) return { path };
  const alternative = withoutDots(decode(raw.replace(/%2f|%5c|\\/gi, "/")));
  return alternative === path ? { path } : { path, alternative };
}

/**
 * A URI that is safe as a link or Location on its own host: `//evil.example` and `/\evil.example` would
 * leave it (WHATWG URL, path-absolute-URL strings).
 */
export function sameHostUri(uri: string): string {
  return `/${uri.replace(/^[/\\]+/, "")}`;
}

/** Nothing to normalise: no escape, no backslash, no double slash and no segment that begins with a dot. */
const PLAIN = /^(?:\/(?![./])[^/%\\]*)+$/;
const SLASH_LIKE = /%2f|%5c|\\/i;

/** Undoes escapes of printable ASCII, except those whose meaning the escape protects. */
function decode(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (escape) => {
    const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return char > " " && char < "\x7f" && !"/\\%?#".includes(char) ? char : escape.toUpperCase();
  });
}

/** RFC 3986 section 5.2.4, with empty segments dropped. Keeps a trailing slash. */
function withoutDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/");
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const last = segments.at(-1) ?? "";
  const isFolder = kept.length > 0 && (last === "" || last === "." || last === "..");
  return `/${kept.join("/")}${isFolder ? "/" : ""}`;
}
