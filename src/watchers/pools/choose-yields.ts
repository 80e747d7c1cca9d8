import { freedBy, isNothing, less, type Ledger, type Shortage } from "./ledger.ts";
import type { Member } from "./member.ts";

/**
 * Who has to sleep so that the shortage ends: those not used for longest first, among equals the cheapest, and never
 * one in use. What others need goes with them. Nobody is chosen where that would not be enough, or is needed no more
 * than the others. Empty: nothing can yield, or what goes down already is enough. Pure.
 *
 * @param spared what must stay: it is claimed, or waited for.
 */
export function chooseYields(
  ledger: Ledger,
  shortage: Shortage,
  spared: ReadonlySet<string>,
): readonly string[] {
  const going = new Set(
    [...ledger.members].filter(({ leaves }) => leaves !== undefined).map(({ name }) => name),
  );
  const left = afterThose(ledger, shortage, going);
  if (left.size === 0) return [];
  const picks: (readonly string[])[] = [];
  for (const candidate of candidates(ledger)) {
    if (going.has(candidate.name) || picks.some((pick) => pick.includes(candidate.name))) continue;
    const pick = withDependants(ledger, candidate, spared);
    if (!pick || !helps(ledger, left, pick)) continue;
    picks.push(pick);
    if (afterThose(ledger, left, picks.flat()).size === 0) return withoutSurplus(ledger, left, picks);
  }
  return [];
}

/** The oldest use first. What is paused sleeps already: stopping it takes nothing from anybody. */
function candidates(ledger: Ledger): readonly Member[] {
  const idle = [...ledger.members].filter(({ holds, idleSince }) => holds && idleSince !== undefined);
  const rank = ({ holds }: Member): number => (holds === "memory" ? 0 : 1);
  return idle.sort(
    (a, b) =>
      rank(a) - rank(b) ||
      (a.idleSince ?? 0) - (b.idleSince ?? 0) ||
      (a.costBytes ?? 0) - (b.costBytes ?? 0) ||
      (a.name < b.name ? -1 : 1),
  );
}

/** A member and everybody who is awake because of it; undefined: one of them has to stay. */
function withDependants(
  ledger: Ledger,
  member: Member,
  spared: ReadonlySet<string>,
): readonly string[] | undefined {
  const all = new Set<string>();
  const visit = ({ name, idleSince, leaves, neededBy }: Member): boolean => {
    if (all.has(name)) return true;
    all.add(name);
    if (spared.has(name) || ledger.isGranted(name)) return false;
    if (idleSince === undefined && leaves === undefined) return false;
    return neededBy.every((user) => {
      const found = ledger.member(user);
      return found !== undefined && visit(found);
    });
  };
  return visit(member) ? [...all] : undefined;
}

/** What is still missing when these have gone. */
function afterThose(ledger: Ledger, shortage: Shortage, names: Iterable<string>): Shortage {
  const left = new Map(shortage);
  for (const name of new Set(names)) {
    const member = ledger.member(name);
    if (!member || ledger.isGranted(name)) continue;
    for (const pool of ledger.poolsOf(member)) {
      const missing = left.get(pool.name);
      if (!missing) continue;
      const less_ = less(missing, freedBy(member, pool, member.leaves));
      if (isNothing(less_)) left.delete(pool.name);
      else left.set(pool.name, less_);
    }
  }
  return left;
}

function helps(ledger: Ledger, shortage: Shortage, names: readonly string[]): boolean {
  const after = afterThose(ledger, shortage, names);
  return [...shortage].some(([pool, { awake, bytes }]) => {
    const left = after.get(pool);
    return left === undefined || left.awake < awake || left.bytes < bytes;
  });
}

/** Leaves those out, the most recently used first, without whom it is enough as well. */
function withoutSurplus(
  ledger: Ledger,
  shortage: Shortage,
  picks: readonly (readonly string[])[],
): readonly string[] {
  let kept = picks;
  for (const pick of [...picks].reverse()) {
    const rest = kept.filter((other) => other !== pick);
    if (afterThose(ledger, shortage, rest.flat()).size === 0) kept = rest;
  }
  return [...new Set(kept.flat())].filter((name) => ledger.member(name)?.leaves === undefined);
}
