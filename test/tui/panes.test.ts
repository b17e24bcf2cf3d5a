import { createElement } from 'react';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/live/types.ts';
import { tabLine } from '../../tui/bars.ts';
import { messageLines } from '../../tui/bottom.ts';
import { Boundary } from '../../tui/boundary.tsx';
import { percentOfAccepts, percentOfFlow, whyMissing } from '../../tui/components/figures.ts';
import type { Pane } from '../../tui/pane.ts';
import { events } from '../../tui/panes/events.tsx';
import { findings } from '../../tui/panes/findings.tsx';
import { groups, groupUnder } from '../../tui/panes/groups.tsx';
import { Locality } from '../../tui/panes/locality.tsx';
import { matrix } from '../../tui/panes/matrix.tsx';
import { overview } from '../../tui/panes/overview.tsx';
import { paths } from '../../tui/panes/paths.tsx';
import { queues } from '../../tui/panes/queues.tsx';
import { initialState } from '../../tui/state.ts';
import { group, host, nic, owner, pinned } from '../fixtures/hosts.ts';
import { configurationOf, eight, historyOf, large, NOW, tuned } from '../fixtures/samples.ts';
import { colours, linesOf, plain, propsOf, type Size } from './screens.ts';

const roomy: Size = { width: 120, height: 30 };

const igb = tuned(eight);
const many = tuned(large);
const before = historyOf([
  { configuration: configurationOf(eight()), seconds: 20, rx: 0.125, tx: 0.09, pps: 132_007 },
]);
const unprobed = historyOf([{ configuration: configurationOf(eight()), seconds: 20, rx: null, tx: null }]);

const fail = (): never => {
  throw new Error('no sample');
};

const screen = (pane: Pane, history: readonly Sample[], more = {}, size = roomy) =>
  linesOf(pane, propsOf(history, size, plain, more)).join('\n');

/** The upper part of the overview. */
const locality: Pane = {
  id: 'overview',
  title: 'Overview',
  render: (props) => createElement(Locality, props),
  rows: () => 0,
};

describe('the line below', () => {
  it('says how far an experiment is, and how much its blocks differ, but not in which direction', () => {
    const sample = igb.history.at(-1) ?? fail();
    const running = {
      group: 'tcp 0.0.0.0:8080',
      change: 'cpu',
      ...{ rounds: 12, of: 40, blocks: 3, ofBlocks: 10, secondsLeft: 196 },
    };
    const line = (experiment: Sample['experiment']) =>
      messageLines({
        sample: { ...sample, ...(experiment && { experiment }) },
        state: initialState(1, 1),
        theme: plain,
        label: '',
        demo: false,
        live: true,
        ended: false,
        replay: null,
        width: 120,
      })
        .map((spans) => spans.map(({ text }) => text).join(''))
        .join('\n')
        .trim();
    expect(line({ ...running, spread: 0.069 })).toBe(
      'prove cpu of tcp 0.0.0.0:8080 3 of 10 blocks, 3 min left; blocks differ by 6.9 % by themselves',
    );
    expect(line({ ...running, change: 'plan', spread: null })).toBe(
      'prove the plan at tcp 0.0.0.0:8080 3 of 10 blocks, 3 min left',
    );
    expect(line(undefined)).not.toContain('prove');
  });
});

