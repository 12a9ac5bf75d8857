// SPDX-License-Identifier: GPL-2.0-or-later
// web/vendor holds the registry's files, byte by byte: the package is fetched, held to the hash in
// web/package-lock.json, and compared. Skipped where the registry cannot be reached.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'web');
const FILES = { 'uPlot.iife.min.js': 'dist/uPlot.iife.min.js', 'uPlot.min.css': 'dist/uPlot.min.css', 'uPlot.LICENSE': 'LICENSE' };
const { version, integrity } = JSON.parse(readFileSync(join(web, 'package-lock.json'))).packages['node_modules/uplot'];
const folder = mkdtempSync(join(tmpdir(), 'ktally-web-'));
let status = 0;
try {
  try {
    execFileSync('npm', ['pack', `uplot@${version}`, '--silent', '--pack-destination', folder], { stdio: 'ignore', timeout: 60000 });
  } catch {
    console.log('the registry cannot be reached');
    rmSync(folder, { recursive: true, force: true });
    process.exit(77);
  }
  const tar = join(folder, readdirSync(folder)[0]);
  const hash = `sha512-${createHash('sha512').update(readFileSync(tar)).digest('base64')}`;
  if (hash !== integrity) throw new Error(`uplot ${version} has the hash ${hash}, not ${integrity}`);
  execFileSync('tar', ['xf', tar, '-C', folder]);
  for (const [ours, theirs] of Object.entries(FILES))
    if (!readFileSync(join(web, 'vendor', ours)).equals(readFileSync(join(folder, 'package', theirs)))) throw new Error(`${ours} is not the registry's`);
} catch (error) {
  console.log(error.message);
  status = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(status);
