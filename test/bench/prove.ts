/** How often an experiment claims what is not so, and whether its interval contains what is: simulated. */
import { randomFrom } from '../../src/cbpf/random.ts';
import { LOOKS, lookInterval } from '../../src/prove/looks.ts';
import { hodgesLehmann, type Interval, signFlip, tInterval } from '../../src/prove/statistics.ts';

const EXPERIMENTS = 1_000;
const BLOCKS = [8, 10, 12];
/** Between two looks of --until-clear. */
const LOOK_BLOCKS = 10;
/** Relative change that is injected. */
const EFFECT = -0.1;
/** Of a block's difference, as measured with nginx on a busy guest with two CPUs. */
const DEVIATION = 0.07;

const METHODS: Readonly<Record<string, (d: readonly number[]) => Interval>> = {
  "Student's t": tInterval,
  'Hodges-Lehmann': hodgesLehmann,
  'sign-flip': (d) => signFlip(d),
};

type Noise = (random: () => number) => () => number;

/** Box and Muller. */
const normal: Noise = (random) => () =>
  Math.sqrt(-2 * Math.log((random() + 1) / 2 ** 32)) * Math.cos((2 * Math.PI * random()) / 2 ** 32);

const NOISES: Readonly<Record<string, Noise>> = {
  normal,
  'one in ten 5 times as far': (random) => {
    const next = normal(random);
    return () => next() * (random() % 10 === 0 ? 5 : 1);
  },
  'remembers 0.3 of the last block': (random) => {
    const next = normal(random);
    let last = next();
    return () => {
      last = 0.3 * last + Math.sqrt(1 - 0.3 ** 2) * next();
      return last;
    };
  },
};

/** A coin decides the order of each block, so it decides the sign of what the machine does by itself. */
function differences(noise: Noise, blocks: number, seed: number, effect: number): readonly number[] {
  const random = randomFrom(seed);
  const next = noise(random);
  return Array.from({ length: blocks }, () => effect + DEVIATION * next() * (random() >>> 31 === 0 ? 1 : -1));
}

/** Percent of the experiments of which `holds`. */
function share(
  noise: Noise,
  blocks: number,
  effect: number,
  holds: (d: readonly number[]) => boolean,
): number {
  const seeds = Array.from({ length: EXPERIMENTS }, (_, seed) => seed + 1);
  const held = seeds.filter((seed) => holds(differences(noise, blocks, seed, effect))).length;
  return Math.round((1_000 * held) / EXPERIMENTS) / 10;
}

/** `--until-clear`: the blocks that it took, and what it claimed. */
function untilClear(noise: Noise, effect: number, seed: number) {
  const d = differences(noise, LOOKS * LOOK_BLOCKS, seed, effect);
  for (let look = 1; ; look++) {
    const blocks = look * LOOK_BLOCKS;
    const { low, high } = lookInterval(d.slice(0, blocks), look);
    if (low > 0 || high < 0 || look === LOOKS) return { blocks, low, high };
  }
}

function untilClearRow(name: string, noise: Noise) {
  const seeds = Array.from({ length: EXPERIMENTS }, (_, seed) => seed + 1);
  const runs = (effect: number) => seeds.map((seed) => untilClear(noise, effect, seed));
  const percent = (held: readonly unknown[]) => Math.round((1_000 * held.length) / EXPERIMENTS) / 10;
  const [nothing, injected] = [runs(0), runs(EFFECT)];
  return {
    noise: name,
    blocks: `${LOOK_BLOCKS} to ${LOOKS * LOOK_BLOCKS}`,
    'claims something of nothing, %': percent(nothing.filter(({ low, high }) => low > 0 || high < 0)),
    'covers -10 %, %': percent(injected.filter(({ low, high }) => low <= EFFECT && high >= EFFECT)),
    'finds -10 %, %': percent(injected.filter(({ high }) => high < 0)),
    'blocks for -10 %': Math.round(injected.reduce((sum, { blocks }) => sum + blocks, 0) / EXPERIMENTS),
  };
}

export function proveTable(): void {
  console.log(
    `\nprove: ${EXPERIMENTS} simulated experiments for each figure; blocks differ by ${Math.round(100 * DEVIATION)} % by themselves`,
  );
  console.table(
    Object.entries(NOISES).flatMap(([name, noise]) =>
      BLOCKS.flatMap((blocks) =>
        Object.entries(METHODS).map(([method, interval]) => ({
          noise: name,
          blocks,
          method,
          'claims something of nothing, %': share(noise, blocks, 0, (d) => {
            const { low, high } = interval(d);
            return low > 0 || high < 0;
          }),
          'covers -10 %, %': share(noise, blocks, EFFECT, (d) => {
            const { low, high } = interval(d);
            return low <= EFFECT && high >= EFFECT;
          }),
          'finds -10 %, %': share(noise, blocks, EFFECT, (d) => interval(d).high < 0),
        })),
      ),
    ),
  );
  console.log('\nprove --until-clear:');
  console.table(Object.entries(NOISES).map(([name, noise]) => untilClearRow(name, noise)));
}