describe('locality', () => {
  it('has both percentages in a single line each, even in the smallest box', () => {
    const lines = linesOf(locality, propsOf(igb.history, { width: 60, height: 2 }, plain));
    expect(lines[0]).toMatch(/^ RX +99\.7 % .* kpps$/);
    expect(lines[1]).toMatch(/^ TX +98\.\d % .* kpps$/);
  });

  it('shows what an attach did, at the time when it was done', () => {
    const shown = screen(locality, igb.history, { marks: [igb.mark] });
    const axis = shown.split('\n').find((line) => line.includes('▲'));
    const meter = shown.split('\n').find((line) => line.startsWith(' accept :8080'));
    const at = axis?.indexOf('▲') ?? 0;
    expect([meter?.charAt(at - 1), meter?.charAt(at)]).toEqual(['▁', '▇']);
  });

  it('shows what was measured since the last change, and nothing before it', () => {
    const { history } = igb;
    const done = { time: NOW, kind: 'action', text: 'attached `cpu`' } as const;
    const attached = (ago: number): readonly Sample[] =>
      history.map((sample, at) => (at === history.length - 1 - ago ? { ...sample, events: [done] } : sample));
    const said = (samples: readonly Sample[]) => screen(locality, samples.slice(0, 63), {});
    expect(said(history)).toMatch(/ [3-6]\d(\.\d)? % {2}of connections to :8080 were accepted on the CPU/);
    expect(said(attached(30))).toMatch(
      / (100|9\d(\.\d)?) % {2}of connections [^%]* \(last 3 s\), by program cpu/,
    );
    expect(said(attached(history.length - 63))).toContain(
      'No accept has been counted since the last change.',
    );
  });

  it('says the verdict, and what is wrong', () => {
    const shown = screen(locality, before);
    expect(shown).toContain('12.5 %  expected locality of tcp 0.0.0.0:8080 today');
    expect(shown).toContain('XPS is not set for tx-0');
  });

  it('has large figures if the verdict and two warnings fit beside them', () => {
    const at = (height: number) => linesOf(locality, propsOf(before, { width: 120, height }, plain));
    expect(at(16)[2]).toContain('▀');
    expect(at(16).slice(-2).join()).toMatch(/^ warning .*, warning /);
    expect(at(15)[2]).toMatch(/^ accept :8080/);
  });

  it('has no large figures of what nothing measures', () => {
    expect(linesOf(locality, propsOf(unprobed, roomy, plain))[0]).toMatch(/^ RX +– +bpftrace needs root/);
  });

  it('says why nothing is counted, and still shows the rates', () => {
    const shown = screen(locality, unprobed);
    expect(shown).toContain('bpftrace needs root');
    expect(shown).toMatch(/\d+ kpps/);
  });
});

describe('a figure of too few events', () => {
  const few = (more: Partial<Sample>): readonly Sample[] =>
    before.map((sample, at) => (at === before.length - 1 ? { ...sample, ...more } : sample));
  const four = { packets: 4, local: 1, percent: 25, pps: 132_007 };

  it('is a dash with its reason, in the overview and in every pane', () => {
    const history = few({ tx: four });
    const shown = screen(locality, history, {}, { width: 100, height: 20 });
    expect(shown).toContain('TX: 4 sent packets were freed in 1 s, too few for a share (100)');
    expect(shown).not.toContain('25.0');
    // The graph keeps what was measured before.
    expect(shown.split('\n').slice(3, 6).join('')).toMatch(/▂▂▂/);
    expect(screen(matrix, history, { options: { matrix: 'tx', zoom: 1, order: 'listed' } })).toContain(
      '– % of 4.0/s local',
    );
    const [bars] = [{ ...initialState(1, 1) }].map((state) =>
      tabLine({
        sample: history.at(-1) ?? fail(),
        state,
        theme: plain,
        label: '',
        demo: false,
        live: true,
        ended: false,
        replay: null,
        width: 120,
      }),
    );
    expect(bars?.map(({ text }) => text).join('')).toMatch(/rx 1\d\.\d % {2}tx – $/);
  });

  it('has a reason that is said once for all that lack a figure', () => {
    const probe = { state: 'missing', coverage: null, notes: ['nothing was measured: '.repeat(6)] } as const;
    const none = { packets: null, local: null, percent: null, pps: null };
    const shown = screen(locality, few({ rx: none, tx: none, accept: null, probe }));
    expect(shown).toMatch(/^ RX, TX, accept: nothing was measured/m);
  });

  it('is shown from 100 events on', () => {
    const at = (packets: number) => percentOfFlow({ packets, percent: 25 });
    expect([at(99), at(100)]).toEqual([null, 25]);
    const accept = { accepts: 99, percent: 50 };
    expect([percentOfAccepts(accept), percentOfAccepts({ ...accept, accepts: 100 })]).toEqual([null, 50]);
  });

  it('says what the probe cannot see, of the watched port first', () => {
    const notes = ['rx: x', 'tx: packets that the driver frees', 'tx of this port: UDP only; an ACK'];
    const probe = { state: 'running', coverage: 'tracepoint', notes } as const;
    const whyOf = (port: number | null, tx: Sample['tx']) =>
      whyMissing({ ...(before[0] ?? fail()), port, tx, probe }, 'tx');
    expect(whyOf(null, four)).toMatch(/^packets that the driver frees \(4 sent packets .*\)$/);
    expect(whyOf(8080, { ...four, packets: 0, percent: null })).toBe(
      'UDP only; an ACK (no sent packet was freed in 1 s)',
    );
    expect(whyOf(null, { ...four, packets: 100 })).toBeNull();
  });

  it('of one worker is that of its last seconds', () => {
    const calm = before.map((sample) => ({
      ...sample,
      members: sample.members.map((member, slot) => ({ ...member, rate: slot === 0 ? 12 : 13 })),
    }));
    const shown = screen(groups, calm);
    expect(shown).toMatch(/– +0 {2}server 1000 .* – {2}/);
    expect(shown).toMatch(/✗ +1 {2}server 1001 .* 12\.5 /);
  });
});

