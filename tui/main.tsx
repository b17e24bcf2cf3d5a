/** Runs the live view: shows samples on the screen, and restores the terminal. */
import { render } from 'ink';
import type { Recorder } from '../src/live/recording.ts';
import type { Source } from '../src/live/types.ts';
import { printable } from '../src/words/printable.ts';
import { App } from './app.tsx';
import { createCanvas } from './canvas.ts';
import { createHistory } from './state-history.ts';
import { type Ending, reportAtEnd, watchForEnding } from './terminal.ts';
import { type ThemeOptions, themeOf } from './theme.ts';

export interface ViewOptions {
  readonly source: Source;
  /** Seconds between samples when the source was opened. */
  readonly interval: number;
  /** What is watched, if it is not this machine. */
  readonly label: string;
  readonly demo: boolean;
  readonly theme: ThemeOptions;
  /** Also writes the samples; it is closed at the end. */
  readonly recorder: Recorder | null;
}

/**
 * OSC 52, xterm's "manipulate selection data", for the clipboard; a bell ends it, because some terminals do not know
 * ST.
 */
const COPY = '\x1b]52;c;';
const BEL = '\x07';

/** A probe that does not end is killed with this process. */
const PATIENCE_MS = 3_000;

/** Resolves to the exit status. Throws what the source or the recorder throws, with the terminal restored. */
export async function view({ source, interval, label, demo, theme, recorder }: ViewOptions): Promise<number> {
  const history = createHistory();
  const abort = new AbortController();
  const endings = watchForEnding();
  let quit: (ending: Ending) => void = () => {};
  const asked = new Promise<Ending>((resolve) => {
    quit = resolve;
  });
  const colours = themeOf(process.env, theme);
  const canvas = createCanvas(colours, (text) => void process.stdout.write(text));
  const app = render(
    <App
      canvas={canvas}
      history={history}
      source={source}
      theme={colours}
      interval={interval}
      label={label}
      demo={demo}
      copy={(text) => void process.stdout.write(`${COPY}${Buffer.from(text).toString('base64')}${BEL}`)}
      quit={() => quit({ kind: 'signal', status: 0 })}
    />,
    {
      alternateScreen: true,
      exitOnCtrlC: false,
      maxFps: 20,
      interactive: true,
      isScreenReaderEnabled: false,
    },
  );
  source.replay?.watch({ jumped: history.replace, changed: history.touch });
  const watching = (async (): Promise<void> => {
    for await (const sample of source.samples(abort.signal)) {
      recorder?.write(sample);
      history.push(sample);
    }
    history.end();
  })();
  const failed = new Promise<Ending>((resolve) => {
    const crash = (error: unknown): void => resolve({ kind: 'crash', error });
    watching.catch(crash);
    app.waitUntilExit().catch(crash);
  });
  const ending = await Promise.race([asked, endings.ended, failed]);
  abort.abort();
  app.unmount();
  await app.waitUntilExit().catch(() => {});
  // The terminal belongs to the shell again.
  const left = await source.control?.stop();
  for (const text of left ?? []) reportAtEnd(`locality-tune: ${printable(text)}\n`);
  await Promise.race([watching.catch(() => {}), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  recorder?.close();
  endings.stop();
  if (ending.kind === 'crash') throw ending.error;
  return ending.status;
}
