/** The JSON Schemas are those of the types, describe real documents, and keep what readers rely on. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FOLDER, schemas, textOf } from '../../../scripts/schemas.ts';
import { createRecorder, readRecording } from '../../../src/live/recording.ts';
import { breaks } from '../../compatible.ts';
import { committed, problemsOf, type Schema } from '../../schemas.ts';
import { run } from '../run.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const released = join(fixtures, 'schemas');
const made = await schemas();
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

describe('docs/schemas', () => {
  it('is what the types say: npm run schemas writes it', () => {
    expect(readdirSync(FOLDER).sort()).toEqual([...made.keys()].map((name) => `${name}.json`).sort());
    for (const [name, schema] of made)
      expect(readFileSync(join(FOLDER, `${name}.json`), 'utf8') === textOf(schema), name).toBe(true);
  });

  it.each(readdirSync(released))('%s breaks no reader of an older version', (file) => {
    const name = file.replace('.json', '');
    expect([...made.keys()]).toContain(name);
    expect(breaks(read(join(released, file)), made.get(name) as Schema)).toEqual([]);
  });
});

describe('the schema of', () => {
  it('snapshot describes one of a captured tree', async () => {
    const { stdout } = await run(['snapshot', '--root', join(fixtures, 'trees/bnxt')]);
    expect(problemsOf(JSON.parse(stdout), 'snapshot')).toEqual([]);
  });

  it('recording describes each line that a recorder writes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'locality-tune-schemas-'));
    const file = join(folder, 'recording.jsonl');
    const recorder = createRecorder(file);
    for (const name of ['igb', 'two-nodes'])
      for (const sample of readRecording(readFileSync(join(fixtures, `recordings/${name}.jsonl`), 'utf8')))
        recorder.write(sample);
    recorder.close();
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    rmSync(folder, { recursive: true });
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(problemsOf(JSON.parse(line), 'recording')).toEqual([]);
  });

  it('finds a name that no type has, and one that is missing', () => {
    const { checks } = { checks: [{ id: 'x', commands: [], ok: true, detail: '', fix: null }] };
    const document = { schema: 'locality-tune.doctor/1', checks };
    expect(problemsOf(document)).toEqual([]);
    expect(problemsOf({ ...document, cheks: [] })).not.toEqual([]);
    expect(problemsOf({ schema: document.schema })).not.toEqual([]);
  });
});

describe('breaks', () => {
  const old = committed('inspect');

  it('finds nothing in the same schema, and in one with more names', () => {
    expect(breaks(old, old)).toEqual([]);
    const more = structuredClone(old) as { properties: Record<string, Schema> };
    more.properties['more'] = { type: 'string' };
    expect(breaks(old, more as unknown as Schema)).toEqual([]);
  });

  it('finds each required name that goes, becomes optional, null or a string', () => {
    const names = old['required'] as string[];
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      const changed = (
        change: (schema: { properties: Record<string, unknown>; required: string[] }) => void,
      ) => {
        const copy = structuredClone(old) as never;
        change(copy);
        return breaks(old, copy);
      };
      expect(changed(({ properties }) => delete properties[name]).join()).toContain(`/${name}: is gone`);
      expect(changed(({ required }) => required.splice(required.indexOf(name), 1)).join()).toContain(
        `/${name}: became optional`,
      );
      expect(
        changed(({ properties }) => {
          properties[name] = { anyOf: [properties[name], { type: 'null' }] };
        }),
      ).not.toEqual([]);
      expect(
        changed(({ properties }) => {
          properties[name] = { type: 'boolean' };
        }),
      ).not.toEqual([]);
    }
  });

  it('finds a change deep inside', () => {
    const copy = structuredClone(old) as {
      definitions: { Finding: { properties: Record<string, unknown> } };
    };
    delete copy.definitions.Finding.properties['fix'];
    expect(breaks(old, copy as never)).toEqual(['/findings[]/fix: is gone']);
  });
});

describe('schema', () => {
  it('lists the schemas, and prints one', async () => {
    const { stdout } = await run(['schema']);
    expect(stdout.trim().split('\n')).toEqual([...made.keys()].sort());
    expect(JSON.parse((await run(['schema', 'snapshot'])).stdout)).toEqual(committed('snapshot'));
  });

  it('refuses a name that does not exist', async () => {
    expect(await run(['schema', 'inspct'])).toEqual({
      status: 2,
      stdout: '',
      stderr: "locality-tune: schema 'inspct': no such schema; did you mean inspect?\n",
    });
  });

  it('has one for each command that prints JSON', async () => {
    expect(existsSync(join(FOLDER, 'error.json'))).toBe(true);
    const silent = ['completion', 'help', 'metrics', 'report', 'schema'];
    const { stdout } = await run(['--help']);
    const commands = Array.from(
      /\nCommands:\n(.*?)\n\n/s.exec(stdout)?.[1]?.matchAll(/^ {2}([a-z]+)/gm) ?? [],
      ([, name = '']) => name,
    );
    const wanted = commands.filter((name) => ![...silent, 'measure'].includes(name));
    expect(wanted.filter((name) => !made.has(name))).toEqual([]);
  });
});
