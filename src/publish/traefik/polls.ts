/** The latest time that Traefik asked for its configuration. */
export interface TraefikPoll {
  /** Wall ms. */
  readonly at: number;
  /** Status of the answer: 200, 401 for a wrong token, 503 before everything was listed. */
  readonly status: number;
  readonly peer: string;
}

/** Remembers when Traefik asks. */
export class TraefikPolls {
  #last: TraefikPoll | undefined;

  /** Undefined: never since the start. */
  get last(): TraefikPoll | undefined {
    return this.#last;
  }

  note(poll: TraefikPoll): void {
    this.#last = poll;
  }
}
