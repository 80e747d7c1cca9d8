/** A label's value, or what stands below a part of a label's name. Keys are as written. */
export type LabelNode = { value?: string; label?: string; readonly children: Map<string, LabelNode> };

/**
 * Puts labels into a tree by the dots in their names, as Traefik does: names count without regard to case,
 * the first spelling in the order of the labels stays, `domains[0]` is a list.
 */
export function labelTree(labels: Readonly<Record<string, string>>, prefix: string): LabelNode {
  const root: LabelNode = { children: new Map() };
  for (const label of Object.keys(labels).sort()) {
    if (!label.toLowerCase().startsWith(prefix)) continue;
    let node = root;
    for (const part of label.slice(prefix.length).split(".").flatMap(splitIndex)) node = below(node, part);
    node.value = labels[label] ?? "";
    node.label = label;
  }
  return root;
}

/** The child with this name, whatever its case. */
export function childOf(node: LabelNode, name: string): LabelNode | undefined {
  const direct = node.children.get(name);
  if (direct) return direct;
  const wanted = name.toLowerCase();
  for (const [key, child] of node.children) if (key.toLowerCase() === wanted) return child;
  return undefined;
}

/** The first label of a node, for messages. */
export function anyLabel(node: LabelNode): string | undefined {
  if (node.label !== undefined) return node.label;
  for (const child of node.children.values()) {
    const label = anyLabel(child);
    if (label !== undefined) return label;
  }
  return undefined;
}

function below(node: LabelNode, part: string): LabelNode {
  const known = childOf(node, part);
  if (known) return known;
  const child: LabelNode = { children: new Map() };
  node.children.set(part, child);
  return child;
}

function splitIndex(part: string): readonly string[] {
  const match = /^([^[]+)(\[\d+\])$/.exec(part);
  return match ? [match[1] ?? "", match[2] ?? ""] : [part];
}
