/** A name for a rule about a client, from its user agent: `nextcloud`, `mozilla`; `poller` where there is none. */
export function ruleNameOf(userAgent: string | undefined): string {
  return (/[A-Za-z][\w-]{2,}/.exec(userAgent ?? "")?.[0] ?? "poller").toLowerCase();
}
