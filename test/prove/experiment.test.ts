/** What ends an experiment early, and that everything is brought back once, whatever it is. */
import { expect, it } from 'vitest';
import { experiment, type Phase, type Running } from '../../src/prove/experiment.ts';
import type { Measured } from '../../src/prove/measuring.ts';
import type { Arm, Design } from '../../src/prove/types.ts';
import { failure } from '../../src/system/errors.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { EXAMPLE } from './example.ts';

const DESIGN: Design = { ...EXAMPLE.design, blocks: 2, round: 5, warm: 0 };
const VALUES = EXAMPLE.rounds[0]?.values ?? expect.unreachable();

/** Rounds that take no time. `measure` sees the arm of each, and how many there were. */
interface Course {
  readonly measure?: (arm: Arm, nth: number) => Partial<Measured>;
  readonly switched?: (arm: Arm) => void;
  readonly members?: string;
  readonly isGuardAlive?: () => boolean;
  readonly isEnough?: Phase['isEnough'];
  readonly phases?: number;
  readonly abort?: AbortController;
}

async function run(course: Course, events: string[] = []) {
  const states: Running[] = [];
  let arm: Arm = 'off';
  let nth = 0;
  const change = {
    before: 'off' as const,
    to: async (next: Arm) => {
      course.switched?.(next);
      arm = next;
      events.push(next);
    },
    putBack: async () => {
      events.push('put back');
      return [];
    },
    guard: async () => ({
      isAlive: () => course.isGuardAlive?.() ?? true,
      undoes: () => {},
      dismiss: async () => {
        events.push('dismissed');
      },
    }),
  };
  const phase: Phase = {
    design: DESIGN,
    begin: async () => ({
      round: async () => ({
        ...{ seconds: 5, connections: 3_000, values: VALUES, hottest: 0.5 },
        ...course.measure?.(arm, nth++),
      }),
      end: async () => {
        events.push('end');
      },
    }),
    isEnough: (rounds) => course.isEnough?.(rounds) ?? false,
  };
  const subject = {
    files: openFiles('/'),
    kernel: openKernel(),
    groups: [],
    members: course.members ?? '',
    primary: 'worker-cpu',
    change,
    what: 'the program',
  } as const;
  const { signal } = course.abort ?? new AbortController();
  const phases = Array.from({ length: course.phases ?? 1 }, () => phase);
  const { rounds, stopped } = await experiment(subject, phases, signal, (state) => states.push(state));
  return { rounds, stopped, events, states };
}

/** Its last events: what was measured ends, everything is brought back, and only then the child may go. */
const ENDING = ['end', 'put back', 'dismissed'];

it('measures all rounds, and brings everything back once', async () => {
  const { rounds, stopped, events, states } = await run({});
  expect(stopped).toBeNull();
  expect(rounds.map(({ length }) => length)).toEqual([8]);
  expect(events.slice(-3)).toEqual(ENDING);
  expect(events.filter((each) => each === 'put back')).toHaveLength(1);
  expect(states.map((state) => state.rounds)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(states.at(-1)).toMatchObject({ of: 8, blocks: 2, ofBlocks: 2, secondsLeft: 0 });
});

const drops = (arm: Arm) => ({ values: { ...VALUES, drops: arm === 'on' ? 3 : 0 } });
const overloads = (arm: Arm) => ({
  hottest: arm === 'on' ? 0.97 : 0.5,
  values: { ...VALUES, 'busiest-worker': arm === 'on' ? 90 : 51 },
});

it.each<[string, Course, string]>([
  [
    'sockets drop packets only with the change',
    { measure: drops },
    'the sockets of the group dropped packets with the program, and none without it',
  ],
  [
    'one worker is overloaded only with the change',
    { measure: overloads },
    'one worker needs more than 95 % of a CPU with the program, because it gets a larger share',
  ],
  ['a worker is replaced', { members: '1@2' }, 'the sockets or workers of the group changed'],
  [
    'the child that puts everything back ends',
    { isGuardAlive: () => false },
    'the process that would put everything back has ended',
  ],
  [
    'the change cannot be made',
    {
      switched: (arm) => {
        if (arm === 'on') throw failure('refused', 'the kernel refuses it', 'none');
      },
    },
    'the change could not be switched on: the kernel refuses it',
  ],
])('stops if %s', async (_, course, why) => {
  const { rounds, stopped, events } = await run(course);
  expect(stopped).toBe(why);
  expect(rounds.flat().length).toBeLessThan(8);
  expect(events.slice(-3)).toEqual(ENDING);
});

it('goes on if sockets drop packets in both arms', async () => {
  const { stopped } = await run({ measure: () => ({ values: { ...VALUES, drops: 3 } }) });
  expect(stopped).toBeNull();
});

it('stops after the round in which it is interrupted, which does not count', async () => {
  const abort = new AbortController();
  const { rounds, stopped, events } = await run({
    abort,
    measure: (_, nth) => {
      if (nth === 2) abort.abort();
      return {};
    },
  });
  expect(stopped).toBe('it was interrupted');
  expect(rounds.map(({ length }) => length)).toEqual([2]);
  expect(events.slice(-3)).toEqual(ENDING);
});

it('brings everything back after a bug, too', async () => {
  const course: Course = {
    measure: () => {
      throw new TypeError('a bug');
    },
  };
  const events: string[] = [];
  await expect(run(course, events)).rejects.toThrow('a bug');
  expect(events.slice(-3)).toEqual(ENDING);
});

it('begins a second phase in the arm in which the first has ended', async () => {
  const { rounds, events, states } = await run({ phases: 2 });
  expect(rounds.map(({ length }) => length)).toEqual([8, 8]);
  const arms = events.filter((each) => each === 'on' || each === 'off');
  // Without a change there is none: no arm follows itself.
  expect(arms.every((arm, at) => arm !== arms[at - 1])).toBe(true);
  expect(states.at(-1)).toMatchObject({ rounds: 16, of: 16, secondsLeft: 0 });
});

it('leaves out a phase that has nothing to find out', async () => {
  const { rounds, states } = await run({ phases: 2, isEnough: ([first = []]) => first.length === 4 });
  expect(rounds.map(({ length }) => length)).toEqual([4, 0]);
  expect(states.at(-1)).toMatchObject({ rounds: 4, of: 16 });
});
