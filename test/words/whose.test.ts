import { describe, expect, it } from 'vitest';
import { ofWhom, whose, whoseAll } from '../../src/words/whose.ts';

const id = '0123456789abcdef'.repeat(4);
const pod = '6f1c2a5e-0b4d-4d0e-9d57-1f2f6a7b8c9d';
const inUnit = { unit: 'relay.service', container: null };
const inDocker = { unit: null, container: { runtime: 'docker', id, pod: null } };

describe('whose a worker is', () => {
  it.each([
    [inUnit, 'relay.service'],
    [inDocker, 'docker 0123456789ab'],
    [{ unit: 'podman.service', container: { runtime: 'podman', id, pod: null } }, 'podman 0123456789ab'],
    [
      { unit: null, container: { runtime: 'containerd', id, pod } },
      'containerd 0123456789ab in pod 6f1c2a5e',
    ],
    [{ unit: null, container: { runtime: null, id, pod } }, 'container 0123456789ab in pod 6f1c2a5e'],
    [{ unit: null, container: { runtime: null, id: null, pod } }, 'pod 6f1c2a5e'],
    [{ unit: 'init.scope', container: { runtime: 'lxc', id: 'web', pod: null } }, 'lxc web'],
    [{ unit: null, container: null }, null],
  ])('%j: %s', (owner, text) => {
    expect(whose(owner)).toBe(text);
  });

  it('is named once for several', () => {
    expect(whoseAll([inUnit, inUnit, inDocker, { unit: null, container: null }])).toBe(
      'relay.service, docker 0123456789ab',
    );
    expect(whoseAll([])).toBe('');
  });

  it('is not named after a process of the same name', () => {
    const inRelay = { ...inUnit, comm: 'python3' };
    expect(ofWhom([inRelay])).toBe(' of relay.service');
    expect(ofWhom([{ ...inUnit, comm: 'relay' }])).toBe('');
    expect(ofWhom([{ unit: 'relay@2.service', container: null, comm: 'relay' }, inRelay])).toBe(
      ' of relay@2.service, relay.service',
    );
    expect(ofWhom([{ ...inDocker, comm: 'docker' }])).toBe(' of docker 0123456789ab');
    expect(ofWhom([{ unit: null, container: null, comm: 'relay' }])).toBe('');
  });
});
