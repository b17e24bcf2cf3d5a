/** Arbitrary spreads. */
import fc from 'fast-check';
import { type By, parsePorts, QUEUE_MOST, RAW, type Spread, TUNNELS } from '../../src/xdp/spread.ts';

const by: fc.Arbitrary<By> = fc.oneof(
  fc
    .constantFrom('flow' as const, 'inner' as const, 'round' as const, 'random' as const)
    .map((way) => ({ way })),
  fc.integer({ min: 1, max: 20 }).map((length) => ({ way: 'quic' as const, length })),
  fc.record({
    way: fc.constant('payload' as const),
    offset: fc.nat(4_095),
    mask: fc.integer({ min: 1, max: 0xffff_ffff }),
  }),
);

const portNumber = fc.integer({ min: 1, max: 65_535 });

/** As the command line names them. */
const portText = (way: By['way']) => {
  const port = portNumber.map(String);
  const inner = fc.oneof(
    port,
    fc.constantFrom(...RAW),
    fc.tuple(portNumber, fc.constantFrom(...TUNNELS)).map(([number, tunnel]) => `${number}:${tunnel}`),
  );
  return fc
    .array(way === 'inner' ? inner : port, { minLength: 1, maxLength: 6 })
    .map((words) => words.join(','));
};

export const spreads: fc.Arbitrary<Spread> = by.chain((chosen) =>
  fc
    .record({
      text: portText(chosen.way),
      tcp: fc.boolean(),
      cpus: fc.uniqueArray(fc.nat(255), { minLength: 1, maxLength: 32 }),
      queue: fc.integer({ min: 1, max: QUEUE_MOST }),
      mode: fc.constantFrom('native' as const, 'generic' as const),
    })
    .map(({ text, cpus, ...rest }) => {
      const ports = parsePorts(text, chosen.way);
      if (ports === null) throw new Error(`not ports: ${text}`);
      return { by: chosen, ...ports, cpus: cpus.sort((a, b) => a - b), ...rest };
    }),
);