describe('with one port watched', () => {
  const watched = before.map((sample) => ({ ...sample, port: 8080 }));
  it('the figures name the port, and their rates are those of its packets', () => {
    const lines = linesOf(locality, propsOf(watched, { width: 120, height: 20 }, plain));
    expect(lines[0]).toMatch(/^ RX .*\d+k\/s$/);
    expect(lines[1]).toMatch(/^ :8080 /);
    expect(linesOf(locality, propsOf(watched, { width: 80, height: 10 }, plain))[0]).toMatch(/^ RX :8080 /);
    expect(screen(matrix, watched)).toMatch(/^ rx :8080 /);
  });
});

describe('matrix', () => {
  it('has numbers where there is room for them', () => {
    const shown = screen(matrix, before, { cursor: 3, scroll: { x: 5, y: 0 } });
    expect(shown).toMatch(/^▸ {3}3 /m);
    expect(shown).toContain('CPU 3 → CPU 5');
    expect(shown).toMatch(/% of the \S+\/s from CPU 3/);
    expect(shown).toContain('another CPU');
  });

  it('separates the nodes, and zooms in with each step', () => {
    const size = { width: 200, height: 57 };
    const at = (zoom: number, x = 127) =>
      linesOf(
        matrix,
        propsOf(many.history, size, colours, {
          cursor: 127,
          scroll: { x, y: 0 },
          options: { matrix: 'tx', zoom, order: 'listed' },
        }),
      );
    expect(at(1).join('\n')).toContain('CPU 126-127 → CPU 126-127');
    expect(at(1).filter((line) => line.includes('┼'))).toHaveLength(1);
    expect(at(2).join('\n')).toContain('CPU 127 → CPU 127');
    // Scrolled to the last row and column.
    expect(at(4)[1]).toMatch(/126 +127 ?$/);
    expect(at(4).join('\n')).toContain('▸ 127');
    expect(at(4, 1_000_000).join('\n')).toContain('CPU 127 → CPU 127');
  });

  it('says why there is none', () => {
    expect(screen(matrix, unprobed)).toContain('bpftrace needs root');
  });
});

