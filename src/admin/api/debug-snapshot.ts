import type { AdminParts } from "../parts.ts";

/** Inner state for a bug report. Nothing of labels, environment, tokens or commands is in it. */
export function debugSnapshot(parts: AdminParts): Readonly<Record<string, unknown>> {
  const { registry, clock, leases, streams, version } = parts;
  const settings = parts.settings();
  const { heapUsed, rss } = process.memoryUsage();
  const mono = clock.monotonic();
  return {
    version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    at: new Date(clock.now()).toISOString(),
    uptimeS: Math.round(process.uptime()),
    memory: { heapUsed, rss },
    settled: registry.settled,
    engines: settings.engines.map(({ kind, name }) => ({
      kind,
      name,
      outage: registry.outages.get(name) ?? null,
    })),
    settings: {
      trustedProxiesSet: settings.trustedProxiesSet,
      unknownHosts: settings.unknownHosts,
      limits: settings.limits,
    },
    visitors: parts.visitors(),
    streams: streams.size,
    leases: leases.list().map(({ target, expiresAt }) => ({ target, expiresAt })),
    problems: registry.plan.problems.length,
    broken: [...registry.plan.broken.keys()],
    targets: [...registry.watchers].map((watcher) => {
      const { state, activity } = watcher;
      return {
        name: watcher.name,
        state: state.kind,
        ...("step" in state && { step: state.step }),
        ...("how" in state && { how: state.how, held: state.held }),
        ...("whose" in state && { whose: state.whose }),
        ...("seen" in state && state.seen && { seen: { status: state.seen.status, run: state.seen.run } }),
        ...("failure" in state && { failure: { reason: state.failure.reason, tries: state.failure.tries } }),
        lastUseAgoMs: Math.round(mono - activity.lastUse),
        uses: activity.uses,
        leases: activity.leases.length,
        followers: watcher.followers.count,
        presumedSessions: activity.sessions.began !== undefined,
        neededBy: watcher.around.neededBy(),
        edges: (registry.plan.targets.get(watcher.name)?.edges ?? []).map(({ name }) => name),
      };
    }),
  };
}
