/** Every document that the built program prints during the tests is compared with its JSON Schema when they have ended. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkOutput } from '../schemas.ts';

/** entry.cjs gets the folder by LOCALITY_TUNE_PRINTED. The teardown throws what is wrong, which fails the run. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'locality-tune-printed-'));
  // Programs run as other users too.
  chmodSync(folder, 0o1777);
  process.env['LOCALITY_TUNE_PRINTED'] = folder;
  return () => {
    delete process.env['LOCALITY_TUNE_PRINTED'];
    const names = readdirSync(folder);
    const wrong = names.flatMap((name) => problemIn(readFileSync(join(folder, name), 'utf8')));
    rmSync(folder, { recursive: true });
    if (names.length > 0) console.log(`JSON of ${names.length} commands compared with docs/schemas`);
    if (wrong.length > 0) throw new Error(wrong.slice(0, 10).join('\n'));
  };
}

function problemIn(kept: string): string[] {
  const end = kept.indexOf('\n');
  try {
    checkOutput(kept.slice(end + 1));
    return [];
  } catch (error) {
    return [`${kept.slice(0, end)}: ${error instanceof Error ? error.message : error}`];
  }
}
