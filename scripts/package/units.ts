/** The unit that comes with the packages, disabled. `watch --install` writes one of the same name to /etc, which then counts. */
import { PLACES } from '../../src/tune/places.ts';
import { UNIT, unitText } from '../../src/watch/unit.ts';

/** Name -> text. `program`: where the package has the launcher. */
export const units = (program: string): ReadonlyMap<string, string> => {
  const text = unitText([program], [], PLACES.state)
    .replace(
      /^#.*\n/,
      '# Enable it: systemctl enable --now locality-tune-watch. Options: systemctl edit locality-tune-watch.\n',
    )
    // The folder must be there before the unit may write to it.
    .replace('[Service]\n', '[Service]\nStateDirectory=locality-tune\nStateDirectoryMode=0700\n');
  return new Map([[UNIT, text]]);
};
