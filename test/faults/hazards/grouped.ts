/** The members of a list by what each belongs to; groups are in the order of their first members. */
export function grouped<T, K>(list: Iterable<T>, of: (member: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const member of list) {
    const group = groups.get(of(member));
    if (group === undefined) groups.set(of(member), [member]);
    else group.push(member);
  }
  return groups;
}
