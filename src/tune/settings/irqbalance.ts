/** IRQs that irqbalance must leave alone. The value is its whole list, `28 29 30`, or `none`. */
import { failure } from '../../system/errors.ts';
import type { Target } from '../types.ts';
import { type Setting, sameText } from './setting.ts';

const text = (irqs: readonly number[]): string => irqs.join(' ') || 'none';
const parse = (value: string): number[] => [...value.matchAll(/\d+/g)].map(([word]) => Number(word));

export const irqbalance: Setting<Extract<Target, { readonly kind: 'irqbalance' }>> = {
  find: async ({ irqbalance }, target) => {
    if ((await irqbalance.banned()) !== null) return target;
    throw failure(
      'gone',
      'irqbalance is not running, or has no socket',
      'its list of banned IRQs ended with it',
    );
  },
  read: async ({ irqbalance }) => {
    const banned = await irqbalance.banned();
    return banned === null ? null : text(banned);
  },
  /** A truncated list would ban the wrong IRQs; then the former list is restored. */
  write: async ({ irqbalance }, _target, value) => {
    const before = (await irqbalance.banned()) ?? [];
    await irqbalance.ban(parse(value));
    const after = text((await irqbalance.banned()) ?? []);
    if (after === value) return;
    await irqbalance.ban(before);
    throw failure(
      'irqbalance-cut',
      `irqbalance read '${after}' instead of '${value}', because the list is too long for it`,
      'ban them permanently: IRQBALANCE_ARGS in its environment file',
    );
  },
  // Other banned IRQs stay banned.
  wanted: async (_access, { irqs }, _to, is) =>
    text([...new Set([...parse(is ?? ''), ...irqs])].sort((one, other) => one - other)),
  same: sameText,
};
