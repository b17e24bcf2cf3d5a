/** Loads every program once, ten a second at most, and prints those that the kernel knows by another tag than we do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { closeDescriptor, programInfo } from '../../src/system/bpf.ts';
import { native } from '../../src/system/native.ts';
import { load } from '../../src/xdp/load.ts';
import { nameOf, recogniseTag, spreadImage } from '../../src/xdp/ours.ts';
import { WAYS } from '../../src/xdp/spread.ts';

native().unlimitMemlock();
const unknown: string[] = [];
for (const way of WAYS) {
  await sleep(250);
  const sizes = { targets: 1, cpus: 1, spread: 1 };
  const fd = load({ image: spreadImage(way), name: nameOf({ command: 'spread', way }), sizes, entries: [] });
  const { tag } = programInfo(fd);
  if (recogniseTag(tag)?.way !== way) unknown.push(`${way} ${tag}`);
  closeDescriptor(fd);
}
console.log(JSON.stringify({ loaded: WAYS.length, unknown }));
