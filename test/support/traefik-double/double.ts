import type { FrontTraefik, TraefikOptions } from "../traefik.ts";
export async function startTraefikDouble(_options: TraefikOptions): Promise<FrontTraefik> { throw new Error("later"); }
