/** Tells whether a text, as a whole, has the form of a glob: `*` stands for any characters, `?` for one. */
export type Glob = (text: string) => boolean;

/**
 * Compiles a glob. Most are a word with stars around it, for which the engine's own search is used; no form
 * takes longer than the lengths of glob and text multiplied. Matching allocates nothing.
 */
export function compileGlob(glob: string): Glob {
  const head = glob.startsWith("*");
  const tail = glob.length > 1 && glob.endsWith("*");
  const word = glob.slice(head ? 1 : 0, tail ? -1 : undefined);
  if (/[*?]/.test(word)) return (text) => matches(glob, text);
  if (head && (tail || word === "")) return (text) => text.includes(word);
  if (head) return (text) => text.endsWith(word);
  return tail ? (text) => text.startsWith(word) : (text) => text === word;
}

/** Goes back only to the last star: what an earlier star took can stay as it is. */
function matches(glob: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < text.length) {
    const wanted = glob[at];
    if (wanted === "*") {
      star = at;
      resume = index;
      at += 1;
    } else if (wanted === "?" || wanted === text[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      resume += 1;
      index = resume;
      at = star + 1;
    } else return false;
  }
  while (glob[at] === "*") at += 1;
  return at === glob.length;
}
