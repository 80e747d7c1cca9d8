import type { CommandLine } from "../../config/model/machine.ts";

/** Where programs are looked for unless the configuration says otherwise. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Exactly what the configuration names, and PATH: Wakegate's own environment may hold secrets. */
export function environmentOf(
  { env, inherit }: Pick<CommandLine, "env" | "inherit">,
  own: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const inherited = inherit.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]));
  return { PATH, ...Object.fromEntries(inherited), ...env };
}
