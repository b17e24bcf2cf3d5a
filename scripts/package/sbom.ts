/** The bill of materials, CycloneDX 1.6: the program, the packages in its bundles, and the carried Node with its own libraries. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import { modules, type Origin, readManifest, root } from './origin.ts';
import type { Runtime } from './runtime.ts';

interface Bundled {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

/** Without a serial number, which would have to be another one for every file. `runtime` null: Node is not part of it. */
export function billOfMaterials({ manifest, date }: Origin, runtime: Runtime | null): string {
  const { name, version, description, license } = manifest;
  const program = npmComponent(Enums.ComponentType.Application, { name, version, license });
  program.description = description;
  const bom = new Models.Bom({
    metadata: new Models.Metadata({ component: program, timestamp: new Date(date * 1000) }),
  });
  const bundled: readonly Bundled[] = JSON.parse(readFileSync(join(root, 'dist/bundled.json'), 'utf8'));
  const parts = [
    ...[
      ...bundled,
      ...Object.keys(manifest.dependencies).map((each) => readManifest(join(modules, each))),
    ].map((each) => npmComponent(Enums.ComponentType.Library, each)),
    ...(runtime === null ? [] : [nodeComponent(runtime)]),
  ];
  for (const part of parts) {
    bom.components.add(part);
    program.dependencies.add(part.bomRef);
  }
  const json = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${json.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function npmComponent(type: Enums.ComponentType, { name, version, license }: Bundled): Models.Component {
  // Package URL specification: the @ of a scope is encoded.
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return new Models.Component(type, name, { version, purl, bomRef: purl, licenses: licences(license) });
}

const licences = (id: string) => new Models.LicenseRepository([new Models.SpdxLicense(id)]);

/** With what is linked into it, which scanners look for by name: OpenSSL, zlib, … The build runs on the same version of Node. */
function nodeComponent({ version, packageName }: Runtime): Models.Component {
  if (process.versions.node !== version)
    throw new Error(`this is Node ${process.versions.node}; make packages with Node ${version}`);
  const { node, modules: _abi, napi: _napi, ...libraries } = process.versions;
  const component = new Models.Component(Enums.ComponentType.Platform, 'node', {
    version,
    description: `from the npm package ${packageName}`,
    bomRef: `pkg:npm/${packageName}@${version}`,
    purl: `pkg:npm/${packageName}@${version}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`,
    licenses: licences('MIT'),
  });
  // Empty: this Node was built without it.
  for (const [name, its] of Object.entries(libraries))
    if (its)
      component.components.add(
        new Models.Component(Enums.ComponentType.Library, name, {
          version: its,
          bomRef: `pkg:generic/${name}@${its}`,
          purl: `pkg:generic/${name}@${encodeURIComponent(its)}`,
        }),
      );
  return component;
}
