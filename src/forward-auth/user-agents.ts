import { Generations } from "../lib/generations.ts";

/** A user agent that was seen lately, and what was found out about it. Derived values only: may be lost. */
export interface KnownAgent {
  /** Another one for each user agent; -1 for those too long to be remembered. */
  readonly id: number;
  readonly text: string;
  /** For globs, which do not regard case. */
  readonly lower: string;
  /** Answers of presets, by their slot. */
  readonly answers: (boolean | undefined)[];
}

/** A longer user agent is judged by its beginning. */
const MAX_LENGTH = 512;
const MAX_AGENTS = 2048;

const known = new Generations<string, KnownAgent>(MAX_AGENTS);
let nextId = 1;
let last: KnownAgent = { id: 0, text: "", lower: "", answers: [] };

/** What is known of a user agent; the empty text stands for none. All questions about one request ask once. */
export function agentOf(text = ""): KnownAgent {
  if (text === last.text) return last;
  if (text.length > MAX_LENGTH) {
    return { id: -1, text, lower: text.slice(0, MAX_LENGTH).toLowerCase(), answers: [] };
  }
  let agent = known.get(text);
  if (!agent) {
    agent = { id: nextId++, text, lower: text.toLowerCase(), answers: [] };
    known.set(text, agent);
  }
  last = agent;
  return agent;
}
