/** The order of rows: as the machine lists them, the worst first, or the busiest first. */
export type Order = 'listed' | 'worst' | 'busiest';

const ORDERS: readonly Order[] = ['listed', 'worst', 'busiest'];

export const orderAfter = (order: Order): Order =>
  ORDERS[(ORDERS.indexOf(order) + 1) % ORDERS.length] ?? 'listed';

/** For the title of a pane; '' for the order that needs no word. */
export const orderText = (order: Order): string => (order === 'listed' ? '' : `  ${order} first`);

export interface Keys<Row> {
  /** How local it is, in any unit; null: not known, which comes after the known and before what is all local. */
  readonly share: (row: Row) => number | null;
  /** The `share` of what is all local. */
  readonly all: number;
  /** Packets or events a second; null: not known. */
  readonly rate: (row: Row) => number | null;
}

/** Rows that are equal keep their order. */
export function inOrder<Row>(rows: readonly Row[], order: Order, keys: Keys<Row>): readonly Row[] {
  if (order === 'listed') return rows;
  const { share, all, rate } = keys;
  const busier = (a: Row, b: Row) => (rate(b) ?? -1) - (rate(a) ?? -1);
  const badness = (row: Row) => {
    const value = share(row);
    return value === null ? 1 : value >= all ? 2 : value / all;
  };
  // Not by rate where they are equally bad: rows would jump with each sample.
  const worse = (a: Row, b: Row) => badness(a) - badness(b);
  return rows.toSorted(order === 'worst' ? worse : busier);
}
