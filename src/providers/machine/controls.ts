/**
 * How one machine is switched and looked at: all that differs between a command, a magic packet and whatever comes
 * next. Each throws ProviderError, or the signal's reason after its abort.
 */
export interface Controls {
  /** What it is, in a word or two, for listings: `virsh`, `aa:bb:cc:dd:ee:ff`. */
  readonly what: string;
  /** Whether it is on now. */
  isOn(signal: AbortSignal): Promise<boolean>;
  /** Asks it to switch on. Whether it did is looked at afterwards. */
  switchOn(signal: AbortSignal): Promise<void>;
  /** The asking may get lost, so it is repeated so often until the machine is on, in ms. Unset: asked once. */
  readonly repeatMs?: number;
  /** Asks it to switch off. Unset: nobody knows how. */
  readonly switchOff?: (signal: AbortSignal) => Promise<void>;
}
