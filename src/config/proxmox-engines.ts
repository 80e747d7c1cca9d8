import type { EnvironmentReading } from "./environment.ts";
import type { IssuePlaces } from "./file/issues.ts";
import type { Problem } from "./model.ts";
import type { ProxmoxEngineSpec, ProxmoxLogin, SecretSource } from "./model/engine.ts";
import type { ProxmoxEngineLayer } from "./schema/proxmox.ts";

type Report = (key: string, message: string) => void;

/** Makes engines out of `providers.proxmox`. `taken` are names of other engines. */
export function resolveProxmox(
  configured: Readonly<Record<string, ProxmoxEngineLayer>>,
  environment: EnvironmentReading,
  places: IssuePlaces,
  taken: ReadonlySet<string>,
): { readonly engines: readonly ProxmoxEngineSpec[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const engines = Object.entries(configured).flatMap(([name, given]): ProxmoxEngineSpec[] => {
    const path = ["providers", "proxmox", name];
    const report: Report = (key, message) => {
      const full = key === "" ? path : [...path, key];
      const where = key === "" ? places.whereKey(full) : places.where(full);
      problems.push({ severity: "error", where, key: full.join("."), message });
    };
    if (name === "process") report("", "this name belongs to local programs: give the cluster another");
    if (taken.has(name))
      report("", `another engine is called ${name} already: give the cluster another name`);
    const { url, ca_file: caFile, fingerprint, discover = true, inside } = given;
    if (caFile !== undefined && fingerprint !== undefined) {
      report("fingerprint", "expected ca_file or fingerprint, not both: remove one");
    }
    const login = loginOf(name, given, environment, report);
    if (!login) return [];
    const trust = caFile !== undefined ? { caFile } : fingerprint !== undefined ? { fingerprint } : undefined;
    return [
      {
        kind: "proxmox",
        name,
        url,
        login,
        ...(trust && { trust }),
        discover,
        ...(inside !== undefined && { inside }),
      },
    ];
  });
  return { engines, problems };
}

function loginOf(
  name: string,
  given: ProxmoxEngineLayer,
  environment: EnvironmentReading,
  report: Report,
): ProxmoxLogin | undefined {
  const { token_id: id, user } = given;
  if (id !== undefined && user !== undefined) {
    report("user", "expected token_id or user, not both: remove one");
    return undefined;
  }
  if (id === undefined && user === undefined) {
    report("", "nothing says who Wakegate is there: add token_id and token_secret_file");
    return undefined;
  }
  const base = id === undefined ? "password" : "token_secret";
  const secret = secretOf(name, given, base, environment, report);
  if (!secret) return undefined;
  return id === undefined ? { kind: "password", user: user ?? "", secret } : { kind: "token", id, secret };
}

function secretOf(
  name: string,
  given: ProxmoxEngineLayer,
  base: "password" | "token_secret",
  environment: EnvironmentReading,
  report: Report,
): SecretSource | undefined {
  const [text, file, variable] = [given[base], given[`${base}_file`], given[`${base}_env`]];
  const ways = [text, file, variable].filter((way) => way !== undefined);
  if (ways.length > 1) {
    report("", `expected one of ${base}, ${base}_file and ${base}_env: remove the others`);
    return undefined;
  }
  if (file !== undefined) return { file };
  if (text !== undefined) return { text };
  const usual = `WAKEGATE_PROXMOX_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}_${base.toUpperCase()}`;
  const found = environment.secret(variable ?? usual);
  if (found !== undefined) return { text: found };
  if (variable !== undefined) report(`${base}_env`, `the variable ${variable} is not set`);
  else report("", `its secret is missing: add ${base}_file, or set the variable ${usual}`);
  return undefined;
}
