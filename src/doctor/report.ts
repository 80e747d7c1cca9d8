import { accident } from "./checks/accident.ts";
import { alwaysOn } from "./checks/always-on.ts";
import { clocks } from "./checks/clocks.ts";
import { engine } from "./checks/engine.ts";
import { forwardAuth } from "./checks/forward-auth.ts";
import { forwarded } from "./checks/forwarded.ts";
import { labels } from "./checks/labels.ts";
import { network } from "./checks/network.ts";
import { ownRoute } from "./checks/own-route.ts";
import { references } from "./checks/references.ts";
import { restart } from "./checks/restart.ts";
import { rights } from "./checks/rights.ts";
import { wakegateRuns } from "./checks/wakegate-runs.ts";
import { sso } from "./checks/sso.ts";
import { stateFolder } from "./checks/state-folder.ts";
import { survival } from "./checks/survival.ts";
import { traefikPoll } from "./checks/traefik-poll.ts";
import { trusted } from "./checks/trusted.ts";
import { wakes } from "./checks/wakes.ts";
import type { Check } from "./check.ts";
import type { Finding } from "./finding.ts";
import type { Scene } from "./scene.ts";

/** What the doctor says. */
export interface Report {
  /** True without problems; warnings are allowed. */
  readonly ok: boolean;
  readonly mode: Scene["mode"];
  /** When it was looked at, ISO 8601. */
  readonly asOf: string;
  readonly findings: readonly Finding[];
}

/** The chain in its order: from the engine over the app and the proxy to Wakegate itself. */
const CHECKS: readonly Check[] = [
  wakegateRuns,
  engine,
  rights,
  labels,
  accident,
  alwaysOn,
  restart,
  network,
  wakes,
  forwardAuth,
  trusted,
  forwarded,
  ownRoute,
  traefikPoll,
  survival,
  references,
  sso,
  clocks,
  stateFolder,
];

/** Judges what was gathered. Pure. */
export function reportOn(scene: Scene): Report {
  const findings = CHECKS.flatMap(({ id, title, layer, judge }) =>
    judge(scene).map((found): Finding => ({ id, title, layer, evidence: [], fix: [], ...found })),
  );
  return {
    ok: findings.every(({ level }) => level !== "problem"),
    mode: scene.mode,
    asOf: new Date(scene.at).toISOString(),
    findings,
  };
}
