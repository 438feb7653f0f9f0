// Writes sbom.cdx.json: what a release consists of and runs with, as CycloneDX. `npm run sbom`; the tarball has it.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('..', import.meta.url));
const file = process.argv[2] ?? `${folder}sbom.cdx.json`;
const { name } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8'));

/** Development dependencies that the build puts into the pages of the dashboard and of GraphiQL. */
const bundled = ['preact', '@preact/signals', 'uplot', 'd3-sankey', 'graphiql', 'react', 'react-dom'];

// Without --omit=dev, which leaves out what the package needs where a tool needs another version of it.
const bom = JSON.parse(
  execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
);
const needs = new Map(bom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
const fullName = ({ group, name: own }) => (group ? `${group}/${own}` : own);
const lock = JSON.parse(readFileSync(`${folder}package-lock.json`, 'utf8')).packages;
const runs = Object.entries(lock).flatMap(([path, { version, dev, devOptional, peer }]) =>
  path === '' || dev || devOptional || peer ? [] : [`${path.slice(path.lastIndexOf('node_modules/') + 13)}@${version}`],
);
const wanted = new Set([
  ...runs,
  ...bom.components.filter((one) => bundled.includes(fullName(one))).map((one) => one['bom-ref']),
]);
for (const ref of wanted) for (const needed of needs.get(ref) ?? []) wanted.add(needed);
for (const one of bom.components) if (wanted.has(one['bom-ref']) && one.scope === 'excluded') one.scope = 'required';
bom.components = bom.components.filter((one) => wanted.has(one['bom-ref']));
bom.dependencies = bom.dependencies.filter(({ ref }) => wanted.has(ref) || ref === bom.metadata.component['bom-ref']);
for (const one of bom.dependencies) one.dependsOn = one.dependsOn.filter((ref) => wanted.has(ref));
const missing = runs.filter((ref) => !bom.components.some((one) => one['bom-ref'] === ref));
if (missing.length > 0) throw new Error(`npm sbom leaves out ${missing.join(', ')}`);

/** Where a package lay on the machine that wrote this, and whence it was fetched there, is nothing about the package. */
for (const one of [bom.metadata.component, ...bom.components]) {
  delete one.externalReferences;
  delete one.properties;
}
bom.metadata.component.name = name; // npm takes the name of the folder
delete bom.serialNumber;
delete bom.metadata.timestamp;
delete bom.metadata.lifecycles;
writeFileSync(file, `${JSON.stringify(bom, null, 2)}\n`);
process.stdout.write(`${file}: ${bom.components.length} components\n`);
