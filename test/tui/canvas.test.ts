import xterm from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCanvas } from '../../tui/canvas.ts';
import { type Line, span } from '../../tui/components/line.ts';
import { plain } from './screens.ts';

const COLUMNS = 40;
const ROWS = 12;

/** What a terminal shows of all that was written. */
async function screenOf(written: string): Promise<string[]> {
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(written, resolve));
  return Array.from(
    { length: ROWS },
    (_, row) => terminal.buffer.active.getLine(row)?.translateToString(true).trimEnd() ?? '',
  );
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const line = fc.array(
  fc.tuple(fc.string({ maxLength: 9, unit: fc.constantFrom('a', 'b', ' ', '█') }), fc.boolean()),
  { maxLength: 6 },
);
const toLine = (spans: readonly (readonly [string, boolean])[]): Line =>
  spans.map(([text, strong]) => span(text, strong ? 'strong' : null));

describe('the canvas', () => {
  it('shows the last of any sequence of frames, and writes nothing for an equal one', async () => {
    const frame = fc.array(line, { minLength: 5, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 6 }), async (frames) => {
        let written = '';
        const canvas = createCanvas(plain, (text) => {
          written += text;
        });
        const key = {};
        for (const lines of frames) {
          canvas.put(key, { x: 3, y: 2, width: 30, height: 5, lines: lines.map(toLine) });
          await turn();
        }
        const text = (frames.at(-1) ?? []).map((spans) => spans.map(([part]) => part).join(''));
        const screen = await screenOf(written);
        for (const [row, wanted] of text.entries()) {
          const shown = (screen[2 + row] ?? '').padEnd(COLUMNS).slice(3, 33);
          if (wanted.length <= 30) expect(shown).toBe(wanted.padEnd(30));
          else expect(shown.slice(0, 29)).toBe(wanted.slice(0, 29));
        }
        const before = written;
        canvas.put(key, { x: 3, y: 2, width: 30, height: 5, lines: (frames.at(-1) ?? []).map(toLine) });
        await turn();
        expect(written).toBe(before);
      }),
      { numRuns: 50 },
    );
  });

  it('leaves nothing of a region that is gone or elsewhere, and writes nothing once it is closed', async () => {
    let written = '';
    const canvas = createCanvas(plain, (text) => {
      written += text;
    });
    const [one, other] = [{}, {}];
    canvas.put(one, { x: 0, y: 0, width: 10, height: 1, lines: [[span('one')]] });
    canvas.put(other, { x: 10, y: 0, width: 10, height: 1, lines: [[span('other')]] });
    await turn();
    expect(await screenOf(written)).toContain('one       other');
    canvas.remove(one);
    canvas.put(other, { x: 0, y: 3, width: 10, height: 1, lines: [[span('moved')]] });
    await turn();
    expect((await screenOf(written)).filter((row) => row !== '')).toEqual(['moved']);
    const before = written;
    canvas.close();
    canvas.remove(other);
    await turn();
    expect(written).toBe(before);
  });
});
