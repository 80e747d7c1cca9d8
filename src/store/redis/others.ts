import type { Evidence } from "../../watchers/activity/evidence.ts";
import type { Synced } from "./wire.ts";

/** What a target is used for through other Wakegates, by target. Rebuilt from each synchronisation. Pure. */
export function openElsewhere({
  uses,
  members,
  lost,
}: Pick<Synced, "uses" | "members" | "lost">): ReadonlyMap<string, readonly Evidence[]> {
  const names = new Map([...lost, ...members].map(({ id, name }) => [id, plainName(name)]));
  const found = new Map<string, Evidence[]>();
  for (const [member, target, text] of uses) {
    const through = names.get(member) ?? member;
    const gone = lost.some(({ id }) => id === member) ? ", which was lost" : "";
    for (const what of listOf(text)) {
      const detail = `${what}, through ${through}${gone}`;
      const evidence: Evidence = { source: "replicas", kind: "in-use", detail, who: [what] };
      const before = found.get(target);
      if (before) before.push(evidence);
      else found.set(target, [evidence]);
    }
  }
  return found;
}

/** Targets for which two such tables differ. Pure. */
export function differing(
  a: ReadonlyMap<string, readonly Evidence[]>,
  b: ReadonlyMap<string, readonly Evidence[]>,
): readonly string[] {
  const text = (map: typeof a, name: string): string => JSON.stringify(map.get(name) ?? []);
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => text(a, name) !== text(b, name));
}

/** A member that cannot work with the others has a mark before its name. */
export function plainName(name: string): string {
  return name.replace(/^!/, "");
}

/** What is open, the same words counted once, twenty lines at most. Pure. */
export function openHere(leases: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const what of leases) counts.set(what, (counts.get(what) ?? 0) + 1);
  const lines = [...counts].map(([what, n]) => (n === 1 ? what : `${String(n)} × ${what}`));
  return JSON.stringify(lines.slice(0, 20));
}

function listOf(text: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.length > 0 ? list.map(String) : ["use"];
  } catch {
    return ["use"];
  }
}
