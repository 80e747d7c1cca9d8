/** How this Wakegate stands with the others, for people and machines. */
export type ReplicasStatus = { readonly self: { readonly id: string; readonly name: string } } & (
  | { readonly kind: "away"; readonly why: string; /** Wall ms. */ readonly since: number }
  | { readonly kind: "skewed"; readonly why: string }
  | {
      readonly kind: "synced";
      readonly members: readonly { readonly id: string; readonly name: string }[];
      /** Who vanished without saying so, not long ago. */
      readonly lost: readonly string[];
      /** Who puts to sleep. */
      readonly leader?: string;
      /** This one puts to sleep. */
      readonly leads: boolean;
      /** Why nothing is put to sleep now. */
      readonly why?: string;
    }
);