describe('queues', () => {
  it('are below what our XDP programs do, the busiest part first', () => {
    const xdp: Sample['xdp'] = [
      {
        nic: 'eth0',
        command: 'balance',
        pps: 4_000,
        parts: [
          { name: '10.0.0.1', pps: 1_000 },
          { name: '10.0.0.2', pps: 3_000 },
        ],
        lost: null,
      },
      { nic: 'eth1', command: 'spread', pps: 200, parts: [{ name: 'CPU 3', pps: 200 }], lost: 7 },
      { nic: 'eth2', command: 'sport', pps: null, parts: [], lost: null },
    ];
    const history = before.map((sample) => ({ ...sample, xdp }));
    const lines = linesOf(queues, propsOf(history, roomy, plain, {}));
    expect(lines.slice(0, 3).map((line) => line.trimEnd())).toEqual([
      ' eth0 balance 4000 pps  10.0.0.2 75 %  10.0.0.1 25 %',
      ' eth1 xdp spread 200 pps  7 lost  CPU 3 100 %',
      ' eth2 xdp sport – pps',
    ]);
    expect(lines[3]).toContain('queues of');
    // A small pane is for the queues.
    const small = linesOf(queues, propsOf(history, { width: 80, height: 6 }, plain, {}));
    expect([small.length, small[0]?.slice(0, 5), small[1]]).toEqual([
      6,
      ' eth0',
      expect.stringContaining('queues of'),
    ]);
  });

  it('has queue, interrupt, CPU and rates in one line, and what is wrong below', () => {
    const shown = screen(queues, before, { cursor: 3 });
    expect(shown).toMatch(/▸ ◐ {2}eth0 {2}rx-3 +60 +3 +1030 +\d+k +\S+ +\d+k +12\.5 +off +unset/);
    expect(shown).toContain('CPU 3: rx-2, rx-3');
  });

  it('shows a queue whose driver counts nothing', () => {
    const counted = before.map((sample) => ({
      ...sample,
      queues: sample.queues.map((queue) => ({ ...queue, pps: null, interrupts: null })),
    }));
    expect(screen(queues, counted)).toMatch(/rx-7 +64 +7 +– +– +–/);
  });

  it('marks XPS that leads away from the interrupt', () => {
    const away = host({ cpus: 4, nics: [nic({ queues: 2, xps: [[1], [1, 2]] })] });
    const history = historyOf([{ configuration: configurationOf(away), seconds: 1, rx: 0.5, tx: 0.5 }]);
    expect(screen(queues, history)).toMatch(/rx-0 .* 1\n.*rx-1 .* 1-2\n/);
  });
});

describe('groups', () => {
  it('has each member in its slot, with what it gets', () => {
    const shown = screen(groups, igb.history);
    expect(shown).toContain('tcp 0.0.0.0:8080  8 sockets, by program cpu  99.7 % match  836/s');
    expect(shown).toMatch(/✓ +5 {2}server 1005 +5 +106 +━+╸? +99\.7 +2 +0/);
    expect(shown).toContain('ld cpu; mod #8; ret a');
  });

  it('says whose each worker is, and finds it by that', () => {
    const workers = [0, 1].map((cpu) => ({
      cpu,
      more: { owners: [owner([cpu], { pid: 7 + cpu, comm: 'relay', unit: `relay@${cpu}\x1b.service` })] },
    }));
    const machine = host({
      cpus: 2,
      nics: [nic({ queues: 2 })],
      groups: [group({ workers, program: 'cpu' })],
    });
    const history = historyOf([{ configuration: configurationOf(machine), seconds: 1, rx: 1, tx: 1 }]);
    expect(screen(groups, history)).toMatch(/ relay 8 {2}relay@1\\x1b\.service +1 /);
    expect(screen(groups, history, { cursor: 2 })).toContain('relay 8 belongs to relay@1\\x1b.service');
    expect(screen(groups, history, { filter: 'relay@1' })).not.toContain('relay 7');
    expect(screen(paths, history, { cursor: 1 })).toContain('relay 8 belongs to relay@1\\x1b.service');
    expect(screen(groups, history, {}, { width: 60, height: 20 })).not.toContain('unit, container');
  });

  it('marks the group under the cursor', () => {
    const configuration = configurationOf(
      host({
        nics: [nic({ queues: 4 })],
        groups: [group({ workers: pinned(0, 1) }), group({ port: 9090, workers: pinned(0, 1) })],
      }),
    );
    const history = historyOf([{ configuration, seconds: 1, rx: 0.5, tx: 0.5 }]);
    const at = (cursor: number, filter = '') =>
      groupUnder(propsOf(history, roomy, plain, { cursor, filter }))?.port;
    expect([at(0), at(2), at(3), at(99)]).toEqual([8080, 8080, 9090, 9090]);
    expect([at(0, ':9090'), at(0, 'eth0'), at(0, 'nothing')]).toEqual([9090, 8080, undefined]);
  });
});

