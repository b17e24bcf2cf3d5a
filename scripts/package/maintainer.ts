/** Shell for the scripts of .deb and .rpm. */
import { PLACES } from '../../src/tune/places.ts';
import { UNIT } from '../../src/watch/unit.ts';

/** Locks, and who attached which program. */
const RUN = '/run/locality-tune';

const WITH_SYSTEMD = '[ -d /run/systemd/system ]';

/** After an installation or upgrade: a running watcher becomes the new version. */
export const afterInstall = `if ${WITH_SYSTEMD}; then
  systemctl daemon-reload || true
  systemctl try-restart ${UNIT} || true
fi`;

/**
 * Before a removal: stops the watcher, and removes the units and drop-ins that the program has written. They run the program, and
 * without it every boot would report a failure. Settings stay as they are: restoring them is a decision, not a side effect.
 */
export const beforeRemoval = `if ${WITH_SYSTEMD}; then
  systemctl disable --now ${UNIT} || true
fi
for file in ${PLACES.units}/locality-tune-*.service ${PLACES.units}/*.service.d/locality-tune-*.conf; do
  grep -qs /usr/lib/locality-tune/ "$file" || continue
  rm -f "$file" "${PLACES.units}/multi-user.target.wants/\${file##*/}"
  case $file in *.d/*) rmdir --ignore-fail-on-non-empty "\${file%/*}" ;; esac
done
if [ -n "$(ls -A ${PLACES.state} 2>/dev/null)" ]; then
  echo "locality-tune: the journals in ${PLACES.state} stay. Settings that were applied stay until a reboot." >&2
fi`;

export const afterRemoval = `rm -rf ${RUN}
if ${WITH_SYSTEMD}; then
  systemctl daemon-reload || true
fi`;

export const purge = `rm -rf ${PLACES.state}`;
