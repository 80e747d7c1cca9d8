/** Tags and notes of one guest as Wakegate's labels, notes before tags. Text of strangers: checked as labels are. */
export function guestLabels(tags: readonly string[], notes: string): Readonly<Record<string, string>> {
  return { ...labelsOfTags(tags), ...labelsOfNotes(notes) };
}

const PREFIX = "wakegate";

/** Short forms that read well in a tag. All other keys are as in labels: `wakegate-wake_timeout-2m`. */
const SHORT: Readonly<Record<string, string>> = {
  idle: "idle_timeout",
  wake: "wake_timeout",
  stop: "stop_method",
  host: "hosts",
  after: "depends_on",
};

/** Keys of which several tags make one list. */
const LISTS = new Set(["hosts", "depends_on"]);

/** `wakegate` alone opts in; `wakegate-idle-30m` and the like set keys; `wakegate-off` keeps hands off. */
function labelsOfTags(tags: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const tag of tags) {
    if (tag === PREFIX) labels["wakegate.enable"] ??= "true";
    if (tag === `${PREFIX}-off`) labels["wakegate.enable"] = "false";
    const [, written, value] = /^wakegate-([a-z_.]+)-(.+)$/.exec(tag) ?? [];
    if (written === undefined || value === undefined) continue;
    const key = Object.hasOwn(SHORT, written) ? (SHORT[written] ?? written) : written;
    const label = `wakegate.${key}`;
    const before = labels[label];
    labels[label] = before !== undefined && LISTS.has(key) ? `${before},${value}` : value;
  }
  return labels;
}

/** Lines such as `wakegate.hosts: blog.example.com`; Markdown's list signs and backticks do not matter. */
function labelsOfNotes(notes: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const line of notes.split(/\r?\n/)) {
    const [, label, value] =
      /^[\s>*+`-]*(wakegate\.[a-z_]+(?:\.[a-z_]+)*)\s*[:=]\s*(.*?)[\s`\\]*$/.exec(line) ?? [];
    if (label !== undefined && value !== undefined) labels[label] = value;
  }
  return labels;
}