describe('paths', () => {
  it('leads from the queue to the worker, and any of them under hash', () => {
    expect(screen(paths, igb.history)).toMatch(
      /✓ {2}rx-3 +60 +3 +→ +3 {2}server 1003 +3 .* 100 % {2}slot 3: worker on CPU 3/,
    );
    expect(screen(paths, before)).toMatch(
      /◐ {2}rx-3 +60 +3 +→ {2}any of 8 .* 12\.5 % {2}hash: 1 of 8 workers on CPU 3/,
    );
    expect(screen(paths, before)).toContain('8 paths  ◐ 8 partly');
  });

  it('shows the filtered rows, and the cursor', () => {
    expect(screen(paths, many.history, { filter: 'ens2f0', cursor: 12 })).toContain('13 of 64');
    expect(screen(paths, many.history, { filter: 'ens2f0 rx-63 ' })).toContain('1 path  ✓ 1 local');
  });
});

describe('the overview', () => {
  const wide = { width: 200, height: 56 };
  const shownAt = (history: readonly Sample[], size: Size) => screen(overview, history, {}, size);

  it('uses a large screen: each CPU beside the figures, groups and queues below, the worst first', () => {
    const shown = shownAt(before, wide);
    expect(shown).toMatch(/ 8 CPUs\n/);
    expect(shown).toMatch(/cpu +busy % +softirq % +packets\/s +read here %/);
    expect(shown).toMatch(/ 3 +41\.0 {2}━+╸? +1\.0 {2}╸ +\d+k +1\d\.\d *$/m);
    for (const title of ['Paths', 'Matrix', 'Groups', 'Queues'])
      expect(shown).toMatch(new RegExp(`─ ${title} ─`));
    expect(shown).toMatch(/1 reuseport group {2}worst first/);
    expect(shownAt(before, { width: 124, height: 33 })).not.toMatch(/softirq|─ Groups/);
  });

  it('shows those CPUs that spend most time in softirqs if not all fit', () => {
    const shown = shownAt(many.history, wide);
    expect(shown).toContain('128 CPUs  most softirq first, 22 of them');
    const cpus = [...shown.matchAll(/ (\d+) +\d+\.\d {2}[━╸ ]{8} +(\d+\.\d) {2}[━╸ ]{8} /g)].map(
      ([, cpu, softirq]) => [cpu, softirq],
    );
    expect(cpus).toHaveLength(22);
    expect(cpus[0]?.[1]).toBe('19.0');
  });

  it('has no room for CPUs of a recording that has none', () => {
    const old = before.map((sample) => ({ ...sample, loads: [] }));
    expect(shownAt(old, wide)).not.toContain('softirq %');
  });
});

describe('the order', () => {
  const options = (order: 'worst' | 'busiest') => ({ options: { matrix: 'rx' as const, zoom: 1, order } });
  /** Slot 5 serves most, slot 6 is worst, nothing is known of slot 7. */
  const uneven = before.map((sample) => ({
    ...sample,
    members: sample.members.map((member, slot) => ({
      ...member,
      rate: slot === 5 ? 900 : slot === 7 ? null : 100,
      percent: slot === 6 ? 1 : slot === 7 ? null : slot === 0 ? 100 : 40,
    })),
    queues: sample.queues.map((queue) => ({ ...queue, pps: queue.index === 2 ? 9e6 : 1000 + queue.index })),
  }));
  const slots = (text: string) =>
    [...text.matchAll(/^.{3} +(\d) {2}server/gm)].map(([, slot]) => Number(slot));
  const names = (text: string) => [...text.matchAll(/ rx-(\d) /g)].map(([, queue]) => Number(queue));

  it('of members is the worst or the busiest first, and says so', () => {
    const worst = screen(groups, uneven, options('worst'));
    expect(worst).toContain('1 reuseport group  worst first');
    expect(slots(worst)).toEqual([6, 1, 2, 3, 4, 5, 7, 0]);
    expect(slots(screen(groups, uneven, options('busiest'))).slice(0, 2)).toEqual([5, 0]);
    expect(groupUnder(propsOf(uneven, roomy, plain, { cursor: 3, ...options('worst') }))?.port).toBe(8080);
  });

  it('of queues and paths too', () => {
    // Two queues share CPU 3, and none has CPU 2: its worker is never reached.
    expect(names(screen(queues, uneven, options('busiest')))[0]).toBe(2);
    expect(names(screen(paths, uneven, options('busiest'))).slice(0, 2)).toEqual([2, 7]);
    const away = igb.history.map((sample) => ({
      ...sample,
      configuration: {
        ...sample.configuration,
        paths: sample.configuration.paths.map((path) =>
          path.rxQueue === 4
            ? { ...path, localShare: 0 }
            : path.rxQueue === 6
              ? { ...path, localShare: null }
              : path,
        ),
      },
    }));
    const shown = screen(paths, away, options('worst'));
    expect(shown).toContain('worst first');
    expect(names(shown).indexOf(4)).toBe(0);
    expect(names(screen(queues, away, options('worst'))).indexOf(4)).toBe(0);
  });
});

