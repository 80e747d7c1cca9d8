/**
 * Makes a value once for each object that it is made from, and gives the same one ever after. What thousands of
 * targets have in common is then one object, for as long as the object that it came from lives.
 */
export function onceFor<K extends object, V extends object>(make: (from: K) => V): (from: K) => V {
  const made = new WeakMap<K, V>();
  return (from) => {
    let value = made.get(from);
    if (value === undefined) made.set(from, (value = make(from)));
    return value;
  };
}
