/** Programs whose labels Wakegate can read beside its own. */
export const foreignNames = ["sablier", "godoxy"] as const;
export type ForeignName = (typeof foreignNames)[number];
