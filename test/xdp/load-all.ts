/** Loads every program once, ten a second at most, and prints those that the kernel knows by another tag than we do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { closeDescriptor, programInfo } from '../../src/system/bpf.ts';
import { native } from '../../src/system/native.ts';
import { load } from '../../src/xdp/load.ts';
import { imageOf, nameOf, OWN, recogniseTag } from '../../src/xdp/ours.ts';

native().unlimitMemlock();
const unknown: string[] = [];
for (const own of OWN) {
  await sleep(250);
  const sizes = { targets: 1, cpus: 1, spread: 1, vips: 1, tables: 1, flows: 1024 };
  const fd = load({ image: imageOf(own), name: nameOf(own), sizes, entries: [] });
  const { tag } = programInfo(fd);
  if (recogniseTag(tag) !== own) unknown.push(`${nameOf(own)} ${tag}`);
  closeDescriptor(fd);
}
console.log(JSON.stringify({ loaded: OWN.length, unknown }));
