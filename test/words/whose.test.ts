import { describe, expect, it } from 'vitest';
import type { Container } from '../../src/host/types.ts';
import { ofWhom, whose, whoseAll } from '../../src/words/whose.ts';

const id = '0123456789abcdef'.repeat(4);
const pod = '6f1c2a5e-0b4d-4d0e-9d57-1f2f6a7b8c9d';
const inUnit = { unit: 'relay.service', container: null };
const container = (more: Partial<Container>): Container => ({
  runtime: null,
  id,
  pod: null,
  name: null,
  podName: null,
  ...more,
});
const inDocker = { unit: null, container: container({ runtime: 'docker' }) };

describe('whose a worker is', () => {
  it.each([
    [inUnit, 'relay.service'],
    [inDocker, 'docker 0123456789ab'],
    [{ unit: 'podman.service', container: container({ runtime: 'podman' }) }, 'podman 0123456789ab'],
    [
      { unit: null, container: container({ runtime: 'containerd', pod }) },
      'containerd 0123456789ab in pod 6f1c2a5e',
    ],
    [{ unit: null, container: container({ pod }) }, 'container 0123456789ab in pod 6f1c2a5e'],
    [{ unit: null, container: container({ id: null, pod }) }, 'pod 6f1c2a5e'],
    [{ unit: 'init.scope', container: container({ runtime: 'lxc', id: 'web' }) }, 'lxc web'],
    [{ unit: null, container: container({ runtime: 'docker', name: 'web' }) }, 'docker web'],
    [
      { unit: null, container: container({ pod, name: 'nginx', podName: 'shop/web-0' }) },
      'pod shop/web-0 (nginx)',
    ],
    [{ unit: null, container: container({ pod, podName: 'shop/web-0' }) }, 'pod shop/web-0'],
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
