/**
 * hear.ts FILE...: listens in its network namespace, and prints the sources and then each event as a line of JSON. A line
 * on its standard input says: `set FILE...`, the files to watch from then on; `processes PID...`; `write FILE`; `block FILE`, do nothing until
 * there is such a file; `usage`, of CPU and memory.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { listen } from '../../src/watch/listen.ts';

const print = (value: unknown) =>
  console.log(JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each)));

/** Until there is such a file. */
function block(path: string): void {
  print({ kind: 'blocked' });
  while (!existsSync(path)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}

const listening = await listen(
  { files: process.argv.slice(2), sockets: ['tcp', 'udp'], ports: [] },
  (heard) => print(heard),
);
print({ kind: 'sources', sources: listening.sources });

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [what, ...paths] = line.split(' ');
    const [path = ''] = paths;
    if (what === 'set') print({ kind: 'set', refused: [...listening.setFiles(paths)] });
    else if (what === 'processes')
      print({ kind: 'processes', refused: [...listening.setProcesses(paths.map(Number))] });
    else if (what === 'write') writeFileSync(path, readFileSync(path));
    else if (what === 'block') block(path);
    else if (what === 'usage')
      print({ kind: 'usage', ...process.resourceUsage(), rss: process.memoryUsage.rss() });
  })
  .on('close', () => {
    listening.close();
    print({ kind: 'closed' });
  });
