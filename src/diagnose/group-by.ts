/** Values by key, in the order of first appearance. */
export function groupBy<Key, Value>(values: Iterable<Value>, key: (value: Value) => Key): Map<Key, Value[]> {
  return Map.groupBy(values, key);
}
