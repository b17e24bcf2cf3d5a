import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { named, readContainerNames } from '../../src/host/container-names.ts';
import { treeMaker } from '../fixtures/tree-of.ts';

const treeOf = treeMaker();
const id = (digit: string) => digit.repeat(64);
const storage = 'var/lib/containers/storage/overlay-containers';
const task = 'run/containerd/io.containerd.runtime.v2.task';
const bundle = (annotations: object, hostname?: string) =>
  JSON.stringify({ ociVersion: '1.1.0', hostname, annotations });
const cri = (name: string | null, pod: string, namespace: string) => ({
  ...(name !== null && { 'io.kubernetes.cri.container-name': name }),
  'io.kubernetes.cri.sandbox-name': pod,
  'io.kubernetes.cri.sandbox-namespace': namespace,
});

const { files } = treeOf({
  'etc/docker/daemon.json': '{ "data-root": "/srv/docker" }',
  [`srv/docker/containers/${id('0')}/config.v2.json`]: `{"ID":"${id('0')}","Name":"/web","Config":{"Hostname":"web.example"}}`,
  [`var/lib/docker/containers/${id('1')}/config.v2.json`]:
    '{"Name":"/k8s_nginx_web-0_shop_6f1c2a5e-0b4d-4d0e-9d57-1f2f6a7b8c9d_2","Config":{}}',
  [`var/lib/docker/containers/${id('2')}/config.v2.json`]: '{"Name":"/half',
  [`${storage}/containers.json`]: JSON.stringify([
    { id: id('3'), names: ['relay'], metadata: '{"name":"relay"}' },
    { id: id('4'), names: ['k8s_POD_dns-x_kube-system_0123_0'] },
    { id: id('5') },
    { names: ['nobody'] },
    null,
  ]),
  [`${storage}/volatile-containers.json`]: JSON.stringify([{ id: id('6'), names: ['once'] }]),
  [`${task}/k8s.io/${id('7')}/config.json`]: bundle(cri('nginx', 'web-1', 'shop')),
  [`${task}/k8s.io/${id('8')}/config.json`]: bundle(cri(null, 'web-1', 'shop'), 'web-1'),
  [`${task}/moby/${id('0')}/config.json`]: bundle({}),
  [`${task}/default/${id('9')}/config.json`]: bundle({ 'nerdctl/name': 'proxy' }),
  [`var/lib/nerdctl/1935db59/names/default/cache`]: `${id('a')}\n`,
  'run/containerd/containerd.sock': '',
});

describe('names of containers', () => {
  it('are those in the files of Docker, podman, CRI-O, containerd and nerdctl', () => {
    const found = readContainerNames(files, null).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    expect(found.map(({ id, name, pod, hostname }) => [id.charAt(0), name, pod, hostname])).toEqual([
      ['0', 'web', null, 'web.example'],
      ['1', 'nginx', 'shop/web-0', null],
      ['2', null, null, null],
      ['3', 'relay', null, null],
      ['4', null, 'kube-system/dns-x', null],
      ['5', null, null, null],
      ['6', 'once', null, null],
      ['7', 'nginx', 'shop/web-1', null],
      ['8', null, 'shop/web-1', 'web-1'],
      ['9', 'proxy', null, null],
      ['a', 'cache', null, null],
    ]);
  });

  it('are read only for the containers that are asked for', () => {
    expect(readContainerNames(files, new Set([id('7')]))).toEqual([
      { id: id('7'), name: 'nginx', pod: 'shop/web-1', hostname: null },
    ]);
    const [known] = readContainerNames(files, new Set([id('7')]));
    const container = { runtime: 'containerd', id: id('7'), pod: null, name: null, podName: null };
    expect(named(container, new Map(known && [[known.id, known]]))).toEqual({
      ...container,
      name: 'nginx',
      podName: 'shop/web-1',
    });
    expect(named({ ...container, id: 'web' }, new Map())).toEqual({ ...container, id: 'web' });
  });

  it('of any files are read', () => {
    const json = fc.oneof(
      fc.json(),
      fc.string(),
      fc.constantFrom(
        '[{"id":1}]',
        '{"Name":7,"Config":[]}',
        '{"annotations":null}',
        '{"__proto__":{"id":"x"}}',
      ),
    );
    fc.assert(
      fc.property(json, (text) => {
        const { files: any } = treeOf({
          'etc/docker/daemon.json': text,
          [`var/lib/docker/containers/${id('0')}/config.v2.json`]: text,
          [`${storage}/containers.json`]: text,
          [`${task}/k8s.io/${id('1')}/config.json`]: text,
        });
        for (const { name, pod, hostname } of readContainerNames(any, null))
          for (const value of [name, pod, hostname])
            expect(value === null || typeof value === 'string').toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
