import { bad, good, type Parsed } from "./parsed.ts";

/**
 * Reads an engine's URL: `unix:///var/run/docker.sock`, `tcp://host:2375`, `http://…`, `https://…`. The value has
 * no trailing slash; tcp and http get port 2375 where none is given, https 2376.
 */
export function parseEngineUrl(text: string): Parsed<string> {
  const written = text.trim();
  if (/^\/[^/]/.test(written)) return bad(`expected a URL: write unix://${written}`);
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.*)$/i.exec(written) ?? [];
  switch (scheme.toLowerCase()) {
    case "unix":
      return rest.startsWith("/")
        ? good(`unix://${rest}`)
        : bad("expected an absolute socket path with three slashes: unix:///var/run/docker.sock");
    case "tcp":
    case "http":
    case "https":
      return readTcp(scheme.toLowerCase(), rest);
    case "ssh":
      return bad("ssh is not spoken here: use tcp with TLS, or a socket proxy on the other machine");
    case "npipe":
      return bad("Windows pipes are not spoken here: use tcp://host:port");
    default:
      return bad("expected unix:///path, tcp://host:port, http://host:port or https://host:port");
  }
}

function readTcp(scheme: string, rest: string): Parsed<string> {
  if (!URL.canParse(`http://${rest}`)) return bad(`expected ${scheme}://host:port`);
  const url = new URL(`http://${rest}`);
  if (url.username || url.search || url.hash || url.pathname !== "/") {
    return bad(`expected ${scheme}://host:port and nothing more`);
  }
  const port = /:(\d+)\/?$/.exec(rest)?.[1] ?? (scheme === "https" ? "2376" : "2375");
  return good(`${scheme}://${url.hostname}:${port}`);
}

/** Reads the base URL of the public listener: `https://wake.example.com`, a path allowed. No trailing slash. */
export function parseBaseUrl(text: string): Parsed<string> {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return bad("expected a URL such as https://wake.example.com");
  }
  if (url.username || url.search || url.hash) return bad("expected a URL without user, query and fragment");
  return good(url.href.replace(/\/+$/, ""));
}

/** Reads the address of a Proxmox node: `https://pve1.lan:8006`. The value has always a port, 8006 by default. */
export function parseProxmoxUrl(text: string): Parsed<string> {
  const written = text.trim();
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url?.protocol === "http:") return bad("Proxmox speaks TLS only: write https://");
  if (url?.protocol !== "https:" || url.hostname === "") return bad("expected https://host:8006");
  if (url.username || url.search || url.hash || !/^\/(api2(\/json)?\/?)?$/.test(url.pathname)) {
    return bad("expected https://host:port and nothing more");
  }
  const port = /^https:\/\/(?:\[[^\]]*\]|[^/:]*):(\d+)/i.exec(written)?.[1] ?? "8006";
  return good(`https://${url.hostname}:${port}`);
}
