import type { Store } from "../../store/store.ts";

/** How long the route of a container that does not exist any more is kept. */
const KEPT_MS = 7 * 86_400_000;

/**
 * Names of targets to forget: gone for a week. Those that are gone without a note get one now. `exists` says
 * whether something stands behind a name; only ask while every engine answers.
 */
export function forgettable(store: Store, exists: (name: string) => boolean, now: number): readonly string[] {
  const names: string[] = [];
  for (const [name, { goneSince }] of store.targets()) {
    if (exists(name)) {
      if (goneSince !== undefined) store.update(name, { goneSince: undefined });
      continue;
    }
    // A clock that was set back must not keep it for ever: the week begins anew.
    if (goneSince === undefined || goneSince > now) store.update(name, { goneSince: now });
    else if (now - goneSince >= KEPT_MS) names.push(name);
  }
  return names;
}
