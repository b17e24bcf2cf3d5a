/**
 * Enters the network namespace of its argument and prints what it sees: run as a child by netns.root.test.ts.
 */
import { readFileSync } from 'node:fs';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { native } from '../../src/system/native.ts';
import { enterNetns, netnsFile, netnsInode } from '../../src/system/netns.ts';
import { passedSockets } from '../../src/system/service-manager.ts';

const [target = '', device = 'lo', wait] = process.argv.slice(2);
try {
  const file = netnsFile(target);
  if (file !== null) enterNetns(file.path, target);
} catch (error) {
  console.log(JSON.stringify({ code: Reflect.get(Object(error), 'code'), message: String(error) }));
  process.exit(77);
}
const files = openFiles('/');
const kernel = openKernel();
const ifindex = Number(files.text(`/sys/class/net/${device}/ifindex`));
console.log(
  JSON.stringify({
    pid: process.pid,
    netns: netnsInode(),
    links: files.list('/sys/class/net'),
    queues: files.list(`/sys/class/net/${device}/queues`),
    mounts: readFileSync('/proc/self/mounts', 'utf8').match(/ \/sys\/(kernel|fs)\/\S+/g) ?? [],
    facts: await kernel.ethtool(device),
    netdev: await kernel.netdevQueues(ifindex),
    sockets: passedSockets(process.env, process.pid).map((each) => ({
      ...each,
      isBound: native().getsockname(each.fd).length > 0,
    })),
    statistics: [...((await kernel.statistics(device))?.keys() ?? [])],
  }),
);
if (wait) setInterval(() => {}, 1000);
process.exitCode = 5;
