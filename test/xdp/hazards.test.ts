import { describe, expect, it } from 'vitest';
import type { Feature } from '../../src/system/ethtool-features.ts';
import { ailments, preparations, refusals, sideEffects } from '../../src/xdp/hazards.ts';
import { kernelVersion, type Situation } from '../../src/xdp/situation.ts';
import type { Spread } from '../../src/xdp/spread.ts';
import { group } from '../fixtures/hosts.ts';
import { SITUATION, SPREAD, VETH } from './situations.ts';

const generic: Spread = { ...SPREAD, mode: 'generic' };

const on: Feature = { on: true, changeable: true };
const features = (...names: readonly string[]) => new Map(names.map((name) => [name, on]));
const codes = (spread: Spread, situation: Situation, ...groups: Parameters<typeof refusals>[2]) =>
  refusals(spread, situation, groups, false).map(({ code }) => code);

describe('what drops every packet', () => {
  it('is refused: native on a veth whose other end leaves checksums to the hardware', () => {
    const peer = { name: 'v1', features: features('tx-checksum-ip-generic'), hasXdp: false };
    expect(codes(SPREAD, { ...VETH, peer })).toEqual(['peer-checksums']);
    expect(codes(generic, { ...VETH, peer })).toEqual([]);
    expect(
      codes(SPREAD, {
        ...VETH,
        peer: { name: 'v1', features: features('tx-scatter-gather'), hasXdp: false },
      }),
    ).toEqual([]);
    const [{ hint } = { hint: '' }] = refusals(SPREAD, { ...VETH, peer }, [], false);
    expect(hint).toContain('ethtool -K v1 tx off');
  });

  it('is refused: the same where that end cannot be seen, unless the user answers for it', () => {
    expect(codes(SPREAD, VETH)).toEqual(['peer-unseen']);
    expect(refusals(SPREAD, VETH, [], true)).toEqual([]);
  });

  it('is refused: generic before Linux 5.15', () => {
    expect(codes(generic, { ...SITUATION, kernel: [5, 14] })).toEqual(['kernel-too-old']);
    expect(codes(generic, { ...SITUATION, kernel: [5, 15] })).toEqual([]);
    expect(codes(SPREAD, { ...SITUATION, kernel: [5, 10] })).toEqual([]);
    expect(codes(SPREAD, { ...SITUATION, kernel: [5, 8] })).toEqual(['kernel-too-old']);
    expect(kernelVersion('5.10.0-46-amd64')).toEqual([5, 10]);
  });

  it('is refused: a CPU that is not there', () => {
    expect(refusals({ ...SPREAD, cpus: [0, 7] }, SITUATION, [], false)[0]).toMatchObject({
      code: 'cpu-offline',
      message: 'this machine has no CPU 7',
    });
    expect(
      refusals({ ...SPREAD, cpus: [2, 3] }, { ...SITUATION, online: [0, 1] }, [], false)[0],
    ).toMatchObject({
      code: 'cpu-offline',
      message: 'CPUs 2-3 are offline: another CPU would handle the packets',
    });
  });
});

describe('what sends all to one CPU or socket', () => {
  it('is switched off: RPS', () => {
    const rps = [{ queue: 2, cpus: [0, 1, 2] }];
    expect(preparations(SPREAD, { ...SITUATION, rps })).toMatchObject([
      { kind: 'rps', queue: 2, from: '7', to: '0' },
    ]);
  });

  it('is refused: a program by hash or queue under a native redirect', () => {
    const program = {
      kind: 'cbpf' as const,
      name: 'rxhash',
      asm: 'ld rxhash\nmod #2\nret a',
      instructions: [],
    };
    const steered = { ...group(), program };
    expect(codes(SPREAD, SITUATION, steered)).toEqual(['program-loses-input']);
    expect(codes(generic, SITUATION, steered)).toEqual([]);
    const byCpu = { ...steered, program: { ...program, asm: 'ld cpu\nmod #2\nret a' } };
    expect(codes(SPREAD, SITUATION, byCpu)).toEqual([]);
  });
});

describe('a NIC', () => {
  it('keeps VLAN tags in packets where something above needs them', () => {
    const tagged = { ...SITUATION, vlans: ['eth0.100'], features: features('rx-vlan-hw-parse') };
    expect(preparations(SPREAD, tagged)).toMatchObject([
      { feature: 'rx-vlan-hw-parse', from: 'on', to: 'off' },
    ]);
    expect(preparations(generic, tagged)).toEqual([]);
    const fixed = { ...tagged, features: new Map([['rx-vlan-hw-parse', { on: true, changeable: false }]]) };
    expect(codes(SPREAD, fixed)).toEqual(['vlan-tags']);
  });

  it('gets back by undo what generic mode switches off', () => {
    const merging = { ...SITUATION, features: features('rx-gro-hw', 'rx-lro') };
    expect(preparations(generic, merging).map(({ command }) => command)).toEqual([
      'ethtool -K eth0 rx-gro-hw off',
      'ethtool -K eth0 rx-lro off',
    ]);
    expect(preparations(SPREAD, merging)).toEqual([]);
  });

  it('says before what attaching does to it', () => {
    expect(sideEffects(SPREAD, SITUATION)[0]).toContain('igb takes the link of eth0 down and up again');
    expect(sideEffects(generic, SITUATION)).toEqual([]);
    const counts = (combined: number) => ({ rx: 0, tx: 0, other: 0, combined });
    const virtio = { ...SITUATION, driver: 'virtio_net' };
    const said = (current: number, max: number) =>
      sideEffects(SPREAD, { ...virtio, channels: { current: counts(current), max: counts(max) } })[0];
    expect(said(4, 8)).toContain('will show 8 combined channels');
    expect(said(8, 8)).toBe('`ethtool -L eth0` fails until the program is detached');
  });
});

describe('a way', () => {
  it('that reorders says so, and is refused for TCP', () => {
    expect(sideEffects({ ...generic, by: { way: 'random' } }, SITUATION)[0]).toContain('reorders');
    expect(codes({ ...SPREAD, tcp: true, by: { way: 'round' } }, SITUATION)).toEqual(['reorders-tcp']);
    expect(codes({ ...SPREAD, tcp: true }, SITUATION)).toEqual([]);
  });
});

describe('an attached spread', () => {
  it('has nothing wrong with it, until RPS comes on or a CPU goes offline', () => {
    expect(ailments(SPREAD, SITUATION, [])).toEqual([]);
    const [rps, cpu] = [
      ailments(SPREAD, { ...SITUATION, rps: [{ queue: 0, cpus: [3] }] }, []),
      ailments(SPREAD, { ...SITUATION, online: [0] }, []),
    ];
    expect(rps[0]).toContain('RPS is on for rx-0');
    expect(cpu[0]).toContain('CPU 1 is offline');
  });
});
