/** `locality-tune watch --pause` and `--resume`: speaks to the watchers that run in this network namespace. */
import { askControl } from '../../system/control-socket.ts';
import { failure } from '../../system/errors.ts';
import { thisNetns } from '../../system/netns.ts';
import { runningWatchers } from '../../watch/scope.ts';
import { during } from '../errors.ts';
import { printDocument, say } from '../output.ts';
import { SCHEMA, type WatchCommandOptions } from './watch-options.ts';

export async function askWatcher(options: WatchCommandOptions): Promise<void> {
  const { inode } = thisNetns();
  const { answering, silent } = await during('watch', 'root', () => runningWatchers());
  const here = answering.filter(({ scope }) => scope.netns === inode);
  const [missed] = silent;
  if (here.length === 0 && missed === undefined)
    throw failure(
      'not-running',
      'no watcher runs in this network namespace',
      'locality-tune watch starts one',
    );
  const request = options.resume ? { ask: 'resume' } : { ask: 'pause', seconds: options.pause };
  for (const { pid, path } of here) {
    const state = await during('watch', 'root', () => askControl(path, request));
    if (options.json || options.pretty) printDocument({ schema: SCHEMA, ...Object(state) }, options);
    else
      say(
        options.resume
          ? `the watcher (pid ${pid}) repairs again\n`
          : `the watcher (pid ${pid}) repairs nothing for ${options.pause} s; --resume ends that\n`,
      );
  }
  if (missed !== undefined) throw missed.error;
}