describe('findings', () => {
  it('has the commands of the one under the cursor', () => {
    const shown = screen(findings, igb.history);
    expect(shown).toMatch(/▸ error +tcp 0\.0\.0\.0:8080/);
    expect(shown).toMatch(/The other commands\s+solve this as well\./);
    expect(shown).not.toContain('echo 2 >');
    expect(screen(findings, igb.history, { cursor: 1 })).toContain('echo 2 > /proc/irq/60/smp_affinity_list');
  });

  it('breaks a command so that it can be pasted', () => {
    const fix = ["for n in 'a b' 'c d' 'e f'; do echo $n; done"];
    const finding = { rule: 'r', severity: 'info' as const, subject: 's', message: 'm', fix };
    const history = before.map((sample) => ({
      ...sample,
      configuration: { ...sample.configuration, findings: [finding] },
    }));
    expect(screen(findings, history, {}, { width: 30, height: 15 })).toContain(
      "   for n in 'a b' 'c d' \\\n     'e f'; do echo $n; done",
    );
  });

  it('leaves out whole commands if there are too many', () => {
    expect(screen(findings, before, { filter: 'xps' }, { width: 80, height: 12 })).toMatch(
      /\d more commands?: enter shows all/,
    );
  });
});

describe('events', () => {
  it('are in their order, the newest at the bottom', () => {
    const lines = linesOf(events, propsOf(igb.history, { width: 80, height: 5 }, plain));
    expect(lines[4]).toMatch(/:02 {2}✓ accept {3}cpu=#2 pid=1002 accept\(3\) -> fd=32 rxcpu=#2$/);
    expect(lines[3]).toMatch(/✗ accept {3}cpu=#1 .* rxcpu=#2$/);
  });

  it('keep changes on the screen, however many accepts follow', () => {
    const change = { time: NOW, kind: 'change', text: 'irq 59 moved from CPU 2 to CPU 3' } as const;
    const history = igb.history.map((sample, at) =>
      at === 40 ? { ...sample, events: [...sample.events, change] } : sample,
    );
    const lines = linesOf(events, propsOf(history, { width: 80, height: 9 }, plain));
    expect(lines[0]).toMatch(/:02 {2}▲ change {3}irq 59 moved from CPU 2 to CPU 3$/);
    expect(lines.slice(1, 3)).toEqual([expect.stringMatching(/^ ─+$/), '']);
    expect(lines[8]).toMatch(/:02 {2}✓ accept {3}cpu=#2/);
    const few = historyOf([{ configuration: configurationOf(eight()), seconds: 1, rx: null, tx: null }]);
    const alone = few.map((sample) => ({ ...sample, events: [change] }));
    expect(
      linesOf(events, propsOf(alone, { width: 80, height: 9 }, plain)).filter((line) => line !== ''),
    ).toHaveLength(1);
  });

  it('scroll back to the oldest and no further', () => {
    const at = (y: number) =>
      linesOf(events, propsOf(igb.history, { width: 80, height: 5 }, plain, { scroll: { x: 0, y } }));
    expect(at(3).at(-1)).toMatch(/:01 {2}✓/);
    expect(at(1_000_000)).toEqual(at(90 * 3 - 5));
  });
});

describe('a pane that fails', () => {
  it('says so in its place', () => {
    const Failing = () => {
      throw new Error('no such queue');
    };
    const boundary: Pane = {
      id: 'queues',
      title: 'Queues',
      render: ({ width, height, theme }) =>
        createElement(Boundary, { version: 1, width, height, theme, children: createElement(Failing) }),
      rows: () => 0,
    };
    expect(screen(boundary, before)).toMatch(/This pane failed: no such queue/);
  });
});
